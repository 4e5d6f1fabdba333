from __future__ import annotations

import importlib
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from vestibule_cli.main import COMMANDS, EXPECTED, FAILED, MISUSED, expected_exit_code, main
from vestibule_cli.stack_file import StackError

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


@pytest.mark.parametrize("name", EXPECTED)
def test_every_expected_failure_is_a_class_that_exists(name: str) -> None:
    module, _dot, kind = name.rpartition(".")

    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


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
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, check=True)
        took.append(time.monotonic() - began)

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
    [["outputs"], ["mail"], ["logs"], ["users", "list"], ["users", "show", "a@b.test"]],
)
def test_without_a_stack_a_command_says_how_to_start_one(
    arguments: list[str], tmp_path: object
) -> None:
    shown = CliRunner().invoke(main, [*arguments, "--state", str(tmp_path)])

    assert shown.exit_code == FAILED
    assert shown.stderr == (
        f"vestibule: no stack runs on {tmp_path}. Start one with `vestibule up`.\n"
    )


def _refusing() -> click.Command:
    @click.command()
    def refusing() -> None:
        raise StackError(["stack.yaml:1:1: is empty", "stack.yaml:2:1: is not"])

    return refusing


def _module(command: click.Command) -> object:
    return type("Module", (), {"command": command})
