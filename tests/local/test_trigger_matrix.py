"""The living matrix: docs/triggers.md is what these plays have shown, beside what AWS says.

After a change of either:

    WRITE_DOCS=1 .venv/bin/python -m pytest tests/local/test_trigger_matrix.py
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.trigger_calls import NOT_PLAYED, play
from vestibule_cli.local.completions.triggers.sources import SOURCES, FiredBy
from vestibule_cli.local.emulator_internals import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.trigger_play import Step

DOCUMENT = Path(__file__).parents[2] / "docs" / "triggers.md"
TEMPLATE = Path(__file__).with_name("trigger_matrix.md")
COMMAND = "WRITE_DOCS=1 .venv/bin/python -m pytest tests/local/test_trigger_matrix.py"
MOMENTS = {
    FiredBy.EMULATOR: "the emulator's",
    FiredBy.COMPLETION: "made by the completions",
    FiredBy.NOBODY: "none: never fired here",
}


@pytest.fixture(scope="module")
def steps(emulator: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    return play(emulator, tmp_path_factory.mktemp("matrix"))


def test_every_call_fires_here_what_it_fires_on_aws_in_that_order(steps: list[Step]) -> None:
    seen = {step.call: list(step.seen or ()) for step in steps}

    assert seen == {step.call: list(step.aws) for step in steps}
    assert len(seen) == len(steps)


def test_no_call_fires_a_source_twice(steps: list[Step]) -> None:
    twice = {
        step.call: source
        for step in steps
        for source, times in Counter(step.seen).items()
        if times > 1
    }

    assert twice == {}


def test_every_source_that_is_said_to_be_fired_was(steps: list[Step]) -> None:
    fired = {source for source, who in SOURCES.items() if who is not FiredBy.NOBODY}

    assert played(steps) == fired


def test_the_document_says_what_was_seen(steps: list[Step]) -> None:
    text = document(steps)
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(text, encoding="utf-8")

    current = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""

    assert current == text, f"docs/triggers.md is not current: {COMMAND}"


def document(steps: list[Step]) -> str:
    calls = "".join(line for step in (*steps, *NOT_PLAYED) for line in rows(step))
    known = played(steps)
    sources = "".join(
        row(f"`{source}`", MOMENTS[who], "yes" if source in known else "no")
        for source, who in SOURCES.items()
    )
    template = TEMPLATE.read_text(encoding="utf-8")
    return template.format(version=VERSION, command=COMMAND, calls=calls, sources=sources)


def played(steps: list[Step]) -> set[str]:
    return {source for step in steps for source in step.seen or ()}


def rows(step: Step) -> Iterator[str]:
    call = f"**{step.call}**"
    fired = [*dict.fromkeys((*(step.seen or ()), *step.aws))]
    for number, source in enumerate(fired, 1):
        at_aws = "yes" if source in step.aws else "no"
        yield row(call, str(number), f"`{source}`", here(step, source), at_aws, step.evidence)
        call = ""
    if not fired:
        yield row(call, "", "none", "yes", "yes", step.evidence)
    if step.remark:
        yield row("", "", step.remark, "", "", "")


def here(step: Step, source: str) -> str:
    if step.seen is None:
        return "not played"
    return "yes" if source in step.seen else "no"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"
