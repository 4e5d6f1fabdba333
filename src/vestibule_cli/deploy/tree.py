"""A copy of the Terraform tree, for where it must differ from the one that deploys."""

import shutil
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
    "backend.hcl",
    "bootstrap",
    "tests",
)

_LOCAL_BACKEND = """\
terraform {
  backend "local" {}
}
"""

_LIFTED = {
    "identity": """\
resource "aws_cognito_user_pool" "this" {
  lifecycle {
    prevent_destroy = false
  }
}
""",
    "data": """\
resource "aws_dynamodb_table" "this" {
  lifecycle {
    prevent_destroy = false
  }
}
""",
    "functions": """\
resource "aws_s3_bucket" "packages" {
  force_destroy = true
}
""",
}


def copy(stack: "Stack", target: Path, *, lift_protection: bool) -> Path:
    """Copy what Terraform reads to `target`, with the state in a local file; return the root.

    `prevent_destroy` takes no variable: override files beside the copied modules lift it, so that
    the copy can be destroyed with all it holds.
    """
    shutil.rmtree(target, ignore_errors=True)
    root = target / "infra"
    shutil.copytree(stack.root / "infra", root, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for name in ("stack.yaml", stack.api.definition):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stack.root / name, target / name)
    (root / "backend_override.tf").write_text(_LOCAL_BACKEND, encoding="utf-8")
    if lift_protection:
        for module, text in _LIFTED.items():
            override = root / "modules" / module / "lifted_override.tf"
            override.write_text(text, encoding="utf-8")
    return root
