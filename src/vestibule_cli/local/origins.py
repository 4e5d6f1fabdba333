"""Origins of a developer's own pages, such as those of a front end's dev server."""

import re
from urllib.parse import urlsplit

LOOPBACK = re.compile(r"127\.0\.0\.1|localhost|\[::1\]|[a-z0-9.-]+\.localhost")
ORIGIN = re.compile(r"(https?)://([^/?#@:\s]+|\[[^/?#@\s\]]+\])(?::([0-9]{1,5}))?")
DEFAULT_PORTS = {"http": 80, "https": 443}


def parse(text: str) -> str:
    """The origin as a browser sends it. Raise ValueError, saying why, if there is none such."""
    found = ORIGIN.fullmatch(text.lower())
    if found is None:
        raise ValueError(
            f"{text!r} is not an origin: that is scheme, host and port, "
            "such as http://localhost:5173, and no path"
        )
    scheme, host = found[1], found[2]
    if LOOPBACK.fullmatch(host) is None:
        raise ValueError(f"{text!r} is not on this machine: localhost or 127.0.0.1 only")
    port = urlsplit(found[0]).port
    named = "" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{host}{named}"
