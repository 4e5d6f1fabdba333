"""Loopback ports: which are free, and who holds the ones that are not."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    emulator: int
    edge: int
    user_service: int = 0


def bind(port: int) -> socket.socket:
    """A listening socket on this loopback port (0: any free one). Raises OSError when taken."""
    # Named TCP: else asyncio leaves its delays on, and answers wait 40 ms for an acknowledgment.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port whose last connections are still closing is free; one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def is_free(port: int) -> bool:
    try:
        bind(port).close()
    except OSError:
        return False
    return True


def pick(avoid: frozenset[int] = frozenset()) -> int:
    while True:
        with bind(0) as listener:
            port: int = listener.getsockname()[1]
        if port not in avoid:
            return port


def occupant(port: int) -> str:
    """Who listens on a port, as far as this system tells: "pid 4711 (nginx -g daemon)"."""
    pid = _listening_pid(port)
    return f"pid {pid} ({command_of(pid)})" if pid is not None else "another process"


def command_of(pid: int) -> str:
    """The command line of a process, cut to one readable line; "?" when it cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "?"
    words = " ".join(raw.replace(b"\0", b" ").decode("utf-8", "replace").split())
    return words if len(words) <= 120 else words[:117] + "..."


def _listening_pid(port: int) -> int | None:
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in inodes:
                    return int(process.name)
    return None


def _listening_inodes(port: int) -> frozenset[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return frozenset(found)
