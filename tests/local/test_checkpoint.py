from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.local import checkpoint
from vestibule_cli.local.checkpoint import CheckpointError, Checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks only where that is sound")
FORKS = [pytest.param(False, id="in process"), pytest.param(True, id="forked", marks=ON_LINUX)]


class Shelf:
    """A source that holds one text and can be made to misbehave."""

    def __init__(self, text: str = "first") -> None:
        self.text = text
        self.unruly = 0
        self.hangs = False

    def save(self, *, alone: bool) -> dict[str, str]:
        del alone
        if self.hangs:
            time.sleep(60)
        if self.unruly:
            self.unruly -= 1
            raise RuntimeError("dictionary changed size during iteration")
        return {"shelf": self.text, "other": "\ud800 and é"}

    def fingerprint(self) -> object:
        return self.text

    def on_writing_thread(self, work: Callable[[], int]) -> int:
        return work()


def make(folder: Path, *, fork: bool = False) -> Checkpoints:
    return Checkpoints(folder / "checkpoints", {"port": 4000}, fork=fork)


def found(folder: Path) -> str:
    _, texts = next(make(folder).generations())
    return texts["shelf"]


@pytest.mark.parametrize("fork", FORKS)
def test_what_was_taken_is_read_back_with_its_facts(tmp_path: Path, *, fork: bool) -> None:
    make(tmp_path, fork=fork).take(Shelf())

    manifest, texts = next(make(tmp_path).generations())

    assert manifest["port"] == 4000
    assert texts == {"shelf": "first", "other": "\ud800 and é"}


@pytest.mark.parametrize("fork", FORKS)
def test_the_newest_counts_and_only_the_one_before_is_kept(tmp_path: Path, *, fork: bool) -> None:
    kept = make(tmp_path, fork=fork)
    for text in ("a", "b", "c", "d"):
        kept.take(Shelf(text))

    assert [texts["shelf"] for _, texts in kept.generations()] == ["d", "c"]


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "manifest"])
def test_a_damaged_generation_gives_way_to_the_one_before_and_says_so(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = make(tmp_path)
    kept.take(Shelf("old"))
    kept.take(Shelf("new"))
    newest = max((tmp_path / "checkpoints").glob("0*"))
    match damage:
        case "cut":
            (newest / "shelf.json").write_text("ne")
        case "changed":
            (newest / "shelf.json").write_text("NEW")
        case "gone":
            (newest / "shelf.json").unlink()
        case "manifest":
            (newest / "manifest.json").write_text("{")

    with caplog.at_level(logging.WARNING):
        assert found(tmp_path) == "old"

    assert newest.name in caplog.text


def test_a_generation_whose_writing_was_cut_short_does_not_exist(tmp_path: Path) -> None:
    make(tmp_path).take(Shelf("whole"))
    unfinished = tmp_path / "checkpoints" / "00000002"
    unfinished.mkdir()
    checkpoint.write_generation(unfinished, {"shelf": "never in force"}, {})

    assert found(tmp_path) == "whole"
    make(tmp_path).take(Shelf("next"))
    assert found(tmp_path) == "next"


def test_in_process_a_state_that_moves_is_tried_until_it_is_whole(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.unruly = 3

    make(tmp_path).take(shelf)

    assert found(tmp_path) == "first"


def test_one_that_never_holds_still_fails_and_leaves_the_last_one_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "IN_PROCESS_TRIES", 2)
    kept = make(tmp_path)
    kept.take(Shelf("good"))
    shelf = Shelf("bad")
    shelf.unruly = 9

    with pytest.raises(CheckpointError):
        kept.take(shelf)

    assert found(tmp_path) == "good"


@ON_LINUX
def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHILD_SECONDS", 1)
    kept = make(tmp_path, fork=True)
    kept.take(Shelf("good"))
    shelf = Shelf("bad")
    shelf.hangs = True

    with pytest.raises(CheckpointError):
        kept.take(shelf)

    assert found(tmp_path) == "good"


@ON_LINUX
def test_a_child_that_hangs_ends_even_when_nobody_is_left_to_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings: list[int] = []
    monkeypatch.setattr(checkpoint, "CHILD_SECONDS", 1)
    monkeypatch.setattr(
        checkpoint, "_await_child", lambda child: endings.append(os.waitpid(child, 0)[1])
    )
    shelf = Shelf()
    shelf.hangs = True

    make(tmp_path, fork=True).take(shelf)

    assert os.WTERMSIG(endings[0]) == signal.SIGALRM


@ON_LINUX
def test_after_three_failures_it_forks_no_more(tmp_path: Path) -> None:
    kept = make(tmp_path, fork=True)
    shelf = Shelf("later")
    shelf.unruly = 1  # each child fails with its own copy of this
    for _ in range(3):
        with pytest.raises(CheckpointError):
            kept.take(shelf)

    kept.take(shelf)

    assert found(tmp_path) == "later"


@ON_LINUX
def test_without_another_process_it_is_taken_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    kept = make(tmp_path, fork=True)
    for _ in range(3):
        with pytest.raises(CheckpointError, match="temporarily unavailable"):
            kept.take(Shelf())

    kept.take(Shelf())

    assert found(tmp_path) == "first"


@pytest.mark.parametrize("fork", FORKS)
def test_a_disk_that_is_full_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fork: bool
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "write_generation", refuse)

    with pytest.raises(CheckpointError, match=os.strerror(errno.ENOSPC)):
        make(tmp_path, fork=fork).take(Shelf())


