"""What every function is made of: clients, the table, the rules."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.table import Table
from vestibule.policy.source import PolicySource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.aws import AwsClient
    from vestibule.platform.settings import Settings

    MakeClient = Callable[[str], AwsClient]


class Parts:
    def __init__(
        self, client: MakeClient, *, table_name: str, policy_parameter: str | None
    ) -> None:
        """`client` makes one for a service: how long its calls may take is the function's own."""
        self.client = client
        self.table = Table(client("dynamodb"), table_name)
        ssm = None if policy_parameter is None else client("ssm")
        self.policies = PolicySource(ssm, policy_parameter)

    @classmethod
    def of(cls, settings: Settings, make: Callable[..., AwsClient]) -> Parts:
        """Put a function's parts together, and make its logs and metrics ready.

        `make` is AwsClient or one like it; region and endpoint are given to it.
        """
        logs.configure(settings.log_level)
        metrics.configure(settings.metrics_namespace, settings.environment)

        def client(service: str) -> AwsClient:
            return make(service, region=settings.region, endpoint_url=settings.endpoint_url)

        return cls(
            client, table_name=settings.table_name, policy_parameter=settings.policy_parameter
        )
