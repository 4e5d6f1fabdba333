"""The one place where the API's parts are put together: settings in, an `Api` out."""

from __future__ import annotations

from vestibule.accounts import routes as account_routes
from vestibule.accounts.service import AccountService
from vestibule.accounts.store import TableAccountStore
from vestibule.activity import routes as activity_routes
from vestibule.activity.store import TableActivity
from vestibule.functions.invitation_mail import SesInvitations
from vestibule.functions.parts import Parts
from vestibule.invitations import routes as invitation_routes
from vestibule.invitations.service import InvitationService
from vestibule.invitations.store import TableInvitationStore
from vestibule.organizations import routes as organization_routes
from vestibule.organizations.service import OrganizationService
from vestibule.organizations.store import TableOrganizationStore
from vestibule.platform.budget import Budget, BudgetedClient
from vestibule.platform.http import health
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api
from vestibule.platform.http.routes import Routes
from vestibule.platform.values import frozen
from vestibule.profiles import routes as profile_routes
from vestibule.profiles.accounts import CognitoAccounts
from vestibule.profiles.service import ProfileService
from vestibule.profiles.store import TableProfileStore, TableRecords

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from vestibule.accounts.ports import Sessions
    from vestibule.invitations.ports import InvitationMail
    from vestibule.platform.settings import Settings
    from vestibule.platform.table import Table
    from vestibule.policy.model import Policy
    from vestibule.profiles.ports import Accounts

    class SignInAccounts(Accounts, Sessions, Protocol):
        """All that the API's services ask of the user pool."""


@frozen
class Services:
    """Everything that routes ask."""

    profiles: ProfileService
    organizations: OrganizationService
    invitations: InvitationService
    accounts: AccountService
    activity: TableActivity


def api(settings: Settings) -> Api:
    budget = Budget()

    def client(service: str, **place: Any) -> BudgetedClient:
        return BudgetedClient(service, budget=budget, **place)

    parts = Parts.of(settings, client)
    accounts = CognitoAccounts(parts.client("cognito-idp"), settings.user_pool_id)
    mail = SesInvitations.of(settings, budget.left)
    return Api(
        routes(services(parts.table, accounts, parts.policies.current, mail), settings.version),
        records=TableRecords(parts.table),
        signed_callers=SignedCallers(
            user_pool_id=settings.user_pool_id, identity_pool_id=settings.identity_pool_id
        ),
        budget=budget,
    )


def services(
    table: Table,
    accounts: SignInAccounts,
    policy: Callable[[], Policy],
    mail: InvitationMail | None = None,
) -> Services:
    organizations = TableOrganizationStore(table)
    organization_service = OrganizationService(organizations, policy)
    activity = TableActivity(table)
    return Services(
        profiles=ProfileService(TableProfileStore(table), accounts, history=activity),
        organizations=organization_service,
        invitations=InvitationService(TableInvitationStore(table), organizations, policy, mail),
        accounts=AccountService(
            TableAccountStore(table),
            accounts,
            activity,
            roles=lambda: policy().roles,
            organization=organization_service.own,
            memberships=organization_service.memberships,
        ),
        activity=activity,
    )


def routes(asked: Services, version: str) -> Routes:
    return Routes(
        health.routes(version),
        profile_routes.routes(asked.profiles, asked.organizations),
        account_routes.routes(asked.accounts),
        activity_routes.routes(asked.activity),
        organization_routes.routes(asked.organizations),
        invitation_routes.routes(asked.invitations),
    )


def document(version: str) -> dict[str, Any]:
    """Write the API's OpenAPI document. Needs no settings and reaches no service."""
    from vestibule.platform.http import openapi  # noqa: PLC0415 - imports msgspec; functions never do

    return openapi.document(routes(described(), version), version)


def described() -> Services:
    """Stand for the services where routes are described and none is called."""
    nobody: Any = None
    return Services(nobody, nobody, nobody, nobody, nobody)
