from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule_cli import code_under_work, hints
from vestibule_cli.failures import FAILED, MISUSED, Failure, Misuse, expected_exit_code
from vestibule_cli.local.state import StateFolder
from vestibule_cli.main import COMMANDS, main
from vestibule_cli.project import CHECKOUT
from vestibule_cli.stack import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITTEN = list(COMMANDS)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_short_help_is_the_commands_own(name: str) -> None:
    command: click.Command = importlib.import_module(f"vestibule_cli.commands.{name}").command

    first_words = COMMANDS[name].partition(",")[0].rstrip(".")
    assert (command.help or "").startswith(first_words)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])

    assert shown.exit_code == 0
    assert "Usage: " in shown.output


def all_commands() -> Iterator[tuple[str, click.Command]]:
    for name in COMMANDS:
        command: click.Command = importlib.import_module(f"vestibule_cli.commands.{name}").command
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", found) for each, found in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("command", [pytest.param(each, id=name) for name, each in all_commands()])
def test_every_command_can_answer_in_json(command: click.Command) -> None:
    assert "--json" in [option for parameter in command.params for option in parameter.opts]


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (Failure("x"), FAILED),
        (Misuse("x"), MISUSED),
        (AwsRefused("sqs", "SendMessage"), FAILED),
        (AwsUnavailable("sqs", "SendMessage"), FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_told_in_words_has_an_exit_code(error: Exception, exit_code: int) -> None:
    assert expected_exit_code(error) == exit_code


def test_help_comes_without_loading_any_command() -> None:
    program = (
        "import sys; from vestibule_cli.main import main; main(['--help'], standalone_mode=False);"
        "heavy = {'pydantic', 'yaml', 'boto3', 'ministack', 'starlette', 'uvicorn', 'vestibule'};"
        "sys.exit(','.join(heavy & set(sys.modules)) or None)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 0, shown.stderr
    assert all(name in shown.stdout for name in COMMANDS)


def test_help_takes_less_than_three_tenths_of_a_second() -> None:
    program = "from vestibule_cli.main import main; main()"
    took = []
    for _ in range(3):
        began = os.times()
        subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, check=True)
        ended = os.times()
        took.append(
            ended.children_user
            + ended.children_system
            - began.children_user
            - began.children_system
        )

    # Its own work, and the best: all else says how busy the machine is.
    assert min(took) < 0.3


def test_a_failure_in_words_has_its_exit_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "vestibule_cli.commands.package", _module(_refusing()))

    shown = CliRunner().invoke(main, ["package"])

    assert shown.exit_code == MISUSED
    assert shown.stderr == (
        "vestibule: stack.yaml:1:1: is empty\nvestibule: stack.yaml:2:1: is not\n"
    )


def test_a_fault_of_our_own_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(sys.modules, "vestibule_cli.commands.package", _module(broken))

    assert isinstance(CliRunner().invoke(main, ["package"]).exception, ZeroDivisionError)
    assert expected_exit_code(ZeroDivisionError()) is None


@pytest.mark.parametrize("arguments", [["bogus"], ["--bogus"], ["up", "--port", "0"], ["invoke"]])
def test_a_wrong_call_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == MISUSED


@pytest.mark.parametrize(
    "arguments",
    [
        ["outputs"],
        ["mail"],
        ["logs"],
        ["policy", "show"],
        ["users", "list"],
        ["users", "show", "a@b.test"],
    ],
)
def test_without_a_stack_a_command_says_how_to_start_one(
    arguments: list[str], tmp_path: object
) -> None:
    shown = CliRunner().invoke(main, [*arguments, "--state", str(tmp_path)])

    assert shown.exit_code == FAILED
    assert shown.stderr == (
        f"vestibule: no stack runs on {tmp_path}. "
        f"Start one with `{hints.command()} up --state {tmp_path}`.\n"
    )


def test_a_state_that_the_next_command_takes_anyway_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTIBULE_STATE", str(tmp_path))
    monkeypatch.delenv("VESTIBULE_ENVIRONMENT", raising=False)

    by_variable = CliRunner().invoke(main, ["outputs"])
    by_both = CliRunner().invoke(main, ["outputs", "--state", str(tmp_path)])
    # Without --state the next one would go to AWS.
    monkeypatch.setenv("VESTIBULE_ENVIRONMENT", "dev")
    on_aws_by_itself = CliRunner().invoke(main, ["outputs", "--state", str(tmp_path)])

    assert f"`{hints.command()} up`" in by_variable.stderr
    assert by_both.stderr == by_variable.stderr
    assert f"`{hints.command()} up --state {tmp_path}`" in on_aws_by_itself.stderr


