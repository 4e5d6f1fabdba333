"""The only package that touches the emulator's private names.

Each touch is named in `names.TOUCHED` and has a test that fails by that name when the emulator
changes; on another version the stack refuses to start. All else goes through the emulator's HTTP
interface. Its modules are by subject; what others may use of them stands here.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals import (
    codes,
    gateway,
    mail,
    models,
    moments,
    pages,
    people,
    permissions,
    server,
    signatures,
    unpacked,
    workers,
)
from vestibule_cli.local.emulator_internals.accounts import (
    attributes_of,
    claims_of,
    error,
    in_lower_case,
    is_case_sensitive,
    success,
)
from vestibule_cli.local.emulator_internals.alarms import alarms, complete_alarm
from vestibule_cli.local.emulator_internals.codes import new_code
from vestibule_cli.local.emulator_internals.functions import Functions, start_pollers
from vestibule_cli.local.emulator_internals.gateway import (
    GATEWAY_MARK,
    GatewayRefused,
    gateway_control,
    gateway_response,
)
from vestibule_cli.local.emulator_internals.mail import mails, stamp_mail
from vestibule_cli.local.emulator_internals.names import (
    ACCOUNT_ID,
    TOUCHED,
    VERSION,
    EmulatorChanged,
    check_version,
    missing,
    part,
)
from vestibule_cli.local.emulator_internals.people import Directory
from vestibule_cli.local.emulator_internals.state import (
    code_references,
    fingerprint,
    moved_to_port,
    restore,
    save,
)
from vestibule_cli.local.emulator_internals.workers import (
    end_workers,
    is_patient,
    workers_now,
)

if TYPE_CHECKING:
    from pathlib import Path

    from vestibule_cli.local.completions.cognito import Rules
    from vestibule_cli.local.completions.triggers.calls import Triggers

__all__ = [
    "ACCOUNT_ID",
    "GATEWAY_MARK",
    "TOUCHED",
    "VERSION",
    "Directory",
    "EmulatorChanged",
    "Functions",
    "GatewayRefused",
    "alarms",
    "application",
    "attributes_of",
    "check_version",
    "claims_of",
    "code_references",
    "complete_alarm",
    "end_workers",
    "error",
    "fingerprint",
    "gateway_control",
    "gateway_response",
    "in_lower_case",
    "is_case_sensitive",
    "is_patient",
    "mails",
    "missing",
    "moved_to_port",
    "new_code",
    "part",
    "restore",
    "save",
    "stamp_mail",
    "start_pollers",
    "success",
    "workers_now",
]

LOADED_WHEN_USED = ("services.cloudwatch", "services.ec2")


def application(rules: Rules, triggers: Triggers, launcher: Path, prelude: str) -> Any:
    """The emulator as an ASGI app, patched. It reads the environment at this first import."""
    with server.left_out():
        app = part("app")
    for place in TOUCHED:
        if place.startswith("services.") and not place.startswith(LOADED_WHEN_USED):
            app._get_module(place.removeprefix("services."))
    models.content_types_by_heart()
    models.tags_only_where_given()
    signatures.one_root_key()
    signatures.no_image_registry()
    permissions.asked_as_on_aws()
    people.short_exponents()
    people.stand_ins_for_strangers()
    people.found_quickly()
    codes.code_mails(triggers)
    codes.random_codes()
    moments.around_sign_up(triggers)
    moments.around_challenges(triggers)
    moments.around_tokens(triggers)
    pages.around_sign_in(triggers)
    pages.around_providers(triggers)
    moments.around_calls(rules)
    gateway.as_the_gateway()
    mail.by_their_sender()
    unpacked.once()
    workers.isolated(launcher, prelude)
    workers.ending_when_idle()
    # Blobs of the generation before are still needed: checkpoints prune them.
    part("services.lambda_svc")._prune_orphan_code_blobs = lambda _referenced: None
    return app.app
