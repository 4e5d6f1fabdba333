"""The copy that may be destroyed: whatever refuses, wherever it stands in the tree, is lifted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from vestibule_cli import stack
from vestibule_cli.deploy import tree
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module", name="root")
def lifted_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("lifted") / "tree"
    loaded = stack.load(CHECKOUT / "stack.yaml")
    return tree.copy(loaded, target, lift_protection=True, local_state=False, unprotect=True)


def overrides(folder: Path) -> str:
    path = folder / "lifted_override.tf"
    return path.read_text() if path.exists() else ""


def test_every_protected_resource_of_every_module_is_lifted(root: Path) -> None:
    protected = 0
    for module in (CHECKOUT / "infra" / "modules").iterdir():
        text = "\n".join(path.read_text() for path in module.glob("*.tf"))
        lifted = overrides(root / "modules" / module.name)
        count = len(re.findall(r"^\s*prevent_destroy\s*=\s*true", text, re.MULTILINE))
        assert lifted.count("prevent_destroy = false") == count, module.name
        protected += count
    assert protected >= 2


def test_every_bucket_is_emptied(root: Path) -> None:
    text = "".join(path.read_text() for path in root.rglob("*.tf") if "_override" not in path.name)
    lifted = "".join(path.read_text() for path in root.rglob("lifted_override.tf"))

    buckets = re.findall(r'^resource "aws_s3_bucket" "[^"]+"', text, re.MULTILINE)
    assert len(buckets) >= 1
    assert all(bucket in lifted for bucket in buckets)


def test_no_secret_keeps_its_name(root: Path) -> None:
    lifted = (root / "modules" / "delivery" / "lifted_override.tf").read_text()

    assert "recovery_window_in_days = 0" in lifted


def test_awss_own_protection_is_taken_back_past_the_variable(root: Path) -> None:
    text = (root / "unprotected_override.tf").read_text()

    assert 'module "identity" {\n  deletion_protection = false\n}' in text
    assert 'module "data" {\n  deletion_protection = false\n}' in text


def test_the_state_stays_where_it_is(root: Path) -> None:
    assert not (root / "backend_override.tf").exists()


def test_without_lifting_nothing_is_overridden(tmp_path: Path) -> None:
    loaded = stack.load(CHECKOUT / "stack.yaml")
    root = tree.copy(loaded, tmp_path / "tree", lift_protection=False)

    assert [path.name for path in root.rglob("*_override.tf")] == ["backend_override.tf"]
