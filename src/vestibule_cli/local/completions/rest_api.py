"""PutRestApi and ImportRestApi: a whole OpenAPI document in one call.

The emulator has the single calls (CreateResource, PutMethod...) and imports an empty API. The
document is translated into those, in an order that never yields to another request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Control = Callable[..., Awaitable[Any]]
    Json = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTHTYPE = "x-amazon-apigateway-authtype"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
INTEGRATION_FIELDS = (
    "uri",
    "httpMethod",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "timeoutInMillis",
    "contentHandling",
    "connectionType",
    "cacheKeyParameters",
)


class BadDocument(Exception):
    """The document cannot be imported. AWS answers BadRequestException."""


@dataclass(slots=True)
class Importer:
    """Makes one API be what a document says; what it does not name is removed."""

    control: Control
    api_id: str
    document: Json
    _authorizations: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def run(self) -> Json:
        """The API as GetRestApi gives it."""
        self._check()
        old = await self._items("authorizers")
        for name, scheme in self._schemes().items():
            await self._scheme(name, scheme)
        resources = await self._resources()
        for path, item in self._paths().items():
            await self._methods(resources.pop(path), item)
        # Longest paths first: a resource goes after those below it. The rest are only parents.
        wanted = self._needed_paths()
        for path, resource in sorted(resources.items(), key=lambda entry: -len(entry[0])):
            for method in resource.get("resourceMethods") or {}:
                await self._call("DELETE", f"resources/{resource['id']}/methods/{method}")
            if path not in wanted:
                await self._call("DELETE", f"resources/{resource['id']}")
        for authorizer in old:
            await self._call("DELETE", f"authorizers/{authorizer['id']}")
        await self._gateway_responses()
        await self._settings()
        found: Json = await self.control("GET", f"/restapis/{self.api_id}")
        return found

    def _check(self) -> None:
        if not isinstance(self.document.get("paths"), dict):
            raise BadDocument("Invalid OpenAPI input: paths is missing")
        for path, item in self._paths().items():
            if not path.startswith("/") or not isinstance(item, dict):
                raise BadDocument(f"Invalid OpenAPI input: unable to parse path {path}")
            for method, operation in item.items():
                if method in (*METHODS, ANY) and not isinstance(operation.get(INTEGRATION), dict):
                    raise BadDocument(f"No integration defined for method: {method} {path}")
                if method in (*METHODS, ANY):
                    self._check_security(operation, path)

    def _check_security(self, operation: Json, path: str) -> None:
        for requirement in operation.get("security", self.document.get("security")) or []:
            for name in requirement:
                if name not in self._schemes():
                    raise BadDocument(f"Unable to find security scheme {name} for {path}")

    def _paths(self) -> dict[str, Any]:
        return {_clean(path): item for path, item in self.document["paths"].items()}

    def _needed_paths(self) -> set[str]:
        """Each path of the document and everything above it."""
        needed = {"/"}
        for path in self._paths():
            pieces = path.strip("/").split("/")
            needed |= {"/" + "/".join(pieces[: count + 1]) for count in range(len(pieces))}
        return needed

    def _schemes(self) -> dict[str, Any]:
        components = self.document.get("components") or {}
        found: dict[str, Any] = (
            components.get("securitySchemes") or self.document.get("securityDefinitions") or {}
        )
        return found

    async def _scheme(self, name: str, scheme: Json) -> None:
        kind = str(scheme.get(AUTHTYPE, "")).lower()
        extension = scheme.get(AUTHORIZER)
        if not isinstance(extension, dict):
            if kind == "awssigv4":
                self._authorizations[name] = {"authorizationType": "AWS_IAM"}
            elif str(scheme.get("name", "")).lower() == "x-api-key":
                self._authorizations[name] = {"apiKeyRequired": True}
            return
        authorizer = {
            **extension,
            "name": name,
            "type": str(extension.get("type", "")).upper(),
            "authType": kind,
            "identitySource": extension.get("identitySource") or _identity_source(scheme),
        }
        made = await self._call("POST", "authorizers", authorizer)
        is_pool = authorizer["type"] == "COGNITO_USER_POOLS"
        self._authorizations[name] = {
            "authorizationType": "COGNITO_USER_POOLS" if is_pool else "CUSTOM",
            "authorizerId": made["id"],
        }

    async def _resources(self) -> dict[str, dict[str, Any]]:
        """Every resource by path, those that are missing made. Ids of the others stay."""
        by_path = {found["path"]: found for found in await self._items("resources")}
        for path in sorted(self._needed_paths(), key=len):
            if path not in by_path:
                above, _, last = path.rpartition("/")
                parent = by_path[above or "/"]["id"]
                by_path[path] = await self._call("POST", f"resources/{parent}", {"pathPart": last})
        return by_path

    async def _methods(self, resource: Json, item: Json) -> None:
        wanted = {
            "ANY" if name == ANY else name.upper(): operation
            for name, operation in item.items()
            if name in (*METHODS, ANY)
        }
        for method in list(resource.get("resourceMethods") or {}):
            if method not in wanted:
                await self._call("DELETE", f"resources/{resource['id']}/methods/{method}")
        for method, operation in wanted.items():
            await self._method(f"resources/{resource['id']}/methods/{method}", operation)

    async def _method(self, place: str, operation: Json) -> None:
        await self._call("PUT", place, self._method_settings(operation))
        for status, response in (operation.get("responses") or {}).items():
            headers = (response or {}).get("headers") or {}
            await self._call(
                "PUT",
                f"{place}/responses/{_status(status)}",
                {"responseParameters": {f"method.response.header.{h}": False for h in headers}},
            )
        await self._integration(place, operation[INTEGRATION])

    def _method_settings(self, operation: Json) -> dict[str, Any]:
        settings: dict[str, Any] = {"authorizationType": "NONE"}
        security = operation.get("security", self.document.get("security")) or []
        for requirement in security:
            for name, scopes in requirement.items():
                settings |= self._authorizations.get(name, {})
                if scopes:
                    settings["authorizationScopes"] = list(scopes)
        if operation.get("operationId"):
            settings["operationName"] = operation["operationId"]
        return settings

    async def _integration(self, place: str, integration: Json) -> None:
        content = {name: integration[name] for name in INTEGRATION_FIELDS if name in integration}
        content["type"] = str(integration.get("type", "")).upper()
        if "passthroughBehavior" in content:
            content["passthroughBehavior"] = content["passthroughBehavior"].upper()
        await self._call("PUT", f"{place}/integration", content)
        for pattern, response in (integration.get("responses") or {}).items():
            status = str(response["statusCode"])
            answer = {
                "selectionPattern": "" if pattern == "default" else pattern,
                "responseParameters": response.get("responseParameters") or {},
                "responseTemplates": response.get("responseTemplates") or {},
            }
            await self._call("PUT", f"{place}/integration/responses/{status}", answer)

    async def _gateway_responses(self) -> None:
        wanted = self.document.get(GATEWAY_RESPONSES) or {}
        held = await self.control("GET", f"/restapis/{self.api_id}/gatewayresponses")
        for response in held["item"]:
            kind = response["responseType"]
            if kind not in wanted and not response.get("defaultResponse"):
                await self._call("DELETE", f"gatewayresponses/{kind}")
        for kind, response in wanted.items():
            await self._call("PUT", f"gatewayresponses/{kind}", dict(response))

    async def _settings(self) -> None:
        info = self.document.get("info") or {}
        changes = {"/name": info.get("title"), "/version": info.get("version")}
        if "description" in info:
            changes["/description"] = info["description"]
        types = self.document.get("x-amazon-apigateway-binary-media-types")
        operations: list[dict[str, Any]] = [
            {"op": "replace", "path": path, "value": value}
            for path, value in changes.items()
            if value is not None
        ]
        if types is not None:
            operations.append({"op": "replace", "path": "/binaryMediaTypes", "value": types})
        await self.control("PATCH", f"/restapis/{self.api_id}", {"patchOperations": operations})

    async def _items(self, kind: str) -> list[dict[str, Any]]:
        found = await self.control("GET", f"/restapis/{self.api_id}/{kind}")
        return list(found.get("item") or found.get("items") or [])

    async def _call(self, method: str, place: str, content: Json | None = None) -> Any:
        return await self.control(method, f"/restapis/{self.api_id}/{place}", content)


def parse(body: bytes) -> Json:
    """JSON only: what Terraform and this project send."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise BadDocument(f"Invalid OpenAPI input: {error}") from error
    if not isinstance(document, dict):
        raise BadDocument("Invalid OpenAPI input: not an object")
    return document


def _clean(path: str) -> str:
    return path.rstrip("/") or "/"


def _identity_source(scheme: Json) -> str:
    place = "querystring" if scheme.get("in") == "query" else "header"
    return f"method.request.{place}.{scheme.get('name') or 'Authorization'}"


def _status(key: str) -> str:
    return "200" if key == "default" else key
