"""What a picture of a VPC shows, and that it can be read: nothing overlaps, all text fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from PIL import ImageFont

from fakes.vpcs import vpc
from vestibule.platform.cidr import parse
from vestibule.vpcs.model import SINGLE_NAT, SubnetRecord
from vestibule_cli.network_picture import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vestibule.vpcs.model import VpcRecord

SVG = "{http://www.w3.org/2000/svg}"
FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
EVIL = "<b>\u202e&\"'\x00\x1b[31m]]></svg>"


def subnets(count: int, zones: str, length: int = 24) -> tuple[SubnetRecord, ...]:
    size = 2 ** (32 - length)
    return tuple(
        SubnetRecord(
            f"subnet-with-a-name-{number}",
            f"10.0.{number * size >> 8}.{number * size & 255}/{length}",
            f"ap-northeast-1{zones[number % len(zones)]}",
            public=number % 3 == 0,
            available_addresses=None if number % 2 else 7,
        )
        for number in range(count)
    )


RECORDS: dict[str, VpcRecord] = {
    "usual": vpc(
        subnets=subnets(6, "abc"),
        internet_gateway=True,
        nat_gateway=SINGLE_NAT,
        vpc_id="vpc-0123456789abcdef0",
        made={"internetGatewayId": "igw-0123456789abcdef0"},
        drift=({"resource": "vpc", "id": "x"},),
    ),
    "no gateways": vpc(),
    "smallest in largest": vpc(subnets=(SubnetRecord("a", "10.0.255.240/28", "us-east-1b"),)),
    "full": vpc("10.0.0.0/28", subnets=(SubnetRecord("all", "10.0.0.0/28", "us-east-1a"),)),
    "two zones": vpc("10.0.0.0/20", subnets=subnets(16, "ac"), internet_gateway=True),
    "six zones": vpc(subnets=subnets(40, "abcdef"), internet_gateway=True, nat_gateway=SINGLE_NAT),
    "200 in one zone": vpc("10.0.0.0/16", subnets=subnets(200, "a", 26), internet_gateway=True),
    "evil names": vpc(
        name=EVIL * 12,
        subnets=(
            SubnetRecord(EVIL * 3, "10.0.0.0/24", "us-east-1a"),
            SubnetRecord("W" * 128, "10.0.1.0/24", "us-east-1a", public=True),
            SubnetRecord("\N{CJK UNIFIED IDEOGRAPH-6F22}" * 128, "10.0.2.0/24", "us-east-1a"),
        ),
        nat_gateway=SINGLE_NAT,
        internet_gateway=True,
    ),
}


@pytest.fixture(params=RECORDS, scope="module")
def record(request: pytest.FixtureRequest) -> VpcRecord:
    return RECORDS[request.param]


def drawn(record: VpcRecord) -> ET.Element:
    return ET.fromstring(draw(record))  # noqa: S314 - our own


def of_class(root: ET.Element, tag: str, name: str) -> list[ET.Element]:
    return [one for one in root.iter(SVG + tag) if name in one.get("class", "").split()]


def box(rect: ET.Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def boxes(root: ET.Element) -> list[tuple[float, float, float, float]]:
    rects = (group.find(f"{SVG}rect") for group in of_class(root, "g", "subnet"))
    return [box(rect) for rect in rects if rect is not None]


def is_inside(inner: Any, outer: Any, slack: float = 0.01) -> bool:
    return bool(
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def overlap(one: Any, other: Any) -> bool:
    slack = 0.01
    return bool(
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def overlapping(found: list[Any]) -> list[Any]:
    ordered = sorted(found, key=lambda one: one[1])
    return [
        (one, other)
        for number, one in enumerate(ordered)
        for other in ordered[number + 1 :]
        if overlap(one, other)
    ]


def test_every_subnet_has_one_box_in_its_zone_and_no_boxes_overlap(record: VpcRecord) -> None:
    root = drawn(record)
    found = boxes(root)
    zones = [box(rect) for rect in of_class(root, "rect", "zone")]
    (whole,) = (box(rect) for rect in of_class(root, "rect", "vpc"))

    assert len(found) == len(record.subnets)
    assert len(zones) == len({subnet.availability_zone for subnet in record.subnets})
    assert all(sum(is_inside(one, zone) for zone in zones) == 1 for one in found)
    assert all(is_inside(zone, whole) for zone in zones)
    assert overlapping(found) + overlapping(zones) == []
    told = [group.findtext(f"{SVG}title") or "" for group in of_class(root, "g", "subnet")]
    assert sorted(text.split(", ")[1] for text in told) == sorted(
        subnet.cidr for subnet in record.subnets
    )


def test_addresses_are_to_scale_and_fill_the_bars(record: VpcRecord) -> None:
    root = drawn(record)
    pieces = [box(rect) for rect in of_class(root, "rect", "piece")]
    bars = {one[1] for one in pieces}
    length = sum(one[2] - one[0] for one in pieces)
    taken = {
        kind: sum(right - left for left, _, right, _ in map(box, of_class(root, "rect", kind)))
        for kind in ("free",)
    }
    free = parse(record.cidr).size - sum(parse(one.cidr).size for one in record.subnets)

    assert overlapping(pieces) == []
    left, right = min(one[0] for one in pieces), max(one[2] for one in pieces)
    assert length == pytest.approx((right - left) * len(bars), abs=0.5)
    assert taken["free"] / length == pytest.approx(free / parse(record.cidr).size, abs=0.001)


def measured(text: ET.Element) -> float:
    """How wide a wide font writes it."""
    classes = text.get("class", "").split()
    sizes = {"large": 20, "address": 12, "small": 11, "inverse": 11, "piece-name": 11}
    size = next((sizes[name] for name in sizes if name in classes), 13)
    bold = "-Bold" if {"name", "inverse"} & set(classes) else ""
    font = "DejaVuSansMono.ttf" if "address" in classes else f"DejaVuSans{bold}.ttf"
    # At ten times the size, as hinting would round.
    return ImageFont.truetype(FONTS / font, size * 10).getlength(text.text or "") / 10


def span(text: ET.Element) -> tuple[float, float, float, float]:
    x, y, width = float(text.get("x", "0")), float(text.get("y", "0")), measured(text)
    if "middle" in text.get("class", "").split():
        x -= width / 2
    return x, y - 8, x + width, y


def framed(root: ET.Element) -> Iterator[tuple[Any, ET.Element]]:
    """Every text in a group with the group's own rectangle."""
    for group in root.iter(f"{SVG}g"):
        frame = group.find(f"{SVG}rect")
        assert frame is not None
        yield from ((box(frame), text) for text in group.iter(f"{SVG}text"))


