"""The rules of a user pool that the emulator stores and does not keep.

Who may write which attribute, case-insensitive addresses, an address that changes only once its
new owner has proven it, and pools that must not be deleted. `Rules.run` surrounds every action of
the service, in the thread that runs it, and the triggers surround the rules.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local.completions.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

    from vestibule_cli.local.completions.triggers.calls import Triggers
    from vestibule_cli.local.emulator_internals.accounts import Answer, Handler

    Record = MutableMapping[str, Any]
    Data = dict[str, Any]

# Cognito alone decides these, whatever a client's WriteAttributes say.
NEVER_CLIENT_SET = frozenset({"email_verified", "phone_number_verified", "sub", "identities"})
UPDATE_CODE_SECONDS = 24 * 3600
PENDING = "_vestibule_pending_email"

# SES sends to nothing else: it speaks no SMTPUTF8. Nor do two of them make one here.
EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
EMAIL_CHARACTERS = 254
# How often one person may do what; AWS says no more than that it counts.
WRONG_CODES, WRONG_CODES_SECONDS = 5, 15 * 60.0
CODES_SENT, CODES_SENT_SECONDS = 5, 10 * 60.0
TRIES_A_CODE = frozenset({"ConfirmSignUp", "ConfirmForgotPassword", "VerifyUserAttribute"})
SENDS_A_CODE = frozenset(
    {"ResendConfirmationCode", "ForgotPassword", "GetUserAttributeVerificationCode"}
)
TOO_OFTEN = "Attempt limit exceeded, please try after some time."

UNAUTHORIZED_WRITE = "A client attempted to write unauthorized attribute"
TAKEN = "An account with the email already exists."
PROTECTED = (
    "The user pool cannot be deleted because deletion protection is activated. "
    "Deletion protection must be inactivated first."
)


class People(Protocol):
    """Where pools and their people are kept."""

    def pool(self, pool_id: str) -> Record | None: ...
    def pool_of_client(self, client_id: str) -> Record | None: ...
    def find(self, pool: Record, username: str) -> Record | None: ...
    def send_code(self, pool: Record, user: Record, address: str, code: str) -> dict[str, str]: ...
    def masked(self, address: str) -> str: ...


class Rules:
    def __init__(self, people: People, triggers: Triggers) -> None:
        self._people = people
        self._triggers = triggers
        self._signing_up: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._wrong_codes = Limit(WRONG_CODES, WRONG_CODES_SECONDS)
        self._codes_sent = Limit(CODES_SENT, CODES_SENT_SECONDS)
        # Actions the emulator does not know at all. The caller's token has been checked before.
        self.own_actions: dict[str, Handler] = {
            "VerifyUserAttribute": self._verify_user_attribute,
            "GetUserAttributeVerificationCode": self._send_attribute_code,
            "DeleteUserAttributes": self._delete_user_attributes,
            "AdminDeleteUserAttributes": self._admin_delete_user_attributes,
        }
        self._around: dict[str, Callable[[Data, Handler], Answer]] = {
            "SignUp": self._sign_up,
            "ConfirmSignUp": self._confirm_sign_up,
            "UpdateUserAttributes": self._update_user_attributes,
            "AdminUpdateUserAttributes": self._admin_update_user_attributes,
            "DeleteUserPool": self._delete_user_pool,
        }

    def run(self, action: str, data: Data, handler: Handler) -> Answer:
        """One action with its rules. Raising is the emulator's business, not ours."""
        pool = self._pool(data)
        if pool is not None and not internals.is_case_sensitive(pool):
            data = in_lower_case(data)
        around = self._around.get(action)
        client_id = str(data.get("ClientId") or self._claims(data).get("client_id") or "")
        ruled = handler if around is None else lambda given: around(given, handler)
        return self._triggers.run(action, pool, data, client_id, ruled)

    def limited(self, action: str, data: Data, run: Callable[[], Answer]) -> Answer:
        """The whole action, unless this person has tried, or had mails sent, too often."""
        limit = self._limit(action, data)
        if limit is None:
            return run()
        key = self._key(action, data)
        if not limit.take(key):
            return internals.error("LimitExceededException", TOO_OFTEN)
        answer = run()
        was_sent = limit is self._codes_sent and answer[0] == 200
        if not was_sent and not _is_wrong_code(answer):
            limit.give_back(key)
        return answer

    def _limit(self, action: str, data: Data) -> Limit | None:
        if action in TRIES_A_CODE:
            return self._wrong_codes
        # Else whoever is signed in could mail any stranger as often as they like.
        moves = action == "UpdateUserAttributes" and self._changes_address(data)
        return self._codes_sent if moves or action in SENDS_A_CODE else None

    def _changes_address(self, data: Data) -> bool:
        caller = self._caller(data)
        if caller is None:
            return False
        pool, user = caller
        given = data if internals.is_case_sensitive(pool) else in_lower_case(data)
        address = _named(given.get("UserAttributes")).get("email")
        return address is not None and not _is_settled(internals.attributes_of(user), address)

    def _key(self, action: str, data: Data) -> tuple[str, str, str]:
        """One person, whichever of their names is used; and one name that nobody has."""
        caller = self._caller(data)
        if caller is not None:
            pool, user = caller
            return (pool["Id"], str(user["Username"]), action)
        pool_found = self._pool(data)
        name = internals.in_lower_case(str(data.get("Username")))
        if pool_found is None:
            return ("", name, action)
        found = self._people.find(pool_found, name)
        return (pool_found["Id"], str(found["Username"]) if found else name, action)

    def _pool(self, data: Data) -> Record | None:
        if pool_id := data.get("UserPoolId"):
            return self._people.pool(str(pool_id))
        if client_id := data.get("ClientId") or self._claims(data).get("client_id"):
            return self._people.pool_of_client(str(client_id))
        return None

    def _claims(self, data: Data) -> dict[str, Any]:
        return internals.claims_of(data.get("AccessToken"))

    def _caller(self, data: Data) -> tuple[Record, Record] | None:
        """Pool and person of the access token."""
        claims = self._claims(data)
        pool = self._people.pool_of_client(str(claims.get("client_id")))
        user = self._people.find(pool, str(claims.get("sub"))) if pool is not None else None
        return (pool, user) if pool is not None and user is not None else None

    # Sign-up

    def _sign_up(self, data: Data, handler: Handler) -> Answer:
        client_id = str(data.get("ClientId"))
        pool = self._people.pool_of_client(client_id)
        if pool is None:
            return handler(data)
        names = [entry.get("Name") for entry in data.get("UserAttributes") or []]
        if refusal := (
            _write_refusal(pool, client_id, names)
            or _sign_up_address_refusal(pool, data)
            or _lacking_refusal(_required(pool).difference(names, _told_by_name(pool, data)))
        ):
            return refusal
        # Else two requests at once for one address would make two people.
        with self._signing_up[f"{pool['Id']} {data.get('Username')}"]:
            return self._masked(handler(data))

    def _masked(self, answer: Answer) -> Answer:
        """The emulator masks where a code went in every answer but that to SignUp."""
        content = json.loads(answer[2])
        sent = content.get("CodeDeliveryDetails")
        if sent is None:
            return answer
        sent["Destination"] = self._people.masked(sent["Destination"])
        return internals.success(content)

    def _confirm_sign_up(self, data: Data, handler: Handler) -> Answer:
        answer = handler(data)
        pool = self._people.pool_of_client(str(data.get("ClientId")))
        if answer[0] == 200 and pool is not None:
            user = self._people.find(pool, str(data.get("Username")))
            if user is not None and "email" in (pool.get("AutoVerifiedAttributes") or []):
                _write(user, {"email_verified": "true"})
        return answer

    # Attributes

    def _update_user_attributes(self, data: Data, handler: Handler) -> Answer:
        caller = self._caller(data)
        if caller is None:
            return handler(data)
        pool, user = caller
        asked = _named(data.get("UserAttributes"))
        client_id = str(self._claims(data).get("client_id"))
        if refusal := _write_refusal(pool, client_id, asked) or _address_refusal(
            asked.get("email")
        ):
            return refusal
        return self._change(pool, user, asked, data, handler)

    def _admin_update_user_attributes(self, data: Data, handler: Handler) -> Answer:
        pool = self._people.pool(str(data.get("UserPoolId")))
        user = self._people.find(pool, str(data.get("Username"))) if pool is not None else None
        if pool is None or user is None:
            return handler(data)
        asked = _named(data.get("UserAttributes"))
        if asked.get("email_verified") == "true":
            return self._taken(pool, user, asked.get("email")) or handler(data)
        answer = self._change(pool, user, asked, data, handler)
        # This action answers with nothing.
        return internals.success({}) if answer[0] == 200 else answer

    def _change(
        self, pool: Record, user: Record, asked: dict[str, str], data: Data, handler: Handler
    ) -> Answer:
        address = asked.get("email")
        held = internals.attributes_of(user)
        if address is None or _is_settled(held, address):
            return handler(data)
        if refusal := self._taken(pool, user, address):
            return refusal
        settings = pool.get("UserAttributeUpdateSettings") or {}
        waits = "email" in (settings.get("AttributesRequireVerificationBeforeUpdate") or [])
        now = {name: value for name, value in asked.items() if not (waits and name == "email")}
        if not waits:
            now["email_verified"] = "false"
        answer = handler({**data, "UserAttributes": _listed(now)}) if now else None
        if answer is not None and answer[0] != 200:
            return answer
        verifies = waits or "email" in (pool.get("AutoVerifiedAttributes") or [])
        sent = [self._offer(pool, user, address)] if verifies else []
        return internals.success({"CodeDeliveryDetailsList": sent})

    def _offer(self, pool: Record, user: Record, address: str) -> dict[str, str]:
        """Mail a code to the new address. The old one stays, and works, until it comes back."""
        code = internals.new_code()
        user[PENDING] = {
            "address": address,
            "code": code,
            "until": time.time() + UPDATE_CODE_SECONDS,
        }
        return self._people.send_code(pool, user, address, code)

    def _verify_user_attribute(self, data: Data) -> Answer:
        caller = self._caller(data)
        if caller is None:
            return internals.error("NotAuthorizedException", "Invalid access token.")
        pool, user = caller
        pending = user.get(PENDING) if data.get("AttributeName") == "email" else None
        if pending is None or pending["until"] < time.time():
            return internals.error(
                "ExpiredCodeException", "Invalid code provided, please request a code again."
            )
        if data.get("Code") != pending["code"]:
            return internals.error(
                "CodeMismatchException", "Invalid verification code provided, please try again."
            )
        if refusal := self._taken(pool, user, pending["address"]):
            return refusal
        del user[PENDING]
        _write(user, {"email": pending["address"], "email_verified": "true"})
        return internals.success({})

    def _send_attribute_code(self, data: Data) -> Answer:
        caller = self._caller(data)
        if caller is None:
            return internals.error("NotAuthorizedException", "Invalid access token.")
        pool, user = caller
        held = internals.attributes_of(user)
        address = (user.get(PENDING) or {}).get("address") or held.get("email")
        if data.get("AttributeName") != "email" or not address:
            return internals.error(
                "InvalidParameterException", "The user has no such attribute to verify."
            )
        return internals.success({"CodeDeliveryDetails": self._offer(pool, user, address)})

    def _delete_user_attributes(self, data: Data) -> Answer:
        caller = self._caller(data)
        if caller is None:
            return internals.error("NotAuthorizedException", "Invalid access token.")
        pool, user = caller
        names = [str(name) for name in data.get("UserAttributeNames") or []]
        client_id = str(self._claims(data).get("client_id"))
        return _write_refusal(pool, client_id, names) or _remove(pool, user, names)

    def _admin_delete_user_attributes(self, data: Data) -> Answer:
        pool = self._people.pool(str(data.get("UserPoolId")))
        user = self._people.find(pool, str(data.get("Username"))) if pool is not None else None
        if pool is None or user is None:
            return internals.error("UserNotFoundException", "User does not exist.")
        return _remove(pool, user, [str(name) for name in data.get("UserAttributeNames") or []])

    def _taken(self, pool: Record, user: Record, address: str | None) -> Answer | None:
        unique = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
        if address is None or "email" not in unique:
            return None
        other = self._people.find(pool, address)
        if other is None or other is user:
            return None
        return internals.error("AliasExistsException", TAKEN)

    # Pools

    def _delete_user_pool(self, data: Data, handler: Handler) -> Answer:
        pool = self._people.pool(str(data.get("UserPoolId")))
        if pool is not None and pool.get("DeletionProtection") == "ACTIVE":
            return internals.error("InvalidParameterException", PROTECTED)
        return handler(data)


