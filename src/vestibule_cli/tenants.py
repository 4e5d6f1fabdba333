"""Organizations and invitations as an operator sees them: all there are, on nobody's behalf."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from vestibule.functions.invitation_mail import InvitationLetters
from vestibule.invitations import errors as invitation_errors
from vestibule.invitations import model as invitations
from vestibule.invitations.service import InvitationService
from vestibule.invitations.store import TableInvitationStore
from vestibule.mail.letters import Composer
from vestibule.mail.sender import SesSender
from vestibule.mail.suppression import Suppressions
from vestibule.organizations import errors as organization_errors
from vestibule.organizations import model as organizations
from vestibule.organizations.service import OrganizationService
from vestibule.organizations.store import TableOrganizationStore
from vestibule.platform.values import replace
from vestibule.profiles import fields
from vestibule.profiles.model import OPERATOR
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.parts import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule.invitations.ports import InvitationMail
    from vestibule.organizations.model import Wanted
    from vestibule_cli.target import Target

PAGE = 100


class TenantError(Failure):
    """What was asked for cannot be done. Its text is for the person."""


class TenantMisuse(Misuse):
    """A field breaks a rule. Its text names both."""


class Tenants:
    def __init__(self, target: Target, mail: InvitationMail | None = None) -> None:
        made = parts(target)
        store, policy = TableOrganizationStore(made.table), made.policies.current
        self._organizations = OrganizationService(store, policy)
        self._invitations = InvitationService(TableInvitationStore(made.table), store, policy, mail)

    @classmethod
    def of(cls, target: Target, *, mail_from: str | None = None) -> Self:
        """`mail_from` sends invitations by mail; without it there are none."""
        mail = None if mail_from is None else _letters(target, mail_from)
        return cls(target, mail)

    def organizations(self) -> list[dict[str, Any]]:
        pages = _pages(lambda start: self._organizations.page(PAGE, start))
        return [organizations.view(one) for page in pages for one in page.organizations]

    def create_organization(self, wanted: Wanted) -> dict[str, Any]:
        with _in_words():
            named = replace(wanted, name=fields.full_name(wanted.name))
            return organizations.view(self._organizations.create(named, by=OPERATOR))

    def members(self, organization_id: str) -> list[dict[str, Any]]:
        """Give everybody there, whoever waits included."""
        with _in_words():
            pages = _pages(
                lambda start: self._organizations.members(
                    organization_id, PAGE, start, reader=OPERATOR
                )
            )
            return [
                organizations.member_view(member, page.names.get(member.user_id))
                for page in pages
                for member in page.members
            ]

    def accept(self, organization_id: str, user_id: str) -> dict[str, Any]:
        with _in_words():
            member = self._organizations.accept(organization_id, user_id, by=OPERATOR)
            return organizations.member_view(member, None)

    def invite(self, draft: invitations.Draft) -> dict[str, Any]:
        """Give the invitation, with its `code` this once, or with whether it was `mailed`."""
        with _in_words():
            made = self._invitations.create(draft, by=OPERATOR)
        shown = invitations.view(made.invitation, int(time.time()))
        if draft.delivery == invitations.BY_EMAIL:
            return {"invitation": shown, "mailed": made.mailed}
        return {"invitation": shown, "code": made.code}

    def invitations(self, organization_id: str | None) -> list[dict[str, Any]]:
        with _in_words():
            scope = self._invitations.listed_scope(organization_id, reader=OPERATOR)
        pages = _pages(lambda start: self._invitations.page(scope, PAGE, start))
        now = int(time.time())
        return [invitations.view(one, now) for page in pages for one in page.invitations]

    def revoke(self, invite_id: str) -> None:
        with _in_words():
            self._invitations.revoke(invite_id, by=OPERATOR)


def sender(target: Target) -> str:
    """Whom the stack's own mails come from. Raise TenantError where it sends none."""
    path = f"/2015-03-31/functions/{target.outputs.functions['api']}/configuration"
    settings = target.aws().rest("lambda", "GET", path).get("Environment", {}).get("Variables", {})
    address = settings.get("MAIL_FROM", "")
    if not address:
        raise TenantError(
            "this deployment mails nothing by itself: its variable `mail` names no SES identity. "
            "Leave --delivery out, and hand the code over yourself."
        )
    return str(address)


def _letters(target: Target, mail_from: str) -> InvitationLetters:
    sender = SesSender(
        mail_from,
        region=target.outputs.region,
        endpoint_url=target.outputs.aws_endpoint_url or None,
        credentials=target.credentials,
    )
    suppressions = Suppressions(parts(target).table)
    return InvitationLetters(Composer(), sender, suppressions.holds)


def _pages(read: Callable[[Any], Any]) -> Iterator[Any]:
    start = None
    while True:
        page = read(start)
        yield page
        start = page.next_key
        if start is None:
            return


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (organization_errors.DraftRefused, invitation_errors.DraftRefused) as error:
        raise TenantMisuse(f"{error.field}: {error.message}") from error
    except fields.RuleBroken as error:
        raise TenantMisuse(f"name: {error.message}") from error
    except (organization_errors.OrganizationsError, invitation_errors.InvitationsError) as error:
        raise TenantError(f"{error}.") from error
