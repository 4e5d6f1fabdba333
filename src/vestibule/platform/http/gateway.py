"""What API Gateway answers by itself, in our shape: preflights, wrong paths, its refusals."""

from __future__ import annotations

import json
from typing import Any

from vestibule.platform.http.response import COMMON_HEADERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCOPES = ["aws.cognito.signin.user.admin", "vestibule/api"]
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
PREFLIGHT_SECONDS = 600

# What a browser asks leave to send: ours, and those of a request signed by AWS's libraries.
_ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
)
# A mock that has no template for what the caller sends would answer 415, or 500.
_SENT_TYPES = (
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/form-data",
    "text/html",
    "text/plain",
    "text/xml",
)
_SIGN_IN = "Sign in: send a valid access token as `Authorization: Bearer <token>`."
_REFUSED = "You may not do this."
_TRY_AGAIN = "We cannot answer right now: try again in a moment."
# None keeps the status of the answer's own kind.
_RESPONSES: dict[str, tuple[int | None, str]] = {
    "ACCESS_DENIED": (403, _REFUSED),
    "API_CONFIGURATION_ERROR": (500, "Internal error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal error"),
    "AUTHORIZER_FAILURE": (500, "Internal error"),
    "BAD_REQUEST_BODY": (400, "The request is not valid."),
    "BAD_REQUEST_PARAMETERS": (400, "The request is not valid."),
    "DEFAULT_4XX": (None, "The request is not valid."),
    "DEFAULT_5XX": (None, "Internal error"),
    "EXPIRED_TOKEN": (403, "The credentials have expired: get new ones."),
    "INTEGRATION_FAILURE": (504, _TRY_AGAIN),
    "INTEGRATION_TIMEOUT": (504, _TRY_AGAIN),
    "INVALID_API_KEY": (403, _REFUSED),
    "INVALID_SIGNATURE": (403, "The signature does not match the request."),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Sign the request, or send an access token."),
    "QUOTA_EXCEEDED": (429, "Too many requests: try again later."),
    "REQUEST_TOO_LARGE": (413, "The body is too large."),
    "RESOURCE_NOT_FOUND": (404, "There is nothing here."),
    "THROTTLED": (429, "Too many requests: try again in a moment."),
    "UNAUTHORIZED": (401, _SIGN_IN),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Send the body as `Content-Type: application/json`."),
    "WAF_FILTERED": (403, _REFUSED),
}
_MORE_HEADERS = {
    "THROTTLED": {"Retry-After": "1"},
    "UNAUTHORIZED": {"WWW-Authenticate": "Bearer"},
}


def responses() -> dict[str, Any]:
    """Say what the gateway's own refusals look like, so that a browser may read them."""
    described = {}
    for kind, (status, error) in _RESPONSES.items():
        headers = {**COMMON_HEADERS, **_MORE_HEADERS.get(kind, {})}
        described[kind] = {
            **({} if status is None else {"statusCode": str(status)}),
            "responseParameters": {
                f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()
            },
            "responseTemplates": {"application/json": _error(error)},
        }
    return described


def function_integration(function: str) -> dict[str, Any]:
    """Hand every call over whole. The function's key is replaced by its invocation URI."""
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": function}


def preflight(methods: Iterable[str]) -> dict[str, Any]:
    headers = {
        "Access-Control-Allow-Headers": ",".join(_ALLOWED_HEADERS),
        "Access-Control-Allow-Methods": ",".join(sorted({*methods, "OPTIONS"})),
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        "Cache-Control": "no-store",
    }
    return {
        "summary": "Tell a browser what it may send.",
        "tags": ["preflight"],
        **_mock(204, "What may be sent.", headers, None),
    }


def wrong_method(methods: Iterable[str]) -> dict[str, Any]:
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    error = "This path does not know that method."
    return _mock(405, "No such method here.", {**COMMON_HEADERS, "Allow": allowed}, error)


def wrong_path() -> dict[str, Any]:
    return _mock(404, "Nothing here.", COMMON_HEADERS, "There is nothing here.")


def _mock(
    status: int, description: str, headers: Mapping[str, str], error: str | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "headers": {name: {"schema": {"type": "string"}} for name in headers},
    }
    if error is not None:
        schema = {"$ref": "#/components/schemas/Error"}
        answer["content"] = {"application/json": {"schema": schema}}
    return {
        "responses": {str(status): answer},
        INTEGRATION: {
            "type": "mock",
            "passthroughBehavior": "when_no_templates",
            "requestTemplates": dict.fromkeys(_SENT_TYPES, f'{{"statusCode": {status}}}'),
            "responses": {
                "default": {
                    "statusCode": str(status),
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{value}'"
                        for name, value in headers.items()
                    },
                    "responseTemplates": {
                        "application/json": "" if error is None else _error(error)
                    },
                }
            },
        },
    }


def _error(error: str) -> str:
    return json.dumps({"error": error, "details": [], "requestId": "$context.requestId"})
