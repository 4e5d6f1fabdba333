"""Which API call fires what around itself. What is fired inside one is in `moments`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers import context, failures
from vestibule_cli.local.completions.triggers.context import Call, answering
from vestibule_cli.local.completions.triggers.moments import Moments, hides_existence
from vestibule_cli.local.completions.triggers.sources import unfired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vestibule_cli.local.completions.triggers.moments import Record

    Answer = tuple[int, dict[str, Any], bytes]
    Data = dict[str, Any]
    Inner = Callable[[Data], Answer]

PASSWORD_FLOWS = frozenset({"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
NO_PASSWORD = "Missing required parameter PASSWORD"  # noqa: S105 - words
NO_ADDRESS = (
    "Cannot reset password for the user as there is no registered/verified email or phone_number"
)


class Triggers(Moments):
    """What surrounds each call of the service. TriggerFailed comes out of it as it is."""

    def run(
        self, action: str, pool: Record | None, data: Data, client: str, inner: Inner
    ) -> Answer:
        with answering(Call(action, client or None, data)):
            if action in ("CreateUserPool", "UpdateUserPool"):
                _refuse_silence(data)
            around = None if pool is None else self._around(action)
            if pool is None or around is None:
                return inner(data)
            return around(pool, data, inner)

    def _around(self, action: str) -> Callable[[Record, Data, Inner], Answer] | None:
        return {
            "SignUp": self._sign_up,
            "ConfirmSignUp": self._confirm_sign_up,
            "AdminConfirmSignUp": self._admin_confirm_sign_up,
            "AdminCreateUser": self._admin_create_user,
            "InitiateAuth": self._initiate_auth,
            "AdminInitiateAuth": self._initiate_auth,
            "RespondToAuthChallenge": self._respond,
            "AdminRespondToAuthChallenge": self._respond,
            "ForgotPassword": self._forgot_password,
            "ConfirmForgotPassword": self._confirm_forgot_password,
        }.get(action)

    # Signing up

    def _sign_up(self, pool: Record, data: Data, inner: Inner) -> Answer:
        answer = inner(data)
        if answer[0] == 200 and json.loads(answer[2]).get("UserConfirmed"):
            self.confirmed("PostConfirmation_ConfirmSignUp", pool, str(data["Username"]))
        return answer

    def _confirm_sign_up(self, pool: Record, data: Data, inner: Inner) -> Answer:
        answer = inner(data)
        if answer[0] == 200:
            self.confirmed("PostConfirmation_ConfirmSignUp", pool, str(data["Username"]))
        return answer

    def _admin_confirm_sign_up(self, pool: Record, data: Data, inner: Inner) -> Answer:
        user = self.people.find(pool, str(data.get("Username")))
        if user is not None and user["UserStatus"] != "UNCONFIRMED":
            raise failures.TriggerFailed(
                "NotAuthorizedException",
                f"User cannot be confirmed. Current status is {user['UserStatus']}",
            )
        return self._confirm_sign_up(pool, data, inner)

    def _admin_create_user(self, pool: Record, data: Data, inner: Inner) -> Answer:
        username = str(data.get("Username") or "")
        resends = str(data.get("MessageAction", "")).upper() == "RESEND"
        source = "PreSignUp_AdminCreateUser"
        is_new = username and self.people.find(pool, username) is None
        if is_new and not resends and self.is_configured(pool, source):
            attributes = _named(data.get("UserAttributes"))
            if "email" in (pool.get("UsernameAttributes") or []):
                attributes.setdefault("email", username)
            request = {"userAttributes": attributes}
            # Whatever flags it answers: they are for people who sign up themselves.
            self.fire(source, pool, self.people.planned_name(pool, username), request)
        return inner(data)

    # Signing in

    def _initiate_auth(self, pool: Record, data: Data, inner: Inner) -> Answer:
        parameters = data.get("AuthParameters") or {}
        typed, flow = parameters.get("USERNAME"), data.get("AuthFlow")
        client_id = str(data.get("ClientId"))
        if not isinstance(typed, str) or not typed:
            return inner(data)
        user = self.people.find(pool, typed)
        if flow == "CUSTOM_AUTH" and user is None and hides_existence(pool, client_id):
            with self.people.stand_in(typed):
                return inner(data)
        password = parameters.get("PASSWORD")
        if flow in PASSWORD_FLOWS and _is_offered(str(flow)):
            if not password:
                raise failures.invalid_parameter(NO_PASSWORD)
            self.before_plain_password(pool, client_id, typed, str(password))
        elif flow == "USER_SRP_AUTH" and _allows_srp(pool, client_id) and parameters.get("SRP_A"):
            self.before_password(pool, client_id, typed, user)
        return inner(data)

    def before_plain_password(
        self, pool: Record, client_id: str | None, typed: str, password: str
    ) -> None:
        """A sign-in that shows the password, which is what UserMigration needs."""
        user = self.people.find(pool, typed)
        if user is None:
            source = "UserMigration_Authentication"
            user = self.migrated(source, pool, client_id, typed, password)
        self.before_password(pool, client_id, typed, user)

    def _respond(self, pool: Record, data: Data, inner: Inner) -> Answer:
        session = self.people.session(data.get("Session"))
        typed = str(session["username"]) if session is not None else ""
        # Whoever began as a stranger stays one to the end.
        if typed and hides_existence(pool, str(data.get("ClientId"))):
            user = self.people.find(pool, typed)
            if user is None:
                with self.people.stand_in(typed):
                    return inner(data)
        return inner(data)

    # Forgotten passwords

    def _forgot_password(self, pool: Record, data: Data, inner: Inner) -> Answer:
        typed = str(data.get("Username") or "")
        if typed and self.people.find(pool, typed) is None:
            source = "UserMigration_ForgotPassword"
            user = self.migrated(source, pool, str(data.get("ClientId")), typed, None)
            if user is not None and not _can_be_reached(self.people.attributes(user)):
                raise failures.invalid_parameter(NO_ADDRESS)
        return inner(data)

    def _confirm_forgot_password(self, pool: Record, data: Data, inner: Inner) -> Answer:
        answer = inner(data)
        if answer[0] == 200:
            self.confirmed("PostConfirmation_ConfirmForgotPassword", pool, str(data["Username"]))
        return answer


def _refuse_silence(data: Mapping[str, Any]) -> None:
    if silent := unfired(data.get("LambdaConfig")):
        raise failures.invalid_parameter(
            f"LambdaConfig names {', '.join(silent)}, which nothing on this stack would ever fire"
        )


def _is_offered(flow: str) -> bool:
    """Whether the call may ask for this flow at all: people may not ask for the admins' own."""
    return not (flow.startswith("ADMIN_") and context.current().action == "InitiateAuth")


def _allows_srp(pool: Record, client_id: str) -> bool:
    client = (pool.get("_clients") or {}).get(client_id) or {}
    flows = client.get("ExplicitAuthFlows") or []
    return "ALLOW_USER_SRP_AUTH" in flows or not any(f.startswith("ALLOW_") for f in flows)


def _can_be_reached(attributes: Mapping[str, str]) -> bool:
    return any(
        attributes.get(name) and attributes.get(f"{name}_verified") == "true"
        for name in ("email", "phone_number")
    )


def _named(entries: Any) -> dict[str, str]:
    return {entry["Name"]: entry.get("Value", "") for entry in entries or [] if "Name" in entry}