def test_a_damaged_state_that_was_named_is_named_where_it_is_told_to_empty_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "ports.json").write_text("[]")

    shown = CliRunner().invoke(main, ["up", "--detach", "--state", str(tmp_path)])

    assert shown.exit_code == MISUSED
    assert f" reset --state {tmp_path}` starts anew" in shown.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("sampel", "'sampel': did you mean sample?"),
        ("nosuch", "'nosuch': must be a URL, or sample, or none."),
        ("ftp://users.example", "'ftp://users.example': must be"),
    ],
)
def test_a_user_service_that_is_none_is_told_in_one_line(
    tmp_path: Path, given: str, words: str
) -> None:
    shown = CliRunner().invoke(main, ["up", "--state", str(tmp_path), "--user-service", given])

    assert shown.exit_code == MISUSED
    assert shown.stderr.splitlines()[-1].startswith(
        f"Error: Invalid value for '--user-service': {words}"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lgos"], "No such command 'lgos'. Did you mean logs?"),
        (["frobnicate"], "There are: up, down, "),
        (["up", "--port", "abc"], "must be a number from 1 to 65535, got 'abc'"),
        (["up", "--port", "65536"], "must be a number from 1 to 65535, got '65536'"),
    ],
)
def test_a_wrong_call_is_told_what_would_be_right(arguments: list[str], words: str) -> None:
    shown = CliRunner().invoke(main, arguments)

    assert shown.exit_code == MISUSED
    assert words in shown.stderr


@pytest.mark.parametrize("arguments", [["up", "--detach"], ["outputs"], ["down"]])
def test_a_state_that_is_a_file_is_refused(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    shown = CliRunner().invoke(main, [*arguments, "--state", str(tmp_path / "file")])

    assert shown.exit_code == MISUSED
    assert "file is no folder" in shown.stderr


def test_outside_of_every_project_a_command_says_where_else_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VESTIBULE_STATE", raising=False)
    monkeypatch.setattr(StateFolder, "holder", lambda _self: None)

    shown = CliRunner().invoke(main, ["outputs"])

    assert f"no stack runs on {CHECKOUT / '.vestibule'}." in shown.stderr
    assert "go to your project's folder" in shown.stderr
    assert "--state" in shown.stderr


def test_stopping_and_emptying_what_is_not_there_answers_in_json(tmp_path: Path) -> None:
    def answer(*arguments: str) -> object:
        shown = CliRunner().invoke(main, [*arguments, "--json", "--state", str(tmp_path)])
        assert shown.exit_code == 0, shown.output
        return json.loads(shown.stdout)

    assert answer("down") == {"ending": "not running", "state": str(tmp_path)}
    assert answer("reset") == {"state": str(tmp_path), "empty": True}


def test_whether_the_document_is_current_is_answered_in_json() -> None:
    shown = CliRunner().invoke(main, ["openapi", "--check", "--json"])

    assert json.loads(shown.stdout) == {"path": str(CHECKOUT / "openapi.json"), "written": False}


@pytest.mark.parametrize(
    ("arguments", "name", "wrong", "reason"),
    [
        (["openapi"], "profiles/service.py", "def (:", "SyntaxError: "),
        (["openapi", "--check"], "profiles/service.py", "def (:", "SyntaxError: "),
        (["openapi"], "profiles/service.py", "nosuch", "NameError: name 'nosuch' is not defined"),
        (["openapi"], "platform/logs.py", "def (:", "SyntaxError: "),
        (["outputs"], "platform/logs.py", "def (:", "SyntaxError: "),
    ],
)
def test_code_that_cannot_be_imported_is_told_in_one_line(
    tmp_path: Path, arguments: list[str], name: str, wrong: str, reason: str
) -> None:
    sources = tmp_path / "src"
    shutil.copytree(CHECKOUT / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    broken = sources / "vestibule" / name
    text = broken.read_text(encoding="utf-8")
    broken.write_text(f"{text}{wrong}\n", encoding="utf-8")

    shown = subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=False,
    )

    line = text.count("\n") + 1
    assert shown.returncode == FAILED
    assert shown.stderr.startswith(f"vestibule: src/vestibule/{name}:{line}: {reason}")
    assert shown.stderr.count("\n") == 1
    assert not (tmp_path / "openapi.json").exists()


def test_a_fault_elsewhere_is_not_blamed_on_the_code() -> None:
    assert code_under_work.refusal(ZeroDivisionError()) is None


def _refusing() -> click.Command:
    @click.command()
    def refusing() -> None:
        raise StackError(["stack.yaml:1:1: is empty", "stack.yaml:2:1: is not"])

    return refusing


def _module(command: click.Command) -> object:
    return type("Module", (), {"command": command})
