"""Deploys the stack to an emulator of its own and writes down what happened.

A process of its own, because the emulator keeps its state in module globals, and because the
minute that Terraform waits is better spent on other tests.

    rehearsal.py terraform FOLDER [PACKAGE]     applies, lets people and the end-to-end suite use
                                                what was made, plans again, destroys
    rehearsal.py domain FOLDER [PACKAGE]        the same without people, with a domain
    rehearsal.py provision FOLDER [PACKAGE]     what `vestibule up` does without Terraform

It prints how long each step took. The folder must not hold another rehearsal.
"""

import http.client
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dangers
import described

from vestibule_cli import package as packages
from vestibule_cli import stack as stacks
from vestibule_cli.demo.place import Place
from vestibule_cli.demo.play import Play
from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.deploy.terraform import TerraformError
from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.local import edge
from vestibule_cli.local.emulator import ROOT_CREDENTIALS, Emulator
from vestibule_cli.local.provision import provision
from vestibule_cli.local.state import StateFolder

if TYPE_CHECKING:
    from vestibule_cli.outputs import Outputs

sys.path.append(str(Path(__file__).resolve().parents[1]))  # as pytest does, for `fakes`
from fakes import end_to_end

ROOT = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
NAME = "local"
# Everything that a domain brings, and that the emulator knows.
DOMAIN = (
    "-var=domain_name=example.com",
    "-var=zone={create=true, delegated=true}",
    "-var=sign_in_domain={own=true}",
    "-var=health_check=true",
    '-var=dns_records={mx={type="MX", values=["10 mx.example.net"]}}',
    '-var=mail={identity="example.com", from="hello@example.com", create=true}',
)
# A change of what stands: one method's path has slashes of its own.
THROTTLED = '-var=method_throttles={"DELETE /vpcs/{id}"={rate=1, burst=2}}'


@dataclass(frozen=True)
class Stage:
    """An emulator that runs, and the tree to apply to it."""

    tree: EmulatorTree
    emulator: Emulator
    edge_port: int

    @property
    def site_url(self) -> str:
        return f"http://127.0.0.1:{self.edge_port}"

    def open_site(self, outputs: "Outputs") -> None:
        stage = self.tree.stack.api.stage
        gateway = f"/restapis/{outputs.rest_api_id}/{stage}/_user_request_"
        app = edge.build(ROOT / "site", self.emulator.app, gateway, self.emulator.mails)
        self.emulator.serve(app, self.edge_port)

    def play(self, outputs: "Outputs") -> list[str]:
        """Let the demonstration's people use what was made; tell the steps they took."""
        steps: list[str] = []
        place = Place.from_outputs(outputs.as_dict(), ROOT_CREDENTIALS)
        Play(place, lambda title, _seconds: steps.append(title)).run()
        return steps

    def end_to_end(self, outputs: "Outputs", made: dict[str, Any]) -> str:
        """Run the suite that `make e2e-aws` runs on AWS; return what it says."""
        folder = self.tree.folder / "deployments"
        Deployments(folder).save(Name(NAME), Deployed.of(made, outputs.policy_parameter))
        environment = {
            **self.emulator.outer_environment,
            **self.tree.process_environment(),
            "VESTIBULE_DEPLOYMENTS": str(folder),
        }
        clients = described.Clients(outputs.aws_endpoint_url, outputs.region)
        try:
            fill(clients["secretsmanager"], outputs)
            with end_to_end.received_mails(clients["sqs"], outputs.inbox_url) as queue:
                tested = end_to_end.run(environment, queue, name=NAME)
        finally:
            clients.close()
        return tested.stdout + tested.stderr


def fill(secrets: Any, outputs: "Outputs") -> None:
    """As people do after a deployment: nobody hears of facts, and the CRM knows nobody."""
    crm = {"url": f"{outputs.site_url}/api/no-such-thing"}
    for key, value in {"analytics": {"sinks": []}, "crm": crm}.items():
        secrets.put_secret_value(SecretId=outputs.secrets[key], SecretString=json.dumps(value))


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
                environment=NAME,
                outer_environment=emulator.outer_environment,
                site_url=f"http://127.0.0.1:{ports.edge}",
            )
            yield Stage(tree, emulator, ports.edge)
        finally:
            emulator.stop()
    finally:
        state.unlock()


