"""PreSignUp_ExternalProvider: somebody comes through a provider for the first time.

Only an address that the provider calls verified counts. One that it doesn't is nobody's yet: the
person becomes a user of their own, whoever else holds the address, and so learns nothing of them.
"""

from __future__ import annotations

import json

from vestibule.platform.aws import AwsRefused
from vestibule.platform.clock import now
from vestibule.policy.addresses import normalized
from vestibule.policy.model import LINK, SHAPE
from vestibule.profiles import items
from vestibule.security import model as kinds
from vestibule.triggers import security
from vestibule.triggers.arrival_store import RESERVATION
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.line import note
from vestibule.triggers.sign_up import (
    INVITATION_NEEDED,
    NO_ADDRESS,
    UNWELCOME_ADDRESS,
    certain,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from vestibule.platform.aws import AwsClient
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table
    from vestibule.policy.model import Policy
    from vestibule.policy.ports import Policies
    from vestibule.triggers.events import Event
    from vestibule.triggers.ports import Addresses, Identities

SIGN_IN_INSTEAD: Final = (
    "There is an account with this e-mail address already. Please sign in the way you did before"
)
NOT_RECOGNIZED: Final = "This sign-in service is not known here"
_MOST_PROVIDERS: Final = 60  # in one answer


class ExternalProvider:
    def __init__(self, policies: Policies, addresses: Addresses, identities: Identities) -> None:
        self._policies = policies
        self._addresses = addresses
        self._identities = identities

    def handle(self, event: Event) -> None:
        policy = certain(self._policies)
        _check_address(event, policy)
        email = event.email if event.email_verified else None
        holder, is_invited = self._addresses.look_up(email) if email else (None, False)
        if holder is not None:
            self._meet(event, policy, holder, email or "")
        elif policy.invitation_required and not is_invited:
            security.report(kinds.INVITATION_MISSING, event)
            raise Refusal(INVITATION_NEEDED)

    def _meet(self, event: Event, policy: Policy, holder: str, email: str) -> None:
        """The address is proven twice: it is the same person's, if it is theirs to this day."""
        if policy.federation != LINK:
            security.report(kinds.IDENTITY_REFUSED, event, holder=holder)
            raise Refusal(SIGN_IN_INSTEAD)
        identity = _told_identity(event) or self._named_identity(event)
        if identity is None:
            security.report(kinds.IDENTITY_REFUSED, event, reason="name")
            raise Refusal(NOT_RECOGNIZED)
        try:
            if self._identities.proven_email(holder) != email:
                # Our claim is older than the account: they have left the address, or the pool.
                security.report(kinds.IDENTITY_REFUSED, event, holder=holder, reason="stale")
                raise Refusal(SIGN_IN_INSTEAD)
            self._identities.link(holder, *identity)
        except AwsRefused as refusal:  # such as: the holder comes through a provider too
            security.report(kinds.IDENTITY_REFUSED, event, holder=holder, reason=refusal.code)
            raise Refusal(SIGN_IN_INSTEAD) from refusal
        security.report(kinds.IDENTITY_LINKED, event, holder=holder)
        note(linked_to=holder)

    def _named_identity(self, event: Event) -> tuple[str, str] | None:
        """Take the user name apart: `<provider>_<subject>`.

        A pool that ignores case writes the provider in lower case there, and knows it only as it
        was named; that name may hold a `_` itself.
        """
        name = event.user_name
        fitting = [
            provider
            for provider in self._identities.providers()
            if name.lower().startswith(f"{provider.lower()}_") and len(name) > len(provider) + 1
        ]
        if not fitting:
            return None
        provider = max(fitting, key=len)
        return provider, name[len(provider) + 1 :]


def _told_identity(event: Event) -> tuple[str, str] | None:
    """Give provider and subject as the attribute `identities` spells them, where it came along."""
    try:
        told = json.loads(event.attributes.get("identities", ""))
        provider, subject = told[-1]["providerName"], told[-1]["userId"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    is_whole = isinstance(provider, str) and isinstance(subject, str) and provider and subject
    return (provider, subject) if is_whole else None


def _check_address(event: Event, policy: Policy) -> None:
    if not event.told_email:
        return
    reason = policy.address_refusal(event.told_email)
    if reason == SHAPE:
        security.report(kinds.SIGNUP_ATTRIBUTE_REFUSED, event, reason=reason)
        raise Refusal(NO_ADDRESS)
    if reason is not None:
        security.report(kinds.DOMAIN_RESTRICTION_TRIGGERED, event, reason=reason)
        raise Refusal(UNWELCOME_ADDRESS)


class TableAddresses:
    def __init__(self, table: Table, clock: Clock = now) -> None:
        self._table = table
        self._clock = clock

    def look_up(self, email: str) -> tuple[str | None, bool]:
        claim = (items.claim_key(email), items.CLAIM)
        reservation = (items.claim_key(email), RESERVATION)
        found = self._table.get_many((claim, reservation), consistent=True)
        held = found.get(reservation)
        is_invited = held is not None and self._still_opens(held)
        return found.get(claim, {}).get("userId"), is_invited

    def _still_opens(self, held: Item) -> bool:
        """Only one that will be spent counts: not a lapsed one, nor a revoked invitation's."""
        from vestibule.invitations import items as invites  # noqa: PLC0415 - few are invited
        from vestibule.invitations.authority import is_still_given  # noqa: PLC0415 - same
        from vestibule.invitations.reservations import is_spendable  # noqa: PLC0415 - same

        reservation = invites.to_reservation(held)
        invitation = self._table.get(*invites.invite_key(reservation.code_hash), consistent=True)
        moment = int(self._clock().timestamp())
        if invitation is None:
            return False
        is_open = is_spendable(reservation, invites.to_invitation(invitation), moment)
        return is_open and is_still_given(self._table, reservation)


class CognitoIdentities:
    """Identities of one user pool, whose own users' names are their subs."""

    def __init__(self, client: AwsClient, user_pool_id: str) -> None:
        self._client = client
        self._user_pool_id = user_pool_id

    def providers(self) -> list[str]:
        names: list[str] = []
        asked: dict[str, Any] = {"UserPoolId": self._user_pool_id, "MaxResults": _MOST_PROVIDERS}
        while True:
            answer = self._client.call("ListIdentityProviders", asked)
            names += (one["ProviderName"] for one in answer.get("Providers", ()))
            if not answer.get("NextToken"):
                return names
            asked = {**asked, "NextToken": answer["NextToken"]}

    def proven_email(self, user_id: str) -> str | None:
        asked = {"UserPoolId": self._user_pool_id, "Username": user_id}
        answer = self._client.call("AdminGetUser", asked)
        told = {one["Name"]: one.get("Value", "") for one in answer.get("UserAttributes", ())}
        is_proven = answer.get("Enabled") is True and told.get("email_verified") == "true"
        return normalized(told.get("email", "")) if is_proven else None

    def link(self, user_id: str, provider: str, subject: str) -> None:
        self._client.call(
            "AdminLinkProviderForUser",
            {
                "UserPoolId": self._user_pool_id,
                "DestinationUser": {
                    "ProviderName": "Cognito",
                    "ProviderAttributeValue": user_id,
                },
                "SourceUser": {
                    "ProviderName": provider,
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": subject,
                },
            },
        )
