"""What a plan would do, in plain words, and what of it nobody may do by mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule.platform.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Final

    from vestibule_cli.deploy.user_pools import Finding

CREATE: Final = "create"
UPDATE: Final = "update"
REPLACE: Final = "replace"
DESTROY: Final = "destroy"
ACTIONS: Final = (CREATE, UPDATE, REPLACE, DESTROY)

# What is lost with each. A plan that would destroy or replace one is refused.
HOLDS_DATA: Final = {
    "aws_backup_vault": "it holds the backups",
    "aws_cognito_identity_pool": "everybody's identity for signed calls is lost with it",
    "aws_cognito_user_pool": "it holds everybody's account; a new one is empty",
    "aws_dynamodb_table": "it holds everything that is known of people",
    "aws_dynamodb_table_replica": "it is the copy in the other region",
    "aws_kms_key": "what it encrypted can never be read again",
    "aws_s3_bucket": "its objects are lost with it",
}
# What a person should know before the rest is replaced or destroyed.
_HURTS: Final = {
    "aws_api_gateway_domain_name": "the API's own domain is away until DNS knows the new one",
    "aws_api_gateway_rest_api": "the API gets another address",
    "aws_cloudfront_distribution": "the site gets another address behind its domain",
    "aws_cloudwatch_log_group": "its logs are lost",
    "aws_cognito_user_pool_client": "everybody is signed out, and every app needs the new id",
    "aws_cognito_user_pool_domain": "the hosted pages are away for up to an hour",
    "aws_route53_zone": "it gets other name servers: the domain is away until they are entered",
    "aws_secretsmanager_secret": "its name is taken for 7 days, in which it can be restored",
    "aws_sesv2_email_identity": "no mail leaves until the identity is verified again",
    "aws_sqs_queue": "the messages in it are lost",
}
_POOL: Final = "aws_cognito_user_pool"
_TABLE: Final = "aws_dynamodb_table"


@frozen
class Change:
    address: str
    kind: str
    action: str
    fields: tuple[str, ...] = ()
    """What an update changes, and what makes a replacement necessary."""

    def view(self) -> dict[str, Any]:
        return {"address": self.address, "action": self.action, "fields": list(self.fields)}

    def __str__(self) -> str:
        why = ", ".join(self.fields)
        if self.action == REPLACE and why:
            return f"{self.address}: replaced, because of {why}"
        told = {CREATE: "created", UPDATE: "changed", REPLACE: "replaced", DESTROY: "destroyed"}
        return f"{self.address}: {told[self.action]}{f' ({why})' if why else ''}"


@frozen
class Changes:
    """All of a plan. `refused` and `warnings` are sentences, each about one resource."""

    all: tuple[Change, ...]
    refused: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    """Rules for user pools that it breaks."""

    def count(self, action: str) -> int:
        return sum(each.action == action for each in self.all)

    def sentence(self) -> str:
        if not self.all:
            return "Nothing to change: all is as configured."
        counts = ", ".join(
            f"{count} to {action}" for action in ACTIONS if (count := self.count(action))
        )
        return f"{counts}."

    def view(self) -> dict[str, Any]:
        return {
            **{action: self.count(action) for action in ACTIONS},
            "refused": list(self.refused),
            "warnings": list(self.warnings),
            "findings": [
                {"address": each.address, "rule": each.rule, "text": each.says}
                for each in self.findings
            ],
            "changes": [each.view() for each in self.all],
        }


def read(plan: Mapping[str, Any], findings: tuple[Finding, ...] = ()) -> Changes:
    """From what `terraform show -json` tells of a plan."""
    resources = [
        (change, each.get("change", {}))
        for each in plan.get("resource_changes", ())
        if each.get("mode", "managed") == "managed" and (change := _change(each))
    ]
    return Changes(
        all=tuple(change for change, _content in resources),
        refused=(
            *_refusals(change for change, _content in resources),
            *_missing(plan.get("resource_drift", ())),
        ),
        warnings=tuple(
            text for change, content in resources for text in _warnings(change, content)
        ),
        findings=findings,
    )


def _change(resource: Mapping[str, Any]) -> Change | None:
    content = resource.get("change", {})
    action = _action(content.get("actions", ()))
    if action is None:
        return None
    fields: tuple[str, ...] = ()
    if action == REPLACE:
        fields = tuple(dict.fromkeys(_path(path) for path in content.get("replace_paths", ())))
    elif action == UPDATE:
        fields = tuple(_changed(content))
    return Change(resource["address"], resource["type"], action, fields)


def _action(actions: Any) -> str | None:
    taken = set(actions)
    if {"create", "delete"} <= taken:
        return REPLACE
    for name, action in (("create", CREATE), ("delete", DESTROY), ("update", UPDATE)):
        if name in taken:
            return action
    return None


def _path(path: Any) -> str:
    return ".".join(map(str, path)) if isinstance(path, list) else str(path)


def _changed(content: Mapping[str, Any]) -> Iterator[str]:
    before, after = content.get("before") or {}, content.get("after") or {}
    unknown = content.get("after_unknown") or {}
    for name in sorted({*before, *after}):
        if unknown.get(name) is True or before.get(name) != after.get(name):
            yield name


def _refusals(changes: Iterator[Change]) -> Iterator[str]:
    for change in changes:
        lost = HOLDS_DATA.get(change.kind)
        if lost is not None and change.action in {REPLACE, DESTROY}:
            yield f"{change}: {lost}."


def _missing(drift: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is in the state and not found: it would be made a second time, empty."""
    for resource in drift:
        change = _change(resource)
        if change is not None and change.action == DESTROY and change.kind in HOLDS_DATA:
            yield (
                f"{change.address}: Terraform made it, and it is not found. Either this is another "
                "region or account, or it was deleted by hand: then restore it, or `terraform "
                "state rm` it."
            )


