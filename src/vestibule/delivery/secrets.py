"""A secret of Secrets Manager, kept for some minutes."""

from __future__ import annotations

import json
import time

from vestibule.platform.aws import AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.platform.aws import AwsClient

KEPT_SECONDS: Final = 300.0
# No such secret or no value in it, and one that is being deleted.
_MISSING: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class SecretFault(Exception):
    """The secret is not there, or not what it should be. The text names the setting."""


class SecretMissing(SecretFault):
    """Nobody has given it a value, or there is no such secret."""


class SecretAway(Exception):
    """It can't be fetched now: no answer, or a right that has not spread yet, or a busy KMS."""


class SecretValue:
    """Methods that read it raise SecretFault, or SecretAway when it can't be fetched now."""

    def __init__(
        self,
        client: AwsClient,
        secret_id: str,
        setting: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`setting`: the variable that names the secret, for the texts of faults."""
        self._client = client
        self._secret_id = secret_id
        self._setting = setting
        self._monotonic = monotonic
        self._known: tuple[str, float] | None = None

    def text(self) -> str:
        """Give all of it."""
        if self._known is None or self._known[1] <= self._monotonic():
            self._known = (self._fetch(), self._monotonic() + KEPT_SECONDS)
        return self._known[0]

    def key(self, field: str = "apiKey") -> str:
        """Give a key to be sent in a header: the whole text, or one member of a JSON object."""
        return self._key_in(self.text(), field)

    def earlier_key(self, field: str = "apiKey") -> str | None:
        """Give the key from before the last change: a peer may not know the new one yet."""
        try:
            return self._key_in(self._fetch(VersionStage="AWSPREVIOUS"), field)
        except SecretFault:
            return None

    def document(self) -> Mapping[str, Any]:
        """Give the JSON object that it is."""
        return self._document_in(self.text())

    def renewed(self) -> bool:
        """Fetch it again, because it was refused; tell whether it has become another one."""
        before = self._known and self._known[0]
        self.forget()
        return self.text() != before

    def forget(self) -> None:
        """Fetch it again when it is next asked for."""
        self._known = None

    def _key_in(self, text: str, field: str) -> str:
        text = text.strip()
        if text.startswith("{"):
            text = str(self._document_in(text).get(field) or "")
        if not text or not text.isascii() or not text.isprintable():
            raise SecretFault(
                f"what {self._setting} names must be one line of ASCII text, or a JSON object "
                f'with it as "{field}"'
            )
        return text

    def _document_in(self, text: str) -> Mapping[str, Any]:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            # Without the error's text: it may quote the secret.
            content = None
        if not isinstance(content, dict):
            raise SecretFault(f"what {self._setting} names must be a JSON object")
        return content

    def _fetch(self, **version: str) -> str:
        try:
            answer = self._client.call("GetSecretValue", {"SecretId": self._secret_id, **version})
        except AwsError as error:
            fault = SecretMissing if error.code in _MISSING else SecretAway
            raise fault(
                f"what {self._setting} names can't be read ({error.code or 'no answer'})"
            ) from None
        return str(answer.get("SecretString") or "")
