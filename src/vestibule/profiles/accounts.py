"""What the sign-in account, kept by Cognito, says of a person."""

from __future__ import annotations

from vestibule.platform.aws import AwsRefused
from vestibule.platform.values import frozen, replace
from vestibule.policy.model import ACCOUNT_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vestibule.platform.aws import AwsClient
    from vestibule.profiles.ports import SignInNames


@frozen
class Account:
    email: str | None
    email_verified: bool
    account_type: str = ACCOUNT_TYPES[0]
    marketing_consent: bool = False
    sign_in_name: str | None = None  # what Cognito calls them, if not by their sub

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Account:
        """Read Cognito's attributes. A client wrote some of them, so the unknown is passed over."""
        # Some letters beyond ASCII are ASCII ones in lower case: that is somebody else's address.
        email = attributes.get("email", "")
        email = email.lower() if email.isascii() else ""
        account_type = attributes.get("custom:account_type", "").lower()
        return cls(
            email=email or None,
            email_verified=email != "" and attributes.get("email_verified") == "true",
            account_type=account_type if account_type in ACCOUNT_TYPES else ACCOUNT_TYPES[0],
            marketing_consent=attributes.get("custom:marketing_consent") == "true",
        )


class CognitoAccounts:
    """Accounts of one user pool, asked for by sub.

    That is the user name of everybody but those who come through a provider, whom Cognito finds by
    the provider's name for them alone: who isn't found by sub is looked up, and asked for again.
    """

    def __init__(self, client: AwsClient, user_pool_id: str, names: SignInNames) -> None:
        self._client = client
        self._user_pool_id = user_pool_id
        self._names = names

    def find(self, user_id: str) -> Account | None:
        answer = self._if_there("AdminGetUser", user_id)
        if answer is None or not answer.get("Enabled", True):
            return None
        attributes = answer.get("UserAttributes", ())
        account = Account.from_attributes(
            {pair["Name"]: pair.get("Value", "") for pair in attributes}
        )
        name = answer.get("Username", user_id)
        return account if name == user_id else replace(account, sign_in_name=name)

    def exists(self, user_id: str) -> bool:
        return self._if_there("AdminGetUser", user_id) is not None

    def delete(self, user_id: str) -> bool:
        return self._if_there("AdminDeleteUser", user_id) is not None

    def disable(self, user_id: str) -> None:
        self._if_there("AdminDisableUser", user_id)

    def enable(self, user_id: str) -> None:
        self._if_there("AdminEnableUser", user_id)

    def sign_out(self, user_id: str) -> None:
        try:
            self._if_there("AdminUserGlobalSignOut", user_id)
        except AwsRefused as refusal:
            if not _is_of_disabled(refusal):
                raise

    def attributes(self, user_id: str) -> dict[str, str]:
        answer = self._if_there("AdminGetUser", user_id) or {}
        return {pair["Name"]: pair.get("Value", "") for pair in answer.get("UserAttributes", ())}

    def _if_there(self, operation: str, user_id: str) -> dict[str, Any] | None:
        answer = self._by_name(operation, user_id)
        if answer is not None:
            return answer
        name = self._names.find(user_id)
        return None if name is None else self._by_name(operation, name)

    def _by_name(self, operation: str, name: str) -> dict[str, Any] | None:
        try:
            return self._client.call(operation, self._named(name))
        except AwsRefused as refusal:
            if refusal.code == "UserNotFoundException":
                return None
            raise

    def _named(self, name: str) -> dict[str, str]:
        return {"UserPoolId": self._user_pool_id, "Username": name}


def _is_of_disabled(refusal: AwsRefused) -> bool:
    # Cognito has no code of its own for it.
    return refusal.code == "NotAuthorizedException" and "disabled" in refusal.message.lower()
