"""Reading plans: what is told, what is warned of, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from vestibule_cli.deploy import changes

POOL = "module.identity.aws_cognito_user_pool.this"


def change(address: str, *actions: str, **content: Any) -> dict[str, Any]:
    kind = address.rpartition(".")[0].rpartition(".")[2]
    return {
        "address": address,
        "type": kind,
        "mode": "managed",
        "change": {"actions": list(actions), **content},
    }


def a_plan(*resources: dict[str, Any], drift: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"resource_changes": list(resources), "resource_drift": list(drift)}


def test_nothing_to_do_is_told_as_such() -> None:
    found = changes.read(a_plan(change("aws_sqs_queue.a", "no-op"), change("aws_x.b", "read")))

    assert found.all == ()
    assert found.sentence() == "Nothing to change: all is as configured."


def test_changes_are_counted_and_told_with_their_fields() -> None:
    found = changes.read(
        a_plan(
            change("aws_sns_topic.a", "create"),
            change(
                "aws_lambda_function.b",
                "update",
                before={"timeout": 3, "memory_size": 1, "version": "1"},
                after={"timeout": 4, "memory_size": 1},
                after_unknown={"version": True},
            ),
            change("aws_sns_topic.c", "delete"),
            change("aws_sns_topic.d", "create", "delete", replace_paths=[["name"], ["kms", 0]]),
        )
    )

    assert found.sentence() == "1 to create, 1 to update, 1 to replace, 1 to destroy."
    assert [str(each) for each in found.all] == [
        "aws_sns_topic.a: created",
        "aws_lambda_function.b: changed (timeout, version)",
        "aws_sns_topic.c: destroyed",
        "aws_sns_topic.d: replaced, because of name, kms.0",
    ]
    assert found.refused == ()


@pytest.mark.parametrize("kind", sorted(changes.HOLDS_DATA))
@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
def test_what_holds_data_is_neither_destroyed_nor_replaced(
    kind: str, actions: tuple[str, ...]
) -> None:
    found = changes.read(a_plan(change(f"module.a[0].{kind}.this", *actions)))

    assert len(found.refused) == 1
    assert found.refused[0].startswith(f"module.a[0].{kind}.this: ")


def test_it_may_be_made_and_changed() -> None:
    resources = [
        change(f"{kind}.{action}", action)
        for kind in changes.HOLDS_DATA
        for action in ("create", "update")
    ]
    assert changes.read(a_plan(*resources)).refused == ()


def test_what_was_made_and_is_not_found_is_not_made_a_second_time() -> None:
    found = changes.read(
        a_plan(
            change(POOL, "create"),
            drift=(change(POOL, "delete"), change("aws_sns_topic.a", "delete")),
        )
    )

    assert len(found.refused) == 1
    assert "another region or account" in found.refused[0]


def of_pool(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    return changes.read(a_plan(change(POOL, "update", before=before, after=after))).warnings


def test_a_trigger_that_goes_is_warned_of_by_its_name() -> None:
    config = {"pre_sign_up": "arn", "post_confirmation": "arn", "custom_message": ""}
    (warning,) = of_pool(
        {"lambda_config": [config]}, {"lambda_config": [{**config, "pre_sign_up": ""}]}
    )
    assert warning.startswith(f"{POOL}: pre_sign_up: no function is called any more")


def test_all_triggers_gone_are_warned_of() -> None:
    (warning,) = of_pool({"lambda_config": [{"a": "x", "b": "y"}]}, {"lambda_config": []})
    assert "a, b:" in warning


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            {"deletion_protection": "ACTIVE"},
            {"deletion_protection": "INACTIVE"},
            "no longer refuse",
        ),
        ({"mfa_configuration": "ON"}, {"mfa_configuration": "OFF"}, "second factor"),
    ],
)
def test_a_pool_that_gets_weaker_is_warned_of(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    (warning,) = of_pool(before, after)
    assert words in warning
    assert of_pool(after, before) == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            {"replica": [{"region_name": "us-west-2"}]},
            {"replica": []},
            "the copy in us-west-2 is deleted",
        ),
        ({"deletion_protection_enabled": True}, {"deletion_protection_enabled": False}, "refuse"),
        (
            {"point_in_time_recovery": [{"enabled": True}]},
            {"point_in_time_recovery": [{"enabled": False}]},
            "no longer be restored",
        ),
    ],
)
def test_a_table_that_gets_weaker_is_warned_of(
    before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    def warned(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
        table = change("aws_dynamodb_table.t", "update", before=one, after=other)
        return changes.read(a_plan(table)).warnings

    (warning,) = warned(before, after)
    assert words in warning
    assert warned(after, before) == ()


def test_a_client_that_is_replaced_is_warned_of() -> None:
    found = changes.read(a_plan(change("aws_cognito_user_pool_client.web", "delete", "create")))

    assert found.refused == ()
    assert "everybody is signed out" in found.warnings[0]


def test_the_view_lists_all() -> None:
    view = changes.read(a_plan(change("aws_s3_bucket.b", "delete"))).view()

    assert view["destroy"] == 1
    assert view["create"] == 0
    assert view["changes"] == [{"address": "aws_s3_bucket.b", "action": "destroy", "fields": []}]
    assert len(view["refused"]) == 1
