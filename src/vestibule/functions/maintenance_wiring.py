"""The one place where maintenance's parts are put together.

Most of its invocations bring messages of one kind: what only other kinds need is imported when the
first of those comes.
"""

from __future__ import annotations

from functools import cached_property

from vestibule.delivery import inbox
from vestibule.delivery.consumer import RESERVE, Consumer
from vestibule.delivery.events import USER_CONFIRMED, USER_ERASED
from vestibule.delivery.outbound import hosts
from vestibule.delivery.outcomes import DONE, never
from vestibule.delivery.queue import Queue
from vestibule.delivery.settings import QueueSettings, together
from vestibule.delivery.user_service import KIND, UserService, UserServiceSettings
from vestibule.functions.parts import Parts
from vestibule.platform import logs
from vestibule.platform.aws import AwsClient
from vestibule.platform.budget import Budget, seconds_left
from vestibule.platform.ids import new_id
from vestibule.platform.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.erasing import Erasing
    from vestibule.delivery.inbox import Taker
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.secrets import SecretValue
    from vestibule.profiles.accounts import CognitoAccounts
    from vestibule.security.recorder import Recorder, Sighting
    from vestibule.triggers.waiting import Waiting

NAME: Final = "maintenance"
RECEIVES: Final = 60
RECONCILE: Final = "reconcile"
NOT_FEEDBACK: Final = "not_feedback"
_LONGEST_RUN: Final = 30.0
# What a page that was begun may still take.
_RUN_RESERVE: Final = 15.0

log = logs.logger(__name__)


