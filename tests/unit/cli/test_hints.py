from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vestibule_cli import hints
from vestibule_cli.main import COMMANDS, main


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The folder of an environment's commands, in a path with a space."""
    folder = tmp_path / "a project" / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "vestibule").touch(mode=0o755)
    return folder


def test_within_the_project_the_command_is_named_from_there(environment: Path) -> None:
    project = environment.parents[1]

    assert hints.command(environment, here=project) == ".venv/bin/vestibule"


def test_elsewhere_it_is_named_so_that_a_shell_can_run_it(
    environment: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"

    assert hints.command(environment, here=elsewhere) == f"'{environment / 'vestibule'}'"


def test_on_the_path_the_name_will_do(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(environment))

    assert hints.command(environment) == "vestibule"


def test_without_a_command_of_its_own_the_name_must_do(tmp_path: Path) -> None:
    assert hints.command(tmp_path) == "vestibule"


def test_a_text_names_the_command_as_it_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "command", lambda: "bin/vestibule")

    text = "vestibule is down: `vestibule up` starts it, `vestibule` helps, `vestibules up` is none"
    assert hints.runnable(text) == (
        "vestibule is down: `bin/vestibule up` starts it, `bin/vestibule` helps, "
        "`vestibules up` is none"
    )


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(hints, "command", lambda: "bin/vestibule")
    state = Path("/a b/s")
    with hints.of_one_command():
        hints.stay_on(state)
        yield state


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("told", "as_it_is_run"),
    [
        ("`vestibule reset`", "`bin/vestibule reset --state '/a b/s'`"),
        ("`vestibule vpcs show v1`", "`bin/vestibule vpcs show v1 --state '/a b/s'`"),
        ("`vestibule up --state x`", "`bin/vestibule up --state x`"),
        ("`vestibule logs api --environment dev`", "`bin/vestibule logs api --environment dev`"),
        ("`vestibule deploy apply`", "`bin/vestibule deploy apply`"),
        ("`vestibule`", "`bin/vestibule`"),
    ],
)
def test_a_state_that_was_named_is_named_where_it_counts(told: str, as_it_is_run: str) -> None:
    assert hints.runnable(f"{told} and {told}") == f"{as_it_is_run} and {as_it_is_run}"


def test_a_command_without_quotes_names_it_too(named: Path) -> None:
    assert hints.spelled("demo") == f"bin/vestibule demo --state '{named}'"


def test_the_next_command_knows_nothing_of_it(named: Path) -> None:
    with hints.of_one_command():
        hints.stay_on(named)

    assert hints.spelled("demo") == "bin/vestibule demo"


def test_the_commands_that_work_on_a_state_are_known() -> None:
    def takes_it(command: click.Command) -> bool:
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        named = any("--state" in parameter.opts for parameter in command.params)
        return named or any(map(takes_it, inner))

    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in COMMANDS}

    assert {name for name, each in commands.items() if each and takes_it(each)} == hints.ON_A_STATE
