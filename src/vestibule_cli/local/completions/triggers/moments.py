"""The moments at which a trigger is fired, and what each one's function is asked and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vestibule_cli.local.completions.triggers import context, events, failures, messages, tokens
from vestibule_cli.local.completions.triggers.sources import function_of, token_version

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from contextlib import AbstractContextManager

    from vestibule_cli.local.completions.triggers.firing import Firing
    from vestibule_cli.local.completions.triggers.messages import Message

    Record = MutableMapping[str, Any]
    Response = dict[str, Any]

AFTER_SIGN_IN = ("TokenGeneration_Authentication", "TokenGeneration_NewPasswordChallenge")


class People(Protocol):
    """Where pools and their people are kept."""

    def pool(self, pool_id: str) -> Record | None: ...

    def find(self, pool: Record, username: str) -> Record | None: ...

    def attributes(self, user: Mapping[str, Any]) -> dict[str, str]: ...

    def add(
        self, pool: Record, username: str, attributes: Mapping[str, str], password: str, status: str
    ) -> Record:
        """A new person, or the one who came first."""
        ...

    def session(self, token: object) -> Record | None:
        """The half-done sign-in that a Session stands for."""
        ...

    def stand_in(self, username: str) -> AbstractContextManager[None]:
        """Within it, this name finds somebody who does not exist."""
        ...

    def is_stand_in(self, user: Mapping[str, Any]) -> bool: ...

    def planned_name(self, pool: Record, username: str) -> str:
        """The name that the person about to be created will have."""
        ...


class Issue(NamedTuple):
    """What tokens are issued for."""

    source: str
    pool_id: str
    client_id: str
    username: str
    scopes: tuple[str, ...]
    metadata: Mapping[str, str] | None  # of a machine: people's comes with the call

    @property
    def is_for_machine(self) -> bool:
        return self.source == "TokenGeneration_ClientCredentials"


class Moments:
    def __init__(self, people: People, firing: Firing) -> None:
        self.people = people
        self._firing = firing

    def is_configured(self, pool: Mapping[str, Any], source: str) -> bool:
        return function_of(pool.get("LambdaConfig"), source) is not None

    def fire(
        self,
        source: str,
        pool: Record,
        user_name: str,
        request: Mapping[str, Any],
        client_id: str | None = None,
    ) -> Response | None:
        """None when the pool has no function for it. Raises TriggerFailed."""
        arn = function_of(pool.get("LambdaConfig"), source)
        if arn is None:
            return None
        call = context.current()
        told = events.event(
            source,
            pool,
            user_name,
            client_id or call.client_id,
            {**call.metadata(source), **request},
        )
        if source.startswith("TokenGeneration"):
            told = events.token_event(told, token_version(pool.get("LambdaConfig")))
        return self._firing.fire(arn, pool["Arn"], told)

    def read(self, pool: Record, username: str) -> Record:
        user = self.people.find(pool, username)
        if user is None:
            raise failures.unreadable(username)
        return user

    def about(self, user: Mapping[str, Any]) -> dict[str, str]:
        if self.people.is_stand_in(user):
            return {}
        return events.of_person(self.people.attributes(user), user["UserStatus"])

    # Signing up

    def pre_sign_up(
        self,
        source: str,
        pool: Record,
        user_name: str,
        attributes: Mapping[str, Any],
        client_id: str | None = None,
    ) -> dict[str, bool]:
        context.current().is_first_visit = True
        request = {"userAttributes": events.given(attributes)}
        response = self.fire(source, pool, user_name, request, client_id) or {}
        flags = {name: response.get(name) is True for name in events.FLAGS}
        for flag, name in (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number")):
            if flags[flag] and not attributes.get(name):
                raise failures.invalid_parameter(f"{flag} needs the user's {name}")
        return flags

    def confirmed(self, source: str, pool: Record, username: str) -> None:
        if self.is_configured(pool, source):
            user = self.read(pool, username)
            self.fire(source, pool, user["Username"], {"userAttributes": self.about(user)})

    # Signing in

    def before_password(
        self, pool: Record, client_id: str | None, typed: str, user: Record | None
    ) -> None:
        """PreAuthentication, before the password is looked at. Strangers too, where they hide."""
        hides = hides_existence(pool, client_id)
        if user is None and not hides:
            return
        request: dict[str, Any] = {"userAttributes": self.about(user) if user is not None else {}}
        if hides:
            request["userNotFound"] = user is None
        name = typed if user is None else user["Username"]
        self.fire("PreAuthentication_Authentication", pool, name, request, client_id)

    def before_tokens(self, pool_id: str, client_id: str, user: Record, source: str) -> None:
        """PostAuthentication: the last factor is proven, nothing has been issued."""
        if self.people.is_stand_in(user):
            raise failures.incorrect()
        pool = self.people.pool(pool_id)
        if pool is not None and source in AFTER_SIGN_IN:
            self._signed_in(pool, client_id, user)

    def _signed_in(self, pool: Record, client_id: str, user: Record) -> None:
        request = {"userAttributes": self.about(user), "newDeviceUsed": False}
        self.fire("PostAuthentication_Authentication", pool, user["Username"], request, client_id)

    def migrated(
        self, source: str, pool: Record, client_id: str | None, typed: str, password: str | None
    ) -> Record | None:
        """The person whom UserMigration brought, made; None when it brought nobody."""
        request = {} if password is None else {"password": password}
        response = self.fire(source, pool, typed, request, client_id) or {}
        attributes = response.get("userAttributes")
        if not attributes:
            return None
        # Set or not, all but CONFIRMED has to choose a new password.
        is_confirmed = response.get("finalUserStatus") == "CONFIRMED"
        return self.people.add(
            pool,
            typed,
            {name: value for name, value in attributes.items() if value is not None},
            password or "",
            "CONFIRMED" if is_confirmed else "RESET_REQUIRED",
        )

    def challenge(
        self, trigger: str, pool_id: str, client_id: str, typed: str, request: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """One step of a custom sign-in. None when the pool has no function for it."""
        pool = self.people.pool(pool_id)
        if pool is None:
            return None
        user = self.read(pool, typed)
        told: dict[str, Any] = {"userAttributes": self.about(user), **request}
        if hides_existence(pool, client_id):
            told["userNotFound"] = self.people.is_stand_in(user)
        source = f"{trigger}_Authentication"
        response = self.fire(source, pool, user["Username"], told, client_id)
        return None if response is None else {"response": response}

    # Signing in by another provider

    def inbound(
        self, pool: Record, client_id: str, subject: str, provider: Mapping[str, Any]
    ) -> dict[str, str]:
        """The attributes that InboundFederation lets in; none: they stay as they came."""
        source = "InboundFederation_ExternalProvider"
        response = self.fire(source, pool, subject, provider, client_id) or {}
        attributes = response.get("userAttributesToMap") or {}
        return {name: value for name, value in attributes.items() if value is not None}

    def federated(self, pool: Record, client_id: str, username: str) -> None:
        """The provider has spoken for the person, and no code has been handed out."""
        user = self.read(pool, username)
        if context.current().is_first_visit and user["UserStatus"] == "EXTERNAL_PROVIDER":
            self.confirmed("PostConfirmation_ConfirmSignUp", pool, username)
            return
        self.before_password(pool, client_id, username, user)
        self._signed_in(pool, client_id, user)

    # Tokens

    def claims(self, issue: Issue, claims: Mapping[str, Any]) -> dict[str, Any]:
        """A token's claims. The function is asked once for both tokens of a sign-in."""
        pool = self.people.pool(issue.pool_id)
        if pool is None or not self.is_configured(pool, issue.source):
            return dict(claims)
        version = token_version(pool.get("LambdaConfig"))
        if issue.is_for_machine and version != "V3_0":
            return dict(claims)
        answers = context.current().token_answers
        key = (issue.source, issue.username)
        if key not in answers:
            request = self._token_request(pool, issue, version)
            name = "ClientCredentials" if issue.is_for_machine else issue.username
            answers[key] = self.fire(issue.source, pool, name, request, issue.client_id) or {}
        return tokens.overridden(claims, answers[key], version, str(claims["token_use"]))

    def _token_request(self, pool: Record, issue: Issue, version: str) -> dict[str, Any]:
        user = None if issue.is_for_machine else self.read(pool, issue.username)
        request: dict[str, Any] = {
            "userAttributes": {} if user is None else self.about(user),
            "groupConfiguration": {
                "groupsToOverride": [] if user is None else list(user.get("_groups") or []),
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
        }
        if not version.startswith("V1"):
            request["scopes"] = list(issue.scopes)
        if issue.is_for_machine and issue.metadata:
            request["clientMetadata"] = dict(issue.metadata)
        return request

    # Mails

    def message(
        self, source: str, pool: Record, user_name: str, attributes: Mapping[str, str], status: str
    ) -> Message:
        """The wording of a mail, empty where the pool's own is kept."""
        invites = source == "CustomMessage_AdminCreateUser"
        request = {
            "userAttributes": events.of_person(attributes, status),
            **messages.parameters(invites=invites),
        }
        response = self.fire(source, pool, user_name, request) or {}
        return messages.checked(pool, response, invites=invites)

    def code_message(
        self, pool: Record, username: str, attributes: Mapping[str, str], source: str | None = None
    ) -> Message:
        """The wording of a mail with a code, by the call that sends it."""
        source = source or messages.SOURCE_OF_ACTION.get(context.current().action)
        if source is None or not self.is_configured(pool, source):
            return messages.Message()
        user = self.read(pool, username)
        return self.message(source, pool, user["Username"], attributes, user["UserStatus"])


def hides_existence(pool: Mapping[str, Any], client_id: str | None) -> bool:
    client = (pool.get("_clients") or {}).get(client_id) or {}
    return client.get("PreventUserExistenceErrors") == "ENABLED"
