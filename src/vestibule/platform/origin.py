"""Where a call came from."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


@frozen
class Origin:
    """Address and user agent of a caller; None where nobody named one."""

    ip: str | None = None
    user_agent: str | None = None


NOWHERE: Final = Origin()
