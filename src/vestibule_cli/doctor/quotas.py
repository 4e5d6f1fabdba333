"""What AWS allows the account, beside what the expected load takes."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from vestibule.platform.values import frozen
from vestibule_cli.doctor.checks import fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from vestibule_cli.account import Account
    from vestibule_cli.doctor.checks import Check
    from vestibule_cli.stack import Stack

ASK: Final = "Ask for more in Service Quotas, days before it is needed."
# Of a warm call with its reads and writes, generously.
_CALL_SECONDS: Final = 0.2
# PreAuthentication, PostAuthentication and TokenGeneration; PreSignUp, CustomMessage and
# PostConfirmation.
_TRIGGERS: Final = 3
# SRP is two requests, and so is signing up with its confirmation.
_REQUESTS: Final = 2
_CONCURRENCY: Final = ("lambda", "Concurrent executions")
_RATE: Final = ("apigateway", "Throttle rate")
_SIGN_INS: Final = ("cognito-idp", "Rate of UserAuthentication requests")
_SIGN_UPS: Final = ("cognito-idp", "Rate of UserCreation requests")


@frozen
class Load:
    """What is expected at the busiest, a second."""

    requests: float
    sign_ins: float
    sign_ups: float


def look(account: Account, region: str, stack: Stack, load: Load) -> Iterator[Check]:
    client = account.client("service-quotas", region)
    known: dict[str, dict[str, float]] = {}
    for (service, name), needed in _needs(stack, load).items():
        if service not in known:
            known[service] = _quotas(client, service)
        yield _judged(f"{service}: {name}", known[service].get(name), needed)


def mails(rate: float, load: Load) -> Iterator[Check]:
    """A code and a welcome for each who signs up."""
    needed = 2 * load.sign_ups
    if rate < needed:
        text = f"{load.sign_ups:g} sign-ups a second take {needed:g} mails a second"
        yield warn("mail", text, "Codes come late. Ask SES for a higher sending rate.")


def _needs(stack: Stack, load: Load) -> dict[tuple[str, str], float]:
    calls = load.requests + _TRIGGERS * (load.sign_ins + load.sign_ups)
    workers = sum(
        getattr(event, "concurrency", None) or 2
        for function in stack.functions.values()
        for event in function.events
    )
    return {
        _CONCURRENCY: ceil(calls * _CALL_SECONDS) + workers,
        _RATE: load.requests,
        _SIGN_INS: _REQUESTS * load.sign_ins,
        _SIGN_UPS: _REQUESTS * load.sign_ups,
    }


def _quotas(client: Any, service: str) -> dict[str, float]:
    """The account's own; AWS's defaults for what it has no own of."""
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode=service):
            found |= {quota["QuotaName"]: quota["Value"] for quota in page["Quotas"]}
    return found


def _judged(name: str, allowed: float | None, needed: float) -> Check:
    if allowed is None:
        return warn("quotas", f"{name}: AWS does not tell", "See Service Quotas.")
    text = f"{name}: {allowed:g}, and the expected load takes {needed:g}"
    if allowed < needed:
        return fail("quotas", text, ASK)
    if allowed < 2 * needed:
        return warn("quotas", f"{text}: little is left for a rush", ASK)
    return ok("quotas", text)
