"""What a mail's unsubscribe link carries: whom, from which mails, until when; signed by us.

A token is 55 bytes: format, version of the key, day of expiry, category, the person's id, and an
HMAC-SHA256 over all that. It names nobody's address, and says nothing to whoever finds it.
"""

from __future__ import annotations

import hmac
import time
from binascii import Error, a2b_base64, b2a_base64

from vestibule.platform.aws import AwsRefused
from vestibule.platform.clock import now
from vestibule.platform.ids import is_sub
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, Protocol

    from vestibule.platform.clock import Clock

    class Parameters(Protocol):
        """The slim client of Systems Manager (`AwsClient("ssm", ...)`)."""

        def call(
            self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
        ) -> dict[str, Any]: ...

    class Keys(Protocol):
        def current(self) -> tuple[int, bytes]:
            """Give the key to sign with and its version."""

        def find(self, version: int) -> bytes | None:
            """Give the key of a version, None if there is none of that number."""


NOTIFICATIONS: Final = "notifications"
MARKETING: Final = "marketing"
# The preference that each turns off, and the number that stands for it in a token.
PREFERENCES: Final[Mapping[str, str]] = {
    NOTIFICATIONS: "emailNotifications",
    MARKETING: "marketingEmails",
}
_NUMBERS: Final = {NOTIFICATIONS: 1, MARKETING: 2}
_CATEGORIES: Final = {number: category for category, number in _NUMBERS.items()}

VALID_DAYS: Final = 180
FRESH_SECONDS: Final = 300.0
SHORTEST_KEY: Final = 32
_FORMAT: Final = 1
_DAY_SECONDS: Final = 86_400
_SIGNED: Final = 23  # bytes: format 1, key 3, day 2, category 1, person 16
_SIGNATURE: Final = 32
_LENGTH: Final = (_SIGNED + _SIGNATURE + 2) // 3 * 4  # as text, its padding left out or not
_PURPOSE: Final = b"vestibule unsubscribe "
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class InvalidToken(Exception):
    """A token that opens nothing. `forged`: it looks like one of ours, and we never signed it."""

    def __init__(self, reason: str, *, forged: bool = False) -> None:
        super().__init__(reason)
        self.forged = forged


class KeyUnusable(Exception):
    """What the parameter holds is no key."""


@frozen
class Wish:
    user_id: str
    category: str

    @property
    def preference(self) -> str:
        return PREFERENCES[self.category]


class Tokens:
    def __init__(self, keys: Keys, clock: Clock = now) -> None:
        self._keys = keys
        self._clock = clock

    def issue(self, wish: Wish, *, days: int = VALID_DAYS) -> str:
        """Raise ValueError for a person's id that is no UUID, or a category there is not."""
        if not is_sub(wish.user_id) or wish.category not in _NUMBERS:
            raise ValueError("a token names a person by UUID, and a category there is")
        version, key = self._keys.current()
        signed = b"".join(
            (
                bytes((_FORMAT,)),
                version.to_bytes(3, "big"),
                (self._today() + days).to_bytes(2, "big"),
                bytes((_NUMBERS[wish.category],)),
                bytes.fromhex(wish.user_id.replace("-", "")),
            )
        )
        return _text(signed + _sign(key, signed))

    def read(self, token: str) -> Wish:
        """Raise InvalidToken."""
        content = _bytes(token)
        signed, signature = content[:_SIGNED], content[_SIGNED:]
        if signed[0] != _FORMAT:
            raise InvalidToken("not a format of ours")
        key = self._keys.find(int.from_bytes(signed[1:4], "big"))
        if key is None or not hmac.compare_digest(signature, _sign(key, signed)):
            raise InvalidToken("not signed by us", forged=True)
        if int.from_bytes(signed[4:6], "big") < self._today():
            raise InvalidToken("expired")
        return Wish(_uuid(signed[7:]), _CATEGORIES[signed[6]])

    def _today(self) -> int:
        return int(self._clock().timestamp()) // _DAY_SECONDS


class ParameterKeys:
    """The versions of a SecureString: a key that was replaced still opens what it signed."""

    def __init__(
        self,
        ssm: Parameters,
        parameter: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ssm = ssm
        self._parameter = parameter
        self._monotonic = monotonic
        self._known: dict[int, bytes | None] = {}
        self._newest: tuple[int, bytes] = (0, b"")
        self._until = float("-inf")

    def current(self) -> tuple[int, bytes]:
        """Read at most every five minutes. Raise KeyUnusable, AwsRefused or AwsUnavailable."""
        if self._monotonic() >= self._until:
            self._newest = self._read(self._parameter)
            self._known[self._newest[0]] = self._newest[1]
            self._until = self._monotonic() + FRESH_SECONDS
        return self._newest

    def find(self, version: int) -> bytes | None:
        """Ask for no version beyond the newest: strangers choose this number."""
        newest, _ = self.current()
        if not 1 <= version <= newest:
            return None
        if version not in self._known:
            self._known[version] = self._former(version)
        return self._known[version]

    def _former(self, version: int) -> bytes | None:
        try:
            return self._read(f"{self._parameter}:{version}")[1]
        except AwsRefused as refusal:
            if refusal.code not in {"ParameterNotFound", "ParameterVersionNotFound"}:
                raise
            return None

    def _read(self, name: str) -> tuple[int, bytes]:
        answer = self._ssm.call("GetParameter", {"Name": name, "WithDecryption": True})
        parameter = answer.get("Parameter") or {}
        key = str(parameter.get("Value") or "").encode()
        version = parameter.get("Version")
        if len(key) < SHORTEST_KEY or not isinstance(version, int):
            raise KeyUnusable(f"the parameter's value must be {SHORTEST_KEY} letters or more")
        return version, key


def _sign(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + signed, "sha256")


def _text(content: bytes) -> str:
    return b2a_base64(content, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def _bytes(token: str) -> bytes:
    if len(token) > _LENGTH or not _LETTERS.issuperset(token):
        raise InvalidToken("not a token")
    padded = token.encode().translate(_FROM_URL) + b"=" * (-len(token) % 4)
    try:
        content = a2b_base64(padded)
    except Error:
        raise InvalidToken("not a token") from None
    # One text for one token: base64 has bits to spare at its end.
    if len(content) != _SIGNED + _SIGNATURE or _text(content) != token:
        raise InvalidToken("not a token")
    return content


def _uuid(content: bytes) -> str:
    digits = content.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
