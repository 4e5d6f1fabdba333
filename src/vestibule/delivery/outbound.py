"""One HTTPS peer outside: where it may be, what it may answer, how long it may take.

No redirect is followed, nothing is repeated but a request that a closed connection swallowed, and
an answer ends at 64 KB. Whatever a name resolves to, this network's own metadata is not reached.
"""

from __future__ import annotations

import time

from vestibule.platform.connection import AddressRefused, Answer, AnswerTooLarge, BrokenAnswer
from vestibule.platform.endpoint import Location, is_loopback
from vestibule.platform.host import Host, NotConnected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Final

LARGEST_ANSWER: Final = 64 * 1024
ATTEMPT_SECONDS: Final = 5.0

UNREACHABLE: Final = "unreachable"
TIMED_OUT: Final = "timed_out"
BROKEN_ANSWER: Final = "broken_answer"
ANSWER_TOO_LARGE: Final = "answer_too_large"
ADDRESS_REFUSED: Final = "address_refused"

_METADATA: Final = "fd00:ec2::/32"


class PeerFault(Exception):
    """No answer that can be used. With any reason but UNREACHABLE it may have acted."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def location(url: str, allowed_hosts: Collection[str] = ()) -> Location:
    """Read where a peer is. Raise ValueError, with the rule as its text.

    With hosts given, it is one of them. `.example.com` allows every name below it.
    """
    found = Location.parse(url)
    host = found.endpoint.host
    if allowed_hosts and not any(_covers(each, host) for each in allowed_hosts):
        raise ValueError(f"{host} is not among the allowed hosts: {', '.join(allowed_hosts)}")
    return found


def hosts(text: str) -> tuple[str, ...]:
    """Read a list of hosts, separated by commas."""
    return tuple(host for part in text.lower().split(",") if (host := part.strip()))


class Peer:
    """One thread at a time."""

    def __init__(
        self,
        at: Location,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        left: Callable[[], float] | None = None,
    ) -> None:
        """`left` tells how many seconds the invocation still has."""
        self.at = at
        self._attempt_seconds = attempt_seconds
        self._left = left
        self._host = Host(
            at.endpoint,
            largest_answer=LARGEST_ANSWER,
            may_end_by_closing=True,
            accepts=is_loopback if is_loopback(at.endpoint.host) else may_reach,
        )

    def request(
        self,
        method: str,
        suffix: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Give the answer, whatever its status. Raise PeerFault."""
        given = {
            "host": self.at.endpoint.authority,
            "user-agent": "vestibule",
            "accept": "application/json",
            **(headers or {}),
        }
        seconds = min(self._attempt_seconds, self._left() if self._left else self._attempt_seconds)
        try:
            return self._host.request(
                method,
                f"{self.at.path}{suffix}" or "/",
                given,
                body,
                until=time.monotonic() + seconds,
            )
        except NotConnected as error:
            refused = isinstance(error.__cause__, AddressRefused)
            raise PeerFault(ADDRESS_REFUSED if refused else UNREACHABLE, str(error)) from None
        except AnswerTooLarge as error:
            if 200 <= error.status < 300:
                raise PeerFault(
                    ANSWER_TOO_LARGE, f"its answer is larger than {LARGEST_ANSWER} bytes"
                ) from None
            return Answer(error.status, error.headers, b"")
        except TimeoutError:
            raise PeerFault(TIMED_OUT, f"no whole answer within {seconds:g} s") from None
        except (OSError, BrokenAnswer) as error:
            raise PeerFault(BROKEN_ANSWER, f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """Close what is kept open between requests; the peer stays usable."""
        self._host.close()


def may_reach(address: str) -> bool:
    """Private networks may be meant; this machine and what hands out credentials never are."""
    import ipaddress  # noqa: PLC0415 - 4 ms, paid at the first connection

    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not (
        ip.is_loopback
        or ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or (ip.version == 6 and ip in ipaddress.ip_network(_METADATA))
    )


def _covers(allowed: str, host: str) -> bool:
    return host.endswith(allowed) if allowed.startswith(".") else host == allowed
