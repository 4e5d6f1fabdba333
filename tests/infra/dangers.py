"""Changes that would cost people their accounts, planned against what was deployed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.deploy.terraform import TerraformError

Edit = Mapping[str, tuple[str, str]]
"""Text to replace, by the file's name in the tree's folder."""

KEY: Edit = {"stack.yaml": ("partition: pk", "partition: key")}
DOMAIN = {"before": "people-before", "after": "people-after"}
LESS: Edit = {
    "stack.yaml": ("terms_accepted, signup_source]", "terms_accepted]"),
    "infra/modules/identity/main.tf": (
        "    post_confirmation              = var.triggers.function_arn\n",
        "",
    ),
}
# Each bucket of modules/bucket, and the name it had beside its callers when it was none.
BUCKETS = {
    "module.functions.module.bucket": "packages",
    "module.site.module.bucket": "site",
    'module.site.module.logs_bucket["logs"]': "logs",
}


def rehearse(place: EmulatorTree, package: Path) -> dict[str, str]:
    variables = place.variables(package)
    domain = f'-var=sign_in_domain={{prefix="{DOMAIN["after"]}"}}'
    pages = f"-state={_with_sign_in_pages(place)}"
    buckets = f"-state={_with_buckets_of_before(place)}"
    return {
        "buckets": _planned(place, {}, *variables, buckets),
        "key": _planned(place, KEY, *variables, "-target=module.data"),
        "domain": _planned(place, {}, *variables, domain, pages, "-target=module.dns"),
        "less": _planned(place, LESS, *variables),
    }


def _planned(place: EmulatorTree, edit: Edit, *options: str) -> str:
    """What a plan of the committed tree says, once it is edited so."""
    terraform = place.prepared(lift_protection=False)
    for name, (before, after) in edit.items():
        path = terraform.folder.parent / name
        text = path.read_text(encoding="utf-8")
        if before not in text:
            raise ValueError(f"{name} holds no {before!r} any more")
        path.write_text(text.replace(before, after), encoding="utf-8")
    return _told(lambda: terraform.planned_changes("-refresh=false", *options))


def _told(plan: Callable[[], list[str]]) -> str:
    try:
        return "\n".join(plan())
    except TerraformError as error:
        return f"refused: {error}"


def _with_sign_in_pages(place: EmulatorTree) -> Path:
    """A copy of the state in which the pool has pages: the laptop makes none."""
    state = json.loads(place.state_file.read_text(encoding="utf-8"))
    pool = next(each for each in state["resources"] if each["type"] == "aws_cognito_user_pool")
    domain = {
        "domain": DOMAIN["before"],
        "id": DOMAIN["before"],
        "user_pool_id": pool["instances"][0]["attributes"]["id"],
    }
    instance = {"index_key": "prefix", "schema_version": 0, "attributes": domain}
    state["resources"].append(
        {
            "mode": "managed",
            "module": "module.dns",
            "type": "aws_cognito_user_pool_domain",
            "name": "this",
            "provider": pool["provider"],
            "instances": [instance],
        }
    )
    return _written(place, "with-pages", state)


def _with_buckets_of_before(place: EmulatorTree) -> Path:
    """A copy of the state as it was before modules/bucket."""
    state = json.loads(place.state_file.read_text(encoding="utf-8"))
    for each in state["resources"]:
        name = BUCKETS.get(each.get("module", ""))
        if name is not None:
            each["module"] = each["module"].rpartition(".module.")[0]
            each["name"] = name
            for instance in each["instances"]:
                instance.pop("index_key", None)
                if name == "logs":
                    instance["index_key"] = "logs"
    return _written(place, "with-buckets-of-before", state)


def _written(place: EmulatorTree, name: str, state: object) -> Path:
    path = place.folder / f"{name}.tfstate"
    path.write_text(json.dumps(state), encoding="utf-8")
    return path
