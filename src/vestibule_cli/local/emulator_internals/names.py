"""Which private names of the emulator are touched, and of which version.

Each has a test that fails by that name when the emulator changes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import Any

VERSION = "1.5.33"
ACCOUNT_ID = "000000000000"
TOUCHED = {
    "app": (
        "AUTH",
        "_build_persistence_save_dict",
        "_get_module",
        "_handle_cognito_body_request",
        "_is_ecr_registry_path",
        "_state_map",
    ),
    "core.concurrency": ("run_reentrant",),
    "core.iam_actions": (
        "_DYNAMODB_TRANSACT_ITEM_ACTIONS",
        "_safe_json_field",
        "_ses_v2_resource_arn",
        "dynamodb_transaction_checks",
        "extract_iam_action",
        "identity_denial_message",
        "request_tag_context",
    ),
    "core.iam_evaluator": (
        "AuthError",
        "_served_unsigned",
        "_signed_request",
        "check_credentials",
        "enforce",
        "is_root_access_key",
    ),
    "core.lambda_runtime": (
        "_detect_runtime_binary",
        "_workers",
        "execution_credentials",
        "kill_workers",
        "reset",
        "zipfile",
    ),
    "core.persistence": ("_json_default", "_json_object_hook"),
    "core.responses": (
        "_expected_envelope_content_type",
        "_family_of",
        "error_response_json",
        "get_account_id",
        "json_response",
        "request_scope",
    ),
    "core.router": ("SERVICE_PATTERNS",),
    "services.apigateway_v1": (
        "_deployed_gateway_responses",
        "_execute_in_scope",
        "_gateway_response_for_type",
        "_invoke_mock_v1",
        "_lambda_proxy_response",
        "find_api_scope",
        "handle_request",
        "stages_for_api",
    ),
    "services.cloudwatch": ("_alarm_history", "_alarms", "_metrics", "handle_request"),
    "services.cloudwatch_logs": ("_log_groups", "_log_records", "_queries"),
    "services.cognito": (
        "_UNSIGNED_IDP_ACTIONS",
        "_apply_custom_message_trigger",
        "_apply_inbound_federation_trigger",
        "_apply_presignup_trigger",
        "_apply_pretoken_trigger",
        "_auth_codes",
        "_authenticate_hosted_ui_user",
        "_aws_scope_order",
        "_build_auth_result",
        "_build_session_list",
        "_challenge_sessions",
        "_deliver_cognito_email",
        "_dispatch_idp",
        "_find_pool_by_client_id",
        "_get_pool_unscoped",
        "_invoke_create_auth_challenge_trigger",
        "_invoke_define_auth_challenge_trigger",
        "_invoke_verify_auth_challenge_trigger",
        "_masked_destination",
        "_oauth2_error",
        "_oauth2_idp_response",
        "_oauth2_token",
        "_pending_user_auth",
        "_resolve_user",
        "_run_idp_handler",
        "_saml2_idp_response",
        "_send_email_otp",
        "_send_verification_email",
        "_srp_challenge",
        "_srp_salt",
        "_user_from_token",
        "handle_login_submit",
        "new_uuid",
        "secrets",
    ),
    "services.dynamodb": (
        "_extract_pk_from_condition",
        "_extract_pk_from_key_conditions",
        "_normalize_table_name",
        "_stream_records",
        "_stream_seq_counter",
        "_stream_trimmed",
        "_tables",
    ),
    "services.ec2": (
        "_addresses",
        "_instances",
        "_internet_gateways",
        "_nat_gateways",
        "_network_interfaces",
        "_route_tables",
        "_security_groups",
        "_subnets",
        "_tags",
        "_vpcs",
        "_vpn_gateways",
    ),
    "services.lambda_svc": (
        "_dynamodb_stream_positions",
        "_ensure_poller",
        "_esms",
        "_execute_function_with_config_scope",
        "_execution_record_for_config",
        "_get_base_func_record_for_ref",
        "_get_func_record_for_ref",
        "_prune_orphan_code_blobs",
        "acquire_worker",
        "invalidate_worker",
        "release_worker",
    ),
    "services.ses": ("_sent_emails",),
    "services.sqs": ("_queues",),
    "services.sts": ("is_root_access_key",),
}


class EmulatorChanged(Exception):
    """The installed emulator is not the one whose private parts are known here."""


def check_version() -> None:
    try:
        found = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        raise EmulatorChanged("the emulator is not installed: run `make setup`") from None
    if found != VERSION:
        raise EmulatorChanged(
            f"this stack needs ministack {VERSION}, {found} is installed: run `make setup`"
        )


def part(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def missing() -> list[str]:
    """The names of TOUCHED that this emulator does not have."""
    return [
        f"{place}.{name}"
        for place, names in TOUCHED.items()
        for name in names
        if not hasattr(part(place), name)
    ]
