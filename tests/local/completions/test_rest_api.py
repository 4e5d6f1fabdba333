from __future__ import annotations

import concurrent.futures
import copy
import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

ECHO = """
import json

def handler(event, context):
    print("called")
    body = event.get("body") or ""
    if body == "raise":
        raise ValueError("secret inside")
    if body == "malformed":
        return {"hello": "world"}
    answer = {
        "path": event["path"], "method": event["httpMethod"], "resource": event["resource"],
        "size": len(body), "parameters": event["pathParameters"],
    }
    return {"statusCode": 200, "headers": {"X-Ours": "yes"}, "body": json.dumps(answer)}
"""
ERROR = '{"error":$context.error.messageString,"details":[],"requestId":"$context.requestId"}'
GATEWAY_HEADERS = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
    "gatewayresponse.header.Cache-Control": "'no-store'",
}


def mock(status: int, headers: dict[str, str], body: str | None = None) -> dict[str, Any]:
    parameters = {f"method.response.header.{name}": f"'{v}'" for name, v in headers.items()}
    answer: dict[str, Any] = {"statusCode": str(status), "responseParameters": parameters}
    if body is not None:
        answer["responseTemplates"] = {"application/json": body}
    return {
        "responses": {str(status): {"description": "", "headers": {name: {} for name in headers}}},
        "security": [],
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": json.dumps({"statusCode": status})},
            "passthroughBehavior": "when_no_templates",
            "responses": {"default": answer},
        },
    }


def proxied(uri: str, *security: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "Fine"}},
        "security": list(security),
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": uri,
            "passthroughBehavior": "when_no_match",
        },
    }


def document(function_arn: str, pool_arn: str) -> dict[str, Any]:
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    )
    person = {"cognito": ["aws.cognito.signin.user.admin"]}
    not_found = '{"error":"Not found","details":[],"requestId":"$context.requestId"}'
    cors = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    both = {"x-amazon-apigateway-any-method": mock(404, cors, not_found)}
    refused = '{"error":"Method not allowed","details":[],"requestId":"$context.requestId"}'
    any_other = mock(405, {**cors, "Allow": "GET, PUT"}, refused)
    return {
        "openapi": "3.0.1",
        "info": {"title": "door-bell", "version": "1.2"},
        "paths": {
            "/": copy.deepcopy(both),
            "/{proxy+}": copy.deepcopy(both),
            "/health": {"get": proxied(uri), "options": mock(204, cors)},
            "/profiles/{userId}": {
                "get": proxied(uri, person),
                "put": proxied(uri, person),
                "options": mock(204, {**cors, "Access-Control-Allow-Methods": "GET,PUT"}),
                "x-amazon-apigateway-any-method": any_other,
            },
            "/signed/{proxy+}": {"x-amazon-apigateway-any-method": proxied(uri, {"sigv4": []})},
        },
        "components": {
            "securitySchemes": {
                "cognito": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {
                        "type": "cognito_user_pools",
                        "providerARNs": [pool_arn],
                    },
                },
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                },
            }
        },
        "x-amazon-apigateway-gateway-responses": {
            kind: {
                "responseParameters": GATEWAY_HEADERS,
                "responseTemplates": {"application/json": ERROR},
                **({"statusCode": status} if status else {}),
            }
            for kind, status in (
                ("DEFAULT_4XX", None),
                ("DEFAULT_5XX", None),
                ("UNAUTHORIZED", "401"),
                ("ACCESS_DENIED", "403"),
            )
        },
    }


class Api:
    def __init__(self, emulator: Any, api_id: str, content: dict[str, Any]) -> None:
        self.id = api_id
        self.emulator = emulator
        self.document = content
        self.control = emulator.client("apigateway")

    def deploy(self) -> None:
        self.control.create_deployment(restApiId=self.id, stageName="api")

    def put(self, content: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.control.put_rest_api(
            restApiId=self.id, mode="overwrite", body=json.dumps(content).encode()
        )
        return answer

    def tree(self) -> dict[str, Any]:
        items = self.control.get_resources(restApiId=self.id, limit=500)["items"]
        return {item["path"]: item for item in items}

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, http.client.HTTPMessage, str]:
        place = urlsplit(self.emulator.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
        target = f"/restapis/{self.id}/api/_user_request_{path}"
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text


@pytest.fixture(scope="module")
def pool(emulator: Any) -> Any:
    return emulator.pool("behind-the-gateway")


@pytest.fixture(scope="module")
def api(emulator: Any, pool: Any) -> Api:
    arn = emulator.function("echo", ECHO)
    pool_arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool.id}"
    content = document(arn, pool_arn)
    made = emulator.client("apigateway").create_rest_api(name="first name")
    api = Api(emulator, made["id"], content)
    answer = api.put(content)
    assert (answer["id"], answer["name"], answer["version"]) == (made["id"], "door-bell", "1.2")
    api.deploy()
    return api


