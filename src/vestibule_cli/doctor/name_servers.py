"""Asks DNS for a domain's name servers. The standard library has no question but for addresses."""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

RESOLVERS: Final = Path("/etc/resolv.conf")
SECONDS: Final = 4.0
_NS: Final = 2
_INTERNET: Final = 1
_RECURSE: Final = 0x0100
_POINTER: Final = 0xC0
_CODE: Final = 0x000F
_NO_SUCH_NAME: Final = 3


class DnsError(OSError):
    """No answer that tells anything."""


def of(domain: str, server: str | None = None, port: int = 53) -> set[str]:
    """The servers that the world is told; none if it knows no such name. Raise DnsError."""
    question = _question(domain)
    server = server or _resolver()
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        asked.settimeout(SECONDS)
        try:
            asked.connect((server, port))
            asked.send(question)
            answer = asked.recv(4096)
        except OSError as error:
            raise DnsError(f"{server} does not tell the name servers of {domain}") from error
    if answer[:2] != question[:2]:
        raise DnsError(f"{server} answers another question")
    try:
        return _servers(answer)
    except (IndexError, struct.error) as error:
        raise DnsError(f"{server} gives an answer that cannot be read") from error


def _resolver(configuration: Path = RESOLVERS) -> str:
    try:
        lines = configuration.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DnsError(f"{configuration} names no server to ask") from error
    for line in lines:
        name, *values = line.split() or [""]
        if name == "nameserver" and values:
            return values[0].partition("%")[0]
    raise DnsError(f"{configuration} names no server to ask")


def _question(domain: str) -> bytes:
    labels = domain.rstrip(".").encode("ascii").split(b".")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return secrets.token_bytes(2) + struct.pack(
        f">HHHHH{len(name)}sHH", _RECURSE, 1, 0, 0, 0, name, _NS, _INTERNET
    )


def _servers(answer: bytes) -> set[str]:
    flags, questions, answers = struct.unpack_from(">HHH", answer, 2)
    if flags & _CODE == _NO_SUCH_NAME:
        return set()
    if flags & _CODE:
        raise DnsError(f"DNS refuses the question (code {flags & _CODE})")
    at = 12
    for _ in range(questions):
        _name, at = _read_name(answer, at)
        at += 4
    found = set()
    for _ in range(answers):
        _name, at = _read_name(answer, at)
        kind, _class, _seconds, length = struct.unpack_from(">HHIH", answer, at)
        at += 10
        if kind == _NS:
            found.add(_read_name(answer, at)[0].lower())
        at += length
    return found


def _read_name(answer: bytes, at: int, jumps: int = 0) -> tuple[str, int]:
    """A name, whose end may stand elsewhere, and where what follows it begins."""
    labels: list[str] = []
    while length := answer[at]:
        if length & _POINTER == _POINTER:
            if jumps > 16:
                raise IndexError
            elsewhere = struct.unpack_from(">H", answer, at)[0] & 0x3FFF
            rest, _end = _read_name(answer, elsewhere, jumps + 1)
            return ".".join([*labels, rest]), at + 2
        labels.append(answer[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels), at + 1
