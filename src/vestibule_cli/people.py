"""People as an operator sees them: the sign-in account and the profile together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vestibule.accounts.errors import AccountsError, PersonNotFound, UnknownRole
from vestibule.functions import wiring
from vestibule.platform.ids import is_sub
from vestibule.profiles import items
from vestibule.profiles.accounts import CognitoAccounts
from vestibule.profiles.errors import ProfileNotFound, ProfilesError
from vestibule.profiles.model import OPERATOR, full_view
from vestibule.profiles.service import ProfileService
from vestibule.profiles.store import TableProfileStore, TableSignInNames
from vestibule_cli.aws import found
from vestibule_cli.failures import Failure
from vestibule_cli.parts import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vestibule_cli.target import Target

# One BatchGetItem takes as many.
BATCH = 100


class PersonError(Failure):
    """Nobody can be found, or done to, as asked."""


class People:
    def __init__(self, target: Target) -> None:
        self._user_pool_id = target.outputs.user_pool_id
        made = parts(target)
        self._table = made.table
        self._store = TableProfileStore(made.table)
        self._cognito = made.client("cognito-idp")
        self._names = TableSignInNames(made.table)
        self._accounts = CognitoAccounts(self._cognito, self._user_pool_id, self._names)
        policy = made.policies.current
        self.roles = sorted(policy().roles)
        self._service = wiring.services(made.table, self._accounts, policy).accounts

    def everybody(self) -> list[dict[str, Any]]:
        accounts = {account["userId"]: account for account in self._listed()}
        keys = [(items.person_key(user_id), items.PROFILE) for user_id in accounts]
        profiles: dict[tuple[str, str], Any] = {}
        for start in range(0, len(keys), BATCH):
            profiles |= self._table.get_many(keys[start : start + BATCH])
        for (key, _sort), item in profiles.items():
            user_id = items.user_id_of(key) or ""
            accounts[user_id] |= full_view(items.to_profile(item))
        return list(accounts.values())

    def find(self, who: str) -> dict[str, Any]:
        """Account and profile by id or address. Raise PersonError if there is neither."""
        account = self._by_id(who.lower()) if is_sub(who.lower()) else self._by_email(who)
        user_id = account["userId"] if account else who.lower()
        person = self._store.person(user_id)
        if account is None and person.profile is None:
            erased = " They were erased." if person.erased else ""
            raise PersonError(f"there is nobody by {who}.{erased}")
        profile = full_view(person.profile, person.last_seen) if person.profile else {}
        return {**(account or {}), **profile}

    def give_role(self, user_id: str, role: str) -> None:
        with _told(user_id):
            self._service.give_role(user_id, role, by=OPERATOR)

    def suspend(self, user_id: str) -> None:
        with _told(user_id):
            self._service.suspend(user_id, by=OPERATOR)

    def reactivate(self, user_id: str) -> None:
        with _told(user_id):
            self._service.reactivate(user_id, by=OPERATOR)

    def export(self, user_id: str) -> dict[str, Any]:
        return self._service.export(user_id)

    def erase(self, user_id: str) -> None:
        """Erase for good, whatever their status. An account without a profile is simply deleted."""
        try:
            ProfileService(self._store, self._accounts).erase(user_id, by=OPERATOR)
        except ProfileNotFound:
            self._accounts.delete(user_id)
        except ProfilesError as error:
            raise PersonError(f"{user_id} cannot be erased now: {error}") from error

    def _by_id(self, user_id: str) -> dict[str, Any] | None:
        answer = self._by_name(user_id)
        if answer is None and (name := self._names.find(user_id)) is not None:
            answer = self._by_name(name)
        return _account(answer, answer["UserAttributes"]) if answer else None

    def _by_name(self, name: str) -> dict[str, Any] | None:
        return found(
            "UserNotFoundException",
            lambda: self._cognito.call(
                "AdminGetUser", {"UserPoolId": self._user_pool_id, "Username": name}
            ),
        )

    def _by_email(self, email: str) -> dict[str, Any] | None:
        wanted = email.lower()
        quoted = wanted.replace("\\", r"\\").replace('"', r"\"")
        # The filter tells cases apart, and an account made by hand may have any: then all are read.
        for listed in (self._listed(Filter=f'email = "{quoted}"'), self._listed()):
            if found := next((each for each in listed if each["email"] == wanted), None):
                return found
        return None

    def _listed(self, **narrowed: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] | None = {}
        while token is not None:
            page = self._cognito.call(
                "ListUsers", {"UserPoolId": self._user_pool_id, "Limit": 60, **narrowed, **token}
            )
            for user in page["Users"]:
                yield _account(user, user["Attributes"])
            following = page.get("PaginationToken")
            token = {"PaginationToken": following} if following else None


@contextmanager
def _told(user_id: str) -> Iterator[None]:
    try:
        yield
    except PersonNotFound as error:
        raise PersonError(
            f"{user_id} has no profile yet: this needs one. It is made by POST /profiles."
        ) from error
    except UnknownRole as error:
        raise PersonError(f"role: must be one of {', '.join(error.known)}") from error
    except AccountsError as error:
        raise PersonError(f"{user_id} cannot be changed now: {error}") from error


def _account(user: dict[str, Any], attributes: list[dict[str, str]]) -> dict[str, Any]:
    values = {pair["Name"]: pair.get("Value", "") for pair in attributes}
    return {
        "userId": values.get("sub") or user["Username"],
        "email": values.get("email", "").lower(),
        "account": user["UserStatus"] if user.get("Enabled", True) else "DISABLED",
    }
