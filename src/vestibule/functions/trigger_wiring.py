"""The one place where the triggers' parts are put together.

A process sees few of the sources, and pays at its cold start for nothing that the others need: each
handler is imported and built when its first event comes.
"""

from __future__ import annotations

from functools import cached_property

from vestibule.functions.parts import Parts
from vestibule.platform.budget import Budget, BudgetedClient
from vestibule.triggers.dispatch import Triggers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any, Final

    from vestibule.invitations.model import Reservation
    from vestibule.mail.letters import Composer
    from vestibule.platform.settings import Settings
    from vestibule.platform.table import Table
    from vestibule.security.recorder import Recorder, Sighting
    from vestibule.triggers.arrival_store import TableArrivals
    from vestibule.triggers.codes import Codes
    from vestibule.triggers.dispatch import Handler, Loader
    from vestibule.triggers.ensure_user import EnsureUser
    from vestibule.triggers.settings import TriggerSettings
    from vestibule.triggers.sign_in import PreAuthentication
    from vestibule.triggers.visits import TableVisits

DEADLINE: Final = 2.0
"""Seconds for one call with its repetitions, if the invocation's budget has as many left."""
ATTEMPT: Final = 1.0
RESERVE: Final = 0.8
"""Seconds that the table and the policy leave for the retry queue."""
_LEAVING: Final = frozenset({"dynamodb", "ssm"})


def triggers(settings: Settings, more: TriggerSettings) -> Triggers:
    wiring = Wiring(settings, more)
    return Triggers(wiring.loaders(), wiring.budget, record=wiring.record)


class Wiring:
    def __init__(self, settings: Settings, more: TriggerSettings) -> None:
        self._settings = settings
        self._more = more
        self.budget = Budget()
        parts = Parts.of(settings, self._made)
        self._client, self.table, self.policies = parts.client, parts.table, parts.policies

    def loaders(self) -> Mapping[str, Loader]:
        """Tell who handles what, by source or by trigger. To configure one, name another here."""
        return {
            "PreSignUp_SignUp": self._sign_up,
            "PreSignUp_AdminCreateUser": self._admin_create_user,
            "PreSignUp_ExternalProvider": self._external_provider,
            "PostConfirmation": self._post_confirmation,
            "PreAuthentication": self._pre_authentication,
            "PostAuthentication": self._post_authentication,
            "TokenGeneration": self._token_generation,
            "CustomMessage": self._custom_message,
            "DefineAuthChallenge": self._define_challenge,
            "CreateAuthChallenge": self._create_challenge,
            "VerifyAuthChallengeResponse": self._verify_challenge,
            "UserMigration": self._migration,
            "InboundFederation": self._inbound_federation,
            "CustomEmailSender": self._sender,
            "CustomSMSSender": self._sender,
        }

    def record(self, sightings: Sequence[Sighting]) -> None:
        """Write down what was noticed of attacks, with what time the invocation has left."""
        for sighting in sightings:
            self._recorder.remember(sighting)
        self._recorder.write()

    @cached_property
    def _recorder(self) -> Recorder:
        from vestibule.security.recorder import Recorder

        return Recorder(self.table)

    @cached_property
    def ensure_user(self) -> EnsureUser:
        from vestibule.triggers.ensure_user import EnsureUser
        from vestibule.triggers.retry import NoQueue, RetryQueue

        url = self._more.retry_queue_url
        backlog = NoQueue() if url is None else RetryQueue(self._client("sqs"), url)
        return EnsureUser(self._people, self.policies, backlog)

    @cached_property
    def _people(self) -> TableArrivals:
        from vestibule.triggers.arrival_store import TableArrivals

        return TableArrivals(self.table)

    @cached_property
    def _visits(self) -> TableVisits:
        from vestibule.triggers.visits import TableVisits

        return TableVisits(self.table)

    def _sign_up(self) -> Handler:
        from vestibule.triggers.origin_store import TableOrigins
        from vestibule.triggers.sign_up import SignUp

        return SignUp(self.policies, _Places(self.table), TableOrigins(self.table)).handle

    def _admin_create_user(self) -> Handler:
        from vestibule.triggers.sign_up import AdminCreateUser

        return AdminCreateUser(self.policies).handle

    def _external_provider(self) -> Handler:
        from vestibule.triggers.federation import (
            CognitoIdentities,
            ExternalProvider,
            TableAddresses,
        )

        identities = CognitoIdentities(self._client("cognito-idp"), self._settings.user_pool_id)
        return ExternalProvider(self.policies, TableAddresses(self.table), identities).handle

    def _post_confirmation(self) -> Handler:
        from vestibule.triggers.confirmation import PostConfirmation

        return PostConfirmation(self.ensure_user, self._visits).handle

    @cached_property
    def _admission(self) -> PreAuthentication:
        from vestibule.triggers.sign_in import PreAuthentication

        return PreAuthentication(self._people, self.policies)

    def _pre_authentication(self) -> Handler:
        return self._admission.handle

    def _post_authentication(self) -> Handler:
        from vestibule.triggers.sign_in import PostAuthentication

        return PostAuthentication(self._visits, self.ensure_user).handle

    def _token_generation(self) -> Handler:
        from vestibule.triggers.tokens import TokenGeneration

        return TokenGeneration(self._people, self.ensure_user, self.policies).handle

    @cached_property
    def _composer(self) -> Composer:
        from vestibule.mail.letters import Composer

        return Composer()

    def _custom_message(self) -> Handler:
        from vestibule.triggers.messages import Messages

        return Messages(self._composer, with_mail=self._more.mail.cognito_uses_ses).handle

    @cached_property
    def _codes(self) -> Codes:
        from vestibule.platform.clock import now
        from vestibule.triggers.codes import Codes

        return Codes(self.table, now)

    def _define_challenge(self) -> Handler:
        from vestibule.triggers.challenge import Define

        return Define(offered=self._more.mail.from_address is not None).handle

    def _create_challenge(self) -> Handler:
        from vestibule.mail.sender import sender_of
        from vestibule.triggers.challenge import Create

        sender = sender_of(self._settings, self._more.mail, left=self.budget.left)
        # PreAuthentication does not run for this flow.
        return Create(self._admission.handle, self._codes, sender, self._composer).handle

    def _verify_challenge(self) -> Handler:
        from vestibule.triggers.challenge import Verify

        return Verify(self._codes).handle

    def _migration(self) -> Handler:
        from vestibule.triggers.migration import Migration

        settings = self._more.directory
        if settings is None:
            return Migration(None).handle
        from vestibule.triggers.directory import HttpsDirectory

        secrets = self._client("secretsmanager") if settings.key_secret else None
        directory = HttpsDirectory(settings, secrets=secrets, left=self.budget.left)
        return Migration(directory).handle

    def _inbound_federation(self) -> Handler:
        from vestibule.triggers.passed_through import federation

        return federation

    def _sender(self) -> Handler:
        from vestibule.triggers.passed_through import sender

        return sender

    def _made(self, service: str, **place: Any) -> BudgetedClient:
        return BudgetedClient(
            service,
            budget=self.budget,
            reserve=RESERVE if service in _LEAVING else 0.0,
            deadline=DEADLINE,
            attempt_timeout=ATTEMPT,
            **place,
        )


class _Places:
    """Invitations are few: what reserves them is imported when somebody brings a code."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def reserve(self, code: str, address: str, now: datetime) -> Reservation | None:
        from vestibule.invitations.reservations import Reservations

        return Reservations(self._table).reserve(code, address, now)
