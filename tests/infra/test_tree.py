"""The tree as it is committed: no account, no network, mocked providers."""

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from concurrent.futures import Future

INFRA = Path(__file__).resolve().parents[2] / "infra"
MODULE_FILES = {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"}
MODULES = sorted(path for path in (INFRA / "modules").iterdir() if path.is_dir())


@pytest.mark.terraform
def test_every_file_is_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", INFRA],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.terraform
@pytest.mark.timeout(540)
@pytest.mark.parametrize("folder", [".", "bootstrap"])
def test_the_tree_is_valid_and_its_own_tests_pass(
    folder: str, tested: "dict[str, Future[int]]"
) -> None:
    files = list((INFRA / folder / "tests").glob("*.tftest.hcl"))
    assert tested[folder].result() == sum(each.read_text().count('\nrun "') for each in files) > 0


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_each_module_has_the_fixed_files(module: Path) -> None:
    assert {path.name for path in module.iterdir()} >= MODULE_FILES


def test_the_bucket_of_states_moves_as_the_one_of_packages_does() -> None:
    # test_deployment plans the latter with a state of before.
    packages = (INFRA / "modules/functions/moved.tf").read_text()
    assert (INFRA / "bootstrap/moved.tf").read_text() == packages.replace(".packages", ".state")


@pytest.mark.parametrize("kind", ["aws_iam_role", "aws_iam_role_policy"])
def test_the_role_for_text_messages_is_kept_as_long_as_the_pool(kind: str) -> None:
    # A pool keeps text messages when they are taken out of its configuration.
    text = (INFRA / "modules/identity/main.tf").read_text()
    begin = text.index(f'resource "{kind}" "text_messages"')
    body = text[begin : text.index("\n}\n", begin)]
    assert re.search(r"prevent_destroy\s*=\s*true", body)


@pytest.mark.parametrize("path", sorted(INFRA.rglob("*.tf")), ids=lambda path: str(path)[-40:])
def test_no_variable_takes_just_anything(path: Path) -> None:
    text = path.read_text()
    variables = text.count('\nvariable "') + text.startswith('variable "')
    if variables:
        words = re.sub(r'"(?:\\.|[^"\\])*"|#.*', "", text)
        assert re.search(r"\bany\b", words) is None
        assert text.count("\n  type ") == variables
