"""The REST API, made from openapi.json in one PutRestApi, and its stage."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vestibule_cli.local.provision.compare import ProvisionError, verify

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws
    from vestibule_cli.stack import Api

DEFINITION_TAG = "vestibule:definition"


def definition(path: Path, name: str, invocation_uris: Mapping[str, str], pool_arn: str) -> bytes:
    """openapi.json with function keys and `user_pool` replaced by what they are here."""
    document = json.loads(path.read_text(encoding="utf-8"))
    # An import names the API after the document's title.
    document["info"]["title"] = name
    for item in document["paths"].values():
        for operation in item.values():
            _bind_integration(operation, invocation_uris)
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
        if authorizer.get("providerARNs") == ["user_pool"]:
            authorizer["providerARNs"] = [pool_arn]
    return json.dumps(document, sort_keys=True).encode()


def invocation_uri(function_arn: str) -> str:
    region = function_arn.split(":")[3]
    return (
        f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    )


def _bind_integration(operation: Any, invocation_uris: Mapping[str, str]) -> None:
    if not isinstance(operation, dict):
        return
    integration = operation.get("x-amazon-apigateway-integration", {})
    if integration.get("type") != "aws_proxy":
        return
    key = integration["uri"]
    if key not in invocation_uris:
        raise ProvisionError(
            f"openapi.json sends a route to function {key!r}; stack.yaml has "
            f"{', '.join(invocation_uris)}."
        )
    integration["uri"] = invocation_uris[key]


def ensure_api(aws: "Aws", name: str, api: "Api", body: bytes) -> str:
    """Make the API and its stage or bring them up to date; return the API's id."""
    digest = hashlib.sha256(f"{api.stage}\n".encode() + body).hexdigest()
    kept = _find(aws, name) or aws.rest(
        "apigateway",
        "POST",
        "/restapis",
        {"name": name, "endpointConfiguration": {"types": ["REGIONAL"]}},
    )
    api_id = str(kept["id"])
    tags = f"/tags/{quote(f'arn:aws:apigateway:{aws.region}::/restapis/{api_id}', safe='')}"
    if aws.rest("apigateway", "GET", tags).get("tags", {}).get(DEFINITION_TAG) != digest:
        aws.rest("apigateway", "PUT", f"/restapis/{api_id}", body, mode="overwrite")
        deployments = f"/restapis/{api_id}/deployments"
        aws.rest("apigateway", "POST", deployments, {"stageName": api.stage})
        _remove_other_stages(aws, f"/restapis/{api_id}/stages", api.stage)
        aws.rest("apigateway", "PUT", tags, {"tags": {DEFINITION_TAG: digest}})
    _ensure_throttle(aws, f"/restapis/{api_id}/stages/{api.stage}", api)
    _verify_paths(aws, name, api_id, body)
    return api_id


def _find(aws: "Aws", name: str) -> dict[str, Any] | None:
    answer = aws.rest("apigateway", "GET", "/restapis", limit="500")
    return next((each for each in _items(answer) if each["name"] == name), None)


def _items(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The gateway calls its lists `item`; its SDKs call them `items`."""
    return list(answer.get("item") or answer.get("items") or [])


def _remove_other_stages(aws: "Aws", stages: str, kept: str) -> None:
    for each in _items(aws.rest("apigateway", "GET", stages)):
        if each["stageName"] != kept:
            aws.rest("apigateway", "DELETE", f"{stages}/{each['stageName']}")


def _ensure_throttle(aws: "Aws", stage: str, api: "Api") -> None:
    wanted = {
        "throttlingRateLimit": float(api.throttle.rate),
        "throttlingBurstLimit": api.throttle.burst,
    }
    if _throttle(aws, stage) == wanted:
        return
    changes = [
        {"op": "replace", "path": f"/*/*/throttling/{limit}", "value": str(value)}
        for limit, value in (("rateLimit", api.throttle.rate), ("burstLimit", api.throttle.burst))
    ]
    aws.rest("apigateway", "PATCH", stage, {"patchOperations": changes})
    verify(f"stage {api.stage}", wanted, _throttle(aws, stage))


def _throttle(aws: "Aws", stage: str) -> dict[str, Any]:
    settings = aws.rest("apigateway", "GET", stage).get("methodSettings") or {}
    every_route = settings.get("*/*") or {}
    return {key: every_route.get(key) for key in ("throttlingRateLimit", "throttlingBurstLimit")}


def _verify_paths(aws: "Aws", name: str, api_id: str, body: bytes) -> None:
    answer = aws.rest("apigateway", "GET", f"/restapis/{api_id}/resources", limit="500")
    missing = sorted(set(json.loads(body)["paths"]) - {each["path"] for each in _items(answer)})
    verify(name, {"paths missing": []}, {"paths missing": missing})


def called_functions(body: bytes, function_arns: Mapping[str, str]) -> list[str]:
    """The keys of the functions that some route calls."""
    text = body.decode()
    return [key for key, arn in function_arns.items() if f"/{arn}/" in text]
