"""The whole API on tables and accounts in memory, called as the gateway calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from fakes.accounts import InMemoryAccounts
from fakes.gateway import IDENTITY_POOL_ID, USER_POOL_ID, event
from fakes.tenants import rules
from vestibule.functions import wiring
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api
from vestibule.profiles.store import TableRecords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.table import FakeTable


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


class WholeApi:
    def __init__(self, table: FakeTable, mail: Any = None) -> None:
        self.accounts = InMemoryAccounts()
        self.services = wiring.services(table, self.accounts, rules, mail)
        self._api = Api(
            wiring.routes(self.services, "0"),
            records=TableRecords(table),
            signed_callers=SignedCallers(
                user_pool_id=USER_POOL_ID, identity_pool_id=IDENTITY_POOL_ID
            ),
        )

    def call(self, route: str, caller: str | None = None, **said: Any) -> Answer:
        """Call `METHOD /path/{of}/route`; `said` is the event's, such as `path` and `body`."""
        method, _, resource = route.partition(" ")
        answer = self.send(event(method, resource, sub=caller, **said))
        body = json.loads(answer["body"]) if answer["body"] else {}
        return Answer(answer["statusCode"], body, answer["headers"])

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        return self._api(event, None)
