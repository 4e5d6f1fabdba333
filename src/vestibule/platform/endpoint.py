from __future__ import annotations

from vestibule.platform.values import frozen

_PORTS = {"http": 80, "https": 443}
_PATH_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%")
_LOCATION_RULE = (
    "must be https://HOST[:PORT][/PATH] (http for this machine's own address), "
    "without user, query or fragment"
)


@frozen
class Endpoint:
    """Where a service is reached, and nothing more than that: no path, no user."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Raise ValueError, with the rule as its text, unless the URL may be trusted with data."""
        scheme, separator, rest = url.partition("://")
        host, port = _split(rest.removesuffix("/"))
        if (
            not separator
            or scheme not in _PORTS
            or not host
            or not (port.isascii() and port.isdigit() if port else not rest.endswith(":"))
            or not 0 < int(port or _PORTS[scheme]) < 65536
        ):
            raise ValueError("must be http://HOST:PORT or https://HOST[:PORT], without a path")
        if scheme == "http" and not is_loopback(host):
            raise ValueError("must begin with https://, except for this machine's own address")
        return cls(scheme, host, int(port or _PORTS[scheme]))

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@frozen
class Location:
    """A path at an endpoint: where a service of somebody's begins."""

    endpoint: Endpoint
    path: str
    """Without a slash at its end."""

    @classmethod
    def parse(cls, url: str) -> Location:
        """Raise ValueError, with the rule as its text, unless the URL may be trusted with data."""
        scheme, separator, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        try:
            endpoint = Endpoint.parse(f"{scheme}{separator}{authority}")
        except ValueError as error:
            raise ValueError(f"{_LOCATION_RULE}: {error}") from None
        if not _PATH_LETTERS.issuperset(path):
            raise ValueError(_LOCATION_RULE)
        return cls(endpoint, f"{slash}{path}".rstrip("/"))


def is_loopback(host: str) -> bool:
    parts = host.split(".")
    return host in {"localhost", "::1"} or (
        len(parts) == 4
        and parts[0] == "127"
        and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts)
    )


def _split(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        well_formed = closed and _is_address(host) and port[:1] in {"", ":"}
        return (host, port[1:]) if well_formed else ("", "")
    host, _, port = authority.partition(":")
    return (host.lower(), port) if _is_name(host) else ("", "")


def _is_name(host: str) -> bool:
    return host.isascii() and all(
        0 < len(label) < 64 and label.replace("-", "").isalnum() for label in host.split(".")
    )


def _is_address(host: str) -> bool:
    return all(letter in "0123456789abcdef:" for letter in host)
