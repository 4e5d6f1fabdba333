"""The REST API: answers as the gateway gives them, and control without a signature."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import contextvars
import json
import secrets
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions import mapping
from vestibule_cli.local.emulator_internals.names import ACCOUNT_ID, part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.local.emulator_internals.accounts import Answer, Record

# Set on an answer that the gateway, not the function, has to give. No function can guess it.
GATEWAY_MARK = f"x-vestibule-{secrets.token_hex(8)}"
_request: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("gateway_request")


def as_the_gateway() -> None:
    """Mapping templates of mocks, and failures of functions as the gateway words them."""
    gateway = part("services.apigateway_v1")
    execute, mock, shape = (
        gateway._execute_in_scope,
        gateway._invoke_mock_v1,
        gateway._lambda_proxy_response,
    )

    async def execute_in_scope(request: Record, *args: Any) -> Any:
        _, stage, method, path = args[:4]
        context = {
            "requestId": request["request_id"],
            "httpMethod": method,
            "path": f"/{stage}{path}",
            "stage": stage,
        }
        token = _request.set(context)
        try:
            return await execute(request, *args)
        finally:
            _request.reset(token)

    def invoke_mock(integration: Mapping[str, Any]) -> Answer:
        status, headers, body = mock(integration)
        context = _request.get({})
        rendered = {name: mapping.parameter(value, context) for name, value in headers.items()}
        rendered["x-amzn-requestid"] = context.get("requestId", "")
        if not mapping.has_body(integration, status):
            return status, rendered, b""
        return status, rendered, mapping.render(body.decode(), context).encode()

    def lambda_proxy_response(result: Mapping[str, Any]) -> tuple[dict[str, Any], None]:
        response, _ = shape(result)
        if result.get("throttle"):
            return _marked(429), None
        if result.get("error") or not mapping.is_proxy_answer(result.get("body")):
            return _marked(502), None
        return response, None

    gateway._execute_in_scope = execute_in_scope
    gateway._invoke_mock_v1 = invoke_mock
    gateway._lambda_proxy_response = lambda_proxy_response


def _marked(status: int) -> dict[str, Any]:
    request_id = _request.get({}).get("requestId", "")
    headers = {GATEWAY_MARK: str(status), "x-amzn-requestid": request_id}
    return {"statusCode": status, "headers": headers, "body": ""}


def gateway_response(api_id: str, stage: str, kind: str) -> Mapping[str, Any] | None:
    """The gateway response in effect for a stage: responseParameters and responseTemplates."""
    gateway = part("services.apigateway_v1")
    scope = gateway.find_api_scope(api_id)
    if scope is None:
        return None
    with part("core.responses").request_scope(*scope):
        deployment = (gateway.stages_for_api(api_id).get(stage) or {}).get("deploymentId")
        deployed = gateway._deployed_gateway_responses.get(api_id, {}).get(deployment) or {}
        found: Mapping[str, Any] = gateway._gateway_response_for_type(deployed, kind)
    return found


async def gateway_control(region: str, method: str, path: str, content: Any = None) -> Any:
    """One control call to the REST API service: no signature, no waiting, one after the other.

    It never yields to the event loop, so no request sees an API that is half changed.
    """
    body = b"" if content is None else json.dumps(content).encode()
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        status, _, answer = await part("services.apigateway_v1").handle_request(
            method, path, {}, body, {"limit": "500"}
        )
    found = json.loads(answer) if answer else {}
    if status >= 400:
        raise GatewayRefused(status, found)
    return found


class GatewayRefused(Exception):
    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {answer.get('message')}")
        self.status = status
        self.answer = answer
