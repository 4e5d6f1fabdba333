"""Deploys the stack to an emulator of its own and writes down what happened.

A process of its own, because the emulator keeps its state in module globals, and because the
minute that Terraform waits is better spent on other tests.

    rehearsal.py terraform FOLDER PACKAGE     applies, plans again, destroys
    rehearsal.py provision FOLDER PACKAGE     what `vestibule up` does without Terraform
"""

import http.client
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dangers
import described

from vestibule_cli import stack as stacks
from vestibule_cli.demo.place import Place
from vestibule_cli.demo.play import Play
from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.deploy.terraform import TerraformError
from vestibule_cli.local import edge
from vestibule_cli.local.emulator import ROOT_CREDENTIALS, Emulator
from vestibule_cli.local.provision import provision
from vestibule_cli.local.state import StateFolder

if TYPE_CHECKING:
    from vestibule_cli.outputs import Outputs

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"


@dataclass(frozen=True)
class Stage:
    """An emulator that runs, and the tree to apply to it."""

    tree: EmulatorTree
    emulator: Emulator
    edge_port: int

    @property
    def site_url(self) -> str:
        return f"http://127.0.0.1:{self.edge_port}"

    def play(self, outputs: "Outputs") -> list[str]:
        """Let the demonstration's people use what was made; tell the steps they took."""
        stage = self.tree.stack.api.stage
        gateway = f"/restapis/{outputs.rest_api_id}/{stage}/_user_request_"
        app = edge.build(ROOT / "site", self.emulator.app, gateway, self.emulator.mails)
        self.emulator.serve(app, self.edge_port)
        steps: list[str] = []
        place = Place.from_outputs(outputs.as_dict(), ROOT_CREDENTIALS)
        Play(place, lambda title, _seconds: steps.append(title)).run()
        return steps


@contextmanager
def running_emulator(folder: Path) -> Iterator[Stage]:
    state = StateFolder(folder / "state")
    state.lock()
    try:
        ports = state.ports()
        emulator = Emulator(state, port=ports.emulator, region=REGION)
        emulator.start()
        try:
            tree = EmulatorTree(
                state,
                stacks.load(ROOT / "stack.yaml"),
                emulator.url,
                region=REGION,
                environment="local",
                outer_environment=emulator.outer_environment,
                site_url=f"http://127.0.0.1:{ports.edge}",
            )
            yield Stage(tree, emulator, ports.edge)
        finally:
            emulator.stop()
    finally:
        state.unlock()


def rehearse_terraform(folder: Path, package: Path) -> dict[str, Any]:
    record: dict[str, Any] = {"progress": [], "seconds": {}}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = time.monotonic()
        found = work()
        record["seconds"][step] = round(time.monotonic() - started, 1)
        return found

    with running_emulator(folder) as stage:
        place = stage.tree
        url = place.endpoint_url
        record["empty"] = described.leftovers(url, REGION)
        made = timed("apply", lambda: place.apply(package, record["progress"].append))
        outputs = place.outputs(made)
        record["terraform_outputs"] = made
        record["outputs"] = outputs.as_dict()
        record["health"] = answer(f"{url}/restapis/{outputs.rest_api_id}/api/_user_request_/health")
        record["described"] = described.stack(url, outputs)
        record["site"] = described.site(url, REGION, made["site_bucket"])
        record["distribution"] = described.distribution(
            url, REGION, made["cloudfront_distribution_id"]
        )
        record["played"] = timed("play", lambda: stage.play(outputs))
        terraform = place.prepared()
        variables = place.variables(package)
        record["second_plan"] = timed("plan", lambda: terraform.planned_changes(*variables))
        record["destroy_refused"] = refusal(place, package)
        record["dangers"] = timed("dangers", lambda: dangers.rehearse(place, package))
        # DynamoDB refuses to delete a protected table, as on AWS.
        unprotected = [*variables, "-var=deletion_protection=false"]
        terraform = place.prepared()
        timed("unprotect", lambda: terraform.apply(*unprotected))
        timed("destroy", lambda: terraform.destroy(*unprotected))
        record["leftovers"] = described.leftovers(url, REGION)
    return record


def refusal(place: EmulatorTree, package: Path) -> str:
    """What Terraform says to destroying everything with the tree as it is committed."""
    terraform = place.prepared(lift_protection=False)
    try:
        changes = terraform.planned_changes("-destroy", "-refresh=false", *place.variables(package))
    except TerraformError as error:
        return str(error)
    return f"not refused: {changes}"


def rehearse_provision(folder: Path, package: Path) -> dict[str, Any]:
    with running_emulator(folder) as stage:
        place = stage.tree
        url = place.endpoint_url
        outputs: Outputs = provision(
            place.stack, package, url, site_url=stage.site_url, region=REGION
        )
        try:
            place.refuse_foreign_stack()
            refused = ""
        except TerraformError as error:
            refused = str(error)
        return {
            "examples": {name: example_plan(place, name, package) for name in ("dev", "prod")},
            "outputs": outputs.as_dict(),
            "described": described.stack(url, outputs),
            "refused": refused,
        }


def example_plan(place: EmulatorTree, name: str, package: Path) -> list[str]:
    """What one of the example files would make."""
    return place.prepared().planned_changes(
        f"-var-file=environments/{name}.tfvars", f"-var=package_path={package}"
    )


def answer(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    return {"status": response.status, "body": response.read().decode()}


def main(kind: str, folder: Path, package: Path) -> None:
    rehearse = {"terraform": rehearse_terraform, "provision": rehearse_provision}[kind]
    try:
        record = rehearse(folder, package)
    except Exception:  # noqa: BLE001 - whatever it was, the test is to say it
        record = {"failure": traceback.format_exc()}
    (folder / "record.json").write_text(json.dumps(record, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
