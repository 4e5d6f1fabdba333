from pathlib import Path

import pytest

from vestibule_cli import hints


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
