"""Settings of single methods, by the paths that Terraform looks for."""

from __future__ import annotations

from typing import Any

import pytest

SET_BY = "~1vpcs~1{id}/DELETE"


@pytest.fixture(name="stage")
def a_stage_whose_method_has_settings(emulator: Any) -> tuple[Any, dict[str, str]]:
    gateway = emulator.client("apigateway")
    api_id = gateway.create_rest_api(name="throttled")["id"]
    deployment = gateway.create_deployment(restApiId=api_id)["id"]
    gateway.create_stage(restApiId=api_id, stageName="api", deploymentId=deployment)
    return gateway, {"restApiId": api_id, "stageName": "api"}


def test_settings_come_back_by_the_path_they_were_set_by(
    stage: tuple[Any, dict[str, str]],
) -> None:
    gateway, names = stage
    rate = {"op": "replace", "path": f"/{SET_BY}/throttling/rateLimit", "value": "5"}
    every = {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "50"}

    changed = gateway.update_stage(**names, patchOperations=[rate, every])

    for found in (
        changed,
        gateway.get_stage(**names),
        gateway.get_stages(restApiId=names["restApiId"])["item"][0],
    ):
        settings = found["methodSettings"]
        assert {name: each["throttlingRateLimit"] for name, each in settings.items()} == {
            SET_BY: 5,
            "*/*": 50,
        }


def test_settings_are_removed_by_that_path(stage: tuple[Any, dict[str, str]]) -> None:
    gateway, names = stage
    rate = {"op": "replace", "path": f"/{SET_BY}/throttling/rateLimit", "value": "5"}
    gateway.update_stage(**names, patchOperations=[rate])

    gateway.update_stage(**names, patchOperations=[{"op": "remove", "path": f"/{SET_BY}"}])

    assert gateway.get_stage(**names)["methodSettings"] == {}


def test_a_stage_that_is_not_there_is_refused_as_ever(stage: tuple[Any, dict[str, str]]) -> None:
    gateway, names = stage

    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_stage(restApiId=names["restApiId"], stageName="nowhere")
