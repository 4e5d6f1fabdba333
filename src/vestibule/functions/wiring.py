"""The one place where the API's parts are put together: settings in, an `Api` out."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsClient
from vestibule.platform.http import health
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api
from vestibule.platform.http.routes import Routes
from vestibule.platform.table import Table
from vestibule.profiles import routes as profile_routes
from vestibule.profiles.accounts import CognitoAccounts
from vestibule.profiles.service import ProfileService
from vestibule.profiles.store import TableProfileStore, TableRecords

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vestibule.platform.settings import Settings


def api(settings: Settings) -> Api:
    logs.configure(settings.log_level)
    metrics.configure(settings.metrics_namespace, settings.environment)
    cognito, dynamodb = (
        AwsClient(service, region=settings.region, endpoint_url=settings.endpoint_url)
        for service in ("cognito-idp", "dynamodb")
    )
    table = Table(dynamodb, settings.table_name)
    service = ProfileService(
        TableProfileStore(table), CognitoAccounts(cognito, settings.user_pool_id)
    )
    return Api(
        routes(service, settings.version),
        records=TableRecords(table),
        signed_callers=SignedCallers(
            user_pool_id=settings.user_pool_id, identity_pool_id=settings.identity_pool_id
        ),
    )


def routes(service: ProfileService, version: str) -> Routes:
    return Routes(health.routes(version), profile_routes.routes(service))


def document(version: str) -> dict[str, Any]:
    """Write the API's OpenAPI document. Needs no settings and reaches no service."""
    from vestibule.platform.http import openapi  # noqa: PLC0415 - imports msgspec; functions never do

    nobody: Any = None  # the routes are described, none is called
    return openapi.document(routes(nobody, version), version)
