"""Where a call came from."""

from __future__ import annotations

from vestibule.platform.values import frozen


@frozen
class Origin:
    """As far as anybody said."""

    ip: str | None = None
    user_agent: str | None = None
