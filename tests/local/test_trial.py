"""New code is imported before it goes live."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.local import trial
from vestibule_cli.local.state import StateFolder
from vestibule_cli.local.trial import CodeRefused, Handler

if TYPE_CHECKING:
    from pathlib import Path


class Zips:
    def __init__(self, folder: Path) -> None:
        self.state = StateFolder(folder / "a state")
        self.state.tmp.mkdir(parents=True)
        self.state.data.mkdir()
        self._package = folder / "package.zip"

    def refusal(self, source: str, *handlers: Handler) -> str:
        with pytest.raises(CodeRefused) as refused:
            self.run(source, *handlers)
        return str(refused.value)

    def run(self, source: str, *handlers: Handler) -> None:
        with zipfile.ZipFile(self._package, "w") as archive:
            archive.writestr("vestibule/__init__.py", "")
            archive.writestr("vestibule/one.py", source)
        trial.run(self.state, self._package, handlers or [ONE])


ONE = Handler("api", "vestibule.one.handler", {})


@pytest.fixture
def zips(tmp_path: Path) -> Zips:
    return Zips(tmp_path)


def test_code_that_can_be_imported_passes_and_leaves_nothing_behind(zips: Zips) -> None:
    zips.run("print('hello')\nhandler = print\n")

    assert list(zips.state.tmp.iterdir()) == []


def test_a_name_that_is_nowhere_is_told_with_its_file_and_line(zips: Zips) -> None:
    assert zips.refusal("import os\nnosuch\n") == (
        "src/vestibule/one.py:2: NameError: name 'nosuch' is not defined (so api cannot start)"
    )


def test_one_reason_for_two_functions_is_told_once(zips: Zips) -> None:
    other = Handler("maintenance", "vestibule.one.handler", {})

    text = zips.refusal("nosuch", ONE, other)

    assert text.count("NameError") == 1
    assert text.endswith("(so api and maintenance cannot start)")


def test_a_handler_that_is_nowhere_is_told_with_its_place_in_stack_yaml(zips: Zips) -> None:
    text = zips.refusal("handler = print", Handler("api", "vestibule.functions.apy.handler", {}))

    assert text.startswith(
        "stack.yaml: functions.api.handler: vestibule.functions.apy.handler: ModuleNotFoundError: "
    )


def test_a_missing_handler_in_a_module_that_is_there_is_refused(zips: Zips) -> None:
    assert "has no attribute 'handler'" in zips.refusal("")


def test_a_package_of_this_environment_is_not_seen(zips: Zips) -> None:
    assert "No module named 'click'" in zips.refusal("import click\nhandler = print")


def test_the_functions_environment_is_seen_and_this_process_own_is_not(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "seen")
    source = (
        "import os\nassert os.environ['ITS_OWN'] == 'yes'\n"
        "assert 'SECRET_OF_THE_DEVELOPER' not in os.environ\nhandler = print"
    )

    zips.run(source, Handler("api", ONE.path, {"ITS_OWN": "yes"}))


@pytest.mark.parametrize("end", ["import sys; sys.exit(3)", "import os; os._exit(3)"])
def test_an_import_that_ends_the_process_is_refused(zips: Zips, end: str) -> None:
    assert zips.refusal(end)


def test_an_import_that_does_not_end_is_refused(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.3)

    assert "takes longer" in zips.refusal("while True: pass")


def test_what_passed_is_not_tried_again_until_something_changes(zips: Zips, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    source = f"open({str(seen)!r}, 'a').write('x')\nhandler = print"

    for _ in range(2):
        zips.run(source)
    assert seen.read_text() == "x"

    zips.run(source, Handler("api", ONE.path, {"CHANGED": "yes"}))
    assert seen.read_text() == "xx"


def test_what_was_refused_is_tried_again(zips: Zips) -> None:
    for _ in range(2):
        assert "NameError" in zips.refusal("nosuch")
