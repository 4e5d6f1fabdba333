"""The directory from before, reached over HTTPS.

`POST URL/authenticate` with `{"username", "password"}` and `POST URL/find` with `{"username"}`:
200 with the person as a JSON object; 404, with any JSON object, for nobody by this name, or not
with this password.
Nothing is followed elsewhere, nothing tried twice, and an answer ends at 64 KB.
"""

from __future__ import annotations

import json
import time

from vestibule.platform.aws import AwsError
from vestibule.platform.connection import AnswerTooLarge, BrokenAnswer
from vestibule.platform.host import Host, NotConnected
from vestibule.triggers.migration import DirectoryAway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    from vestibule.platform.aws import AwsClient
    from vestibule.triggers.migration import Person
    from vestibule.triggers.settings import DirectorySettings

LONGEST_WAIT: Final = 2.5
LARGEST_ANSWER: Final = 64 * 1024
_KEY_SECONDS: Final = 300


class HttpsDirectory:
    def __init__(
        self,
        settings: DirectorySettings,
        *,
        secrets: AwsClient | None = None,
        left: Callable[[], float] = lambda: LONGEST_WAIT,
    ) -> None:
        """`left` tells how many seconds the invocation still has."""
        self._settings = settings
        self._host = Host(settings.endpoint, largest_answer=LARGEST_ANSWER)
        self._key = _Key(secrets, settings.key_secret)
        self._left = left

    def authenticate(self, username: str, password: str) -> Person | None:
        return self._ask("authenticate", {"username": username, "password": password})

    def find(self, username: str) -> Person | None:
        return self._ask("find", {"username": username})

    def close(self) -> None:
        """Close what is kept open between questions; the directory stays usable."""
        self._host.close()

    def _ask(self, what: str, question: Mapping[str, str]) -> Person | None:
        headers = {
            "host": self._settings.endpoint.authority,
            "content-type": "application/json",
            "accept": "application/json",
            **self._key.header(),
        }
        until = time.monotonic() + min(LONGEST_WAIT, self._left())
        path = f"{self._settings.path}/{what}"
        try:
            answer = self._host.post(path, headers, json.dumps(question).encode(), until=until)
        except NotConnected as error:
            raise DirectoryAway(str(error)) from None
        except AnswerTooLarge:
            raise DirectoryAway(f"its answer is larger than {LARGEST_ANSWER} bytes") from None
        except (OSError, BrokenAnswer) as error:
            raise DirectoryAway(f"{type(error).__name__}: {error}") from None
        if answer.status == 404:
            # Any server says so of a path it does not know, but not in JSON.
            _person(answer.body)
            return None
        if answer.status in {401, 403}:
            self._key.forget()
        if answer.status != 200:
            raise DirectoryAway(f"it answered {answer.status}")
        return _person(answer.body)


class _Key:
    """Kept for some minutes, and fetched anew once the directory refuses it."""

    def __init__(self, client: AwsClient | None, secret: str | None) -> None:
        self._client = client
        self._secret = secret
        self._known: tuple[str, float] | None = None

    def header(self) -> Mapping[str, str]:
        if self._client is None or self._secret is None:
            return {}
        if self._known is None or self._known[1] <= time.monotonic():
            self._known = (self._fetch(self._client), time.monotonic() + _KEY_SECONDS)
        return {"x-api-key": self._known[0]}

    def forget(self) -> None:
        self._known = None

    def _fetch(self, client: AwsClient) -> str:
        try:
            answer = client.call("GetSecretValue", {"SecretId": self._secret})
        except AwsError as error:
            raise DirectoryAway(f"its key can't be read: {error}") from None
        key = str(answer.get("SecretString", "")).strip()
        if not key.isascii() or not key.isprintable() or not key:
            raise DirectoryAway("its key is not one line of ASCII text")
        return key


def _person(body: bytes) -> Person:
    try:
        person = json.loads(body)
    except (ValueError, RecursionError):
        # Without the error's text: it may quote the answer.
        raise DirectoryAway("its answer is not JSON") from None
    if not isinstance(person, dict):
        raise DirectoryAway("its answer is not a JSON object")
    return person
