"""A deployment on AWS, by `make e2e-aws`. Without E2E_ENVIRONMENT nothing here is collected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.account import Account
from vestibule_cli.demo.person import Person
from vestibule_cli.demo.place import Place
from vestibule_cli.deployments import Deployments, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
collect_ignore_glob = [] if os.environ.get("E2E_ENVIRONMENT") else ["test_*.py"]


@dataclass(frozen=True)
class Deployment:
    options: tuple[str, ...]
    account: Account
    outputs: dict[str, Any]
    made: dict[str, Any]
    """As Terraform gave it out."""
    mail_queue: str
    mail_domain: str

    def vestibule(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vestibule_cli.main", *arguments, *self.options],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def place(self) -> Place:
        keys = self.account.credentials()
        given = {
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.session_token,
        }
        credentials = {name: value for name, value in given.items() if value}
        return Place.on_aws(self.outputs, credentials, self.mail_queue, self.mail_domain)

    def function(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.account.client(
            "lambda", self.outputs["region"]
        ).get_function_configuration(FunctionName=self.outputs["functions"][key])
        return found


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    given = {name: os.environ.get(f"E2E_{name}", "") for name in _VARIABLES}
    missing = [f"E2E_{name}" for name in ("MAIL_QUEUE", "MAIL_DOMAIN") if not given[name]]
    if missing:
        pytest.exit(f"{' and '.join(missing)}: not given. docs/deploy.md tells what it takes.", 2)
    options = ["--environment", given["ENVIRONMENT"]]
    if given["ENVIRONMENT_SUFFIX"]:
        options.append(f"--environment-suffix={given['ENVIRONMENT_SUFFIX']}")
    if given["AWS_PROFILE"]:
        options += ["--aws-profile", given["AWS_PROFILE"]]
    account = Account(given["AWS_PROFILE"] or None)
    found = Deployment(tuple(options), account, {}, {}, given["MAIL_QUEUE"], given["MAIL_DOMAIN"])
    shown = found.vestibule("outputs", "--json")
    if shown.returncode:
        pytest.exit(shown.stderr.strip(), 2)
    found.outputs.update(json.loads(shown.stdout))
    deployed = Deployments.chosen().find(Name(given["ENVIRONMENT"], given["ENVIRONMENT_SUFFIX"]))
    assert deployed is not None
    found.made.update(deployed.made)
    return found


_VARIABLES = ("ENVIRONMENT", "ENVIRONMENT_SUFFIX", "AWS_PROFILE", "MAIL_QUEUE", "MAIL_DOMAIN")


@pytest.fixture(scope="session")
def somebody(deployment: Deployment) -> Iterator[Person]:
    """A person with an account and a profile, who is erased at the end."""
    person = Person(deployment.place(), "Eve")
    user_id = person.sign_up()
    try:
        person.confirm(person.code_from_inbox())
        person.sign_in()
        yield person
    finally:
        deployment.vestibule("users", "erase", user_id)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """The first true value of a check; its last one when the time is over."""

    def wait(check: Callable[[], Any], seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := check()) and time.monotonic() < deadline:
            time.sleep(1.0)
        return found

    return wait
