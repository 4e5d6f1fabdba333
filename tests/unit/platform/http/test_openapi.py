"""The document says what the routes do, in the words that API Gateway imports."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from openapi_spec_validator import validate

from vestibule.platform.authorization import PUBLIC, RULES, SELF_OR_ADMIN, SIGNED_IN
from vestibule.platform.http import openapi, schemas
from vestibule.platform.http.response import Response, no_content
from vestibule.platform.http.routes import IF_MATCH, PAGE, Routes
from vestibule.platform.http.schemas import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vestibule.platform.http.request import Request

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
SCOPES = ["aws.cognito.signin.user.admin", "vestibule/api"]
# What API Gateway refuses in a model, or forgets.
REFUSED = {
    "$defs",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "deprecated",
    "discriminator",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
}
HERE = __name__


class Owner(Struct):
    """Whose thing it is."""

    name: str


class Thing(Struct, rename="camel", forbid_unknown_fields=True):
    """Something to have."""

    thing_id: Annotated[str, Meta(pattern="^[a-z]+$", min_length=1, max_length=9)]
    owner: Owner | None
    color: Literal["red", "blue"] | UnsetType = UNSET
    note: Annotated[str, Meta(description="Any text.")] | UnsetType | None = UNSET
    sizes: list[Annotated[int, Meta(gt=0, lt=10)]] = []
    layout: dict[str, Any] = {}
    maker: Annotated[Owner, Meta(description="Who made it.")] | UnsetType = UNSET
    kind: Literal["thing"] = "thing"


class Things(Struct):
    things: list[Thing]


def handler(_request: Request) -> Response:
    return no_content()


@pytest.fixture(autouse=True)
def _types_of_this_module(monkeypatch: pytest.MonkeyPatch) -> None:
    types = {"Thing": Thing, "Things": Things, "Owner": Owner}
    load = schemas.load
    monkeypatch.setattr(
        schemas,
        "load",
        lambda name: types[name.partition(":")[2]] if name.startswith(HERE) else load(name),
    )


def things() -> Routes:
    routes = Routes()
    thing = f"{HERE}:Thing"
    routes.add(
        "GET",
        "/things",
        handler,
        rule=SIGNED_IN,
        summary="List things.",
        answers={200: f"{HERE}:Things"},
        parameters=PAGE,
    )
    routes.add(
        "POST",
        "/things",
        handler,
        rule=SIGNED_IN,
        summary="Make a thing.",
        answers={201: thing},
        body=thing,
        refusals=(409,),
    )
    routes.add(
        "PUT",
        "/things/{thingId}",
        handler,
        rule=SELF_OR_ADMIN,
        summary="Change a thing.",
        answers={200: thing},
        body=thing,
        parameters=(IF_MATCH,),
    )
    routes.add(
        "DELETE",
        "/things/{thingId}/parts/{partId}",
        handler,
        rule=SIGNED_IN,
        summary="Remove a part.",
        answers={204: None},
        tag="parts",
    )
    routes.add("GET", "/health", handler, rule=PUBLIC, summary="Tell.", answers={200: None})
    return routes


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi.document(things(), "1.2.3")


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, node
    if isinstance(node, (dict, list)):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for name, member in pairs:
            yield from walk(member, (*path, str(name)))


def schema_nodes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema, and none of the objects whose keys are names of properties."""
    for path, node in walk(document["components"]["schemas"]):
        if isinstance(node, dict) and path and path[-1] != "properties":
            yield node


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.0.1"
    assert document["info"]["version"] == "1.2.3"
    # The standard knows no greedy parameter; the gateway names `{proxy+}` by `proxy`.
    validate(json.loads(json.dumps(document).replace("{proxy+}", "{proxy}")))


