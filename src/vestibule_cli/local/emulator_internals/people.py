"""Who is in a user pool: found quickly, added whole, and strangers treated as if they were."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import contextvars
import hmac
import secrets
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers.newcomers import newcomer
from vestibule_cli.local.emulator_internals.accounts import (
    attributes_of,
    claims_of,
    error,
    in_lower_case,
    is_case_sensitive,
    unguessable,
)
from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vestibule_cli.local.emulator_internals.accounts import Answer, Record

STAND_IN_SECRET = "_vestibule_stand_in_secret"  # noqa: S105 - the name of a field
LOWERED_NAME = "lowered name"
# Who does not exist and is to be treated as if: one name, for the length of one call.
_played: contextvars.ContextVar[Record | None] = contextvars.ContextVar("stand_in", default=None)
# The next id that the emulator draws, when somebody was told of it before.
planned: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("planned", default=None)
_adding = threading.Lock()


class _ShortExponents:
    """`secrets` with SRP exponents of 256 bits: as hard to guess, a tenth of the time."""

    def __getattr__(self, name: str) -> Any:
        return getattr(secrets, name)

    def randbelow(self, limit: int) -> int:
        return secrets.randbelow(min(limit, 2**256))


def short_exponents() -> None:
    part("services.cognito").secrets = _ShortExponents()


def stand_ins_for_strangers() -> None:
    """Somebody unknown gets an id and a salt of the same shape as everybody, always the same.

    The emulator gives back the name that was asked for, which tells who is unknown.
    """
    cognito = part("services.cognito")
    genuine = cognito._srp_challenge

    def srp_challenge(
        pool_id: str, user: Record | None, user_id: str, srp_a: str, secret_block: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        pool = cognito._get_pool_unscoped(pool_id)
        if user is not None or pool is None:
            known: tuple[dict[str, str], dict[str, str]] = genuine(
                pool_id, user, user_id, srp_a, secret_block
            )
            return known
        stand_in = _stand_in(pool, user_id)
        asked, kept = genuine(pool_id, None, stand_in, srp_a, secret_block)
        salt = {"SALT": cognito._srp_salt(stand_in)}
        return {**asked, **salt}, {**kept, "salt": salt["SALT"]}

    cognito._srp_challenge = srp_challenge


def _stand_in(pool: Record, name: str) -> str:
    secret = pool.setdefault(STAND_IN_SECRET, secrets.token_hex(32))
    digest = hmac.digest(secret.encode(), name.encode(), "sha256")
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _identifiers(user: Record) -> dict[str, str]:
    """By what somebody is found. Another provider's people do not sign in by their address."""
    is_external = user.get("UserStatus") == "EXTERNAL_PROVIDER"
    kinds = ("sub",) if is_external else ("email", "phone_number", "sub")
    attributes = attributes_of(user)
    found = {kind: attributes[kind] for kind in kinds if kind in attributes}
    return {**found, LOWERED_NAME: in_lower_case(str(user["Username"]))}