def in_lower_case(data: Data) -> Data:
    """The request with every name a person signs in by in lower case."""
    lowered = dict(data)
    if isinstance(data.get("Username"), str):
        lowered["Username"] = internals.in_lower_case(data["Username"])
    for group in ("AuthParameters", "ChallengeResponses"):
        given = data.get(group)
        if isinstance(given, dict) and isinstance(given.get("USERNAME"), str):
            lowered[group] = {**given, "USERNAME": internals.in_lower_case(given["USERNAME"])}
    if isinstance(data.get("UserAttributes"), list):
        lowered["UserAttributes"] = [
            {**entry, "Value": internals.in_lower_case(entry["Value"])}
            if entry.get("Name") == "email" and isinstance(entry.get("Value"), str)
            else entry
            for entry in data["UserAttributes"]
        ]
    return lowered


def _write_refusal(pool: Record, client_id: str, names: Iterable[Any]) -> Answer | None:
    client = (pool.get("_clients") or {}).get(client_id) or {}
    allowed = client.get("WriteAttributes")
    for name in names:
        if name in NEVER_CLIENT_SET or (allowed and name not in allowed):
            return internals.error("NotAuthorizedException", UNAUTHORIZED_WRITE)
    return None


def _sign_up_address_refusal(pool: Record, data: Data) -> Answer | None:
    name = str(data.get("Username"))
    names = pool.get("UsernameAttributes") or []
    if "email" in names and ("phone_number" not in names or "@" in name) and not _is_email(name):
        return internals.error("InvalidParameterException", "Username should be an email.")
    return _address_refusal(_named(data.get("UserAttributes")).get("email"))


