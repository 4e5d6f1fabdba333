"""The functions, as user pools, queues and streams call them."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from typing import Any

from vestibule_cli.local.completions.triggers.firing import Outcome, lets_pool_call
from vestibule_cli.local.emulator_internals.names import part


def start_pollers() -> None:
    """Deliver from queues and streams: not before the functions can be answered."""
    lambda_svc = part("services.lambda_svc")
    if lambda_svc._esms.has_any():
        lambda_svc._ensure_poller()


class Functions:
    """The functions of the account, as the user pool calls them."""

    def may_be_called(self, arn: str, pool_arn: str) -> bool:
        record, _, _ = part("services.lambda_svc")._get_base_func_record_for_ref(arn)
        statements = ((record or {}).get("policy") or {}).get("Statement") or []
        return any(lets_pool_call(statement, pool_arn) for statement in statements)

    def call(self, arn: str, event: dict[str, Any]) -> Outcome:
        lambda_svc = part("services.lambda_svc")
        record, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if _is_being_made(config):
            return Outcome(unready=True)
        runnable = lambda_svc._execution_record_for_config(record, config)
        result = lambda_svc._execute_function_with_config_scope(runnable, event)
        body = result.get("body")
        if result.get("throttle"):
            return Outcome(throttled=True)
        if result.get("error"):
            return Outcome(error=str(body["errorMessage"] if isinstance(body, dict) else body))
        return Outcome(answer=body)


def _is_being_made(config: dict[str, Any]) -> bool:
    """Only of a version whose snapshot is taken: the emulator calls all others pending at each
    change of their code, while the code before it would answer.
    """
    snapshots = config.get("SnapStart") or {}
    return config.get("State") == "Pending" and snapshots.get("OptimizationStatus") == "On"
