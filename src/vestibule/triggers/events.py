"""What Cognito tells a trigger, parsed once and tolerantly: only what is read is required.

AWS adds and moves fields as it likes. Optional maps arrive null or not at all, and a value that
should be text now and then is not.
"""

from __future__ import annotations

from vestibule.platform.values import frozen
from vestibule.policy.addresses import normalized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    Text = Mapping[str, str]

NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"


class NotATrigger(Exception):
    """Not an event of a user pool: there is nothing to find out who sent it or why."""


@frozen
class Event:
    """One event. `raw` is the whole of it, as it came: what goes back to Cognito."""

    source: str
    user_name: str
    user_pool_id: str
    client_id: str | None
    attributes: Text
    client_metadata: Text
    validation_data: Text
    user_not_found: bool
    request: Mapping[str, Any]
    raw: Mapping[str, Any]

    @classmethod
    def parse(cls, raw: object) -> Event:
        """Raise NotATrigger for what is no event at all."""
        if not isinstance(raw, dict) or not isinstance(raw.get("triggerSource"), str):
            raise NotATrigger
        request = _map(raw.get("request"))
        client_id = _text(_map(raw.get("callerContext")).get("clientId"))
        return cls(
            source=raw["triggerSource"],
            user_name=_text(raw.get("userName")),
            user_pool_id=_text(raw.get("userPoolId")),
            client_id=None if client_id in {"", NO_CLIENT} else client_id,
            attributes=_texts(request.get("userAttributes")),
            client_metadata=_texts(request.get("clientMetadata")),
            validation_data=_texts(request.get("validationData")),
            user_not_found=request.get("userNotFound") is True,
            request=request,
            raw=raw,
        )

    @property
    def trigger(self) -> str:
        """The trigger's name, without what set it off: `PreSignUp` of `PreSignUp_SignUp`."""
        return self.source.partition("_")[0]

    @property
    def occasion(self) -> str:
        """What set the trigger off: `SignUp` of `PreSignUp_SignUp`."""
        return self.source.partition("_")[2]

    @property
    def user_id(self) -> str:
        """The person's sub. Where people sign in by address, Cognito names them by it too.

        Before the account exists (PreSignUp, UserMigration) it is whatever stands as user name.
        """
        return self.attributes.get("sub") or self.user_name

    @property
    def sign_in_name(self) -> str | None:
        """What Cognito calls the account where that is not its sub: `Google_123` for one."""
        sub = self.attributes.get("sub")
        return self.user_name if sub and self.user_name not in {"", sub} else None

    @property
    def told_email(self) -> str:
        """What stands as the address, be it one or not."""
        return self.attributes.get("email", "").strip(" ")

    @property
    def email(self) -> str | None:
        """The address as rules compare it; `email_verified` tells whether it counts.

        None for what is no address.
        """
        return normalized(self.told_email)

    @property
    def email_verified(self) -> bool:
        return self.email is not None and is_true(self.attributes.get("email_verified"))

    @property
    def response(self) -> Mapping[str, Any]:
        """What Cognito filled in before: a default for each member, or nothing."""
        return _map(self.raw.get("response"))


def is_true(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> Text:
    """Real events hold text alone; published samples hold booleans too, and nulls."""
    pairs = _map(value).items()
    return {name: _text(content) for name, content in pairs if content is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""
