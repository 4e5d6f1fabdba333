"""The committed tree, applied to an emulator, planned again and destroyed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(540)]


def test_the_deployed_api_answers_through_the_gateway(deployed: dict[str, Any]) -> None:
    assert deployed["health"]["status"] == 200
    assert json.loads(deployed["health"]["body"])["status"] == "ok"


def test_people_can_use_the_deployed_stack_as_they_use_the_laptops(
    deployed: dict[str, Any],
) -> None:
    assert "she completes it" in deployed["played"]
    assert deployed["played"][-1] == "Bob is erased as well: nobody is left behind"


def test_the_end_to_end_suite_passes_on_it(deployed: dict[str, Any]) -> None:
    said = deployed["end_to_end"]
    # No second region, no traces, no site that CloudFront serves.
    assert re.search(r"^5 passed, 3 skipped", said, re.MULTILINE), said


def test_a_second_plan_changes_nothing(deployed: dict[str, Any]) -> None:
    assert deployed["second_plan"] == []


def test_the_committed_tree_refuses_to_delete_people(deployed: dict[str, Any]) -> None:
    assert "Instance cannot be destroyed" in deployed["destroy_refused"]
    assert "aws_cognito_user_pool.this" in deployed["destroy_refused"]
    assert "aws_dynamodb_table.this" in deployed["destroy_refused"]


@pytest.mark.parametrize(
    ("danger", "kept"),
    [
        ("key", "aws_dynamodb_table.this"),
        ("domain", 'aws_cognito_user_pool_domain.this["prefix"]'),
    ],
)
def test_a_change_that_would_replace_what_people_need_is_refused(
    danger: str, kept: str, deployed: dict[str, Any]
) -> None:
    told = deployed["dangers"][danger]
    assert told.startswith("refused: ")
    assert "Instance cannot be destroyed" in told
    assert kept in told


def test_an_attribute_or_a_trigger_taken_away_takes_nobody_away(deployed: dict[str, Any]) -> None:
    told = deployed["dangers"]["less"].splitlines()
    assert "module.identity.aws_cognito_user_pool.this: Plan to update" in told
    assert [line for line in told if not line.endswith("Plan to update")] == []


def test_buckets_made_before_they_were_a_module_are_kept(deployed: dict[str, Any]) -> None:
    planned = [line for line in deployed["dangers"]["buckets"].splitlines() if "aws_s3_" in line]
    # The lifted copy, which made them, lets them be emptied: that is what is updated.
    assert len(planned) == 7 + 7 + 6
    assert {line.rpartition(": ")[2] for line in planned} == {"Plan to move", "Plan to update"}


def test_what_stands_can_be_changed(deployed: dict[str, Any]) -> None:
    assert deployed["throttles"] == {"*/*": 100, "~1vpcs~1{id}/DELETE": 1}


def test_destroying_a_lifted_copy_leaves_nothing(deployed: dict[str, Any]) -> None:
    assert deployed["empty"] == []
    assert deployed["leftovers"] == []


def test_progress_is_told_while_terraform_works(deployed: dict[str, Any]) -> None:
    lines = deployed["progress"]
    assert any("aws_dynamodb_table.this: Creation complete" in line for line in lines)
    assert re.fullmatch(r"\[(\d+)/\1\] Apply complete! Resources: \1 added, .*", lines[-1])


def test_outputs_name_what_was_made(deployed: dict[str, Any]) -> None:
    outputs, made = deployed["outputs"], deployed["terraform_outputs"]
    assert outputs["rest_api_id"] == made["api_gateway_id"]
    assert outputs["functions"] == made["lambda_function_names"]
    assert outputs["queues"] == made["queue_urls"]
    assert {"user-service", "user-service-dlq", "retry-dlq"} < set(outputs["queues"])
    assert outputs["bus_name"] == made["event_bus_name"] == "vestibule-local"
    assert set(outputs["secrets"]) == {"analytics", "crm", "user-service"}
    assert made["signed_url"] == f"{made['api_gateway_invoke_url']}/signed"
    assert made["primary_region"] == outputs["region"]


def test_the_site_is_put_where_cloudfront_reads_it(deployed: dict[str, Any]) -> None:
    folder = Path(__file__).resolve().parents[2] / "site"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    put = deployed["site"]
    assert {name: each["text"] for name, each in put.items() if name != "config.json"} == files
    assert put["index.html"]["type"] == "text/html; charset=utf-8"
    assert put["index.html"]["cache"] == "no-cache"
    made = deployed["terraform_outputs"]
    assert made["cloudfront_url"] == f"https://{made['cloudfront_domain_name']}"


def test_no_answer_of_the_api_is_kept_or_replaced(deployed: dict[str, Any]) -> None:
    distribution = deployed["distribution"]
    (api,) = distribution["CacheBehaviors"]["Items"]
    assert api["PathPattern"] == "/api/*"
    # The ids that AWS gives its own policies, everywhere.
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", (
        "AllViewerExceptHostHeader"
    )
    assert distribution["DefaultCacheBehavior"]["CachePolicyId"] != api["CachePolicyId"]
    kept = {
        (each["ErrorCode"], each["ErrorCachingMinTTL"], each.get("ResponsePagePath", ""))
        for each in distribution["CustomErrorResponses"]["Items"]
    }
    assert kept == {(code, 0, "") for code in (404, 414, 500, 501, 502, 503, 504)}


def test_the_site_is_told_whose_it_is(deployed: dict[str, Any]) -> None:
    told, made = json.loads(deployed["site"]["config.json"]["text"]), deployed["terraform_outputs"]
    assert told["userPoolId"] == made["cognito_user_pool_id"]
    assert told["userPoolClientId"] == made["cognito_user_pool_client_id"]
    assert told["identityPoolId"] == made["identity_pool_id"]
    assert told["signedUrl"] == made["signed_url"]
    assert (told["apiUrl"], told["region"]) == ("/api", made["primary_region"])


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_each_example_plans_a_whole_stack(name: str, provisioned: dict[str, Any]) -> None:
    changes = provisioned["examples"][name]
    assert len(changes) > 30
    assert all(line.endswith("Plan to create") for line in changes)
