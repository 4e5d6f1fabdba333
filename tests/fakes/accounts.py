"""Sign-in accounts in memory."""

from __future__ import annotations

from vestibule.profiles.accounts import Account


class InMemoryAccounts:
    """Keeps the promises of `Accounts` and of `AccountDirectory`."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self.lookups: list[str] = []

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

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._accounts
