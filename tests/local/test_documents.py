"""What the documents tell people to type, typed on the running stack."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.clients import AWS
from vestibule_cli.demo.calls import call

if TYPE_CHECKING:
    from vestibule_cli.demo.place import Place

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
PASSWORDLESS = ROOT / "examples" / "passwordless_client.py"


def blocks(document: str, section: str, language: str) -> list[str]:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return re.findall(rf"```{language}\n(.*?)```", part, re.DOTALL)


@pytest.fixture
def environment(running_state: str) -> dict[str, str]:
    return {
        **os.environ,
        "VESTIBULE_STATE": running_state,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_PAGER": "",
    }


def typed(lines: str, environment: dict[str, str], **options: Any) -> str:
    """What a shell prints that is given these lines, in the project's folder."""
    lines = lines.replace(".venv/bin", shlex.quote(str(PROGRAMS)))
    aws = f'aws() {{ {shlex.join(map(str, AWS))} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-eu", "-c", aws + lines],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def email_of(place: Place, token: str) -> Any:
    shown = call("GET", f"{place.api_url}/me", headers={"Authorization": f"Bearer {token}"})
    return shown.body["profile"]["email"]


@pytest.mark.parametrize(("given", "address"), [("", "ann"), ("ben@example.com", "ben")])
def test_the_tour_signs_up_and_in_who_is_named(
    place: Place, environment: dict[str, str], given: str, address: str
) -> None:
    tour = f".venv/bin/python examples/tour.py {given}"

    first, again = typed(tour, environment), typed(tour, environment)

    assert email_of(place, first.strip()) == email_of(place, again.strip())
    assert email_of(place, first.strip()) == f"{address}@example.com"


def test_the_other_clients_find_nobody_in_their_way(environment: dict[str, str]) -> None:
    (variables,) = blocks("laptop.md", "From the AWS CLI and boto3", "sh")
    (commands,) = blocks("laptop.md", "Other clients", "sh")
    (program,) = blocks("laptop.md", "Other clients", "python")
    typed(".venv/bin/python examples/tour.py", environment)

    assert "AccessToken" in typed(variables + commands, environment)

    program = program.replace(".venv/bin", str(PROGRAMS))
    typed(f"{variables}\n.venv/bin/python -", environment, input=program)


def test_the_passwordless_client_says_what_it_could_not_reach(
    environment: dict[str, str],
) -> None:
    # Nothing of this machine listens there, and the real address is behind it as well.
    nobody = "http://127.0.0.1:9"
    command = [sys.executable, PASSWORDLESS, "ann@example.com", "--client-id", "c"]

    def said(*more: str) -> list[str]:
        done = subprocess.run(
            [*command, *more],
            env={**environment, "https_proxy": nobody, "http_proxy": "", "no_proxy": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        return done.stderr.splitlines()

    (line,) = said("--endpoint-url", nobody)
    assert line.startswith(f"{nobody} could not be reached: ")
    unreached, hint = said()
    assert unreached.startswith("https://cognito-idp.us-east-1.amazonaws.com/ could not be reached")
    assert "--endpoint-url" in hint
