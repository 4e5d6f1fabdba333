"""Sign-in accounts in memory."""

from __future__ import annotations

from vestibule.profiles.accounts import Account


class SignInNames:
    """Keeps the promise of the port: names by sub."""

    def __init__(self, **names: str) -> None:
        self._names = names

    def find(self, user_id: str) -> str | None:
        return self._names.get(user_id)


class InMemoryAccounts:
    """Keeps the promises of `Accounts`, `AccountDirectory` and `Sessions`."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self.lookups: list[str] = []
        self.disabled: set[str] = set()
        self.signed_out: list[str] = []
        self.refuses: Exception | None = None

    def add(self, user_id: str, email: str | None = None, *, verified: bool = True) -> str:
        return self.add_account(user_id, Account(email, email is not None and verified))

    def add_account(self, user_id: str, account: Account) -> str:
        self._accounts[user_id] = account
        return user_id

    def find(self, user_id: str) -> Account | None:
        self.lookups.append(user_id)
        return self._accounts.get(user_id)

    def exists(self, user_id: str) -> bool:
        return user_id in self._accounts

    def delete(self, user_id: str) -> bool:
        return self._accounts.pop(user_id, None) is not None

    def disable(self, user_id: str) -> None:
        self._refuse()
        self.disabled.add(user_id)

    def enable(self, user_id: str) -> None:
        self._refuse()
        self.disabled.discard(user_id)

    def sign_out(self, user_id: str) -> None:
        self._refuse()
        self.signed_out.append(user_id)

    def attributes(self, user_id: str) -> dict[str, str]:
        account = self._accounts.get(user_id)
        return {} if account is None else {"sub": user_id, "email": account.email or ""}

    def _refuse(self) -> None:
        """Be away, as long as a test says so."""
        if self.refuses is not None:
            raise self.refuses

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._accounts