def test_the_same_routes_make_the_same_bytes_in_whatever_order_they_came() -> None:
    class Shuffled(Routes):
        def __iter__(self) -> Iterator[Any]:
            routes = list(super().__iter__())
            random.shuffle(routes)
            return iter(routes)

    written = openapi.text(openapi.document(things(), "1"))

    assert openapi.text(openapi.document(Shuffled(things()), "1")) == written
    assert written.endswith("}\n")
    assert json.loads(written) == openapi.document(things(), "1")


def test_the_document_holds_no_account_facts(document: dict[str, Any]) -> None:
    integrations = [
        operation[INTEGRATION]
        for _, _, operation in operations(document)
        if operation[INTEGRATION]["type"] == "aws_proxy"
    ]

    assert {integration["uri"] for integration in integrations} == {"api"}
    cognito = document["components"]["securitySchemes"]["cognito"]
    assert cognito["x-amazon-apigateway-authorizer"]["providerARNs"] == ["user_pool"]
    assert "arn:" not in json.dumps(document)


def test_every_route_is_there_with_who_may_call_it(document: dict[str, Any]) -> None:
    for route in things():
        operation = document["paths"][route.resource][route.method.lower()]
        assert operation["summary"] == route.summary
        assert operation["x-vestibule-authorization"] == {
            "rule": route.rule.name,
            "text": route.rule.text,
        }
        assert operation[INTEGRATION] == {"type": "aws_proxy", "httpMethod": "POST", "uri": "api"}
    assert {rule.name for rule in RULES} >= {"public", "signed-in", "self-or-admin"}


def test_every_route_that_is_not_public_needs_a_token_with_one_of_the_scopes(
    document: dict[str, Any],
) -> None:
    for route in things():
        security = document["paths"][route.resource][route.method.lower()]["security"]
        assert security == ([] if route.rule is PUBLIC else [{"cognito": SCOPES}])


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for _, _, operation in operations(document)
        if "operationId" in operation
    ]

    assert len(set(names)) == len(names) == len(things())
    assert "deleteThingsThingIdPartsPartId" in names


def test_what_a_route_takes_is_described(document: dict[str, Any]) -> None:
    paths = document["paths"]
    listed = {parameter["name"]: parameter for parameter in paths["/things"]["get"]["parameters"]}
    changed = paths["/things/{thingId}"]["put"]

    assert listed["limit"]["schema"] == {"type": "integer"}
    assert listed["nextToken"]["in"] == "query"
    assert [(given["name"], given["in"]) for given in changed["parameters"]] == [
        ("thingId", "path"),
        ("If-Match", "header"),
    ]
    assert changed["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/things", "get", {200, 400, 401, 403, 429, 500, 503}),
        ("/things", "post", {201, 400, 401, 403, 409, 413, 415, 429, 500, 503}),
        ("/things/{thingId}", "put", {200, 400, 401, 403, 412, 413, 415, 429, 500, 503}),
        ("/things/{thingId}/parts/{partId}", "delete", {204, 400, 401, 403, 429, 500, 503}),
        ("/health", "get", {200, 429, 500, 503}),
    ],
)
def test_what_a_route_answers_is_described(
    document: dict[str, Any], path: str, method: str, statuses: set[int]
) -> None:
    answers = document["paths"][path][method]["responses"]

    assert {int(status) for status in answers} == statuses
    for status, answer in answers.items():
        if int(status) >= 400:
            schema = answer["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/things", {"GET", "POST", "OPTIONS"}),
        ("/health", {"GET", "OPTIONS"}),
        ("/things/{thingId}", {"PUT", "OPTIONS"}),
        ("/signed/{proxy+}", {"DELETE", "GET", "POST", "PUT", "OPTIONS"}),
        ("/{proxy+}", {"DELETE", "GET", "POST", "PUT", "OPTIONS"}),
    ],
)
def test_a_browsers_preflight_is_told_the_methods(
    document: dict[str, Any], path: str, methods: set[str]
) -> None:
    answer = document["paths"][path]["options"][INTEGRATION]["responses"]["default"]

    allowed = answer["responseParameters"]["method.response.header.Access-Control-Allow-Methods"]
    assert set(allowed.strip("'").split(",")) == methods


