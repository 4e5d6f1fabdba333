import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vestibule_cli import live_policy
from vestibule_cli.failures import FAILED, MISUSED
from vestibule_cli.live_policy import PolicyTooLarge
from vestibule_cli.main import main

ROOT = Path(__file__).parents[3]
WRONG = "version: 1\nroles:\n  default: usr\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "policy.yaml", tmp_path)
    shutil.copy(ROOT / "stack.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, ["policy", *map(str, arguments)])


def test_a_right_policy_is_said_to_be_with_its_size(project: Path) -> None:
    checked = run("check")
    content = json.loads(run("check", "--json").stdout)

    assert checked.exit_code == 0
    assert checked.stdout.startswith("policy.yaml is right: 4,0")
    assert "of the 4,096 that a parameter holds for nothing" in checked.stdout
    assert content["file"] == str(project / "policy.yaml")
    assert content["tier"] == "Standard"


@pytest.mark.parametrize("command", ["check", "push"])
def test_a_wrong_policy_is_refused_with_its_line_before_anything_is_asked(
    project: Path, command: str
) -> None:
    (project / "mine.yaml").write_text(WRONG)

    shown = run(command, "mine.yaml")

    assert shown.exit_code == MISUSED
    assert shown.stdout == ""
    assert shown.stderr == (
        "vestibule: mine.yaml:3:12: roles.default: unknown role 'usr' (did you mean user?); "
        "allowed: admin, guest, manager, user\n"
    )


@pytest.mark.parametrize("command", ["push", "show"])
def test_without_a_stack_there_is_no_live_policy(project: Path, command: str) -> None:
    shown = run(command, "--state", project / "state")

    assert shown.exit_code == FAILED
    assert "Start one with `" in shown.stderr


def test_the_source_trees_copy_is_written_where_it_is_asked_for(project: Path) -> None:
    folder = project / "src" / "vestibule" / "policy"
    assert run("check", "--write").exit_code == FAILED
    folder.mkdir(parents=True)

    assert run("check", "--write").exit_code == 0
    shipped = (ROOT / "src" / "vestibule" / "policy" / "shipped.json").read_bytes()
    assert (folder / "shipped.json").read_bytes() == shipped


def test_a_policy_over_the_free_size_names_the_tier_it_takes() -> None:
    assert live_policy.size("x" * 4096).tier == "Standard"
    assert live_policy.size("x" * 4097).tier == "Advanced"
    assert "4,097 bytes, over the 4,096" in str(live_policy.size("x" * 4097))
    assert live_policy.size("é" * 2049).bytes == 4098


def test_a_policy_that_no_parameter_holds_is_refused_with_both_sizes(project: Path) -> None:
    domains = "\n".join(f"    - a-provider-of-disposable-mail-{n}.com" for n in range(300))
    file = project / "large.yaml"
    file.write_text(f"version: 1\nsign_up:\n  blocked_domains:\n{domains}\n")

    shown = run("check", file)

    assert shown.exit_code == MISUSED
    assert "a parameter holds 8,192" in shown.stderr
    with pytest.raises(PolicyTooLarge):
        live_policy.size("x" * 8193)
