"""The rules of inviting: who may ask whom to what, and what inviters see of it."""

from __future__ import annotations

from vestibule.invitations import codes
from vestibule.invitations.errors import (
    BeyondInviter,
    CallerSuspended,
    DraftRefused,
    InvitationNotFound,
    InvitationSpent,
    NotAnInviter,
    OrganizationUnknown,
    Raced,
    TooManyMails,
)
from vestibule.invitations.model import (
    ADMIN_DAYS,
    BY_EMAIL,
    LONGEST_DAYS,
    MOST_USES,
    REVOKED,
    SPENT,
    Invitation,
    Invited,
    Made,
)
from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.ids import new_id
from vestibule.policy.addresses import normalized
from vestibule.policy.model import ACCOUNT_TYPES
from vestibule.profiles.model import ADMIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from vestibule.invitations.model import Draft, InvitationPage
    from vestibule.invitations.ports import (
        InvitationMail,
        InvitationStore,
        Inviter,
        Inviters,
        Rules,
    )
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item

ATTEMPTS: Final = 5
_ID_LENGTH: Final = 16
_DAY_SECONDS: Final = 24 * 3600

log = logs.logger(__name__)


class InvitationService:
    def __init__(  # noqa: PLR0913 - all that inviting asks of others
        self,
        store: InvitationStore,
        inviters: Inviters,
        rules: Callable[[], Rules],
        mail: InvitationMail | None = None,
        *,
        clock: Clock = now,
        proven_address: Callable[[str], str] | None = None,
    ) -> None:
        """`proven_address` gives the one that somebody's account proves now, or an empty text.

        Without `mail` no invitation goes out by it: asking for that is refused.
        """
        self._store = store
        self._inviters = inviters
        self._rules = rules
        self._mail = mail
        self._clock = clock
        self._proven_address = proven_address

    def create(self, draft: Draft, *, by: str) -> Made:
        """Keep an invitation, and mail it if asked to.

        Raise NotAnInviter, CallerSuspended, BeyondInviter, OrganizationUnknown, DraftRefused,
        AlreadyMailed or TooManyMails.
        """
        code = codes.make(draft.code_style)
        for _ in range(ATTEMPTS):
            inviter = self._inviters.standing(by, draft.organization_id)
            organization_id = _organization(inviter, draft, by)
            invitation = self._invitation(draft, inviter, organization_id, code, by)
            try:
                self._store.add(invitation, inviter.checks)
            except Raced:
                continue
            except TooManyMails:
                metrics.count("InvitationMailsLimited")
                raise
            _count("InvitationCreated", invitation, by)
            if draft.delivery == BY_EMAIL:
                mailed = self._send(invitation, code, draft.language)
                return Made(invitation, code=None, mailed=mailed)
            return Made(invitation, code.shown)
        raise Raced

    def page(self, organization_id: str | None, limit: int, start: Item | None) -> InvitationPage:
        """Give invitations of an organization that `listed_scope` allowed; None: of all."""
        return self._store.page(organization_id, limit, start)

    def listed_scope(self, organization_id: str | None, *, reader: str) -> str | None:
        """Say whose invitations the reader gets who asks for an organization's, or for none.

        Raise NotAnInviter or OrganizationUnknown.
        """
        inviter = self._inviters.standing(reader, organization_id)
        if inviter.is_admin:
            if organization_id is not None and inviter.organization is None:
                raise OrganizationUnknown(organization_id)
            return organization_id
        _require_organization_admin(inviter, reader, organization_id)
        return organization_id or _own(inviter)

    def accept(self, code: str, *, by: str) -> str:
        """Join the organization that the code invites to; give its id.

        Raise InvitationUseless, BelongsAlready or CallerSuspended.
        """
        # The record follows a change of address at the next sign-in only, and not to every one.
        current = self._proven_address(by) if self._proven_address else None
        organization_id = self._store.accept(code, by, self._clock(), current)
        metrics.count("InvitationAccepted")
        log.info("InvitationAccepted", by=by, organization_id=organization_id)
        return organization_id

    def revoke(self, invite_id: str, *, by: str) -> None:
        """Raise InvitationNotFound, InvitationSpent, NotAnInviter or CallerSuspended."""
        for _ in range(ATTEMPTS):
            invitation = self._store.find(invite_id)
            organization_id = invitation.organization_id if invitation else None
            inviter = self._inviters.standing(by, organization_id)
            if not inviter.is_admin:
                if inviter.is_suspended:
                    raise CallerSuspended(by)
                if organization_id is None or not inviter.is_organization_admin:
                    raise InvitationNotFound(invite_id)
            if invitation is None:
                raise InvitationNotFound(invite_id)
            at = self._clock()
            status = invitation.status_at(int(at.timestamp()))
            if status == REVOKED:
                return
            if status == SPENT and not invitation.is_offered:
                raise InvitationSpent(invite_id)
            try:
                self._store.revoke(invitation, inviter.checks, by=by, at=timestamp(at))
            except Raced:
                continue
            _count("InvitationRevoked", invitation, by)
            return
        raise Raced

    def _invitation(
        self,
        draft: Draft,
        inviter: Inviter,
        organization_id: str | None,
        code: codes.Code,
        by: str,
    ) -> Invitation:
        rules, at = self._rules(), self._clock()
        if draft.delivery == BY_EMAIL and self._mail is None:
            raise DraftRefused("delivery", "unavailable", "No mail is sent here: leave it out.")
        role = _role(draft, inviter, rules, by)
        if role == ADMIN:
            _check_admin_draft(draft)
        return Invitation(
            id=new_id()[:_ID_LENGTH],
            code_hash=code.hash,
            role=role,
            created_by=by,
            created_at=timestamp(at),
            valid_until=int(at.timestamp()) + _days(draft.days) * _DAY_SECONDS,
            email=_email(draft),
            organization_id=organization_id,
            account_type=_account_type(draft, inviter, by),
            delivery=draft.delivery,
            max_uses=_uses(draft),
            by_admin=inviter.is_admin,
        )

    def _send(self, invitation: Invitation, code: codes.Code, language: str | None) -> bool:
        """Mail the code. A failure costs the mail and not the answer: the invitation stands."""
        if self._mail is None or invitation.email is None:
            return False
        mail = Invited(
            email=invitation.email,
            code=code.shown,
            account_type=invitation.account_type,
            language=language,
        )
        try:
            self._mail.send(mail)
        except Exception as error:  # noqa: BLE001 - whatever ails the mail, the invitation is kept
            metrics.count("InvitationMailFailed")
            log.failure("an invitation was not mailed", error, invite_id=invitation.id)
            return False
        return True


