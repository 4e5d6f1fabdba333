import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vestibule_cli import package
from vestibule_cli.deploy.terraform import Command, Terraform

INFRA = Path(__file__).resolve().parents[2] / "infra"
LONGEST = 520


@dataclass(frozen=True)
class Rehearsal:
    """A deployment that goes on in a process of its own."""

    folder: Path
    process: subprocess.Popen[bytes]

    def record(self) -> dict[str, Any]:
        self.process.wait(LONGEST)
        found: dict[str, Any] = json.loads((self.folder / "record.json").read_text())
        if "failure" in found:
            pytest.fail(found["failure"], pytrace=False)
        return found


@pytest.fixture(scope="session", name="rehearsals")
def rehearsals_begun_with_the_first_test(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Rehearsal]]:
    zip_file = tmp_path_factory.mktemp("package") / "vestibule.zip"
    package.build(package.Target.host(), zip_file)
    started = {}
    for kind in ("terraform", "provision"):
        folder = tmp_path_factory.mktemp(kind)
        script = Path(__file__).with_name("rehearsal.py")
        with (folder / "output.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, script, kind, folder, zip_file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started[kind] = Rehearsal(folder, process)
    yield started
    for each in started.values():
        if each.process.poll() is None:
            each.process.terminate()
        each.process.wait(30)


@pytest.fixture(name="provisioned")
def provisioned_without_terraform(rehearsals: dict[str, Rehearsal]) -> dict[str, Any]:
    return rehearsals["provision"].record()


@pytest.fixture(scope="session", name="tested")
def trees_tested_meanwhile(
    tmp_path_factory: pytest.TempPathFactory,
    rehearsals: dict[str, Rehearsal],  # noqa: ARG001 - they wait for a minute: meanwhile these run
) -> Iterator[dict[str, Future[int]]]:
    """How many of a folder's own tests passed, for each folder that has some."""
    command = Command.find(os.environ)

    def passed(folder: str) -> int:
        # Nothing is written into the tree: what terraform downloads goes elsewhere.
        data = tmp_path_factory.mktemp("terraform")
        terraform = Terraform(command, INFRA / folder, data, dict(os.environ))
        terraform.init("-backend=false")
        terraform.validate()
        return terraform.test()

    with ThreadPoolExecutor(1) as threads:
        yield {folder: threads.submit(passed, folder) for folder in (".", "bootstrap")}


@pytest.fixture(name="deployed")
def deployed_by_terraform(
    rehearsals: dict[str, Rehearsal],
    tested: dict[str, Future[int]],  # noqa: ARG001 - begun before the wait
) -> dict[str, Any]:
    return rehearsals["terraform"].record()
