from __future__ import annotations

import os

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class MissingCredentials(Exception):
    """The environment does not hold what signs a request."""


@frozen
class Credentials:
    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r}, secret_key=hidden)"


def from_environment(environment: Mapping[str, str] = os.environ) -> Credentials:
    """Take the variables Lambda sets for a function's role."""
    required = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    missing = [name for name in required if not environment.get(name)]
    if missing:
        raise MissingCredentials(
            f"no AWS credentials: set {' and '.join(missing)} (Lambda sets them for its functions)"
        )
    return Credentials(
        access_key=environment["AWS_ACCESS_KEY_ID"],
        secret_key=environment["AWS_SECRET_ACCESS_KEY"],
        session_token=environment.get("AWS_SESSION_TOKEN") or None,
    )