@dataclass
class Watch:
    """Times steps, and writes down what ended: wall clock, and both processors' work for it."""

    seconds: dict[str, float] = field(default_factory=dict)
    work: dict[str, float] = field(default_factory=dict)

    def timed(self, step: str, work: Callable[[], Any]) -> Any:
        started, worked = time.monotonic(), _processor_seconds()
        found = work()
        self.seconds[step] = round(time.monotonic() - started, 1)
        self.work[step] = round(_processor_seconds() - worked, 1)
        return found

    def lines(self) -> Iterator[str]:
        for step, seconds in self.seconds.items():
            yield f"{step:12} {seconds:6.1f} s, {self.work[step]:5.1f} s of processor"
        yield f"load         {os.getloadavg()[0]:6.1f} at the end, on {os.cpu_count()} processors"


def _processor_seconds() -> float:
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


def rehearse_terraform(folder: Path, package: Path) -> dict[str, Any]:
    record: dict[str, Any] = {"progress": []}
    watch = Watch()
    with running_emulator(folder) as stage:
        place = stage.tree
        url = place.endpoint_url
        record["empty"] = described.leftovers(url, REGION)
        made = watch.timed("apply", lambda: place.apply(package, record["progress"].append))
        outputs = place.outputs(made)
        record["terraform_outputs"] = made
        record["outputs"] = outputs.as_dict()
        record["health"] = answer(f"{url}/restapis/{outputs.rest_api_id}/api/_user_request_/health")
        record["described"] = described.stack(url, outputs)
        record["site"] = described.site(url, REGION, made["site_bucket"])
        record["distribution"] = described.distribution(
            url, REGION, made["cloudfront_distribution_id"]
        )
        stage.open_site(outputs)
        record["played"] = watch.timed("play", lambda: stage.play(outputs))
        record["end_to_end"] = watch.timed("end to end", lambda: stage.end_to_end(outputs, made))
        variables = place.variables(package)
        record["second_plan"] = second_plan(watch, place, *variables)
        record["destroy_refused"] = refusal(place, package)
        record["dangers"] = watch.timed("dangers", lambda: dangers.rehearse(place, package))
        changed = change(watch, place, *variables)
        record["throttles"] = described.method_throttles(url, REGION, outputs.rest_api_id)
        destroy(watch, place, *changed)
        record["leftovers"] = described.leftovers(url, REGION)
    return {**record, "figures": list(watch.lines())}


def rehearse_domain(folder: Path, package: Path) -> dict[str, Any]:
    progress: list[str] = []
    watch = Watch()
    with running_emulator(folder) as stage:
        place = stage.tree
        made = watch.timed("apply", lambda: place.apply(package, progress.append, *DOMAIN))
        variables = [*place.variables(package), *DOMAIN]
        planned = second_plan(watch, place, *variables)
        destroy(watch, place, *change(watch, place, *variables))
        return {
            "progress": progress,
            "terraform_outputs": made,
            "second_plan": planned,
            "leftovers": described.leftovers(place.endpoint_url, REGION),
            "figures": list(watch.lines()),
        }


def second_plan(watch: Watch, place: EmulatorTree, *variables: str) -> list[str]:
    found: list[str] = watch.timed(
        "second plan", lambda: place.prepared().planned_changes(*variables)
    )
    return found


def change(watch: Watch, place: EmulatorTree, *variables: str) -> list[str]:
    """Let what stands be changed, and destroyed after it; return the variables that say so."""
    # DynamoDB refuses to delete a protected table, as on AWS. The last plan has found no change.
    changed = [*variables, "-var=deletion_protection=false", THROTTLED, "-refresh=false"]
    watch.timed("change", lambda: place.prepared().apply(*changed))
    return changed


def destroy(watch: Watch, place: EmulatorTree, *variables: str) -> None:
    watch.timed("destroy", lambda: place.prepared().destroy(*variables))


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


# What must be empty of a record.
FAULTS = ("failure", "second_plan", "leftovers")
REHEARSALS = {
    "domain": rehearse_domain,
    "provision": rehearse_provision,
    "terraform": rehearse_terraform,
}


def main(kind: str, folder: Path, package: Path) -> None:
    try:
        record = REHEARSALS[kind](folder, package)
    except Exception:  # noqa: BLE001 - whatever it was, the test is to say it
        record = {"failure": traceback.format_exc()}
    (folder / "record.json").write_text(json.dumps(record, default=str), encoding="utf-8")
    failed = [f"{name}: {record[name]}" for name in FAULTS if record.get(name)]
    sys.stdout.writelines(f"{line}\n" for line in (*record.get("figures", ()), *failed))


def built(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return packages.build(packages.Target.host(), folder / "vestibule.zip").path


if __name__ == "__main__":
    place_ = Path(sys.argv[2])
    main(sys.argv[1], place_, Path(sys.argv[3]) if sys.argv[3:] else built(place_))
