#!/usr/bin/env python3
"""Checks the Cognito user pools of any Terraform plan: what scanners do not look at.

    terraform plan -out saved.tfplan && terraform show -json saved.tfplan > plan.json
    python3 user_pool.py plan.json [--production] [--authorizing NAME] [--except RULE=REASON]

Needs Python 3.11 and nothing else. Prints one line per finding. Exit code 0: none; 1: some;
2: the file is no plan, or holds no user pool.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POOL = "aws_cognito_user_pool"
CLIENT = "aws_cognito_user_pool_client"
FUNCTION = "aws_lambda_function"
PERMISSION = "aws_lambda_permission"
FIREWALL = "aws_wafv2_web_acl_association"

LONGEST_ANSWER = 5
LONGEST_TOKEN = 60
SHORTEST_PASSWORD = 12
PLAIN_PASSWORD_FLOWS = {"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"}
RICH_TOKEN_EVENTS = {"V2_0", "V3_0"}
MINUTES = {"seconds": 1 / 60, "minutes": 1, "hours": 60, "days": 24 * 60}
# Names that programs decide by. A word within the name is enough: custom:user_role, custom:isAdmin.
DECIDING = {
    "admin", "entitlement", "entitlements", "group", "groups", "org", "organisation",
    "organization", "permission", "permissions", "plan", "privilege", "privileges", "role",
    "roles", "scope", "scopes", "status", "superuser", "tenant", "tier", "verified",
}  # fmt: skip


class Unusable(Exception):
    """The file cannot be checked. The text is for the person."""


@dataclass(frozen=True)
class Resource:
    """What a plan makes of one resource."""

    address: str
    type: str
    actions: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    unknown: Mapping[str, Any]

    @property
    def stays(self) -> bool:
        return bool(self.after)

    def block(self, name: str) -> Mapping[str, Any]:
        """A nested block, empty if it is not there."""
        found = self.after.get(name)
        return found[0] if found else {}

    def has(self, name: str) -> bool:
        """Set, if only to a value that is known after the apply."""
        return bool(self.after.get(name)) or self.unknown.get(name) is True


@dataclass(frozen=True)
class Plan:
    resources: Sequence[Resource]
    configuration: Mapping[str, Any]
    production: bool = False
    authorizing: frozenset[str] = frozenset()

    def all(self, kind: str) -> Iterator[Resource]:
        return (each for each in self.resources if each.type == kind)

    def staying(self, kind: str) -> Iterator[Resource]:
        return (each for each in self.all(kind) if each.stays)

    def sources(self, resource: Resource, attribute: str) -> set[str]:
        """The resources, as `module path: type.name`, that a value is made of, as far as told."""
        return set(_sources(self.configuration, resource.address, attribute))

    def is_of(self, resource: Resource, attribute: str, target: Resource) -> bool:
        """Whether an attribute holds an id of the target: by value, else by what it refers to."""
        value = resource.after.get(attribute)
        if isinstance(value, str):
            return value in (target.after.get("arn"), target.after.get("id"))
        return _unindexed(target.address) in self.sources(resource, attribute)

    def pool_of(self, client: Resource) -> Resource | None:
        pools = list(self.staying(POOL))
        named = [pool for pool in pools if self.is_of(client, "user_pool_id", pool)]
        if named:
            return named[0]
        return pools[0] if len(pools) == 1 else None


@dataclass(frozen=True)
class Finding:
    address: str
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.address}: {self.rule}: {self.says}"


@dataclass(frozen=True)
class Rule:
    name: str
    kind: str
    says: str
    fails: Callable[[Plan, Resource], bool]
    production: bool = False


RULES: list[Rule] = []


def rule(
    name: str, kind: str, says: str, *, production: bool = False
) -> Callable[[Callable[[Plan, Resource], bool]], Callable[[Plan, Resource], bool]]:
    """Register a check that is true of a resource which breaks the rule."""

    def register(fails: Callable[[Plan, Resource], bool]) -> Callable[[Plan, Resource], bool]:
        RULES.append(Rule(name, kind, says, fails, production))
        return fails

    return register


# The pool


@rule(
    "pool-replaced", POOL,
    "this plan deletes the pool, and every account in it. Attributes can be added, never changed "
    "or removed; names, sign-in and case never change. Undo that change.",
)  # fmt: skip
def _is_replaced(_plan: Plan, pool: Resource) -> bool:
    return "delete" in pool.actions


@rule(
    "deletion-protection", POOL,
    'set deletion_protection = "ACTIVE": one call deletes everybody\'s account otherwise.',
)  # fmt: skip
def _is_unprotected(_plan: Plan, pool: Resource) -> bool:
    return pool.after.get("deletion_protection") != "ACTIVE"


@rule(
    "case", POOL,
    "set username_configuration.case_sensitive = false before the pool is made: Ann@ and ann@ are "
    "two people otherwise, and this never changes.",
)  # fmt: skip
def _tells_case_apart(_plan: Plan, pool: Resource) -> bool:
    return pool.block("username_configuration").get("case_sensitive") is not False


@rule(
    "verify-before-update", POOL,
    "list every verified attribute in user_attribute_update_settings."
    "attributes_require_verification_before_update: a typo in a new address locks its owner out "
    "otherwise.",
)  # fmt: skip
def _takes_addresses_unverified(_plan: Plan, pool: Resource) -> bool:
    settings = pool.block("user_attribute_update_settings")
    verified = set(settings.get("attributes_require_verification_before_update") or ())
    return bool(set(pool.after.get("auto_verified_attributes") or ()) - verified)


@rule(
    "own-sender", POOL,
    'send with email_sending_account = "DEVELOPER" and an SES identity: Cognito\'s own sender '
    "drops all but 50 mails a day.",
    production=True,
)  # fmt: skip
def _mails_by_cognito(_plan: Plan, pool: Resource) -> bool:
    mail = pool.block("email_configuration")
    return mail.get("email_sending_account") != "DEVELOPER"


@rule("mfa", POOL, 'set mfa_configuration to "OPTIONAL" or "ON": nobody can protect an account.')
def _offers_no_second_factor(_plan: Plan, pool: Resource) -> bool:
    return pool.after.get("mfa_configuration") not in ("ON", "OPTIONAL")


@rule(
    "password-length", POOL, f"set password_policy.minimum_length to {SHORTEST_PASSWORD} or more."
)
def _takes_short_passwords(_plan: Plan, pool: Resource) -> bool:
    return (pool.block("password_policy").get("minimum_length") or 0) < SHORTEST_PASSWORD


@rule(
    "password-composition", POOL,
    "turn require_lowercase, _uppercase, _numbers and _symbols off: they make people write "
    "passwords down. Length is what counts.",
)  # fmt: skip
def _asks_for_composition(_plan: Plan, pool: Resource) -> bool:
    policy = pool.block("password_policy")
    kinds = ("lowercase", "uppercase", "numbers", "symbols")
    return not policy or any(policy.get(f"require_{kind}") for kind in kinds)


@rule(
    "token-events", POOL,
    'V2_0 and V3_0 token events need user_pool_tier "ESSENTIALS" or "PLUS".',
)  # fmt: skip
def _asks_for_more_than_its_tier(_plan: Plan, pool: Resource) -> bool:
    events = pool.block("lambda_config").get("pre_token_generation_config") or ()
    versions = {each.get("lambda_version") for each in events}
    return bool(versions & RICH_TOKEN_EVENTS) and pool.after.get("user_pool_tier") == "LITE"


@rule(
    "trigger-removed", POOL,
    "this plan takes a trigger away from the pool: what it refused or wrote is refused and "
    "written no more. Take it out in a change of its own, with --except trigger-removed=REASON.",
)  # fmt: skip
def _loses_a_trigger(_plan: Plan, pool: Resource) -> bool:
    configured = pool.before.get("lambda_config") or [{}]
    before = {name for name, value in configured[0].items() if value}
    unknown = pool.unknown.get("lambda_config") or [{}]
    coming = set(unknown[0]) if isinstance(unknown, list) and unknown else before
    after = {name for name, value in pool.block("lambda_config").items() if value}
    return pool.stays and bool(before - after - coming)


@rule("firewall", POOL, "associate a WAF web ACL with the pool: sign-up and reset are public.",
      production=True)  # fmt: skip
def _stands_without_firewall(plan: Plan, pool: Resource) -> bool:
    return not any(plan.is_of(each, "resource_arn", pool) for each in plan.staying(FIREWALL))


# Its clients


@rule(
    "existence-errors", CLIENT,
    'set prevent_user_existence_errors = "ENABLED": sign-in and reset tell strangers who has an '
    "account otherwise.",
)  # fmt: skip
def _tells_who_exists(_plan: Plan, client: Resource) -> bool:
    if set(client.after.get("allowed_oauth_flows") or ()) == {"client_credentials"}:
        return False
    return client.after.get("prevent_user_existence_errors") != "ENABLED"


@rule(
    "token-lifetime", CLIENT,
    f"let access and ID tokens live for {LONGEST_TOKEN} minutes at most: a stolen one cannot be "
    "called back.",
)  # fmt: skip
def _keeps_tokens_long(_plan: Plan, client: Resource) -> bool:
    return any(_minutes(client, kind) > LONGEST_TOKEN for kind in ("access", "id"))


@rule("revocation", CLIENT, "set enable_token_revocation = true: sign-out ends nothing otherwise.")
def _revokes_nothing(_plan: Plan, client: Resource) -> bool:
    return client.after.get("enable_token_revocation") is False


@rule(
    "password-flow", CLIENT,
    "leave ALLOW_USER_PASSWORD_AUTH out: a public client proves a password by SRP. Only the "
    "migration trigger needs the password itself.",
)  # fmt: skip
def _sends_passwords(plan: Plan, client: Resource) -> bool:
    flows = set(client.after.get("explicit_auth_flows") or ())
    if client.after.get("generate_secret") or not flows & PLAIN_PASSWORD_FLOWS:
        return False
    pool = plan.pool_of(client)
    return pool is None or "user_migration" not in _triggers(pool)


@rule(
    "callback", CLIENT,
    "name each callback and logout URL whole, https unless it is localhost: a wildcard sends "
    "people's codes wherever it matches.",
)  # fmt: skip
def _sends_codes_anywhere(_plan: Plan, client: Resource) -> bool:
    urls = [
        *(client.after.get("callback_urls") or ()),
        *(client.after.get("logout_urls") or ()),
        *filter(None, [client.after.get("default_redirect_uri")]),
    ]
    return any("*" in url or _is_open(url) for url in urls)


@rule(
    "client-writes", CLIENT,
    "list write_attributes, and none that rights are decided by: people would give themselves "
    "roles. Without the list a client may write every attribute.",
)  # fmt: skip
def _lets_people_authorize_themselves(plan: Plan, client: Resource) -> bool:
    return any(_decides(name, plan.authorizing) for name in _writable(plan, client))


# Its functions


@rule(
    "trigger-timeout", FUNCTION,
    f"a trigger needs a timeout under {LONGEST_ANSWER} s: Cognito then calls it again, beside the "
    "one that still runs.",
)  # fmt: skip
def _outlasts_cognito(plan: Plan, function: Resource) -> bool:
    return _is_trigger(plan, function) and (function.after.get("timeout") or 3) >= LONGEST_ANSWER


@rule(
    "permission", PERMISSION,
    "give Cognito's permission a source_arn (the pool) and a source_account: any pool of anybody "
    "may call the function otherwise.",
)  # fmt: skip
def _lets_any_pool_call(_plan: Plan, permission: Resource) -> bool:
    if permission.after.get("principal") != "cognito-idp.amazonaws.com":
        return False
    arn = permission.after.get("source_arn") or ""
    return "*" in arn or not (permission.has("source_arn") and permission.has("source_account"))


def check(plan: Plan) -> list[Finding]:
    """Every finding, by address."""
    found = [
        Finding(resource.address, each.name, each.says)
        for each in RULES
        for resource in plan.all(each.kind)
        if (plan.production or not each.production)
        and (resource.stays or each.name == "pool-replaced")
        and each.fails(plan, resource)
    ]
    return sorted(found, key=lambda finding: (finding.address, finding.rule))


def read(document: Mapping[str, Any], **options: Any) -> Plan:
    """A plan as `terraform show -json` tells it. Raises Unusable."""
    changes = document.get("resource_changes")
    if not isinstance(changes, list) or "terraform_version" not in document:
        raise Unusable("this is no plan: make one with `terraform show -json saved.tfplan`.")
    resources = [
        Resource(
            each["address"],
            each["type"],
            tuple(each["change"]["actions"]),
            each["change"].get("before") or {},
            each["change"].get("after") or {},
            each["change"].get("after_unknown") or {},
        )
        for each in changes
        if each.get("mode") == "managed"
    ]
    if not any(each.type == POOL for each in resources):
        raise Unusable("the plan holds no aws_cognito_user_pool: there is nothing to check.")
    root = document.get("configuration", {}).get("root_module", {})
    return Plan(resources, root, **options)


# Small facts


def _minutes(client: Resource, kind: str) -> float:
    # Unset it is an hour; a figure without its unit counts hours.
    validity = client.after.get(f"{kind}_token_validity")
    unit = client.block("token_validity_units").get(f"{kind}_token") or "hours"
    return float(validity) * MINUTES[unit] if validity else 60.0


def _is_open(url: str) -> bool:
    return re.match(r"http://(?!(localhost|127\.0\.0\.1|\[::1\])([:/]|$))", url) is not None


def _triggers(pool: Resource) -> set[str]:
    unknown = pool.unknown.get("lambda_config") or [{}]
    coming = {name for name, value in (unknown[0] if unknown is not True else {}).items() if value}
    return {name for name, value in pool.block("lambda_config").items() if value} | coming


def _trigger_arns(pool: Resource) -> Iterator[str]:
    for value in pool.block("lambda_config").values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (each["lambda_arn"] for each in value if each.get("lambda_arn"))


def _is_trigger(plan: Plan, function: Resource) -> bool:
    name = function.after.get("function_name")
    arns = {arn for pool in plan.staying(POOL) for arn in _trigger_arns(pool)}
    if any(re.search(rf":function:{re.escape(str(name))}(:|$)", arn) for arn in arns):
        return True
    address = _unindexed(function.address)
    if any(address in plan.sources(pool, "lambda_config") for pool in plan.staying(POOL)):
        return True
    return any(
        each.after.get("principal") == "cognito-idp.amazonaws.com"
        and each.after.get("function_name") == name
        for each in plan.staying(PERMISSION)
    )


def _writable(plan: Plan, client: Resource) -> Iterable[str]:
    if listed := client.after.get("write_attributes"):
        return map(str, listed)
    pool = plan.pool_of(client)
    if pool is None:
        return ()
    return [
        f"custom:{each['name']}"
        for each in pool.after.get("schema") or ()
        if each.get("mutable") is not False and not each.get("developer_only_attribute")
    ]


def _decides(attribute: str, named: frozenset[str]) -> bool:
    if attribute.removeprefix("custom:") in named:
        return True
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", attribute).lower()
    return bool(DECIDING & set(re.split(r"[^a-z0-9]+", words)))


# What a value refers to, through modules. Locals are not in a plan: there the trace ends.


def _unindexed(address: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", address)


def _sources(root: Mapping[str, Any], address: str, attribute: str) -> Iterator[str]:
    *modules, kind, name = _unindexed(address).split(".")
    path = tuple(modules[1::2])
    module = _module(root, path)
    for each in module.get("resources", ()):
        if (each["type"], each["name"], each["mode"]) == (kind, name, "managed"):
            references = set(_references(each.get("expressions", {}).get(attribute)))
            if any(reference.startswith("each.") for reference in references):
                references |= set(_references(each.get("for_each_expression")))
            for reference in references:
                yield from _followed(root, path, reference)


def _module(root: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    module = root
    for name in path:
        module = module.get("module_calls", {}).get(name, {}).get("module", {})
    return module


def _references(expression: Any) -> Iterator[str]:
    if isinstance(expression, Mapping):
        yield from expression.get("references", ())
        for value in expression.values():
            yield from _references(value)
    elif isinstance(expression, list):
        for value in expression:
            yield from _references(value)


def _followed(root: Mapping[str, Any], path: tuple[str, ...], reference: str) -> Iterator[str]:
    first, _, rest = reference.partition(".")
    name, _, attribute = rest.partition(".")
    if first == "var" and path:
        call = _module(root, path[:-1]).get("module_calls", {}).get(path[-1], {})
        for each in _references(call.get("expressions", {}).get(_unindexed(name))):
            yield from _followed(root, path[:-1], each)
    elif first == "module":
        inner = (*path, _unindexed(name))
        output = _module(root, inner).get("outputs", {}).get(_unindexed(attribute), {})
        for each in _references(output.get("expression")):
            yield from _followed(root, inner, each)
    elif first.startswith("aws_"):
        prefix = "".join(f"module.{each}." for each in path)
        yield f"{prefix}{first}.{_unindexed(name)}"


@dataclass(frozen=True)
class Exceptions:
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Exceptions:
        reasons = {}
        names = sorted({each.name for each in RULES})
        for text in texts:
            name, _, reason = text.partition("=")
            if name not in names:
                raise Unusable(f"--except {name}: no such rule; there are {', '.join(names)}.")
            if not reason.strip():
                raise Unusable(f"--except {name}: say why, as --except {name}=REASON.")
            reasons[name] = reason
        return cls(reasons)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Check the user pools of a Terraform plan.")
    parser.add_argument("plan", type=Path, help="what `terraform show -json` printed")
    parser.add_argument("--production", action="store_true", help="ask for own sender and WAF, too")
    parser.add_argument(
        "--authorizing", action="append", default=[], metavar="NAME",
        help="an attribute that rights are decided by, beside those whose name tells",
    )  # fmt: skip
    parser.add_argument(
        "--except", action="append", default=[], dest="exceptions", metavar="RULE=REASON",
        help="leave one rule out",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    try:
        exceptions = Exceptions.parse(given.exceptions)
        plan = read(
            _document(given.plan),
            production=given.production,
            authorizing=frozenset(given.authorizing),
        )
    except Unusable as error:
        print(f"{given.plan}: {error}", file=sys.stderr)
        return 2
    findings = [each for each in check(plan) if each.rule not in exceptions.reasons]
    for each in findings:
        print(each)
    rules = sum(given.production or not each.production for each in RULES)
    print(f"{rules} rules, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"it cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise Unusable("this is no plan: make one with `terraform show -json saved.tfplan`.")
    return document


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
