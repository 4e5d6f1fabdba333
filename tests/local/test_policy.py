"""The live policy in the emulated Parameter Store: pushed, shown, and read as functions read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.aws import AwsClient
from vestibule.platform.credentials import Credentials
from vestibule.policy import parse
from vestibule.policy.source import PolicySource
from vestibule_cli.live_policy import LivePolicy
from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.policy_file import load

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="ssm")
def client_of_the_parameter_store(emulator: Any) -> Iterator[AwsClient]:
    credentials = Credentials(*ROOT_CREDENTIALS.values())
    client = AwsClient(
        "ssm", region="us-east-1", endpoint_url=emulator.url, credentials=lambda: credentials
    )
    yield client
    client.close()


def test_before_the_first_push_functions_go_by_the_shipped_copy(ssm: AwsClient) -> None:
    name = "/vestibule/nobody/policy"

    assert LivePolicy(ssm, name).find() is None
    assert PolicySource(ssm, name).current() == parse.shipped()


def test_what_is_pushed_is_shown_and_gone_by(ssm: AwsClient, tmp_path: Path) -> None:
    live = LivePolicy(ssm, "/vestibule/pushed/policy")
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\nsign_up: {invitation_required: true}\n")
    policy = load(file)

    assert live.push(load(ROOT / "policy.yaml").json_text) == 1
    assert live.push(policy.json_text) == 2

    found = live.find()
    assert found is not None
    assert (found.version, found.content) == (2, policy.content)
    assert found.pushed_at.endswith("+00:00")
    assert PolicySource(ssm, live.name).current().invitation_required


def test_a_live_copy_that_somebody_broke_by_hand_stops_nobody(ssm: AwsClient) -> None:
    live = LivePolicy(ssm, "/vestibule/broken/policy")
    live.push("no policy at all")

    assert PolicySource(ssm, live.name).current() == parse.shipped()
    found = live.find()
    assert found is not None
    assert found.content == "no policy at all"


def test_a_policy_over_four_kilobytes_is_kept_whole(ssm: AwsClient) -> None:
    live = LivePolicy(ssm, "/vestibule/large/policy")
    text = '{"version": 1, "comment": "%s"}' % ("x" * 6000)

    live.push(text)

    assert ssm.call("GetParameter", {"Name": live.name})["Parameter"]["Value"] == text