@ON_LINUX
def test_a_disk_that_was_full_is_no_reason_to_fork_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kept, shelf = make(tmp_path, fork=True), Shelf()
    with monkeypatch.context() as full:
        full.setattr(checkpoint, "write_generation", refuse)
        for _ in range(3):
            with pytest.raises(CheckpointError):
                kept.take(shelf)
    shelf.unruly = 1  # a child fails with its own copy of this, each time

    for _ in range(2):
        with pytest.raises(CheckpointError):
            kept.take(shelf)


@ON_LINUX
def test_a_child_looks_for_no_garbage(tmp_path: Path) -> None:
    class Told(Shelf):
        def save(self, *, alone: bool) -> dict[str, str]:
            del alone
            return {"shelf": str(gc.isenabled())}

    make(tmp_path, fork=True).take(Told())

    assert found(tmp_path) == "False"


def test_without_its_pointer_the_newest_whole_one_counts_and_that_is_told(tmp_path: Path) -> None:
    kept = make(tmp_path)
    kept.take(Shelf("old"))
    kept.take(Shelf("new"))
    (tmp_path / "checkpoints" / checkpoint.POINTER).unlink()

    again = make(tmp_path)

    assert again.exists()
    assert [texts["shelf"] for _, texts in again.generations()] == ["new", "old"]
    assert len(again.notes) == 1
    assert "newest whole one" in again.notes[0]


def test_what_was_not_looked_at_is_not_removed(tmp_path: Path) -> None:
    make(tmp_path).take(Shelf("somebody's"))
    fresh = make(tmp_path)

    for text in ("a", "b", "c"):
        fresh.take(Shelf(text))

    kept = [texts["shelf"] for _, texts in make(tmp_path).generations()]
    assert kept == ["c", "b", "somebody's"]


def test_a_first_one_that_was_cut_short_is_none(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "00000001").mkdir(parents=True)

    assert not make(tmp_path).exists()


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("in motion")],
    ids=str,
)
@pytest.mark.parametrize("where", ["fingerprint", "on_writing_thread"])
def test_whatever_fails_is_told_once_and_tried_again_until_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, where: str
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.01)
    shelf, told, tries = Shelf(), list[str](), threading.Semaphore(0)
    genuine = getattr(shelf, where)

    def fail(*_arguments: object) -> object:
        tries.release()
        raise failure

    monkeypatch.setattr(shelf, where, fail)
    kept = Checkpoints(
        tmp_path / "checkpoints", {}, fork=sys.platform == "linux", report=told.append
    )
    kept.start(shelf)
    for _ in range(3):
        assert tries.acquire(timeout=5)
    assert len(told) == 1
    assert str(failure) in told[0]

    monkeypatch.setattr(shelf, where, genuine)

    deadline = time.monotonic() + 5
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    kept.stop()
    assert told[1:] == ["What changes is being saved again."]
    assert found(tmp_path) == "first"


@pytest.mark.parametrize(
    ("took", "rest"), [(0.1, 2.0), (1.4, 2.0), (1.9, 1.2), (2.2, 0.6)], ids=str
)
def test_two_pictures_and_the_rest_between_them_keep_the_promise(
    tmp_path: Path, took: float, rest: float
) -> None:
    assert rests_after(tmp_path, took, print) == pytest.approx(rest)
    assert 2 * took + rest <= checkpoint.PROMISED_SECONDS


def test_pictures_that_take_too_long_for_the_promise_are_told_once(tmp_path: Path) -> None:
    told: list[str] = []

    assert rests_after(tmp_path, 3.0, told.append) == checkpoint.EVERY_SECONDS

    assert len(told) == 1
    assert "may lose its last 8 seconds, not 5" in told[0]


def rests_after(folder: Path, took: float, report: Callable[[str], object]) -> float:
    kept = Checkpoints(folder / "checkpoints", {}, fork=False, report=report)
    kept._rest_after(took)
    kept._rest_after(took)
    return kept._rest


def test_changes_are_taken_by_themselves_and_stillness_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.01)
    taken = threading.Semaphore(0)
    shelf = Shelf("one")
    genuine = shelf.save

    def save(*, alone: bool) -> dict[str, str]:
        taken.release()
        return genuine(alone=alone)

    shelf.save = save
    kept = make(tmp_path)
    kept.start(shelf)
    assert taken.acquire(timeout=5)
    shelf.text = "two"
    assert taken.acquire(timeout=5)
    assert not taken.acquire(timeout=0.2)
    kept.stop()

    assert found(tmp_path) == "two"
