"""Signing in on Cognito's own pages, and by other providers."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from vestibule_cli.local.completions.triggers import federation
from vestibule_cli.local.completions.triggers.context import Call, answering, current
from vestibule_cli.local.completions.triggers.failures import TriggerFailed
from vestibule_cli.local.emulator_internals.accounts import unguessable
from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule_cli.local.completions.triggers.calls import Triggers
    from vestibule_cli.local.emulator_internals.accounts import Answer, Record

PROVIDER_ANSWERS = ("/saml2/idpresponse", "/oauth2/idpresponse")


def around_sign_in(triggers: Triggers) -> None:
    """PreAuthentication and UserMigration behind the sign-in page, whose errors it shows."""
    cognito, app = part("services.cognito"), part("app")
    authenticate, submit = cognito._authenticate_hosted_ui_user, cognito.handle_login_submit
    handle, reentrant = app._handle_cognito_body_request, part("core.concurrency").run_reentrant

    def authenticate_hosted_ui_user(pool: Record, username: str, password: str) -> Any:
        client_id = current().client_id
        try:
            triggers.before_plain_password(pool, client_id, username, password)
        except TriggerFailed as failure:
            return None, str(failure)
        return authenticate(pool, username, password)

    def handle_login_submit(*args: Any) -> Any:
        form = parse_qs(args[3].decode("utf-8", errors="replace"))
        pending = cognito._pending_user_auth.get(form.get("ua_token", [""])[0]) or {}
        client_id = form.get("client_id", [pending.get("client_id")])[0]
        try:
            with answering(Call("Login", client_id)):
                return submit(*args)
        except TriggerFailed as failure:
            return cognito._oauth2_error("invalid_request", str(failure))

    async def handle_body_request(method: str, path: str, *rest: Any) -> Any:
        """The page's answer waits for functions that call back: never on the event loop."""
        if path in ("/login", "/oauth2/login") and method == "POST":
            return await reentrant(cognito.handle_login_submit, method, path, *rest)
        if path in PROVIDER_ANSWERS:
            # Brought by a browser, unsigned: what vouches for it is in the answer itself.
            return await cognito.handle_request(method, path, *rest)
        return await handle(method, path, *rest)

    cognito._authenticate_hosted_ui_user = authenticate_hosted_ui_user
    cognito.handle_login_submit = handle_login_submit
    app._handle_cognito_body_request = handle_body_request


def around_providers(triggers: Triggers) -> None:
    """What surrounds another provider's answer. A refusal goes back to the application."""
    cognito = part("services.cognito")

    def apply_inbound_federation_trigger(  # noqa: PLR0913, PLR0917 - the emulator's own arguments
        pool_id: str, client_id: str, username: str, name: str, kind: str, attributes: Any
    ) -> dict[str, str]:
        pool = cognito._get_pool_unscoped(pool_id)
        told = {"providerName": name, "providerType": kind, "attributes": attributes}
        return triggers.inbound(pool, client_id, username, told)

    def around(genuine: Callable[..., Answer]) -> Callable[..., Answer]:
        def idp_response(*args: Any) -> Answer:
            begun = federation.begun(cognito._auth_codes, args)
            try:
                with answering(Call("Federation", begun.get("client_id"))):
                    answer = genuine(*args)
                    query = parse_qs(urlsplit(answer[1].get("Location", "")).query)
                    if ended := cognito._auth_codes.get(query.get("code", [""])[0]):
                        pool = cognito._get_pool_unscoped(ended["pool_id"])
                        _close_to_passwords(pool["_users"].get(ended["username"]))
                        triggers.federated(pool, ended["client_id"], ended["username"])
                    return answer
            except TriggerFailed as failure:
                return federation.sent_back(begun, str(failure))

        return idp_response

    cognito._apply_inbound_federation_trigger = apply_inbound_federation_trigger
    cognito._saml2_idp_response = around(cognito._saml2_idp_response)
    cognito._oauth2_idp_response = around(cognito._oauth2_idp_response)


def _close_to_passwords(user: Record | None) -> None:
    """The emulator takes any password for somebody who has none."""
    if user is not None and not user.get("_password"):
        user["_password"] = unguessable()
