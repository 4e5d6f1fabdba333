"""What every play stands on: steps that are timed, and that stop at the first surprise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from vestibule_cli.demo.calls import Answer
    from vestibule_cli.demo.place import Place

Report = Callable[[str, float], None]


class Surprise(Exception):
    """The stack did something other than it promises."""


class Stage:
    def __init__(self, place: Place, report: Report) -> None:
        self.place = place
        self._report = report

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        except Surprise as surprise:
            raise Surprise(f"{title}: {surprise}") from surprise
        except Exception as error:
            raise Surprise(f"{title}: {type(error).__name__}: {error}") from error
        self._report(title, time.perf_counter() - started)

    def expect(self, status: int, method: str, path: str, token: str | None, **sent: Any) -> Answer:
        answer = self.place.api(method, path, token, **sent)
        if answer.status != status:
            raise Surprise(
                f"{method} {path} answered {answer.status}, expected {status}: {answer.body}"
            )
        return answer

    def refused_by_cognito(self, code: str, act: Callable[[], object]) -> None:
        try:
            act()
        except ClientError as refusal:
            same(refusal.response["Error"]["Code"], code, "Cognito's refusal")
        else:
            raise Surprise(f"went through, expected {code}")

    def wait_until_deleted(self, user_id: str) -> None:
        cognito = self.place.operator("cognito-idp")
        until = time.monotonic() + self.place.patience
        while time.monotonic() < until:
            try:
                cognito.admin_get_user(UserPoolId=self.place.user_pool_id, Username=user_id)
            except cognito.exceptions.UserNotFoundException:
                return
            time.sleep(0.1)
        raise Surprise(f"the account is still there after {self.place.patience:.0f} s")


def same(seen: object, promised: object, what: str) -> None:
    if seen != promised:
        raise Surprise(f"{what} is {seen!r}, expected {promised!r}")


def another(code: str) -> str:
    """A six-digit code that is certainly not the given one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
