"""`make scan`: checkov over the Terraform tree, and the user-pool checks on its own plans.

The plans are made against an emulator that nothing is applied to, so no account is asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import user_pool

from vestibule_cli import package
from vestibule_cli import stack as stacks
from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.deploy.terraform import TerraformError
from vestibule_cli.local.emulator import Emulator
from vestibule_cli.local.state import StateFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
CHECKOV = ROOT / ".cache/scan/bin/checkov"
# What prod.tfvars leaves to its people: it costs money, or is theirs alone.
CHOSEN = {
    "prod": (
        "-var=firewall={}",
        "-var=domain_name=example.com",
        "-var=zone={create=true, delegated=true}",
    )
}


def scanned() -> int:
    """Failures that checkov finds: 0 or 1."""
    command = [str(CHECKOV), "-d", "infra", "--framework", "terraform", "--skip-download"]
    return subprocess.run([*command, "--quiet", "--compact"], cwd=ROOT, check=False).returncode


def plans(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The plan of each environment, from nothing."""
    zip_file = folder / "vestibule.zip"
    package.build(package.Target.host(), zip_file)
    state = StateFolder(folder / "state")
    state.lock()
    emulator = Emulator(state, port=state.ports().emulator, region=REGION)
    emulator.start()
    try:
        place = EmulatorTree(
            state,
            stacks.load(ROOT / "stack.yaml"),
            emulator.url,
            region=REGION,
            environment="scan",
            outer_environment=emulator.outer_environment,
        )
        terraform = place.prepared(lift_protection=False)
        return {
            name: terraform.plan(
                folder / f"{name}.tfplan",
                "-refresh=false",
                f"-var-file=environments/{name}.tfvars",
                f"-var=package_path={zip_file}",
                *CHOSEN.get(name, ()),
            )
            for name in names
        }
    finally:
        emulator.stop()
        state.unlock()


def main() -> int:
    failures = scanned()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = plans(Path(folder), ["dev", "prod"])
        except TerraformError as error:
            print(error, file=sys.stderr)
            return 1
        for name, document in found.items():
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(document), encoding="utf-8")
            print(f"user pool of {name}: ", end="", file=sys.stderr, flush=True)
            production = ["--production"] if name == "prod" else []
            failures |= user_pool.main([str(file), *production])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
