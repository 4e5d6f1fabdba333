"""What a running stack is called and where it answers. The names are a contract."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Outputs:
    site_url: str
    api_url: str
    signed_url: str
    inbox_url: str
    aws_endpoint_url: str
    region: str
    account_id: str
    user_pool_id: str
    user_pool_client_id: str
    identity_pool_id: str
    rest_api_id: str
    table_name: str
    policy_parameter: str
    jwks_url: str
    functions: dict[str, str]
    queues: dict[str, str]
    bus_name: str
    secrets: dict[str, str]
    user_service_url: str

    @classmethod
    def of(  # noqa: PLR0913 - the facts the rest follows from
        cls,
        *,
        site_url: str,
        endpoint_url: str,
        region: str,
        account_id: str,
        stage: str,
        rest_api_id: str,
        user_pool_id: str,
        user_pool_client_id: str,
        identity_pool_id: str,
        table_name: str,
        policy_parameter: str,
        functions: Mapping[str, str],
        queues: Mapping[str, str],
        bus_name: str = "",
        secrets: Mapping[str, str] = MappingProxyType({}),
        user_service_url: str = "",
    ) -> Self:
        gateway = f"{endpoint_url}/restapis/{rest_api_id}/{stage}/_user_request_"
        return cls(
            site_url=site_url,
            api_url=f"{site_url}/api",
            # Not through the site: a rewritten path breaks the signature.
            signed_url=f"{gateway}/signed",
            inbox_url=f"{site_url}/inbox",
            aws_endpoint_url=endpoint_url,
            region=region,
            account_id=account_id,
            user_pool_id=user_pool_id,
            user_pool_client_id=user_pool_client_id,
            identity_pool_id=identity_pool_id,
            rest_api_id=rest_api_id,
            table_name=table_name,
            policy_parameter=policy_parameter,
            jwks_url=f"{endpoint_url}/{user_pool_id}/.well-known/jwks.json",
            functions=dict(functions),
            queues=dict(queues),
            bus_name=bus_name,
            secrets=dict(secrets),
            user_service_url=user_service_url,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, path: Path) -> None:
        """Replace the file in one step: a reader sees the old outputs or the new ones."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The outputs last written, or None if there are none that can be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{field.name: found[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, TypeError):
            return None
