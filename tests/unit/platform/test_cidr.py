"""IPv4 ranges: read as `ipaddress` reads them, and more strictly where spellings differ."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestibule.platform.cidr import CidrBroken, Range, parse, shown

ranges = st.builds(
    lambda number, length: Range(number >> (32 - length) << (32 - length), length),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)


@given(ranges, ranges)
def test_ranges_are_those_of_the_standard_library(one: Range, other: Range) -> None:
    network, another = ipaddress.IPv4Network(str(one)), ipaddress.IPv4Network(str(other))

    assert parse(str(network)) == one
    assert one.size == network.num_addresses
    assert one.first == int(network.network_address)
    assert one.end == int(network.broadcast_address) + 1
    assert one.contains(other) is another.subnet_of(network)
    assert one.overlaps(other) is network.overlaps(another)


@given(st.text("0123456789./:\u0661 a", max_size=20))
@settings(max_examples=500)
def test_what_the_standard_library_refuses_is_refused(text: str) -> None:
    try:
        found = parse(text)
    except CidrBroken:
        return
    assert str(ipaddress.IPv4Network(text)) == str(found) == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("10.0.0.1/16", "hostBits"),
        ("10.0.0.0", "cidr"),
        ("10.0.0.0/", "cidr"),
        ("10.0.0.0/33", "cidr"),
        ("10.0.0.0/016", "cidr"),
        ("10.0.0.0/255.255.0.0", "cidr"),
        ("10.0.0/16", "cidr"),
        ("010.0.0.0/16", "cidr"),
        ("10.0.0.256/32", "cidr"),
        ("10.0.0.0/16 ", "cidr"),
        ("10.0.0.0/+16", "cidr"),
        ("١٠.0.0.0/16", "cidr"),  # noqa: RUF001 - digits of another script
        ("10.0.0.0/１６", "cidr"),  # noqa: RUF001 - wide digits
        ("", "cidr"),
        ("2001:db8::/32", "ipv4"),
        ("::ffff:10.0.0.0/112", "ipv4"),
    ],
)
def test_every_other_spelling_is_refused_with_its_rule(text: str, rule: str) -> None:
    with pytest.raises(CidrBroken) as refused:
        parse(text)

    assert refused.value.rule == rule
    assert shown(text) in refused.value.message
    assert refused.value.message.isascii()


def test_host_bits_are_refused_with_the_range_that_was_meant() -> None:
    with pytest.raises(CidrBroken, match=r"10\.1\.0\.0/16"):
        parse("10.1.2.3/16")


def test_a_strangers_value_is_shown_on_one_line_and_not_endlessly() -> None:
    text = shown("x\n" * 1000)

    assert len(text) <= 64
    assert "\n" not in text
    assert text.endswith("...'")