@pytest.fixture(scope="module")
def token(pool: Any) -> str:
    found: str = pool.join("caller@example.test")["AccessToken"]
    return found


def test_a_function_answers_behind_the_gateway(api: Api, token: str) -> None:
    status, headers, text = api.call(
        "PUT", "/profiles/u1", b"{}", {"Authorization": f"Bearer {token}"}
    )

    assert status == 200
    assert headers["X-Ours"] == "yes"
    answer = json.loads(text)
    assert answer["resource"] == "/profiles/{userId}"
    assert answer["parameters"] == {"userId": "u1"}


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense"])
def test_no_token_is_refused_in_the_configured_shape(api: Api, authorization: str | None) -> None:
    given = {"Authorization": authorization} if authorization else {}

    status, headers, text = api.call("GET", "/profiles/u1", headers=given)

    assert status == 401
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cache-Control"] == "no-store"
    content = json.loads(text)
    assert content["error"] == "Unauthorized"
    assert content["requestId"] == headers["x-amzn-requestid"]


def test_an_id_token_lacks_the_scope(api: Api, pool: Any) -> None:
    tokens = pool.join("idtoken@example.test")

    status, _, _ = api.call(
        "GET", "/profiles/u1", headers={"Authorization": f"Bearer {tokens['IdToken']}"}
    )

    assert status == 401


@pytest.mark.parametrize("path", ["/nowhere", "/profiles", "/", "/health/more"])
def test_an_unknown_path_is_answered_by_a_mock_with_its_request_id(api: Api, path: str) -> None:
    status, headers, text = api.call("GET", path)

    assert status == 404
    assert headers["Access-Control-Allow-Origin"] == "*"
    content = json.loads(text)
    assert content["error"] == "Not found"
    assert len(content["requestId"]) == 36
    assert content["requestId"] == headers["x-amzn-requestid"]


def test_a_wrong_method_is_answered_by_a_mock(api: Api) -> None:
    status, headers, text = api.call("DELETE", "/profiles/u1")

    assert status == 405
    assert headers["Allow"] == "GET, PUT"
    assert json.loads(text)["error"] == "Method not allowed"


def test_a_preflight_is_answered_without_a_body(api: Api) -> None:
    status, headers, text = api.call("OPTIONS", "/profiles/u1")

    assert (status, text) == (204, "")
    assert headers["Access-Control-Allow-Methods"] == "GET,PUT"


@pytest.mark.parametrize("body", [b"raise", b"malformed"])
def test_a_failing_function_shows_nothing_of_itself(api: Api, body: bytes) -> None:
    status, headers, text = api.call("GET", "/health", body)

    assert status == 502
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "secret" not in text
    content = json.loads(text)
    assert content["error"] == "Internal server error"
    assert len(content["requestId"]) == 36
    assert not [name for name in headers if "vestibule" in name.lower()]


def test_a_body_of_a_megabyte_reaches_the_function_and_ten_do_not(api: Api) -> None:
    status, _, text = api.call("GET", "/health", b"x" * 1_000_001)
    assert (status, json.loads(text)["size"]) == (200, 1_000_001)

    status, headers, text = api.call("GET", "/health", b"x" * (10 * 1024 * 1024 + 1))
    assert status == 413
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(text)["error"] == "Request Entity Too Large"


def test_an_iam_method_takes_signatures_of_roles_that_may(api: Api, emulator: Any) -> None:
    def signed(key: str, secret: str) -> dict[str, str]:
        url = f"{emulator.url}/restapis/{api.id}/api/_user_request_/signed/me"
        request = AWSRequest("GET", url)
        SigV4Auth(Credentials(key, secret), "execute-api", "us-east-1").add_auth(request)
        return dict(request.headers)

    iam = emulator.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]

    assert api.call("GET", "/signed/me", headers=signed("000000000000", "x"))[0] == 200
    assert api.call("GET", "/signed/me")[0] == 403
    status, headers, text = api.call(
        "GET", "/signed/me", headers=signed(key["AccessKeyId"], key["SecretAccessKey"])
    )
    assert status == 403
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "error" in json.loads(text)


