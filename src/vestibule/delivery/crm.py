"""What a customer database knows of somebody who has just arrived: it may raise them, never lower.

Asked after confirmation, by e-mail address, and only about who could still gain by it. What people
decided (an admin, the operator, the admin list, an invitation) is never changed.
"""

from __future__ import annotations

import json

from vestibule.activity import items as activities
from vestibule.activity import model as activity
from vestibule.delivery.outcomes import DONE, later, never
from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.operations import TransactionRefused
from vestibule.platform.values import frozen, replace
from vestibule.policy.model import ACCOUNT_TYPES, DOMAIN
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.crm_peer import CrmPeer
    from vestibule.delivery.events import Event
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.service import Service
    from vestibule.platform.clock import Clock
    from vestibule.platform.table import Table
    from vestibule.policy.model import Policy
    from vestibule.policy.ports import Policies
    from vestibule.profiles.model import Profile


SOURCE: Final = "crm"
# Where a role comes from by rule, and nobody in particular chose it.
RAISABLE: Final = frozenset({"default", DOMAIN, SOURCE})
ANSWER_UNFIT: Final = "answer_unfit"
CRM_UNKNOWN: Final = "crm_unknown"
POLICY_UNREAD: Final = "policy_unread"
RACED: Final = "raced"
_NOT_THERE: Final = 404
_ATTEMPTS: Final = 5

log = logs.logger(__name__)


@frozen
class Word:
    """What the CRM says of somebody."""

    role: str | None = None
    account_type: str | None = None


class AnswerUnfit(ValueError):
    """Names the member and the rule, and quotes nothing."""


class CrmUnknown(Exception):
    """Where the CRM is can't be found out now. The text names the setting and the rule."""


class Crm:
    def __init__(self, peer: CrmPeer, table: Table, policies: Policies, clock: Clock = now) -> None:
        self._peer = peer
        self._table = table
        self._policies = policies
        self._clock = clock

    def confirmed(self, event: Event) -> Outcome:
        """Raise AwsError."""
        try:
            service = self._peer.service()
        except CrmUnknown as error:
            log.warning("CRM unknown", why=str(error))
            return later(CRM_UNKNOWN, str(error))
        if service is None:
            return DONE
        policy = self._policies.current()
        if not self._policies.is_certain:
            return later(POLICY_UNREAD, "the live policy was never read")
        profile = self._profile(event.subject)
        if profile is None or profile.claimed_email is None or not _can_gain(profile, policy):
            return DONE
        return self._asked(service, event.subject, profile.claimed_email, policy)

    def _asked(self, service: Service, user_id: str, email: str, policy: Policy) -> Outcome:
        result = service.exchange(
            "POST",
            headers={"content-type": "application/json"},
            body=json.dumps({"email": email}).encode(),
            also_done=(_NOT_THERE,),
        )
        if not result.outcome.is_done or result.answer is None:
            return result.outcome
        metrics.count("CrmAsked")
        if result.answer.status == _NOT_THERE:
            return DONE
        try:
            word = read(result.answer.body, policy)
        except AnswerUnfit as error:
            return never(ANSWER_UNFIT, str(error))
        return self._raise(user_id, word, policy)

    def _profile(self, user_id: str) -> Profile | None:
        item = self._table.get(*items.profile_key(user_id), consistent=True)
        return None if item is None else items.to_profile(item)

    def _raise(self, user_id: str, word: Word, policy: Policy) -> Outcome:
        for _ in range(_ATTEMPTS):
            profile = self._profile(user_id)
            if profile is None:
                return DONE
            raised = risen(profile, word, policy)
            if raised == profile or self._write(profile, raised):
                return DONE
        return later(RACED, f"{_ATTEMPTS} attempts")

    def _write(self, before: Profile, raised: Profile) -> bool:
        at = timestamp(self._clock())
        after = replace(raised, updated_at=at, version=before.version + 1)
        gained = {
            name: getattr(after, field)
            for name, field in (("role", "role"), ("accountType", "account_type"))
            if getattr(after, field) != getattr(before, field)
        }
        kind = activity.ROLE_CHANGE if "role" in gained else activity.PROFILE_UPDATE
        entry = activities.entry(after.user_id, kind, at, details={"by": SOURCE, **gained})
        try:
            self._table.transact(items.rewriting(before, after), entry)
        except TransactionRefused:
            return False
        metrics.count("CrmRaised")
        log.info("raised by the CRM", user_id=after.user_id, **gained)
        return True


def read(body: bytes, policy: Policy) -> Word:
    """Raise AnswerUnfit. An empty answer says nothing; what is unknown is passed over."""
    if not body.strip():
        return Word()
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerUnfit("must be JSON") from None
    if not isinstance(content, dict):
        raise AnswerUnfit("must be a JSON object")
    return Word(
        role=_member(content, "role", sorted(policy.roles)),
        account_type=_member(content, "accountType", ACCOUNT_TYPES),
    )


def risen(profile: Profile, word: Word, policy: Policy) -> Profile:
    """Give what the profile becomes: the same, unless the word is for more."""
    after = profile
    if _is_above(word.account_type, profile.account_type, ACCOUNT_TYPES):
        after = replace(after, account_type=word.account_type)
    if profile.role_source in RAISABLE and _is_above(word.role, profile.role, policy.raised_by_crm):
        after = replace(after, role=word.role, role_source=SOURCE)
    return after


def _can_gain(profile: Profile, policy: Policy) -> bool:
    highest = Word(policy.raised_by_crm[-1] if policy.raised_by_crm else None, ACCOUNT_TYPES[-1])
    return not profile.is_suspended and risen(profile, highest, policy) != profile


def _is_above(said: str | None, standing: str, order: Sequence[str]) -> bool:
    """Both must have a place in the order: a role without one is neither raised nor given."""
    return said in order and standing in order and order.index(said) > order.index(standing)


def _member(content: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str | None:
    value = content.get(name)
    if value is None or (isinstance(value, str) and value in allowed):
        return value
    raise AnswerUnfit(f"{name}: must be one of {', '.join(allowed)}")
