import json
from pathlib import Path
from typing import Any

import pytest

from vestibule_cli.local.provision import ProvisionError
from vestibule_cli.local.provision.api import called_functions, definition, invocation_uri

ARN = "arn:aws:lambda:us-east-1:000000000000:function:vestibule-local-api"
POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_X"


def document(uri: str = "api") -> dict[str, Any]:
    return {
        "info": {"title": "vestibule", "version": "1"},
        "paths": {
            "/me": {
                "parameters": [{"name": "x"}],
                "get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": uri}},
                "options": {"x-amazon-apigateway-integration": {"type": "mock"}},
            }
        },
        "components": {
            "securitySchemes": {
                "cognito": {"x-amazon-apigateway-authorizer": {"providerARNs": ["user_pool"]}},
                "sigv4": {"type": "apiKey"},
            }
        },
    }


def bound(tmp_path: Path, content: dict[str, Any]) -> dict[str, Any]:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(content))
    body: dict[str, Any] = json.loads(
        definition(path, "vestibule-local", {"api": invocation_uri(ARN)}, POOL)
    )
    return body


def test_function_keys_and_the_pool_become_arns(tmp_path: Path) -> None:
    body = bound(tmp_path, document())

    methods = body["paths"]["/me"]
    assert methods["get"]["x-amazon-apigateway-integration"]["uri"] == (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
    )
    assert methods["options"] == {"x-amazon-apigateway-integration": {"type": "mock"}}
    scheme = body["components"]["securitySchemes"]["cognito"]
    assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == [POOL]
    assert body["info"]["title"] == "vestibule-local"


def test_a_function_that_stack_yaml_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="sends a route to function 'web'"):
        bound(tmp_path, document(uri="web"))


def test_only_functions_with_a_route_may_be_called_by_the_gateway() -> None:
    body = json.dumps({"uri": invocation_uri(ARN)}).encode()

    assert called_functions(body, {"api": ARN, "maintenance": f"{ARN}-2"}) == ["api"]
