"""TokenGeneration: role and organization, as our table says now, go into the tokens.

Refresh and managed login meet no PreAuthentication, so who may come in is decided here as well.
Cognito may call twice for one sign-in: everything here may happen any number of times.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.clock import now, timestamp
from vestibule.platform.values import frozen
from vestibule.security import model as kinds
from vestibule.triggers import admission, security
from vestibule.triggers.arrival import Arrival
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.line import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Final

    from vestibule.platform.clock import Clock
    from vestibule.policy.model import Policy
    from vestibule.policy.ports import Policies
    from vestibule.profiles.model import Profile
    from vestibule.triggers.ensure_user import EnsureUser
    from vestibule.triggers.events import Event
    from vestibule.triggers.ports import People

log = logs.logger(__name__)

MACHINE: Final = "ClientCredentials"
REFRESH: Final = "RefreshTokens"
ORGANIZATION_GROUP: Final = "organization:"
_FIRST: Final = "claimsOverrideDetails"
_LATER: Final = "claimsAndScopeOverrideDetails"
# A token travels in a header with each call.
_MOST_GROUPS: Final = 20
_LONGEST_GROUP: Final = 128
_LONGEST_CLAIM: Final = 256


@frozen
class Bearer:
    """Whom a token speaks of."""

    role: str
    account_type: str | None = None
    organization_id: str | None = None


class TokenGeneration:
    def __init__(
        self, people: People, ensure_user: EnsureUser, policies: Policies, clock: Clock = now
    ) -> None:
        self._people = people
        self._ensure_user = ensure_user
        self._policies = policies
        self._clock = clock

    def handle(self, event: Event) -> Mapping[str, Any] | None:
        if event.occasion == MACHINE:
            return None
        policy = self._policies.current()
        profile = self._profile(event)
        role = profile.role if profile else policy.default_role
        objection = admission.objection(policy, profile, role, self._clock())
        if objection is not None:
            raise _refusal(event, objection)
        if profile is None:
            return answer(event, Bearer(role), policy)
        return answer(event, Bearer(role, profile.account_type, profile.organization_id), policy)

    def _profile(self, event: Event) -> Profile | None:
        """Find whom the token is for, after making them known if they are new.

        None when that can't be had now: then the token says no more than anybody's.
        """
        arrival = Arrival.from_event(event, timestamp(self._clock()))
        if not arrival.has_sub:
            log.warning("a token without a sub", source=event.source)
            return None
        try:
            known = self._people.find(arrival.user_id)
        except AwsError as error:
            metrics.count("TokenWithoutRecord")
            log.warning("record not read", user_id=arrival.user_id, reason=str(error))
            return None
        if known is not None and (known.is_settled(arrival) or known.profile.is_suspended):
            return known.profile
        outcome = self._ensure_user.arrive(arrival)
        if outcome is None:
            return known.profile if known else None
        if outcome.erased:
            raise _refusal(event, kinds.SIGN_IN_ERASED)
        return outcome.profile


def _refusal(event: Event, objection: str) -> Refusal:
    security.report(objection, event)
    if event.occasion == REFRESH and objection != kinds.SIGN_IN_OUTSIDE_HOURS:
        # Signing out everywhere should have ended that token.
        security.report(kinds.INVALID_TOKEN_DETECTED, event)
    return Refusal(admission.WRONG_PASSWORD)


def answer(event: Event, bearer: Bearer, policy: Policy) -> Mapping[str, Any]:
    """Write role and organization down as groups and as claims, in the event's own shape."""
    claims = {
        "role": bearer.role,
        "accountType": bearer.account_type,
        "organizationId": bearer.organization_id,
    }
    added = {
        name: value
        for name, value in claims.items()
        if value is not None and len(value) <= _LONGEST_CLAIM
    }
    groups = _group_details(event, bearer, policy)
    note(
        role=bearer.role,
        organization_id=bearer.organization_id,
        groups=len(groups["groupsToOverride"]),
    )
    tokens = {"claimsToAddOrOverride": added}
    if _is_first_version(event):
        return {_FIRST: {**tokens, "groupOverrideDetails": groups}}
    return {
        _LATER: {
            "idTokenGeneration": tokens,
            "accessTokenGeneration": tokens,
            "groupOverrideDetails": groups,
        }
    }


def _is_first_version(event: Event) -> bool:
    """Tell V1_0 from its successors by what they hold: `version` says something else at times."""
    if _LATER in event.response:
        return False
    return _FIRST in event.response or not (
        "scopes" in event.request or event.raw.get("version") in {"2", "3"}
    )


def _group_details(event: Event, bearer: Bearer, policy: Policy) -> dict[str, Any]:
    """Replace the whole, so what the pool itself says is copied over.

    A group of the pool that is named like a role gives nobody that role: our table does.
    """
    configuration = event.request.get("groupConfiguration")
    given = configuration if isinstance(configuration, dict) else {}
    groups = [bearer.role]
    if bearer.organization_id is not None:
        groups.append(f"{ORGANIZATION_GROUP}{bearer.organization_id}")
    groups += (
        group
        for group in _texts(given.get("groupsToOverride"))
        if group not in policy.roles and not group.startswith(ORGANIZATION_GROUP)
    )
    details: dict[str, Any] = {
        "groupsToOverride": [
            group for group in dict.fromkeys(groups) if len(group) <= _LONGEST_GROUP
        ][:_MOST_GROUPS]
    }
    if roles := list(_texts(given.get("iamRolesToOverride"))):
        details["iamRolesToOverride"] = roles
    if isinstance(preferred := given.get("preferredRole"), str):
        details["preferredRole"] = preferred
    return details


def _texts(values: object) -> Iterable[str]:
    return (one for one in values if isinstance(one, str)) if isinstance(values, list) else ()