def _warnings(change: Change, content: Mapping[str, Any]) -> Iterator[str]:
    if change.action in {REPLACE, DESTROY} and change.kind in _HURTS:
        yield f"{change}: {_HURTS[change.kind]}."
    if change.action != UPDATE:
        return
    before, after = content.get("before") or {}, content.get("after") or {}
    if change.kind == _POOL:
        yield from (f"{change.address}: {text}." for text in _of_pool(before, after))
    if change.kind == _TABLE:
        yield from (f"{change.address}: {text}." for text in _of_table(before, after))


def _of_pool(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    gone = sorted(_triggers(before) - _triggers(after))
    if gone:
        yield f"{', '.join(gone)}: no function is called any more, so its rules hold no longer"
    if before.get("deletion_protection") == "ACTIVE" != after.get("deletion_protection"):
        yield "AWS will no longer refuse to delete it"
    if before.get("mfa_configuration") != "OFF" == after.get("mfa_configuration"):
        yield "nobody is asked for a second factor any more"


def _triggers(pool: Mapping[str, Any]) -> set[str]:
    settings: Mapping[str, Any] = next(iter(pool.get("lambda_config") or ()), {})
    return {name for name, value in settings.items() if value}


def _of_table(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    gone = sorted(_regions(before) - _regions(after))
    if gone:
        yield f"the copy in {', '.join(gone)} is deleted"
    if before.get("deletion_protection_enabled") and not after.get("deletion_protection_enabled"):
        yield "AWS will no longer refuse to delete it"
    if _restorable(before) and not _restorable(after):
        yield "it can no longer be restored to a moment of the last 35 days"


def _regions(table: Mapping[str, Any]) -> set[str]:
    return {str(each.get("region_name")) for each in table.get("replica") or ()}


def _restorable(table: Mapping[str, Any]) -> bool:
    return '"enabled": true' in json.dumps(table.get("point_in_time_recovery") or ())
