"""What `{ref: X}` in stack.yaml stands for on the laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.stack import Stack


def references(  # noqa: PLR0913 - what only the place knows, by name
    stack: Stack,
    environment: str,
    *,
    identity_pool: str,
    queue_urls: Mapping[str, str],
    secrets: Mapping[str, str],
    site_url: str,
    table: str,
    table_stream: str,
    user_pool: str,
    user_pool_client: str,
    user_service_url: str,
    version: str,
) -> dict[str, str]:
    """Give a value for each name that stack.yaml may refer to. `secrets`: ARNs by key."""
    return {
        "bus": stack.resource(environment),
        # The emulator's SES tells nobody what became of a mail.
        "configuration_set": "",
        "environment": environment,
        "identity_pool": identity_pool,
        "mail_from": stack.mail.from_address,
        "mail_sender": "ses",
        # What is called here, the person at the laptop has named.
        "outbound_hosts": "",
        "policy_parameter": stack.parameter(environment, "policy"),
        "site_url": site_url,
        "table": table,
        "table_stream": table_stream,
        "user_pool": user_pool,
        "user_pool_client": user_pool_client,
        "user_service_url": user_service_url,
        "version": version,
        **{f"queue_url:{key}": url for key, url in queue_urls.items()},
        **{f"secret:{key}": arn for key, arn in secrets.items()},
        **{f"{key}_parameter": stack.parameter(environment, key) for key in stack.parameters},
    }
