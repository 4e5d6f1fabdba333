"""A copy of the Terraform tree, for where it must differ from the one that deploys."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vestibule_cli.stack import Stack

# What one person or one deployment has, and what is not deployed.
_LEFT_OUT = (
    ".terraform",
    "*.tfstate",
    "*.tfstate.*",
    "*.auto.tfvars",
    "terraform.tfvars",
    "*.tfplan",
    "*backend.hcl",
    "bootstrap",
    "checks",
    "tests",
)

_LOCAL_BACKEND = """\
terraform {
  backend "local" {}
}
"""
_LIFTED = """\
  lifecycle {
    prevent_destroy = false
  }
"""
_UNPROTECTED = """\
module "%s" {
  deletion_protection = false
}
"""
# As `terraform fmt` writes them: a block ends with the first brace in the first column.
_RESOURCE = re.compile(r'^resource "([a-z0-9_]+)" "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r'^module "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_EMPTIED = "  force_destroy = true\n"
# What AWS deletes only if it is empty, and what keeps its name for days after it.
HELD_BACK = {
    "aws_backup_vault": _EMPTIED,
    "aws_s3_bucket": _EMPTIED,
    "aws_secretsmanager_secret": "  recovery_window_in_days = 0\n",
}


def copy(
    stack: "Stack",
    target: Path,
    *,
    lift_protection: bool,
    local_state: bool = True,
    unprotect: bool = False,
) -> Path:
    """Copy what Terraform reads to `target`; return the root.

    `prevent_destroy` takes no variable: override files beside the copied modules lift it, so that
    the copy can be destroyed with all it holds. `unprotect` also takes back AWS's own protection,
    which a variable keeps on in production. With `local_state` the state is in a file.
    """
    shutil.rmtree(target, ignore_errors=True)
    root = target / "infra"
    shutil.copytree(stack.root / "infra", root, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    shutil.copytree(stack.root / "site", target / "site")
    for name in ("stack.yaml", stack.api.definition):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stack.root / name, target / name)
    if local_state:
        _override(root, "backend", _LOCAL_BACKEND)
    if lift_protection:
        for folder in (root, *sorted(path for path in (root / "modules").iterdir())):
            _override(folder, "lifted", "\n".join(_lifted(folder)))
    if unprotect:
        _override(root, "unprotected", "\n".join(_unprotected(root)))
    return root


def _override(folder: Path, name: str, text: str) -> None:
    if text:
        (folder / f"{name}_override.tf").write_text(text, encoding="utf-8")


def _lifted(folder: Path) -> Iterator[str]:
    """Overrides for whatever in this folder refuses to be destroyed."""
    for kind, name, body in _RESOURCE.findall(_text(folder)):
        lines = HELD_BACK.get(kind, "")
        if re.search(r"^\s*prevent_destroy\s*=\s*true", body, re.MULTILINE):
            lines += _LIFTED
        if lines:
            yield f'resource "{kind}" "{name}" {{\n{lines}}}\n'


def _unprotected(root: Path) -> Iterator[str]:
    for name, body in _MODULE.findall(_text(root)):
        if re.search(r"^\s*deletion_protection\s*=", body, re.MULTILINE):
            yield _UNPROTECTED % name


def _text(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