class Wiring:
    def __init__(
        self,
        settings: Settings,
        queues: QueueSettings,
        place: UserServiceSettings | None,
        crm_secret: str | None,
        allowed_hosts: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._queues = queues
        self._place = place
        self._crm_secret = crm_secret
        self._allowed_hosts = allowed_hosts
        self._budget = Budget()
        self.parts = Parts.of(settings, AwsClient)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Wiring:
        """Raise SettingsError."""
        settings, queues, place = together(
            lambda: Settings.from_environment(environment),
            lambda: QueueSettings.from_environment(environment),
            lambda: UserServiceSettings.from_environment(environment),
        )
        allowed = hosts(environment.get("OUTBOUND_HOSTS") or "")
        return cls(settings, queues, place, environment.get("CRM_SECRET") or None, allowed)

    @cached_property
    def consumer(self) -> Consumer:
        sqs = self.parts.client("sqs")
        return Consumer(
            inbox.Inbox(self._takers()).handle,
            Queue(sqs, self._queues.queue_url),
            Queue(sqs, self._queues.dead_letters_url),
            receives=RECEIVES,
            read=inbox.read,
            budget=self._budget,
        )

    def task(self, task: object, context: object) -> dict[str, Any]:
        """Do what a schedule, or somebody by hand, asks for."""
        if task != RECONCILE:
            log.error("unknown task", task=str(task)[:60])
            return {"error": f"task: must be {RECONCILE}, got {str(task)[:60]!r}"}
        whole = seconds_left(context)
        self._budget.begin(max(0.0, whole - RESERVE))
        return self._reconcile(max(1.0, min(_LONGEST_RUN, whole - _RUN_RESERVE)))

    def _takers(self) -> Mapping[str, Callable[[], Taker]]:
        return {
            inbox.ARRIVAL: lambda: self.waiting.message,
            inbox.FEEDBACK: self._feedback,
            USER_CONFIRMED: self._crm,
            USER_ERASED: lambda: self.erasing.erased,
        }

    @cached_property
    def waiting(self) -> Waiting:
        from vestibule.triggers.arrival_store import TableArrivals
        from vestibule.triggers.ensure_user import EnsureUser
        from vestibule.triggers.retry import NoQueue
        from vestibule.triggers.waiting import Waiting

        ensure = EnsureUser(TableArrivals(self.parts.table), self.parts.policies, NoQueue())
        return Waiting(ensure, self._record, free=self._free)

    def _free(self, email: str, user_id: str) -> bool:
        from vestibule.profiles.service import ProfileService
        from vestibule.profiles.store import TableProfileStore

        profiles = ProfileService(TableProfileStore(self.parts.table), self._accounts)
        return profiles.free(email, user_id)

    @cached_property
    def _accounts(self) -> CognitoAccounts:
        from vestibule.profiles.accounts import CognitoAccounts
        from vestibule.profiles.store import TableSignInNames

        return CognitoAccounts(
            self.parts.client("cognito-idp"),
            self._settings.user_pool_id,
            TableSignInNames(self.parts.table),
        )

    @cached_property
    def erasing(self) -> Erasing:
        from vestibule.delivery.erasing import Erasing
        from vestibule.organizations.store import Departures
        from vestibule.profiles.erase import Eraser
        from vestibule.profiles.store import TableRemains
        from vestibule.vpcs.service import VpcService
        from vestibule.vpcs.store import TableVpcStore

        table = self.parts.table
        eraser = Eraser(self._accounts, TableRemains(table), Departures(table))
        rules = self.parts.policies
        vpcs = VpcService(TableVpcStore(table), lambda: rules.current().vpcs, self._settings.region)
        return Erasing(table, eraser, self._accounts, self._users().erase, vpcs.abandon)

    def _users(self) -> UserService:
        from vestibule.delivery.breaker import Breaker
        from vestibule.delivery.marks import Marks
        from vestibule.delivery.outbound import Peer
        from vestibule.delivery.service import Service

        service = None
        if self._place is not None:
            key = self._secret(self._place.secret_id, "USER_SERVICE_SECRET")
            breaker = Breaker(KIND, opened=self._opened)
            service = Service(Peer(self._place.at, left=self._budget.left), breaker, key)
        return UserService(service, Marks(self.parts.table, KIND))

    def _crm(self) -> Taker:
        secret = self._secret(self._crm_secret, "CRM_SECRET")
        if secret is None:
            return lambda _event: DONE
        from vestibule.delivery.crm import Crm
        from vestibule.delivery.crm_peer import CrmPeer

        peer = CrmPeer(
            secret,
            allowed_hosts=self._allowed_hosts,
            left=self._budget.left,
            breaker_opened=self._opened,
        )
        return Crm(peer, self.parts.table, self.parts.policies).confirmed

    def _feedback(self) -> Taker:
        from vestibule.mail.feedback import Feedback
        from vestibule.mail.suppression import Suppressions

        feedback = Feedback(Suppressions(self.parts.table))

        def take(content: Mapping[str, Any]) -> Outcome:
            return (
                DONE if feedback.handle(content) else never(NOT_FEEDBACK, "SES says no such thing")
            )

        return take

    def _reconcile(self, seconds: float) -> dict[str, Any]:
        from vestibule.delivery.pool import Pool
        from vestibule.delivery.reconcile import Reconciliation, Repairs
        from vestibule.delivery.reconcile_store import TableCursor, TableMarks

        table, policies = self.parts.table, self.parts.policies
        repairs = Repairs(
            ensure=self.waiting.account,
            settle=self.waiting.settle,
            erase=lambda listed: self.erasing.finish(listed.user_id, user_name=listed.user_name),
            opens_profiles=lambda: policies.current().profile_creation,
            delivers=self._place is not None,
        )
        pool = Pool(self.parts.client("cognito-idp"), self._settings.user_pool_id)
        cursor = TableCursor(table, new_id())
        return Reconciliation(pool, TableMarks(table), cursor, repairs).run(seconds).view()

    def _secret(self, secret_id: str | None, setting: str) -> SecretValue | None:
        if secret_id is None:
            return None
        from vestibule.delivery.secrets import SecretValue

        return SecretValue(self.parts.client("secretsmanager"), secret_id, setting)

    @cached_property
    def _recorder(self) -> Recorder:
        from vestibule.security.recorder import Recorder

        return Recorder(self.parts.table)

    def _record(self, sightings: Sequence[Sighting]) -> None:
        for sighting in sightings:
            self._recorder.remember(sighting)
        self._recorder.write()

    def _opened(self, peer: str) -> None:
        from vestibule.security.model import BREAKER_OPENED

        self._recorder.record(BREAKER_OPENED, NAME, {"peer": peer})
