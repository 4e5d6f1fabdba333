"""The whole `api` function, with services that nobody may call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from fakes import gateway
from vestibule.functions import wiring
from vestibule.platform.http import openapi
from vestibule.platform.settings import Settings

ROOT = Path(__file__).parents[3]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "ENVIRONMENT": "unit",
    "IDENTITY_POOL_ID": gateway.IDENTITY_POOL_ID,
    "METRICS_NAMESPACE": "Tests",
    "SERVICE_VERSION": "1.2.3",
    "TABLE_NAME": "vestibule-unit",
    "USER_POOL_ID": gateway.USER_POOL_ID,
}
FIRST_CALL = """
import json, sys
from vestibule.functions import api
answer = api.handler({"resource": "/health", "httpMethod": "GET"}, None)
print(json.dumps({"answer": answer, "loaded": sorted(sys.modules)}))
"""


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def first_call() -> dict[str, Any]:
    ended = run(FIRST_CALL, ENVIRONMENT)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def test_the_function_answers_as_soon_as_it_is_imported(first_call: dict[str, Any]) -> None:
    answer = first_call["answer"]

    assert answer["statusCode"] == 200
    assert gateway.answered(answer) == {"status": "ok", "version": "1.2.3"}


@pytest.mark.parametrize(
    "module",
    [
        "boto3",
        "botocore",
        "dataclasses",
        "inspect",
        "logging",
        "msgspec",
        "traceback",
        "typing",
        "typing_extensions",
        "urllib.parse",
    ],
)
def test_nothing_is_imported_that_a_reading_route_can_do_without(
    first_call: dict[str, Any], module: str
) -> None:
    assert module not in first_call["loaded"]


def test_a_missing_setting_stops_the_function_and_is_named() -> None:
    ended = run(FIRST_CALL, {**ENVIRONMENT, "TABLE_NAME": ""})

    assert ended.returncode != 0
    assert "TABLE_NAME" in ended.stderr


def test_no_route_but_health_and_a_mails_link_answers_a_stranger() -> None:
    api = wiring.api(Settings.from_environment(ENVIRONMENT))
    routes = wiring.routes(wiring.described(), "1.2.3")
    ids = {"userId": "11111111-2222-3333-4444-555555555555", "id": "1"}

    statuses = {
        route.name: api(gateway.event(route.method, route.resource, path=ids))["statusCode"]
        for route in routes
    }

    assert statuses.pop("GET /health") == 200
    # What opens these is a signed link.
    assert statuses.pop("GET /unsubscribe") == 400
    assert statuses.pop("POST /unsubscribe") == 415
    assert set(statuses.values()) == {401}


def test_the_committed_document_is_the_one_that_the_routes_make() -> None:
    committed = (ROOT / "openapi.json").read_text(encoding="utf-8")

    assert committed == openapi.text(wiring.document(VERSION)), "write it: vestibule openapi"


def test_the_committed_document_is_valid() -> None:
    committed = (ROOT / "openapi.json").read_text(encoding="utf-8")

    # The standard knows no greedy parameter; the gateway names `{proxy+}` by `proxy`.
    validate(json.loads(committed.replace("{proxy+}", "{proxy}")))
