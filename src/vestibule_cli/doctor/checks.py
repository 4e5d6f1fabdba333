"""What a check finds, and how checks are run: one that cannot be made is no reason to stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from vestibule.platform.aws import AwsError
from vestibule.platform.values import frozen
from vestibule_cli.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Final

    Look = Callable[[], Iterable["Check"]]

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"


@frozen
class Check:
    name: str
    level: str
    text: str
    advice: str = ""

    def view(self) -> dict[str, Any]:
        return {
            "check": self.name,
            "level": self.level,
            "text": self.text,
            **({"advice": self.advice} if self.advice else {}),
        }


def ok(name: str, text: str) -> Check:
    return Check(name, OK, text)


def warn(name: str, text: str, advice: str = "") -> Check:
    return Check(name, WARN, text, advice)


def fail(name: str, text: str, advice: str) -> Check:
    return Check(name, FAIL, text, advice)


def run(looks: Mapping[str, Look]) -> Iterator[Check]:
    """Make all checks at once; give what they find in their order."""
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(_looked, looks.keys(), looks.values()):
            yield from found


def _looked(name: str, look: Look) -> list[Check]:
    try:
        return list(look())
    except (AwsError, Failure, OSError) as error:
        reason = str(error)
    except Exception as error:
        if not type(error).__module__.startswith("botocore."):
            raise
        reason = f"{type(error).__name__}: {error}"
    text = " ".join(reason.split())
    advice = "The credentials may lack the right to read it; nothing is known of it."
    return [warn(name, f"could not be looked at: {text}", advice)]
