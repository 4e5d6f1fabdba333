"""What every consumer of a queue is told beside what every function is."""

from __future__ import annotations

import os

from vestibule.platform.settings import SettingsError
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

_LONGEST: Final = 1024


@frozen
class QueueSettings:
    queue_url: str
    dead_letters_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> QueueSettings:
        """Read QUEUE_URL and DEAD_LETTERS_URL. Raise SettingsError."""
        return cls(
            *together(
                lambda: required_queue(environment, "QUEUE_URL"),
                lambda: required_queue(environment, "DEAD_LETTERS_URL"),
            )
        )


def required_queue(environment: Mapping[str, str], name: str) -> str:
    """Raise SettingsError."""
    url = environment.get(name) or ""
    if not url:
        raise SettingsError(f"{name}: is not set; must be a queue's URL")
    if not is_queue_url(url):
        raise SettingsError(f"{name}: must be a queue's URL, got {url[:60]!r}")
    return url


def is_queue_url(url: str) -> bool:
    return (
        url.startswith(("https://", "http://"))
        and len(url) <= _LONGEST
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )


def together(*reads: Callable[[], Any]) -> list[Any]:
    """Read several settings; raise one SettingsError with the problems of all."""
    values: list[Any] = []
    problems: list[str] = []
    for read in reads:
        try:
            values.append(read())
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))
    return values
