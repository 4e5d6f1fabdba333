"""The whole `triggers` function, wired as it is deployed, on a table in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.table import FakeTable
from vestibule.functions.trigger_wiring import Wiring
from vestibule.mail.sender import SesSender
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.budget import BudgetedClient
from vestibule.platform.settings import Settings
from vestibule.triggers.dispatch import Triggers
from vestibule.triggers.settings import TriggerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from vestibule.platform.operations import Item, Operation, Page
    from vestibule.platform.table import Table

ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "ENVIRONMENT": "unit",
    "MAIL_FROM": "vestibule@vestibule.example",
    "MAIL_SENDER": "ses",
    "POLICY_PARAMETER": "/vestibule/unit/policy",
    "RETRY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/vestibule-unit-retry",
    "TABLE_NAME": "vestibule-unit",
    "USER_POOL_ID": "us-east-1_aBcDeFgHi",
}


class WiredTable(FakeTable):
    """A table in memory that asks through the function's own client as well, to be counted there.

    What the client answers is passed over.
    """

    def __init__(self, wired: Table) -> None:
        super().__init__()
        self._wired = wired

    def get(self, pk: str, sk: str, **how: Any) -> Item | None:
        self._wired.get(pk, sk, **how)
        return super().get(pk, sk, **how)

    def get_many(self, keys: Sequence[tuple[str, str]], **how: Any) -> dict[tuple[str, str], Item]:
        self._wired.get_many(keys, **how)
        return super().get_many(keys, **how)

    def query(self, pk: str, **how: Any) -> Page:
        self._wired.query(pk, **how)
        return super().query(pk, **how)

    def put(self, item: Item, **how: Any) -> None:
        self._wired.put(item, **how)
        super().put(item, **how)

    def update(self, pk: str, sk: str, **how: Any) -> Item:
        self._wired.update(pk, sk, **how)
        return super().update(pk, sk, **how)

    def delete(self, pk: str, sk: str, **how: Any) -> None:
        self._wired.delete(pk, sk, **how)
        super().delete(pk, sk, **how)

    def transact(self, *operations: Operation) -> None:
        self._wired.transact(*operations)
        super().transact(*operations)


class Place:
    """The function as it is wired, with a table in memory and nobody else to call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        """What left the function, by whichever client."""
        self.wiring = Wiring(
            Settings.from_environment(ENVIRONMENT), TriggerSettings.from_environment(ENVIRONMENT)
        )
        self.wiring.table = self.table = WiredTable(self.wiring.table)
        self.triggers = Triggers(
            self.wiring.loaders(), self.wiring.budget, record=self.wiring.record
        )

    @classmethod
    def wired(cls, monkeypatch: pytest.MonkeyPatch) -> Place:
        """Nothing leaves the function: what would, stands in `calls`."""
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        made = cls()

        def call(client: BudgetedClient, operation: str, *_: object, **__: object) -> Any:
            made.calls.append(operation)
            if client.service == "dynamodb":
                return {"Responses": {}, "Attributes": {}, "Items": []}
            if client.service == "ssm":
                raise AwsRefused(client.service, operation, code="ParameterNotFound")
            raise AwsUnavailable(client.service, operation)

        def mail(*_: object) -> None:
            made.calls.append("SendEmail")

        monkeypatch.setattr(BudgetedClient, "call", call)
        monkeypatch.setattr(SesSender, "send", mail)
        return made

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        answered = self.triggers(event, None)
        assert isinstance(answered, dict)
        return answered