def test_all_text_fits_where_it_stands(record: VpcRecord) -> None:
    root = drawn(record)
    page = (0.0, 0.0, float(root.get("width", "0")), float(root.get("height", "0")))

    assert [text.text for frame, text in framed(root) if not is_inside(span(text), frame)] == []
    every = list(root.iter(f"{SVG}text"))
    assert [text.text for text in every if not is_inside(span(text), page)] == []
    assert overlapping([span(text) for text in every]) == []
    boxes_told = [text for group in of_class(root, "g", "subnet") for text in group.iter()]
    counted = [text.text or "" for text in boxes_told if text.get("class") == "small"]
    assert len(counted) == sum(text.endswith(" free") for text in counted) == len(record.subnets)


def test_gateways_and_ways_out_are_told() -> None:
    usual = [text.text or "" for text in drawn(RECORDS["usual"]).iter(f"{SVG}text")]
    closed = [text.text or "" for text in drawn(RECORDS["no gateways"]).iter(f"{SVG}text")]

    assert {"internet", "internet gateway", "igw-0123456789abcdef0", "NAT"} <= set(usual)
    assert usual.count("NAT") == 1
    assert sum(text.startswith("public") for text in usual) == 2
    assert sum(text.startswith("private, NAT") for text in usual) == 4
    assert any("differences at AWS: 1" in text for text in usual)
    assert not {"internet", "internet gateway", "NAT"} & set(closed)
    assert any(text.startswith("private, no way out") for text in closed)


def test_the_nat_gateway_stands_in_the_first_public_subnet() -> None:
    groups = of_class(drawn(RECORDS["usual"]), "g", "subnet")

    (holder,) = (group for group in groups if of_class(group, "rect", "nat"))
    assert (holder.findtext(f"{SVG}title") or "").startswith("subnet-with-a-name-0,")


def test_who_cannot_see_it_is_told_the_same(record: VpcRecord) -> None:
    root = drawn(record)
    labels = (root.get("aria-labelledby") or "").split()
    texts = {one.get("id"): one.text or "" for one in root if one.get("id")}

    assert root.get("role") == "img"
    assert list(texts) == labels
    title, description = texts.values()
    assert record.cidr in title
    assert all(subnet.cidr in description for subnet in record.subnets)


def test_names_bring_in_nothing_that_is_drawn_or_run() -> None:
    written = draw(RECORDS["evil names"])

    assert "<b>" not in written
    assert written.count("</svg>") == 1
    assert not any(letter in written for letter in "\u202e\x00\x1b")


def test_the_same_record_gives_the_same_picture(record: VpcRecord) -> None:
    assert draw(record) == draw(record)


def test_it_brings_colors_for_a_light_and_a_dark_page(record: VpcRecord) -> None:
    written = draw(record)

    assert "prefers-color-scheme: dark" in written
    assert "http" not in written.replace("http://www.w3.org/2000/svg", "")
