"""The one place where maintenance's parts are put together.

Most of its invocations bring messages of one kind: what only other kinds need is imported when the
first of those comes.
"""

from __future__ import annotations

from functools import cached_property

from vestibule.delivery import inbox
from vestibule.delivery.consumer import RESERVE
from vestibule.delivery.events import USER_CONFIRMED, USER_ERASED
from vestibule.delivery.outbound import hosts
from vestibule.delivery.outcomes import DONE, never
from vestibule.delivery.user_service import UserServiceSettings
from vestibule.functions.worker import Worker
from vestibule.platform import logs
from vestibule.platform.budget import seconds_left
from vestibule.platform.ids import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.consumer import Consumer
    from vestibule.delivery.erasing import Erasing
    from vestibule.delivery.inbox import Taker
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.user_service import UserService
    from vestibule.profiles.accounts import CognitoAccounts
    from vestibule.security.recorder import Sighting
    from vestibule.triggers.waiting import Waiting

NAME: Final = "maintenance"
RECEIVES: Final = 60
RECONCILE: Final = "reconcile"
NOT_FEEDBACK: Final = "not_feedback"
_LONGEST_RUN: Final = 30.0
_SHORTEST_RUN: Final = 1.0
# What a page that was begun may still take.
_RUN_RESERVE: Final = 15.0

log = logs.logger(__name__)


class Wiring:
    def __init__(
        self,
        worker: Worker,
        place: UserServiceSettings | None,
        crm_secret: str | None,
        allowed_hosts: Sequence[str] = (),
    ) -> None:
        self.worker = worker
        self.parts = worker.parts
        self._place = place
        self._crm_secret = crm_secret
        self._allowed_hosts = allowed_hosts

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Wiring:
        """Raise SettingsError."""
        worker, (place,) = Worker.read(NAME, environment, UserServiceSettings.from_environment)
        allowed = hosts(environment.get("OUTBOUND_HOSTS") or "")
        return cls(worker, place, environment.get("CRM_SECRET"), allowed)

    @cached_property
    def consumer(self) -> Consumer:
        handle = inbox.Inbox(self._takers()).handle
        return self.worker.consumer(handle, receives=RECEIVES, read=inbox.read)

    def task(self, task: object, context: object) -> dict[str, Any]:
        """Do what a schedule, or somebody by hand, asks for."""
        if task != RECONCILE:
            log.error("unknown task", task=str(task)[:60])
            return {"error": f"task: must be {RECONCILE}, got {str(task)[:60]!r}"}
        self.worker.budget.begin(seconds_left(context, reserve=RESERVE))
        seconds = min(_LONGEST_RUN, seconds_left(context, reserve=_RUN_RESERVE))
        return self._reconcile(max(_SHORTEST_RUN, seconds))

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
            self.worker.settings.user_pool_id,
            TableSignInNames(self.parts.table),
        )

    @cached_property
    def erasing(self) -> Erasing:
        from vestibule.delivery.erasing import Erasing
        from vestibule.organizations.departures import Departures
        from vestibule.profiles.erase import Eraser
        from vestibule.profiles.remains import TableRemains
        from vestibule.vpcs.service import VpcService
        from vestibule.vpcs.store import TableVpcStore

        table = self.parts.table
        eraser = Eraser(self._accounts, TableRemains(table), Departures(table))
        rules = self.parts.policies
        vpcs = VpcService(
            TableVpcStore(table), lambda: rules.current().vpcs, self.worker.settings.region
        )
        return Erasing(table, eraser, self._accounts, self._users().erase, vpcs.abandon)

    def _users(self) -> UserService:
        from vestibule.functions.user_service_wiring import user_service

        return user_service(self.worker, self._place)

    def _crm(self) -> Taker:
        secret = self.worker.secret(self._crm_secret, "CRM_SECRET")
        if secret is None:
            return lambda _event: DONE
        from vestibule.delivery.crm import Crm
        from vestibule.delivery.crm_peer import CrmPeer

        peer = CrmPeer(
            secret,
            allowed_hosts=self._allowed_hosts,
            left=self.worker.budget.left,
            breaker_opened=self.worker.breaker_opened,
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
        pool = Pool(self.parts.client("cognito-idp"), self.worker.settings.user_pool_id)
        cursor = TableCursor(table, new_id())
        return Reconciliation(pool, TableMarks(table), cursor, repairs).run(seconds).view()

    def _record(self, sightings: Sequence[Sighting]) -> None:
        for sighting in sightings:
            self.worker.recorder.remember(sighting)
        self.worker.recorder.write()
