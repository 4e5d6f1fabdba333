import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vestibule_cli.failures import Failure
from vestibule_cli.local.provision.compare import ProvisionError
from vestibule_cli.local.watch import Watcher


class Refreshes:
    """Counts what it is asked for; fails while it has a reason to."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: Exception | None = None
        self.code_only: bool | None = None

    def __call__(self, *, code_only: bool) -> None:
        self.code_only = code_only
        if self.failure is not None:
            raise self.failure
        self.count += 1


@pytest.fixture
def project(tmp_path: Path) -> Path:
    code = tmp_path / "src" / "vestibule" / "profiles"
    code.mkdir(parents=True)
    (tmp_path / "infra" / "policies").mkdir(parents=True)
    (code / "model.py").write_text("one = 1\n")
    (tmp_path / "stack.yaml").write_text("name: x\n")
    return tmp_path


@pytest.fixture
def refreshes() -> Refreshes:
    return Refreshes()


@pytest.fixture
def reports(
    project: Path, refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """What a running watcher reports. The routes are not its concern here."""
    said: list[str] = []
    watcher = Watcher(project, refreshes, said.append)
    monkeypatch.setattr(watcher, "_write_routes", lambda: None)
    watcher.start()
    yield said
    watcher.stop()
    assert not [each for each in threading.enumerate() if each.name == "watch"]


def eventually(check: Callable[[], object], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_changed_code_is_refreshed_and_named(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    (project / "src" / "vestibule" / "profiles" / "model.py").write_text("one = 12\n")

    assert eventually(lambda: reports)
    assert refreshes.count == 1
    assert refreshes.code_only is True
    live = r"live after \d+\.\d s: src/vestibule/profiles/model\.py"
    assert re.fullmatch(live, reports[0])


@pytest.mark.parametrize(
    "path", ["stack.yaml", "policy.yaml", "openapi.json", "infra/policies/api.json"]
)
def test_the_definition_is_followed_too(
    project: Path, refreshes: Refreshes, reports: list[str], path: str
) -> None:
    (project / path).write_text("new and longer\n")

    assert eventually(lambda: reports)
    assert refreshes.count == 1
    assert refreshes.code_only is False


def test_new_and_removed_files_are_changes(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    new = project / "src" / "vestibule" / "new.py"
    new.write_text("")
    assert eventually(lambda: refreshes.count == 1)

    new.unlink()

    assert eventually(lambda: refreshes.count == 2)
    assert eventually(lambda: len(reports) == 2)


def test_what_is_no_source_is_passed_over(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    (project / "README.md").write_text("words")
    (project / "src" / "vestibule" / "notes.txt").write_text("words")
    time.sleep(0.5)

    assert refreshes.count == 0
    assert reports == []


def test_several_writes_of_one_save_are_one_change(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    for number in range(5):
        (project / "src" / "vestibule" / f"part{number}.py").write_text("x = 1\n")
        time.sleep(0.01)

    assert eventually(lambda: reports)
    time.sleep(0.4)
    assert refreshes.count == 1
    assert reports[0].endswith(" and 2 more")


def test_a_failure_is_reported_and_the_next_change_is_tried_again(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    refreshes.failure = ProvisionError("no such thing")
    (project / "stack.yaml").write_text("name: broken\n")
    assert eventually(lambda: reports)
    assert reports == ["not live, what ran before goes on: no such thing"]

    refreshes.failure = None
    (project / "stack.yaml").write_text("name: mended again\n")

    assert eventually(lambda: refreshes.count == 1)


def test_what_a_failed_change_left_undone_goes_live_with_the_mended_one(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    code = project / "src" / "vestibule" / "profiles" / "model.py"
    refreshes.failure = ProvisionError("model.py is broken")
    code.write_text("broken\n")
    assert eventually(lambda: len(reports) == 1)
    (project / "stack.yaml").write_text("name: another\n")
    assert eventually(lambda: len(reports) == 2)

    refreshes.failure = None
    code.write_text("one = 12\n")

    assert eventually(lambda: len(reports) == 3)
    assert refreshes.code_only is False
    assert reports[2].endswith(": src/vestibule/profiles/model.py, stack.yaml")

    code.write_text("one = 123\n")

    assert eventually(lambda: len(reports) == 4)
    assert refreshes.code_only is True
    assert reports[3].endswith(": src/vestibule/profiles/model.py")


def test_routes_that_cannot_be_written_are_told_of_and_owed(
    project: Path, refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    tries: list[Exception | None] = [Failure("no route"), Failure("no route"), None]
    watcher = Watcher(project, refreshes, said.append)

    def write() -> None:
        if (failure := tries.pop(0)) is not None:
            raise failure

    monkeypatch.setattr(watcher, "_write_routes", write)
    watcher.start()
    changed = [project / "src" / "vestibule" / "profiles" / "model.py"]
    changed += [project / "stack.yaml"] * 3
    for number, path in enumerate(changed, 1):
        path.write_text(f"one = {'1' * number}\n")
        assert eventually(lambda count=number: refreshes.count == count)  # type: ignore[misc]
    watcher.stop()

    assert tries == []
    assert [line for line in said if not line.startswith("live after")] == [
        "live, but openapi.json is not current: no route"
    ] * 2


def test_a_fault_of_our_own_is_named_and_survived(
    project: Path, refreshes: Refreshes, reports: list[str]
) -> None:
    refreshes.failure = ZeroDivisionError("by nothing")
    (project / "stack.yaml").write_text("name: broken\n")

    assert eventually(lambda: reports)
    assert reports == ["not live, what ran before goes on: ZeroDivisionError: by nothing"]


def test_what_is_saved_before_it_follows_is_not_missed(project: Path, refreshes: Refreshes) -> None:
    watcher = Watcher(project, refreshes, lambda _line: None)
    (project / "stack.yaml").write_text("name: saved meanwhile\n")

    watcher.start()

    assert eventually(lambda: refreshes.count == 1)
    watcher.stop()
