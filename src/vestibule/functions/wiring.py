"""The one place where the API's parts are put together: settings in, an `Api` out."""

from __future__ import annotations

from vestibule.accounts import routes as account_routes
from vestibule.accounts.service import AccountService
from vestibule.accounts.store import TableAccountStore
from vestibule.activity import routes as activity_routes
from vestibule.activity.store import TableActivity
from vestibule.functions.invitation_mail import SesInvitations
from vestibule.functions.parts import Parts
from vestibule.functions.unsubscribe_links import UnsubscribeLinks
from vestibule.invitations import routes as invitation_routes
from vestibule.invitations.service import InvitationService
from vestibule.invitations.store import TableInvitationStore
from vestibule.mail import routes as mail_routes
from vestibule.mail.subscriptions import Subscriptions
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
from vestibule.profiles.store import TableProfileStore, TableRecords, TableSignInNames
from vestibule.vpcs import routes as vpc_routes
from vestibule.vpcs.model import brief_view
from vestibule.vpcs.service import FIRST_REGION, VpcService
from vestibule.vpcs.store import TableVpcStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from vestibule.accounts.ports import Sessions
    from vestibule.invitations.ports import InvitationMail
    from vestibule.mail.subscriptions import Links
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
    subscriptions: Subscriptions
    vpcs: VpcService


def api(settings: Settings) -> Api:
    budget = Budget()

    def client(service: str, **place: Any) -> BudgetedClient:
        return BudgetedClient(service, budget=budget, **place)

    parts = Parts.of(settings, client)
    names = TableSignInNames(parts.table)
    accounts = CognitoAccounts(parts.client("cognito-idp"), settings.user_pool_id, names)
    mail = SesInvitations.of(settings, budget.left, parts.table)
    links = UnsubscribeLinks.of(parts)
    return Api(
        routes(
            services(
                parts.table, accounts, parts.policies.current, mail, links, region=settings.region
            ),
            settings.version,
        ),
        records=TableRecords(parts.table),
        signed_callers=SignedCallers(
            user_pool_id=settings.user_pool_id, identity_pool_id=settings.identity_pool_id
        ),
        budget=budget,
    )


def services(  # noqa: PLR0913 - all that the services share
    table: Table,
    accounts: SignInAccounts,
    policy: Callable[[], Policy],
    mail: InvitationMail | None = None,
    links: Links | None = None,
    *,
    region: str = FIRST_REGION,
) -> Services:
    organizations = TableOrganizationStore(table)
    organization_service = OrganizationService(organizations, policy)
    activity = TableActivity(table)
    vpcs = VpcService(TableVpcStore(table), lambda: policy().vpcs, region)
    return Services(
        profiles=ProfileService(TableProfileStore(table), accounts, history=activity),
        organizations=organization_service,
        invitations=InvitationService(
            TableInvitationStore(table),
            organizations,
            policy,
            mail,
            proven_address=lambda user_id: _proven_address(accounts, user_id),
        ),
        accounts=AccountService(
            TableAccountStore(table),
            accounts,
            activity,
            roles=lambda: policy().roles,
            organization=organization_service.own,
            memberships=organization_service.memberships,
            vpcs=lambda user_id: [brief_view(one) for one in vpcs.made_by(user_id)],
        ),
        activity=activity,
        subscriptions=Subscriptions(table, links),
        vpcs=vpcs,
    )


def _proven_address(accounts: Accounts, user_id: str) -> str:
    account = accounts.find(user_id)
    return account.email or "" if account is not None and account.email_verified else ""


def routes(asked: Services, version: str) -> Routes:
    return Routes(
        health.routes(version),
        profile_routes.routes(asked.profiles, asked.organizations),
        account_routes.routes(asked.accounts),
        activity_routes.routes(asked.activity),
        organization_routes.routes(asked.organizations),
        invitation_routes.routes(asked.invitations),
        mail_routes.routes(asked.subscriptions),
        vpc_routes.routes(asked.vpcs),
    )


def document(version: str) -> dict[str, Any]:
    """Write the API's OpenAPI document. Needs no settings and reaches no service."""
    from vestibule.platform.http import openapi  # noqa: PLC0415 - imports msgspec; functions never do

    return openapi.document(routes(described(), version), version)


def described() -> Services:
    """Stand for the services where routes are described and none is called."""
    nobody: Any = None
    return Services(*[nobody] * len(Services.__match_args__))