def test_every_path_answers_a_preflight_without_a_token(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        answer = item["options"][INTEGRATION]["responses"]["default"]
        sent = answer["responseParameters"]
        headers = sent["method.response.header.Access-Control-Allow-Headers"].strip("'").split(",")
        assert sent["method.response.header.Access-Control-Allow-Origin"] == "'*'"
        assert {"Authorization", "Content-Type", "If-Match"} <= set(headers)
        assert "security" not in item["options"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/things", 405),
        ("/things/{thingId}", 405),
        ("/health", 405),
        ("/", 404),
        ("/{proxy+}", 404),
        ("/signed", 404),
        ("/things/{thingId}/parts", 404),
    ],
)
def test_wrong_methods_and_paths_are_answered_by_mocks(
    document: dict[str, Any], path: str, status: int
) -> None:
    operation = document["paths"][path][ANY]

    integration = operation[INTEGRATION]
    answer = integration["responses"]["default"]
    assert "security" not in operation
    assert integration["type"] == "mock"
    assert answer["statusCode"] == str(status)
    assert json.loads(integration["requestTemplates"]["application/json"]) == {"statusCode": status}
    assert {"application/json", "text/plain"} <= integration["requestTemplates"].keys()
    body = json.loads(answer["responseTemplates"]["application/json"])
    assert (body["details"], body["requestId"]) == ([], "$context.requestId")
    assert (
        answer["responseParameters"]["method.response.header.Access-Control-Allow-Origin"] == "'*'"
    )
    allow = answer["responseParameters"].get("method.response.header.Allow")
    assert (allow is not None) == (status == 405)


def test_a_wrong_method_is_told_which_there_are(document: dict[str, Any]) -> None:
    answer = document["paths"]["/things"][ANY][INTEGRATION]["responses"]["default"]

    assert answer["responseParameters"]["method.response.header.Allow"] == "'GET, OPTIONS, POST'"


def test_every_header_that_a_mock_sends_is_declared(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        for answer in operation[INTEGRATION].get("responses", {}).values():
            declared = operation["responses"][answer["statusCode"]]["headers"]
            sent = {name.rpartition(".")[2] for name in answer["responseParameters"]}
            assert sent == set(declared)


def test_signed_calls_of_any_method_reach_the_function(document: dict[str, Any]) -> None:
    operation = document["paths"]["/signed/{proxy+}"][ANY]

    assert operation["security"] == [{"sigv4": []}]
    assert operation[INTEGRATION]["type"] == "aws_proxy"
    assert [parameter["name"] for parameter in operation["parameters"]] == ["proxy"]
    schemes = document["components"]["securitySchemes"]
    assert schemes["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"
    assert schemes["cognito"]["x-amazon-apigateway-authtype"] == "cognito_user_pools"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("DEFAULT_4XX", None),
        ("DEFAULT_5XX", None),
        ("UNAUTHORIZED", "401"),
        ("ACCESS_DENIED", "403"),
        ("EXPIRED_TOKEN", "403"),
        ("MISSING_AUTHENTICATION_TOKEN", "403"),
        ("THROTTLED", "429"),
        ("WAF_FILTERED", "403"),
        ("INTEGRATION_FAILURE", "504"),
        ("INTEGRATION_TIMEOUT", "504"),
        ("REQUEST_TOO_LARGE", "413"),
        ("UNSUPPORTED_MEDIA_TYPE", "415"),
    ],
)
def test_the_gateways_own_refusals_have_our_shape(
    document: dict[str, Any], kind: str, status: str | None
) -> None:
    response = document["x-amazon-apigateway-gateway-responses"][kind]

    assert response.get("statusCode") == status
    body = json.loads(response["responseTemplates"]["application/json"])
    assert body.keys() == {"error", "details", "requestId"}
    headers = response["responseParameters"]
    assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'"


