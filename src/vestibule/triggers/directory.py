"""The directory from before, reached over HTTPS.

`POST URL/authenticate` with `{"username", "password"}` and `POST URL/find` with `{"username"}`:
200 with the person as a JSON object; 404, with any JSON object, for nobody by this name, or not
with this password.
Nothing is followed elsewhere, nothing tried twice, and an answer ends at 64 KB.
"""

from __future__ import annotations

import json

from vestibule.delivery.outbound import Peer, PeerFault
from vestibule.delivery.secrets import SecretAway, SecretFault, SecretValue
from vestibule.platform.endpoint import Location
from vestibule.triggers.migration import DirectoryAway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    from vestibule.platform.aws import AwsClient
    from vestibule.triggers.migration import Person
    from vestibule.triggers.settings import DirectorySettings

LONGEST_WAIT: Final = 2.5
SETTING: Final = "MIGRATION_KEY_SECRET"


class HttpsDirectory:
    def __init__(
        self,
        settings: DirectorySettings,
        *,
        secrets: AwsClient | None = None,
        left: Callable[[], float] = lambda: LONGEST_WAIT,
    ) -> None:
        """`left` tells how many seconds the invocation still has."""
        at = Location(settings.endpoint, settings.path)
        self._peer = Peer(at, attempt_seconds=LONGEST_WAIT, left=left)
        self._key = None
        if secrets is not None and settings.key_secret is not None:
            self._key = SecretValue(secrets, settings.key_secret, SETTING)

    def authenticate(self, username: str, password: str) -> Person | None:
        return self._ask("authenticate", {"username": username, "password": password})

    def find(self, username: str) -> Person | None:
        return self._ask("find", {"username": username})

    def close(self) -> None:
        """Close what is kept open between questions; the directory stays usable."""
        self._peer.close()

    def _ask(self, what: str, question: Mapping[str, str]) -> Person | None:
        headers = {"content-type": "application/json", **self._key_header()}
        try:
            answer = self._peer.request("POST", f"/{what}", headers, json.dumps(question).encode())
        except PeerFault as error:
            raise DirectoryAway(str(error)) from None
        if answer.status == 404:
            # Any server says so of a path it does not know, but not in JSON.
            _person(answer.body)
            return None
        if answer.status in {401, 403} and self._key is not None:
            self._key.forget()
        if answer.status != 200:
            raise DirectoryAway(f"it answered {answer.status}")
        return _person(answer.body)

    def _key_header(self) -> Mapping[str, str]:
        if self._key is None:
            return {}
        try:
            return {"x-api-key": self._key.key()}
        except (SecretAway, SecretFault) as error:
            raise DirectoryAway(f"its key can't be read: {error}") from None


def _person(body: bytes) -> Person:
    try:
        person = json.loads(body)
    except (ValueError, RecursionError):
        # Without the error's text: it may quote the answer.
        raise DirectoryAway("its answer is not JSON") from None
    if not isinstance(person, dict):
        raise DirectoryAway("its answer is not a JSON object")
    return person
