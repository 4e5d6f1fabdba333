"""Where Terraform keeps a deployment's state, and how `terraform init` is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vestibule_cli.failures import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from vestibule_cli.deployments import Name
    from vestibule_cli.stack import Stack


_KEY: Final = re.compile(r'^\s*key\s*=\s*"([^"]*)"', re.MULTILINE)
# No bucket's name has capitals.
_EXAMPLE: Final = re.compile(r'^\s*bucket\s*=\s*"([^"]*[A-Z][^"]*)"', re.MULTILINE)


def remote(stack: Stack, name: Name, given: Sequence[str]) -> list[str]:
    """Settings of the shared state: those that were given, else a file's. None if nobody said.

    Each environment and suffix has a key of its own: with one state they would replace each other.
    """
    key = f"{stack.name}/{name}.tfstate"
    if given:
        return [f"key={key}", *map(_absolute, given)]
    infra = stack.root / "infra"
    for file in (infra / "environments" / f"{name.environment}.backend.hcl", infra / "backend.hcl"):
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        if example := _EXAMPLE.search(text):
            raise Misuse(
                f"{file} names the bucket {example[1]}, which is an example's and none of yours: "
                "put there what `terraform output -raw backend_config` in infra/bootstrap prints."
            )
        given_key = _KEY.search(text)
        usual = f"{stack.name}/{name.environment}.tfstate"
        if given_key and given_key[1] != usual:
            raise Misuse(
                f"{file} has the key {given_key[1]}: leave it out. Every deployment has one of its "
                f"own, {key} here; with one state they would replace each other."
            )
        return [str(file), f"key={key}"]
    return []


def missing(name: Name) -> Misuse:
    return Misuse(
        "nothing says where Terraform's state is kept: put the bucket and its region into "
        f"infra/environments/{name.environment}.backend.hcl or infra/backend.hcl (infra/bootstrap "
        "makes the bucket and prints the file), or give --backend-config. For a trial: "
        "--local-state."
    )


def notice(state: Path) -> str:
    return (
        f"Terraform's state is the file {state}: for trials. Nobody else can deploy with it, and "
        "without it Terraform can neither change nor destroy what it made."
    )


def _absolute(option: str) -> str:
    """A file is named from where the person stands; NAME=VALUE stays."""
    return option if "=" in option else str(Path(option).resolve())