class _Addresses:
    """Who has which address in one pool. Each hit is checked, each miss looks for changes."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Any]] = {}
        self._names: dict[tuple[str, str], str] = {}

    def find(self, users: dict[str, Record], kinds: list[str], value: str) -> Record | None:
        found = self._hit(users, kinds, value)
        if found is None:
            self._refresh(users)
            # Also when there was nothing new: another thread may have noted it a moment before.
            found = self._hit(users, kinds, value)
        return found

    def _hit(self, users: dict[str, Record], kinds: list[str], value: str) -> Record | None:
        for kind in kinds:
            user = users.get(self._names.get((kind, value), ""))
            if user is not None and _identifiers(user).get(kind) == value:
                return user
        return None

    def _refresh(self, users: dict[str, Record]) -> None:
        # A copy is made in one go. A list of its items is not: garbage is looked for in between,
        # other threads run, and somebody may sign up.
        for name, user in users.copy().items():
            attributes = user["Attributes"]
            # A change always puts a new list in place of the old one.
            if self._seen.get(name) is not attributes:
                for kind, value in _identifiers(user).items():
                    self._names[kind, value] = name
                # Last: who is seen can be found.
                self._seen[name] = attributes


def found_quickly() -> None:
    """The emulator walks all users, in a way that fails while somebody signs up."""
    cognito = part("services.cognito")
    genuine = cognito._resolve_user
    known: dict[str, _Addresses] = {}

    def resolve_real(pool: Record, username: str | None) -> tuple[Record | None, Answer | None]:
        if not isinstance(username, str) or pool.get("AliasAttributes"):
            found: tuple[Record | None, Answer | None] = _patiently(genuine, pool, username)
            return found
        exact = is_case_sensitive(pool)
        name = username if exact else in_lower_case(username)
        user = pool["_users"].get(name)
        if user is None:
            kinds = ["sub", *(pool.get("UsernameAttributes") or [])]
            # Names of other providers' people begin with the provider's, capitals and all.
            kinds += [] if exact else [LOWERED_NAME]
            addresses = known.setdefault(pool["Id"], _Addresses())
            user = addresses.find(pool["_users"], kinds, name)
        if user is None:
            return None, error("UserNotFoundException", "User does not exist.")
        return user, None

    def resolve_user(pool: Record, username: str | None) -> tuple[Record | None, Answer | None]:
        user, refusal = resolve_real(pool, username)
        stand_in = _played.get()
        if user is None and stand_in is not None and stand_in["Username"] == username:
            return stand_in, None
        return user, refusal

    def user_from_token(token: str, pool: Record) -> Record | None:
        subject = claims_of(token).get("sub")
        return resolve_user(pool, subject)[0] if subject else None

    cognito._resolve_user = resolve_user
    cognito._user_from_token = user_from_token


def _patiently(resolve: Callable[..., Any], pool: Record, username: str | None) -> Any:
    for _ in range(20):
        try:
            return resolve(pool, username)
        except RuntimeError:  # somebody signed up meanwhile
            continue
    return resolve({**pool, "_users": dict(pool["_users"])}, username)


class Directory:
    """The emulator's pools and people, for the rules it does not keep itself."""

    def pool(self, pool_id: str) -> Record | None:
        found: Record | None = part("services.cognito")._get_pool_unscoped(pool_id)
        return found

    def pool_of_client(self, client_id: str) -> Record | None:
        pool: Record | None = part("services.cognito")._find_pool_by_client_id(client_id)[1]
        return pool

    def find(self, pool: Record, username: str) -> Record | None:
        user: Record | None = part("services.cognito")._resolve_user(pool, username)[0]
        return user

    def attributes(self, user: Mapping[str, Any]) -> dict[str, str]:
        return attributes_of(user)

    def add(
        self, pool: Record, username: str, attributes: Mapping[str, str], password: str, status: str
    ) -> Record:
        """A new person as a sign-up leaves one, or the one who came first."""
        username = username if is_case_sensitive(pool) else in_lower_case(username)
        with _adding:
            user = self.find(pool, username)
            if user is None:
                user = newcomer(pool, username, attributes, password or unguessable(), status)
                pool["_users"][user["Username"]] = user
                pool["EstimatedNumberOfUsers"] = len(pool["_users"])
            return user

    def session(self, token: object) -> Record | None:
        sessions = part("services.cognito")._challenge_sessions
        found: Record | None = sessions.get(token) if isinstance(token, str) else None
        return found

    @contextmanager
    def stand_in(self, username: str) -> Iterator[None]:
        nobody = {
            "Username": username,
            "Attributes": [],
            "Enabled": True,
            "UserStatus": "CONFIRMED",
            "_password": unguessable(),
        }
        token = _played.set(nobody)
        try:
            yield
        finally:
            _played.reset(token)

    def is_stand_in(self, user: Mapping[str, Any]) -> bool:
        return user is _played.get()

    def planned_name(self, pool: Record, username: str) -> str:
        if not pool.get("UsernameAttributes"):
            return username
        name = str(uuid.uuid4())
        planned.set([name])
        return name

    def send_code(self, pool: Record, user: Record, address: str, code: str) -> dict[str, str]:
        """Mail a code to an address; the details of where it went, masked."""
        cognito = part("services.cognito")
        attributes = {**attributes_of(user), "email": address}
        cognito._send_verification_email(
            pool, user["Username"], attributes, code, attribute_name="new email"
        )
        return {
            "AttributeName": "email",
            "DeliveryMedium": "EMAIL",
            "Destination": self.masked(address),
        }

    def masked(self, address: str) -> str:
        """An address as Cognito tells it to whoever may not be its owner."""
        told: str = part("services.cognito")._masked_destination(address)
        return told
