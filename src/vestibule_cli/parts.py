"""What commands are made of that work on a running stack as its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestibule.functions.parts import Parts
from vestibule.platform.aws import AwsClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.credentials import Credentials
    from vestibule_cli.outputs import Outputs


def client(outputs: Outputs, credentials: Credentials) -> Callable[[str], AwsClient]:
    return lambda service: AwsClient(
        service,
        region=outputs.region,
        endpoint_url=outputs.aws_endpoint_url,
        credentials=lambda: credentials,
    )


def parts(outputs: Outputs, credentials: Credentials) -> Parts:
    return Parts(
        client(outputs, credentials),
        table_name=outputs.table_name,
        policy_parameter=outputs.policy_parameter,
    )