def test_putting_the_same_document_again_changes_nothing(api: Api) -> None:
    before = api.tree()

    api.put(api.document)

    after = api.tree()
    assert {path: item["id"] for path, item in after.items()} == {
        path: item["id"] for path, item in before.items()
    }
    assert {path: set(item.get("resourceMethods", {})) for path, item in after.items()} == {
        path: set(item.get("resourceMethods", {})) for path, item in before.items()
    }
    assert len(api.control.get_authorizers(restApiId=api.id)["items"]) == 1


def test_what_a_document_no_longer_names_goes(api: Api) -> None:
    smaller = copy.deepcopy(api.document)
    del smaller["paths"]["/signed/{proxy+}"]
    del smaller["paths"]["/profiles/{userId}"]["put"]
    del smaller["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]

    api.put(smaller)
    tree = api.tree()
    kinds = {
        item["responseType"]
        for item in api.control.get_gateway_responses(restApiId=api.id)["items"]
        if not item["defaultResponse"]
    }
    api.put(api.document)

    assert "/signed" not in tree
    assert set(tree["/profiles/{userId}"]["resourceMethods"]) == {"GET", "OPTIONS", "ANY"}
    assert kinds == {"DEFAULT_4XX", "DEFAULT_5XX", "ACCESS_DENIED"}
    assert "/signed/{proxy+}" in api.tree()


def break_security(content: dict[str, Any]) -> None:
    content["paths"]["/health"]["get"]["security"] = [{"nobody": []}]


def break_integration(content: dict[str, Any]) -> None:
    del content["paths"]["/health"]["get"]["x-amazon-apigateway-integration"]


def break_paths(content: dict[str, Any]) -> None:
    del content["paths"]


@pytest.mark.parametrize("break_it", [break_security, break_integration, break_paths])
def test_a_document_that_cannot_be_imported_changes_nothing(
    api: Api, break_it: Callable[[dict[str, Any]], None]
) -> None:
    before = api.tree()
    broken = copy.deepcopy(api.document)
    broken["info"]["title"] = "never"
    break_it(broken)

    with pytest.raises(ClientError) as refused:
        api.put(broken)

    assert refused.value.response["Error"]["Code"] == "BadRequestException"
    assert api.tree() == before


def test_an_api_that_does_not_exist_is_not_found(api: Api) -> None:
    with pytest.raises(ClientError) as refused:
        api.control.put_rest_api(restApiId="nowhere0", mode="overwrite", body=b"{}")

    assert refused.value.response["Error"]["Code"] == "NotFoundException"


def test_whoever_may_not_put_an_api_does_not(api: Api, emulator: Any) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = emulator.client(
        "apigateway",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    with pytest.raises(ClientError) as refused:
        reader.put_rest_api(restApiId=api.id, mode="overwrite", body=b'{"paths": {}}')

    assert "AccessDenied" in refused.value.response["Error"]["Code"]
    assert "/health" in api.tree()


def test_a_whole_api_is_imported_in_one_call(api: Api, emulator: Any) -> None:
    made = api.control.import_rest_api(body=json.dumps(api.document).encode())
    imported = Api(emulator, made["id"], api.document)
    imported.deploy()

    assert made["name"] == "door-bell"
    assert imported.call("GET", "/health")[0] == 200
    assert imported.call("GET", "/profiles/u1")[0] == 401


def test_a_document_twice_as_large_takes_about_twice_as_long_to_put(
    api: Api, emulator: Any
) -> None:
    """It would be four times, if each path looked at all others."""

    def seconds(paths: int) -> float:
        document = copy.deepcopy(api.document)
        for number in range(paths):
            document["paths"][f"/things/{number}/{{id}}"] = document["paths"]["/profiles/{userId}"]
        target = Api(emulator, api.control.create_rest_api(name=f"of-{paths}")["id"], document)
        started = time.perf_counter()
        target.put(document)
        took = time.perf_counter() - started
        assert f"/things/{paths - 1}/{{id}}" in target.tree()
        return took

    seconds(2)
    # The best of some, by turns: the others say how busy the machine is.
    taken = [(seconds(20), seconds(40)) for _ in range(3)]
    smaller, larger = map(min, zip(*taken, strict=True))
    assert larger < 3.5 * smaller


def test_an_unchanged_path_is_never_missing_while_a_document_is_put(api: Api) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as crowd:
        puts = [crowd.submit(api.put, api.document) for _ in range(10)]
        calls = [crowd.submit(api.call, "DELETE", "/profiles/u1") for _ in range(60)]

        assert {call.result()[0] for call in calls} == {405}
        for put in puts:
            put.result()
