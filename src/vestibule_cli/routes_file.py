"""openapi.json as stack.yaml refers to it."""

import json
from pathlib import Path
from typing import Any

SCHEME = "cognito"
REMEDY = "write it with `vestibule openapi`"


def problem(path: Path) -> str | None:
    """What is wrong with the file, or None."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"no such file: {path.name}; {REMEDY}"
    except (OSError, ValueError) as error:
        return f"{path.name} cannot be read ({error}); {REMEDY}"
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        return f"{path.name} has no paths; {REMEDY}"
    return None


def scopes(path: Path) -> frozenset[str]:
    """The scopes of a resource server, `server/scope`, that its methods ask for in a token."""
    if problem(path):
        return frozenset()
    paths: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["paths"]
    return frozenset(
        scope
        for item in paths.values()
        for operation in item.values()
        if isinstance(operation, dict)
        for requirement in operation.get("security", ())
        for scope in requirement.get(SCHEME, ())
        # The rest, such as openid, are of Cognito itself.
        if "/" in scope
    )
