"""The root base path mapping: Terraform creates it as "" and reads it as "(none)"."""

from __future__ import annotations

import json


def is_creation(method: str, path: str) -> bool:
    return method == "POST" and path.startswith("/domainnames/") and path.endswith("mappings")


def with_root_named(body: bytes) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if isinstance(content, dict) and content.get("basePath") == "":
        content["basePath"] = "(none)"
        return json.dumps(content).encode()
    return body
