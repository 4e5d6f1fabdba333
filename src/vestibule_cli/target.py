"""The stack that a command works on, and with whose rights: the laptop's, or one on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vestibule.platform.aws import AwsClient
from vestibule.platform.values import frozen
from vestibule_cli.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from vestibule.platform.credentials import Credentials
    from vestibule_cli.outputs import Outputs

# A function sits beside its services; a person may sit an ocean away.
_FAR: Final = {"deadline": 20.0, "attempt_timeout": 10.0}


@frozen
class Target:
    outputs: Outputs
    credentials: Callable[[], Credentials]
    is_on_aws: bool = False

    def client(self, service: str, **options: Any) -> AwsClient:
        return AwsClient(
            service,
            region=self.outputs.region,
            endpoint_url=self.outputs.aws_endpoint_url or None,
            credentials=self.credentials,
            **{**(_FAR if self.is_on_aws else {}), **options},
        )

    def aws(self) -> Aws:
        return Aws(self.outputs.aws_endpoint_url, self.outputs.region, self.credentials)
