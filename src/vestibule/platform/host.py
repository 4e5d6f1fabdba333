"""One host that requests go to, and the connection kept open to it."""

from __future__ import annotations

from vestibule.platform.connection import LARGEST_ANSWER, Connection, StaleConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vestibule.platform.connection import Answer
    from vestibule.platform.endpoint import Endpoint


class NotConnected(Exception):
    """Nobody has seen the request: it may be sent again."""


class Host:
    """One thread at a time. An answer is given as it is: a redirect is not followed."""

    def __init__(
        self, endpoint: Endpoint, *, largest_answer: int = LARGEST_ANSWER, **connection: Any
    ) -> None:
        """`connection`: more of what a Connection is told."""
        self.endpoint = endpoint
        self._more = {"largest_answer": largest_answer, **connection}
        self._kept: Connection | None = None

    def post(self, path: str, headers: Mapping[str, str], body: bytes, *, until: float) -> Answer:
        """Wait `until`, on `time.monotonic()`. Raise NotConnected.

        With the outcome unknown, raise OSError, BrokenAnswer or AnswerTooLarge.
        """
        return self.request("POST", path, headers, body, until=until)

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, until: float
    ) -> Answer:
        """Raise as `post` does. It may reach the host twice."""
        connection, self._kept = self._kept or self._connect(until), None
        try:
            answer = connection.request(method, path, headers, body, until=until)
        except StaleConnection:
            # Closed before a byte of an answer came: it had been idle for too long.
            connection = self._connect(until)
            answer = connection.request(method, path, headers, body, until=until)
        if connection.reusable:
            self._kept = connection
        return answer

    def close(self) -> None:
        """Close what is kept open; the host stays usable."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connect(self, until: float) -> Connection:
        try:
            return Connection(self.endpoint, until=until, **self._more)
        except OSError as error:
            raise NotConnected(f"no connection: {type(error).__name__}: {error}") from error
