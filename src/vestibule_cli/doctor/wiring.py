"""Who calls the functions: the user pool's triggers, queues and the stream. Silence is no proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vestibule_cli.doctor.checks import fail, ok
from vestibule_cli.local.provision.triggers import TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Final

    from vestibule_cli.deployments import Deployed
    from vestibule_cli.doctor.checks import Check
    from vestibule_cli.stack import Stack
    from vestibule_cli.target import Target

COGNITO: Final = "cognito-idp.amazonaws.com"
_ON: Final = frozenset({"Creating", "Enabled", "Enabling", "Updating"})
APPLY: Final = "`vestibule deploy apply` sets it right."


@dataclass(frozen=True)
class Wiring:
    target: Target
    deployed: Deployed
    stack: Stack
    client: Callable[[str], Any]

    def triggers(self) -> Iterator[Check]:
        """All ten call the function, in the version that it answers in, and may."""
        key = self.stack.user_pool.triggers
        config = self._pool.get("LambdaConfig", {})
        arn = self._function_arn(key)
        foreign = {name: str(config.get(name, "")) for name in (*TRIGGERS, "PreTokenGeneration")}
        tokens = config.get("PreTokenGenerationConfig") or {}
        foreign["PreTokenGeneration"] = foreign["PreTokenGeneration"] or tokens.get("LambdaArn", "")
        wrong = sorted(name for name, called in foreign.items() if not _is_of(called, arn))
        if wrong:
            text = f"{', '.join(wrong)}: the user pool does not call {arn.rpartition(':')[2]}"
            yield fail("triggers", text, f"The rules behind them do not hold. {APPLY}")
        version = tokens.get("LambdaVersion", "V1_0")
        if "PreTokenGeneration" not in wrong and version != self.stack.user_pool.token_event:
            text = f"tokens are made by event {version}, not {self.stack.user_pool.token_event}"
            yield fail("triggers", text, f"Roles may be missing from access tokens. {APPLY}")
        for called in sorted({each for each in foreign.values() if _is_of(each, arn)}):
            if not self._may_call(called):
                yield fail("triggers", f"Cognito may not call {called}", f"Nobody gets in. {APPLY}")
        if not wrong:
            yield ok("triggers", f"all {len(foreign)} call {arn.rpartition(':')[2]}")

    def _function_arn(self, key: str) -> str:
        outputs = self.target.outputs
        partition = str(self.deployed.made["dynamodb_table_arn"]).split(":")[1]
        name = outputs.functions[key]
        return f"arn:{partition}:lambda:{outputs.region}:{outputs.account_id}:function:{name}"

    def _may_call(self, arn: str) -> bool:
        qualifier = arn.split(":")[7:8]
        client = self.client("lambda")
        try:
            answer = client.get_policy(
                FunctionName=":".join(arn.split(":")[:7]),
                **({"Qualifier": qualifier[0]} if qualifier else {}),
            )
        except client.exceptions.ResourceNotFoundException:
            return False
        pool_id = self.target.outputs.user_pool_id
        return any(_lets_in(pool_id, each) for each in json.loads(answer["Policy"])["Statement"])

    def event_sources(self) -> Iterator[Check]:
        """What feeds the functions is on: a mapping that is off stops silently."""
        pages = self.client("lambda").get_paginator("list_event_source_mappings").paginate()
        mappings = [each for page in pages for each in page["EventSourceMappings"]]
        count, wrong = 0, False
        for key, function in self.stack.functions.items():
            if all(hasattr(event, "schedule") for event in function.events):
                continue
            arn = self._function_arn(key)
            found = [each for each in mappings if _is_of(each["FunctionArn"], arn)]
            count += len(found)
            for check in _feeding(self.target.outputs.functions[key], found):
                wrong = True
                yield check
        if not wrong:
            yield ok("event sources", f"{count} feed the functions")

    @cached_property
    def _pool(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client("cognito-idp").describe_user_pool(
            UserPoolId=self.target.outputs.user_pool_id
        )["UserPool"]
        return found


def _is_of(called: str, arn: str) -> bool:
    """Whether it is that function, or a version or alias of it."""
    return called == arn or called.startswith(f"{arn}:")


def _feeding(name: str, mappings: list[dict[str, Any]]) -> Iterator[Check]:
    if not mappings:
        yield fail("event sources", f"nothing feeds {name}", APPLY)
    for mapping in mappings:
        if mapping.get("State") not in _ON:
            source = mapping["EventSourceArn"].split(":")[-1]
            text = f"{source} no longer feeds {name} ({mapping.get('State')})"
            yield fail("event sources", text, "Enable the event source mapping again.")


def _lets_in(pool_id: str, statement: Mapping[str, Any]) -> bool:
    """Whether a statement of a function's policy lets this pool call it."""
    return (
        statement["Effect"] == "Allow"
        and statement.get("Principal") == {"Service": COGNITO}
        and pool_id in json.dumps(statement.get("Condition", {}))
    )
