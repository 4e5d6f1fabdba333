"""Writes the API's document from its routes: what is deployed, and what its users read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http import gateway, schemas
from vestibule.platform.http.routes import IF_MATCH, SIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vestibule.platform.http.routes import Parameter, Route

FUNCTION = "api"
USER_POOL = "user_pool"

_HTML = "text/html"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LOCATION = {
    "description": "Where what was made, or asked for, is to be found.",
    "schema": {"type": "string"},
}
_ERROR = "vestibule.platform.http.answers:Error"
_DESCRIPTIONS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted: it goes on in the background.",
    204: "Done; there is nothing to say.",
    400: "The request is not valid: `details` names each field and rule.",
    401: "No valid access token.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "It conflicts with what is there.",
    412: "`If-Match` names another version than the one there is.",
    413: "The body is too large.",
    415: "The body is not of a type that is taken here.",
    422: "The `Idempotency-Key` came with another body before.",
    429: "Too many requests.",
    500: "Our fault.",
    503: "Try again after `Retry-After` seconds.",
}


def document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Give the document: OpenAPI 3.0.1 with the gateway's extensions, always in one order.

    It holds no account facts: integrations name the function by its key, the authorizer the pool.
    """
    ordered = sorted(routes, key=lambda route: (route.resource, route.method))
    by_path: dict[str, list[Route]] = {}
    for route in ordered:
        by_path.setdefault(route.resource, []).append(route)
    return {
        "openapi": "3.0.1",
        "info": {
            "title": "vestibule",
            "version": version,
            "description": "Profiles of people who sign in. Send an access token, not an ID token.",
        },
        "paths": _paths(by_path),
        "components": {
            "schemas": schemas.components(_types(ordered)),
            "securitySchemes": _security_schemes(),
        },
        "x-amazon-apigateway-gateway-responses": gateway.responses(),
    }


def text(described: dict[str, Any]) -> str:
    """Write a document as it is committed: the same bytes for the same routes."""
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _paths(by_path: dict[str, list[Route]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, routes in by_path.items():
        methods = [route.method for route in routes]
        paths[path] = {
            **{route.method.lower(): _operation(route) for route in routes},
            "options": {**gateway.preflight(methods), **_path_parameters(path)},
            gateway.ANY: {**gateway.wrong_method(methods), **_path_parameters(path)},
        }
    every_method = {route.method for routes in by_path.values() for route in routes}
    paths[SIGNED] = {
        "options": {**gateway.preflight(every_method), **_path_parameters(SIGNED)},
        gateway.ANY: _signed_operation(),
    }
    for path in ("/", "/{proxy+}", *_gaps(paths)):
        paths[path] = {
            "options": {**gateway.preflight(every_method), **_path_parameters(path)},
            gateway.ANY: {**gateway.wrong_path(), **_path_parameters(path)},
        }
    return {path: paths[path] for path in sorted(paths)}


def _gaps(paths: Iterable[str]) -> list[str]:
    """Find the paths above ours that nothing answers: the gateway would say 403 there."""
    known = set(paths)
    above = set()
    for path in known:
        words = path.split("/")
        above |= {"/".join(words[:count]) for count in range(2, len(words))}
    return sorted(above - known)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        **_path_parameters(route.resource, route.parameters),
        "security": [] if route.rule.public else [{"cognito": gateway.SCOPES}],
        "responses": _responses(route),
        "x-vestibule-authorization": {"rule": route.rule.name, "text": route.rule.text},
        gateway.INTEGRATION: gateway.function_integration(FUNCTION),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    if route.form is not None:
        schema = {"schema": schemas.reference(route.form)}
        operation["requestBody"] = {"required": True, "content": dict.fromkeys(_FORMS, schema)}
    return operation


def _signed_operation() -> dict[str, Any]:
    return {
        "summary": "The same routes for callers that sign with the identity pool's credentials.",
        "tags": ["signed"],
        **_path_parameters(SIGNED),
        "security": [{"sigv4": []}],
        "responses": {"200": {"description": "As the route behind /signed answers."}},
        "x-vestibule-authorization": {
            "rule": "signed",
            "text": "Whoever signed in at our user pool, then the rule of the route behind it.",
        },
        gateway.INTEGRATION: gateway.function_integration(FUNCTION),
    }


def _operation_id(route: Route) -> str:
    """Name an operation by its method and path: `getProfilesUserId`."""
    words = route.resource.replace("{", "").replace("}", "").replace("-", "/").split("/")
    return route.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _path_parameters(path: str, others: Iterable[Parameter] = ()) -> dict[str, Any]:
    named: list[dict[str, Any]] = [
        {
            "name": word.strip("{}").removesuffix("+"),
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }
        for word in path.split("/")
        if word.startswith("{")
    ]
    named += [
        {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.description,
            "required": False,
            "schema": {"type": parameter.kind},
        }
        for parameter in others
    ]
    return {"parameters": named} if named else {}


def _responses(route: Route) -> dict[str, Any]:
    answers: dict[int, dict[str, Any]] = {}
    for status, type_ in route.answers.items():
        answers[status] = {"description": _DESCRIPTIONS[status]}
        if type_ is not None:
            answers[status]["content"] = _content(type_)
    for status in _refusals(route):
        answers[status] = {"description": _DESCRIPTIONS[status], "content": _content(_ERROR)}
    for status in route.pages:
        page: dict[str, Any] = {_HTML: {}}
        answers[status]["content"] = {**answers[status].get("content", {}), **page}
    for status in route.locates:
        answers[status]["headers"] = {"Location": _LOCATION}
    return {str(status): answers[status] for status in sorted(answers)}


def _refusals(route: Route) -> set[int]:
    statuses = {429, 500, 503, *route.refusals}
    if route.rule is not PUBLIC:
        statuses |= {401, 403}
    if route.body is not None or route.form is not None:
        statuses |= {400, 413, 415}
    if route.parameters or "{" in route.resource:
        statuses.add(400)
    if IF_MATCH in route.parameters:
        statuses.add(412)
    return statuses


def _content(type_: str) -> dict[str, Any]:
    return {"application/json": {"schema": schemas.reference(type_)}}


def _types(routes: Iterable[Route]) -> set[str]:
    types = {_ERROR}
    for route in routes:
        named = (route.body, route.form, *route.answers.values())
        types |= {type_ for type_ in named if type_ is not None}
    return types


def _security_schemes() -> dict[str, Any]:
    key = {"type": "apiKey", "name": "Authorization", "in": "header"}
    return {
        "cognito": {
            **key,
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {
                "type": "cognito_user_pools",
                "providerARNs": [USER_POOL],
            },
        },
        "sigv4": {**key, "x-amazon-apigateway-authtype": "awsSigv4"},
    }