def _address_refusal(address: str | None) -> Answer | None:
    if address is None or _is_email(address):
        return None
    return internals.error("InvalidParameterException", "Invalid email address format.")


def _is_email(text: object) -> bool:
    return (
        isinstance(text, str)
        and len(text) <= EMAIL_CHARACTERS
        and EMAIL.fullmatch(text) is not None
    )


def _is_wrong_code(answer: Answer) -> bool:
    return answer[0] != 200 and b"CodeMismatchException" in answer[2]


def _is_settled(held: Mapping[str, str], address: str) -> bool:
    return address == held.get("email") and held.get("email_verified") == "true"


def _named(entries: Any) -> dict[str, str]:
    return {entry["Name"]: entry.get("Value", "") for entry in entries or [] if "Name" in entry}


def _listed(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def _write(user: Record, attributes: Mapping[str, str]) -> None:
    """A new list each time: whoever remembers the old one sees that it changed."""
    user["Attributes"] = _listed({**internals.attributes_of(user), **attributes})
    user["UserLastModifiedDate"] = time.time()


def _required(pool: Record) -> set[str]:
    schema = pool.get("SchemaAttributes") or []
    # Cognito gives everybody a sub.
    return {entry["Name"] for entry in schema if entry.get("Required")} - {"sub"}


def _told_by_name(pool: Record, data: Data) -> set[str]:
    """Which attribute the name they sign up by is, where names are addresses or numbers."""
    kind = "email" if "@" in str(data.get("Username")) else "phone_number"
    return {kind}.intersection(pool.get("UsernameAttributes") or [])


def _lacking_refusal(names: Iterable[str]) -> Answer | None:
    lacking = "".join(f"{name}: The attribute is required\n" for name in sorted(names))
    if not lacking:
        return None
    text = f"Attributes did not conform to the schema: {lacking}"
    return internals.error("InvalidParameterException", text)


def _remove(pool: Record, user: Record, names: list[str]) -> Answer:
    if refusal := _lacking_refusal(_required(pool).intersection(names)):
        return refusal
    held = internals.attributes_of(user)
    user["Attributes"] = _listed({k: v for k, v in held.items() if k not in names})
    user["UserLastModifiedDate"] = time.time()
    return internals.success({})