def _organization(inviter: Inviter, draft: Draft, by: str) -> str | None:
    """Say which organization the invitation is for; raise for whoever may not invite to it."""
    if inviter.is_admin:
        if draft.organization_id is not None and inviter.organization is None:
            raise OrganizationUnknown(draft.organization_id)
        return draft.organization_id
    _require_organization_admin(inviter, by, draft.organization_id)
    if inviter.is_suspended:
        raise CallerSuspended(by)
    return draft.organization_id or _own(inviter)


def _require_organization_admin(
    inviter: Inviter, user_id: str, organization_id: str | None
) -> None:
    if inviter.is_organization_admin:
        return
    if organization_id is not None and not inviter.is_member:
        raise OrganizationUnknown(organization_id)
    raise NotAnInviter(user_id)


def _own(inviter: Inviter) -> str | None:
    return inviter.organization.id if inviter.organization else None


def _role(draft: Draft, inviter: Inviter, rules: Rules, by: str) -> str:
    role = draft.role or rules.default_role
    if role not in rules.roles:
        choices = ", ".join(sorted(rules.roles))
        raise DraftRefused("role", "enum", f"Must be one that the policy names: {choices}.")
    if role != rules.default_role and not inviter.is_admin:
        raise BeyondInviter(by, "role")
    return role


def _check_admin_draft(draft: Draft) -> None:
    """Whoever finds a code must not become an admin of the whole place by it."""
    if draft.email is None:
        message = "Must be given: an admin's invitation is made out to one address."
        raise DraftRefused("email", "required", message)
    if draft.days > ADMIN_DAYS:
        message = f"Must be at most {ADMIN_DAYS} for an admin's invitation."
        raise DraftRefused("expiresInDays", "maximum", message)


def _account_type(draft: Draft, inviter: Inviter, by: str) -> str | None:
    if draft.account_type is None:
        return None
    if draft.account_type not in ACCOUNT_TYPES:
        choices = ", ".join(ACCOUNT_TYPES)
        raise DraftRefused("accountType", "enum", f"Must be one of: {choices}.")
    if not inviter.is_admin:
        raise BeyondInviter(by, "accountType")
    return draft.account_type


def _email(draft: Draft) -> str | None:
    if draft.email is None:
        if draft.delivery == BY_EMAIL:
            raise DraftRefused("email", "required", "Must be given: it says where the mail goes.")
        return None
    address = normalized(draft.email)
    if address is None:
        raise DraftRefused("email", "email", "Must be an e-mail address such as jo@example.com.")
    return address


def _uses(draft: Draft) -> int:
    uses = 1 if draft.max_uses is None else draft.max_uses
    if not 1 <= uses <= MOST_USES:
        raise DraftRefused("maxUses", "range", f"Must be a whole number from 1 to {MOST_USES}.")
    if uses > 1 and draft.email is not None:
        raise DraftRefused(
            "maxUses", "bound", "Must be left out or 1 beside an email: one address, one person."
        )
    return uses


def _days(days: int) -> int:
    if not 1 <= days <= LONGEST_DAYS:
        message = f"Must be a whole number from 1 to {LONGEST_DAYS}."
        raise DraftRefused("expiresInDays", "range", message)
    return days


def _count(outcome: str, invitation: Invitation, by: str) -> None:
    metrics.count(outcome)
    log.info(outcome, invite_id=invitation.id, by=by, organization_id=invitation.organization_id)