def test_models_keep_to_what_the_gateway_knows(document: dict[str, Any]) -> None:
    assert all(name.isalnum() for name in document["components"]["schemas"])
    for schema in schema_nodes(document):
        assert not REFUSED & schema.keys()
        assert schema.keys() == {"$ref"} or "$ref" not in schema
        assert schema.get("format") not in {"int32", "int64"}
        assert isinstance(schema.get("type", ""), str)


def test_every_reference_leads_to_a_model(document: dict[str, Any]) -> None:
    references = {
        node["$ref"] for _, node in walk(document) if isinstance(node, dict) and "$ref" in node
    }

    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_a_type_becomes_its_model(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["Thing"] == {
        "description": "Something to have.",
        "type": "object",
        "required": ["owner", "thingId"],
        "properties": {
            "thingId": {"type": "string", "pattern": "^[a-z]+$", "minLength": 1, "maxLength": 9},
            "owner": {
                "description": "Whose thing it is.",
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "nullable": True,
            },
            "color": {"type": "string", "enum": ["blue", "red"]},
            "note": {"type": "string", "description": "Any text.", "nullable": True},
            "sizes": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 9},
            },
            "layout": {"type": "object"},
            "maker": {"$ref": "#/components/schemas/Owner"},
            "kind": {"type": "string", "enum": ["thing"]},
        },
    }


class Lenient(Struct):
    note: str = ""


def test_a_type_that_needs_nothing_requires_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "load", lambda _name: Lenient)

    assert schemas.components(["any:Lenient"])["Lenient"] == {
        "type": "object",
        "properties": {"note": {"type": "string"}},
    }


class Either(Struct):
    value: int | str


class Fraction(Struct):
    value: Annotated[float, Meta(gt=0)]


class Anything(Struct):
    value: Any


class Pair(Struct):
    value: tuple[int, str]


class Under_scored(Struct):  # noqa: N801 - the name is what is tested
    value: int


@pytest.mark.parametrize("type_", [Either, Fraction, Anything, Pair, Under_scored])
def test_a_type_that_the_gateway_would_not_take_is_refused_here(
    type_: type[Struct], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "load", lambda _name: type_)

    with pytest.raises(SchemaError, match=type_.__name__):
        schemas.components(["any:Name"])


def test_a_type_is_found_by_its_name() -> None:
    assert schemas.load("vestibule.platform.http.answers:Error").__name__ == "Error"
    with pytest.raises(SchemaError):
        schemas.load("vestibule.platform.http.answers:__doc__")


def test_a_form_and_a_page_are_described_by_their_types() -> None:
    routes = Routes()
    routes.add(
        "POST",
        "/forms",
        handler,
        rule=PUBLIC,
        summary="Take a form.",
        form=f"{HERE}:Owner",
        answers={200: f"{HERE}:Thing"},
        pages=(200, 400),
    )

    document = openapi.document(routes, "1")

    operation = document["paths"]["/forms"]["post"]
    schema = {"schema": {"$ref": "#/components/schemas/Owner"}}
    assert operation["requestBody"]["content"] == {
        "application/x-www-form-urlencoded": schema,
        "multipart/form-data": schema,
    }
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/html"}
    assert set(operation["responses"]["400"]["content"]) == {"application/json", "text/html"}
    assert {"413", "415"} <= operation["responses"].keys()
    validate(json.loads(json.dumps(document).replace("{proxy+}", "{proxy}")))


def test_where_to_find_what_was_asked_for_is_described() -> None:
    routes = Routes()
    routes.add(
        "POST",
        "/orders",
        handler,
        rule=PUBLIC,
        summary="Order a thing.",
        answers={200: f"{HERE}:Thing", 202: f"{HERE}:Thing"},
        locates=(202,),
    )

    responses = openapi.document(routes, "1")["paths"]["/orders"]["post"]["responses"]

    assert responses["202"]["headers"]["Location"]["schema"] == {"type": "string"}
    assert [status for status, one in responses.items() if "headers" in one] == ["202"]
