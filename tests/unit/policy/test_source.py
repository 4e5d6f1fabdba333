import json
from collections.abc import Mapping
from typing import Any

import pytest

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.policy import parse
from vestibule.policy.source import PolicySource

NAME = "/vestibule/test/policy"
STRICT = json.dumps({"version": 1, "sign_up": {"invitation_required": True}})
ABSENT = AwsRefused("ssm", "GetParameter", status=400, code="ParameterNotFound")
AWAY = AwsUnavailable("ssm", "GetParameter", message="gave up")


class Store:
    """A Parameter Store with one parameter."""

    def __init__(self, held: str | Exception | Mapping[str, Any]) -> None:
        self.held = held
        self.version = 1
        self.asked = 0
        self.deadline: float | None = None

    def put(self, held: str | Exception) -> None:
        self.held = held
        self.version += 1

    def call(
        self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
    ) -> dict[str, Any]:
        assert (operation, payload) == ("GetParameter", {"Name": NAME})
        self.asked += 1
        self.deadline = deadline
        if isinstance(self.held, Exception):
            raise self.held
        if not isinstance(self.held, str):
            return dict(self.held)
        return {"Parameter": {"Name": NAME, "Value": self.held, "Version": self.version}}


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def everything_is_logged_and_nothing_counted() -> None:
    logs.configure("INFO")
    metrics.forget()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def source(store: Store, seconds: Seconds) -> PolicySource:
    return PolicySource(store, NAME, monotonic=seconds)


def errors(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line.get("level") == "ERROR"]


def test_the_live_copy_is_read_once_a_minute(seconds: Seconds) -> None:
    store = Store(STRICT)
    policies = source(store, seconds)

    assert policies.current().invitation_required
    seconds.now += 59
    policies.current()
    assert store.asked == 1
    store.put('{"version": 1, "sign_up": {}}')
    seconds.now += 1.1

    assert not policies.current().invitation_required
    assert store.asked == 2


def test_an_unchanged_copy_is_not_parsed_again(seconds: Seconds) -> None:
    policies = source(Store(STRICT), seconds)
    first = policies.current()
    seconds.now += 61

    assert policies.current() is first


def test_a_read_never_takes_a_trigger_to_its_end(seconds: Seconds) -> None:
    store = Store(STRICT)

    source(store, seconds).current()

    assert store.deadline is not None
    assert store.deadline < 1


def test_where_nothing_was_pushed_the_shipped_copy_holds_silently(
    seconds: Seconds, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = source(Store(ABSENT), seconds)

    assert policies.current() is parse.shipped()
    assert policies.is_certain
    assert capsys.readouterr().out == ""


def test_a_live_copy_that_was_deleted_gives_way_to_the_shipped_one(seconds: Seconds) -> None:
    store = Store(STRICT)
    policies = source(store, seconds)
    policies.current()
    store.put(ABSENT)
    seconds.now += 61

    assert policies.current() is parse.shipped()


BROKEN = [
    pytest.param("{", id="no JSON"),
    pytest.param('{"version": 9}', id="a later version"),
    pytest.param({}, id="an answer without a parameter"),
    pytest.param({"Parameter": {"Value": None}}, id="a parameter without a value"),
]


@pytest.mark.parametrize("broken", [*BROKEN, pytest.param(AWAY, id="nobody there")])
def test_the_last_good_copy_is_kept(
    broken: str | Exception, seconds: Seconds, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(STRICT)
    policies = source(store, seconds)
    policies.current()
    store.put(broken)

    for _ in range(3):
        seconds.now += 61
        assert policies.current().invitation_required

    assert policies.is_certain
    assert store.asked == 4
    (line,) = errors(capsys)
    assert line["used"] == "last good"


@pytest.mark.parametrize(
    "broken",
    [
        *BROKEN,
        pytest.param(AWAY, id="nobody there"),
        pytest.param(
            AwsRefused("ssm", "GetParameter", status=400, code="AccessDeniedException"),
            id="not ours to read",
        ),
        pytest.param(RuntimeError("a fault of our own"), id="a fault of our own"),
    ],
)
def test_a_first_read_that_fails_falls_back_to_the_shipped_copy(
    broken: str | Exception, seconds: Seconds, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = source(Store(broken), seconds)
    for _ in range(2):
        assert policies.current() is parse.shipped()
        assert not policies.is_certain
        seconds.now += 6
    (line,) = errors(capsys)
    assert line["used"] == "shipped"


def test_after_a_failure_it_is_tried_again_soon_but_not_by_everybody(seconds: Seconds) -> None:
    store = Store(AWAY)
    policies = source(store, seconds)
    for _ in range(10):
        policies.current()
    assert store.asked == 1
    store.put(STRICT)
    seconds.now += 5.1

    assert policies.current().invitation_required
    assert policies.is_certain


def test_trouble_is_counted_each_time_and_told_once(
    seconds: Seconds, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(AWAY)
    policies = source(store, seconds)
    for _ in range(3):
        policies.current()
        seconds.now += 6
    store.put(STRICT)
    policies.current()
    seconds.now += 61
    store.put(AWAY)
    policies.current()

    metrics.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines if "level" in line] == ["ERROR", "INFO", "ERROR"]
    assert lines[-1]["PolicyUnavailable"] == 4


def test_without_a_parameter_there_is_only_the_shipped_copy(seconds: Seconds) -> None:
    policies = PolicySource(None, None, monotonic=seconds)

    assert policies.current() is parse.shipped()
    assert policies.is_certain
