"""A deployed stack from end to end: people, the other region, traces, logs, the site."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from vestibule_cli.demo.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

    from conftest import Deployment
    from vestibule_cli.demo.person import Person

pytestmark = pytest.mark.timeout(900)


def test_everything_is_as_promised(deployment: Deployment) -> None:
    played = deployment.vestibule(
        "demo",
        "--json",
        f"--mail-queue={deployment.mail_queue}",
        f"--mail-domain={deployment.mail_domain}",
    )

    assert played.returncode == 0, played.stderr
    assert len(json.loads(played.stdout)["steps"]) > 20


def test_a_mailed_code_signs_in(deployment: Deployment) -> None:
    sender = deployment.function("triggers")["Environment"]["Variables"]["MAIL_SENDER"]
    if sender != "ses":
        pytest.skip("no SES identity: nobody signs in by a mailed code there")

    played = deployment.vestibule(
        "demo",
        "--passwordless",
        "--json",
        f"--mail-queue={deployment.mail_queue}",
        f"--mail-domain={deployment.mail_domain}",
    )

    assert played.returncode == 0, played.stderr


def test_the_doctor_finds_nothing_broken(deployment: Deployment) -> None:
    looked = deployment.vestibule("doctor", "--json")

    checks = json.loads(looked.stdout)["checks"]
    assert [check for check in checks if check["level"] == "fail"] == []


def test_a_person_is_seen_in_the_second_region(
    deployment: Deployment, somebody: Person, eventually: Callable[..., Any]
) -> None:
    region = deployment.made.get("secondary_region")
    if not region:
        pytest.skip("the deployment has no second region")
    table = deployment.account.client("dynamodb", region)
    key = {"pk": {"S": f"EMAIL#{somebody.email}"}, "sk": {"S": "CLAIM"}}

    began = time.monotonic()
    found = eventually(
        lambda: table.get_item(TableName=deployment.outputs["table_name"], Key=key).get("Item")
    )

    assert found, f"not there after {time.monotonic() - began:.0f} s"


def test_requests_leave_traces(
    deployment: Deployment, somebody: Person, eventually: Callable[..., Any]
) -> None:
    if deployment.function("api").get("TracingConfig", {}).get("Mode") != "Active":
        pytest.skip("tracing is off")
    xray = deployment.account.client("xray", deployment.outputs["region"])
    name = deployment.outputs["functions"]["api"]
    since = time.time() - 60

    def traces() -> list[dict[str, Any]]:
        # One in twenty is kept, beside the first of each second.
        call("GET", f"{deployment.outputs['api_url']}/me", token=somebody.access_token)
        answer = xray.get_trace_summaries(
            StartTime=since, EndTime=time.time(), FilterExpression=f'service("{name}")'
        )
        return list(answer["TraceSummaries"])

    assert eventually(traces, 180.0)


def test_logs_tell_of_a_person_without_naming_them(
    deployment: Deployment, somebody: Person, eventually: Callable[..., Any]
) -> None:
    def logged() -> str:
        text = deployment.vestibule("logs", "--json", "--minutes", "10").stdout
        return text if "PostConfirmation_ConfirmSignUp" in text else ""

    text = eventually(logged)

    assert text, "the trigger's line is in no log"
    assert somebody.email not in text
    assert somebody.access_token not in text


def test_nothing_is_left_undelivered(
    deployment: Deployment, somebody: Person, eventually: Callable[..., Any]
) -> None:
    del somebody

    def settled() -> bool:
        found = deployment.vestibule("deliveries", "status", "--json")
        queues = json.loads(found.stdout)["queues"]
        assert [one for one in queues if one["deadLetters"]] == []
        return not any(one["waiting"] or one["inFlight"] or one["delayed"] for one in queues)

    assert eventually(settled, 120.0)


def asked(url: str) -> tuple[int, Message]:
    try:
        with urlopen(url, timeout=30) as answer:  # noqa: S310 - from the deployment's outputs
            return answer.status, answer.headers
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers


def test_the_site_answers_with_its_protection_and_hides_no_error(deployment: Deployment) -> None:
    site = str(deployment.made.get("site_url") or "")
    if not site.startswith("https://") or deployment.account.endpoint_url:
        pytest.skip("the deployment has no site that can be reached")

    status, headers = asked(site)
    api, _headers = asked(f"{site}/api/health")
    unknown, answered = asked(f"{site}/api/no-such-thing")

    assert status == 200
    assert "default-src" in headers["content-security-policy"]
    assert "max-age" in headers["strict-transport-security"]
    assert api == 200
    assert (unknown, answered.get_content_type()) == (404, "application/json")
