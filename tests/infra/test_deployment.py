"""The committed tree, applied to an emulator, planned again and destroyed."""

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]


def test_the_deployed_api_answers_through_the_gateway(deployed: dict[str, Any]) -> None:
    assert deployed["health"]["status"] == 200
    assert json.loads(deployed["health"]["body"])["status"] == "ok"


def test_people_can_use_the_deployed_stack_as_they_use_the_laptops(
    deployed: dict[str, Any],
) -> None:
    assert "she completes it" in deployed["played"]
    assert deployed["played"][-1] == "Bob is erased as well: nobody is left behind"


def test_a_second_plan_changes_nothing(deployed: dict[str, Any]) -> None:
    assert deployed["second_plan"] == []


def test_the_committed_tree_refuses_to_delete_people(deployed: dict[str, Any]) -> None:
    assert "Instance cannot be destroyed" in deployed["destroy_refused"]
    assert "aws_cognito_user_pool.this" in deployed["destroy_refused"]
    assert "aws_dynamodb_table.this" in deployed["destroy_refused"]


def test_destroying_a_lifted_copy_leaves_nothing(deployed: dict[str, Any]) -> None:
    assert deployed["empty"] == []
    assert deployed["leftovers"] == []


def test_progress_is_told_while_terraform_works(deployed: dict[str, Any]) -> None:
    lines = deployed["progress"]
    assert any("aws_dynamodb_table.this: Creation complete" in line for line in lines)
    assert lines[-1].startswith("Apply complete! Resources: ")


def test_outputs_name_what_was_made(deployed: dict[str, Any]) -> None:
    outputs, made = deployed["outputs"], deployed["terraform_outputs"]
    assert outputs["rest_api_id"] == made["api_gateway_id"]
    assert outputs["functions"] == made["lambda_function_names"]
    assert set(outputs["queues"]) == {"retry", "retry-dlq"}
    assert made["signed_url"] == f"{made['api_gateway_invoke_url']}/signed"
    assert made["primary_region"] == outputs["region"]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_each_example_plans_a_whole_stack(name: str, provisioned: dict[str, Any]) -> None:
    changes = provisioned["examples"][name]
    assert len(changes) > 30
    assert all(line.endswith("Plan to create") for line in changes)
