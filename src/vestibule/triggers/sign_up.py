"""PreSignUp: may somebody with this address become a user at all.

Nothing is written but what is held for the address, and never for longer than a day or a week: the
person may not be who they say they are.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.clock import now
from vestibule.policy.model import SHAPE
from vestibule.policy.source import PolicyUnread
from vestibule.security import model as kinds
from vestibule.triggers import origin, security
from vestibule.triggers.dispatch import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.invitations.model import Reservation
    from vestibule.platform.clock import Clock
    from vestibule.policy.model import Policy
    from vestibule.policy.ports import Policies
    from vestibule.triggers.events import Event
    from vestibule.triggers.ports import Origins, Places

log = logs.logger(__name__)

# What strangers read. Nothing in them depends on who has an account, or an invitation.
NO_ADDRESS: Final = "That is not an e-mail address mail can be sent to"
UNWELCOME_ADDRESS: Final = "This e-mail address cannot be used here. Please use another one"
INVITATION_NEEDED: Final = "An invitation is needed to sign up"
INVITATION_USELESS: Final = "This invitation cannot be used. Please check the code"
BAD_NAME: Final = "Please check your name"

_CODE: Final = "invite_code"
_NAMES: Final = ("name", "given_name", "family_name")
_LONGEST_ATTRIBUTE: Final = 2048
# A sign-up form lets nobody type them: somebody tries what our mails and pages make of them.
_HOSTILE: Final = frozenset("\r\n\x00\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class SignUp:
    """Somebody signs up by themselves."""

    def __init__(
        self, policies: Policies, places: Places, origins: Origins, clock: Clock = now
    ) -> None:
        self._policies = policies
        self._places = places
        self._origins = origins
        self._clock = clock

    def handle(self, event: Event) -> Mapping[str, Any] | None:
        policy = certain(self._policies)
        self._check(event, policy)
        email = event.email or ""
        reservation = self._reservation(event, policy, email)
        self._keep_origin(event, policy, email)
        if reservation is None or not reservation.proves_address:
            return None
        # The code went to this address by mail and nowhere else.
        return {"autoConfirmUser": True, "autoVerifyEmail": True}

    def _check(self, event: Event, policy: Policy) -> None:
        """Refuse what can be refused without asking anybody."""
        problems = [*_address_problem(event, policy), *_name_problem(event)]
        if not problems:
            return
        for kind, _, reason in problems:
            security.report(kind, event, reason=reason)
        if len(problems) > 1:
            security.report(kinds.MULTIPLE_FAILED_VALIDATIONS, event, failed=len(problems))
        raise Refusal(problems[0][1])

    def _reservation(self, event: Event, policy: Policy, email: str) -> Reservation | None:
        code = _code(event)
        if not code:
            if policy.invitation_required:
                security.report(kinds.INVITATION_MISSING, event)
                raise Refusal(INVITATION_NEEDED)
            return None
        reservation = self._places.reserve(code, email, self._clock())
        if reservation is None:
            security.report(kinds.INVITE_CODE_INVALID, event)
            raise Refusal(INVITATION_USELESS)
        return reservation

    def _keep_origin(self, event: Event, policy: Policy, email: str) -> None:
        told = (event.client_metadata, event.validation_data)
        business = event.attributes.get("custom:account_type") in {"business", "enterprise"}
        if origin.is_excessive(*told):
            security.report(kinds.UNUSUAL_SIGNUP_PATTERN, event, reason="origin")
        if business and policy.is_public_mail(email.rpartition("@")[2]):
            security.report(kinds.UNUSUAL_SIGNUP_PATTERN, event, reason="public mail")
        # Confirmation gets the attributes again, but not what only this event says.
        found = origin.read({}, *told)
        if not found:
            return
        try:
            self._origins.keep(email, found)
        except AwsError as error:  # it only tells where people come from
            metrics.count("SignupOriginLost")
            log.warning("origin of a sign-up not kept", reason=str(error))


def certain(policies: Policies) -> Policy:
    """Give the rules; raise PolicyUnread rather than let in whom they might refuse."""
    policy = policies.current()
    if not policies.is_certain:
        raise PolicyUnread("the live policy has never been read")
    return policy


class AdminCreateUser:
    """Somebody with AWS access makes an account. Cognito ignores the flags of our answer."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def handle(self, event: Event) -> None:
        """Policy says who may sign up, not whom an operator may take in."""
        told = event.told_email
        if told and self._policies.current().address_refusal(told) == SHAPE:
            security.report(kinds.SIGNUP_ATTRIBUTE_REFUSED, event, reason=SHAPE)
            raise Refusal(NO_ADDRESS)


Problem = tuple[str, str, str]
"""The security event, the words for strangers, the reason for the log."""


def _address_problem(event: Event, policy: Policy) -> list[Problem]:
    reason = policy.address_refusal(event.told_email)
    if reason is None:
        return []
    if reason == SHAPE:
        return [(_suspicion(event.attributes.get("email", "")), NO_ADDRESS, reason)]
    return [(kinds.DOMAIN_RESTRICTION_TRIGGERED, UNWELCOME_ADDRESS, reason)]


def _name_problem(event: Event) -> list[Problem]:
    named = {name: event.attributes[name] for name in _NAMES if event.attributes.get(name)}
    if not named:
        return []
    from vestibule.profiles import fields  # noqa: PLC0415 - Unicode's tables, for sign-up alone

    for name, text in named.items():
        try:
            fields.full_name(text) if name == "name" else fields.short_name(text)
        except fields.RuleBroken as broken:
            return [(_suspicion(text), f"{BAD_NAME}: {broken.message}", f"{name}: {broken.rule}")]
    return []


def _suspicion(text: str) -> str:
    if len(text) > _LONGEST_ATTRIBUTE or not _HOSTILE.isdisjoint(text):
        return kinds.SIGNUP_BLOCKED_SUSPICIOUS
    return kinds.SIGNUP_ATTRIBUTE_REFUSED


def _code(event: Event) -> str:
    """Give the invitation's code: kept with the account, or told at sign-up alone."""
    return (event.attributes.get(f"custom:{_CODE}") or event.validation_data.get(_CODE, "")).strip()
