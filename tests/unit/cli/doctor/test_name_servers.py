"""Answers of DNS, byte by byte."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.doctor import name_servers
from vestibule_cli.doctor.name_servers import DnsError

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = b"\x07example\x03com\x00" + struct.pack(">HH", 2, 1)
TO_EXAMPLE_COM = struct.pack(">H", 0xC000 | 12)


def an_answer(*servers: bytes, code: int = 0, kind: int = 2) -> bytes:
    head = b"id" + struct.pack(">HHHHH", 0x8180 | code, 1, len(servers), 0, 0)
    records = b"".join(
        TO_EXAMPLE_COM + struct.pack(">HHIH", kind, 1, 60, len(server)) + server
        for server in servers
    )
    return head + QUESTION + records


def test_a_question_names_the_domain_and_asks_for_its_servers() -> None:
    assert name_servers._question("example.com.")[12:] == QUESTION


def test_servers_are_read_whether_their_names_are_whole_or_point_elsewhere() -> None:
    answer = an_answer(b"\x02NS\x03aws\x00", b"\x02ns" + TO_EXAMPLE_COM)

    assert name_servers._servers(answer) == {"ns.aws", "ns.example.com"}


def test_records_of_other_kinds_are_passed_over() -> None:
    assert name_servers._servers(an_answer(b"\x7f\x00\x00\x01", kind=1)) == set()


def test_a_name_that_nobody_knows_has_none() -> None:
    assert name_servers._servers(an_answer(code=3)) == set()


def test_a_server_that_refuses_tells_nothing() -> None:
    with pytest.raises(DnsError, match="code 5"):
        name_servers._servers(an_answer(code=5))


def test_a_name_that_points_to_itself_ends() -> None:
    start = len(an_answer()) + 12
    looping = struct.pack(">H", 0xC000 | start)

    with pytest.raises(IndexError):
        name_servers._servers(an_answer(looping))


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("nameserver 192.0.2.1\n", "192.0.2.1"),
        ("# mine\n\nsearch example.com\nnameserver\t192.0.2.2\n", "192.0.2.2"),
        ("nameserver\nnameserver  fe80::1%eth0 \n", "fe80::1"),
    ],
)
def test_the_machines_own_server_is_asked(text: str, server: str, tmp_path: Path) -> None:
    configuration = tmp_path / "resolv.conf"
    configuration.write_text(text)

    assert name_servers._resolver(configuration) == server


@pytest.mark.parametrize("text", [None, "", "nameserver\n"])
def test_a_machine_without_one_says_so(text: str | None, tmp_path: Path) -> None:
    configuration = tmp_path / "resolv.conf"
    if text is not None:
        configuration.write_text(text)

    with pytest.raises(DnsError, match="names no server to ask"):
        name_servers._resolver(configuration)
