"""Draws a VPC as SVG: its subnets by zone, its gateways, and its addresses to scale. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from vestibule.platform.cidr import Range, parse
from vestibule.platform.values import frozen
from vestibule.vpcs.model import NO_NAT
from vestibule.vpcs.planner import free_ranges
from vestibule_cli.svg import arrow_head, clean, line, rect, text, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

    from vestibule.vpcs.model import SubnetRecord, VpcRecord

MARGIN: Final = 24
PAD: Final = 14
BOX_WIDTH: Final = 232
BOX_HEIGHT: Final = 66
BOX_GAP: Final = 10
GATEWAY_WIDTH: Final = 176
NAT_WIDTH: Final = 46
COLUMNS: Final = 4
"""Of boxes, side by side, as long as there are no more zones than that."""
ZONE_HEAD: Final = 30
BAR_HEIGHT: Final = 26
BAR_GAP: Final = 6
BAR_LABEL: Final = 112
MOST_BARS: Final = 8
NARROWEST: Final = 12
"""The smallest subnet shall be so wide, if that takes no more bars than there may be."""
MOST_BLOCKS: Final = 12
BLOCK_WIDTH: Final = 292
LINE: Final = 18
DOT: Final = " \N{MIDDLE DOT} "

_STYLE: Final = """
    .page { fill: #ffffff }
    .vpc { fill: none; stroke: #57606a; stroke-width: 1.5 }
    .zone { fill: none; stroke: #8c959f; stroke-dasharray: 5 4 }
    .private { fill: #f6f8fa; stroke: #57606a }
    .public, .gateway { fill: #dff3ef; stroke: #2b8c7e }
    .nat { fill: #2b8c7e }
    .piece.public { fill: #9bdccf }
    .piece.private { fill: #d0d7de }
    .piece.free { fill: none; stroke: #8c959f }
    .route { fill: none; stroke: #2b8c7e; stroke-width: 1.5 }
    .head { fill: #2b8c7e }
    text { fill: #24292f; font-size: 13px }
    .name { font-weight: 600 }
    .large { font-size: 20px }
    .small { font-size: 11px; fill: #57606a }
    .piece-name { font-size: 11px }
    .address { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 12px }
    .inverse { fill: #ffffff; font-size: 11px; font-weight: 600 }
    .middle { text-anchor: middle }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      .vpc { stroke: #8b949e }
      .zone, .piece.free { stroke: #6e7681 }
      .private { fill: #1c2128; stroke: #8b949e }
      .public, .gateway { fill: #12352f; stroke: #4fc3b1 }
      .piece.public { fill: #1f6f62 }
      .piece.private { fill: #3d444d }
      .nat, .head { fill: #4fc3b1 }
      .route { stroke: #4fc3b1 }
      text { fill: #e6edf3 }
      .small { fill: #9da7b1 }
      .inverse { fill: #0d1117 }
    }
  """


@frozen
class _Place:
    """Where a subnet's box stands."""

    subnet: SubnetRecord
    x: float
    y: float


@frozen
class _Zone:
    name: str
    subnets: tuple[SubnetRecord, ...]
    x: float
    columns: int

    @property
    def width(self) -> float:
        return self.columns * (BOX_WIDTH + BOX_GAP) - BOX_GAP + 2 * PAD

    @property
    def height(self) -> float:
        rows = -(-len(self.subnets) // self.columns)
        return ZONE_HEAD + rows * (BOX_HEIGHT + BOX_GAP) - BOX_GAP + PAD

    @property
    def has_public(self) -> bool:
        return any(subnet.public for subnet in self.subnets)

    def places(self, top: float) -> Iterator[_Place]:
        for number, subnet in enumerate(self.subnets):
            row, column = divmod(number, self.columns)
            x = self.x + PAD + column * (BOX_WIDTH + BOX_GAP)
            yield _Place(subnet, x, top + ZONE_HEAD + row * (BOX_HEIGHT + BOX_GAP))


def draw(record: VpcRecord) -> str:
    """Give the picture as a file's text: the same for the same record."""
    zones = _zones(record)
    width = zones[-1].x + zones[-1].width + PAD + MARGIN
    vpc_top = 128.0 if record.internet_gateway else 78.0
    zones_top = vpc_top + (56.0 if record.internet_gateway else 40.0)
    vpc_bottom = zones_top + max(zone.height for zone in zones) + PAD
    parts = [
        *_heading(record, width),
        rect("vpc", MARGIN, vpc_top, width - 2 * MARGIN, vpc_bottom - vpc_top, radius=10),
        text(MARGIN + PAD, vpc_top + 24, f"VPC {record.cidr}", "address", 300),
    ]
    if record.internet_gateway:
        parts += _way_out(record, zones, width / 2, vpc_top, zones_top)
    for zone in zones:
        parts += _zone(record, zone, zones_top)
    bars, bottom = _addresses(record, width, vpc_bottom + 36)
    height = bottom + MARGIN
    title, description = f"vpc-{record.id}-title", f"vpc-{record.id}-desc"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        f"aria-labelledby={quoteattr(f'{title} {description}')} "
        "font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\">"
    )
    lines = [
        opening,
        f"<title id={quoteattr(title)}>{clean(_title(record))}</title>",
        f"<desc id={quoteattr(description)}>{clean(_description(record, zones))}</desc>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{width:g}" height="{height:g}"/>',
        *parts,
        *bars,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _zones(record: VpcRecord) -> list[_Zone]:
    names = sorted({subnet.availability_zone for subnet in record.subnets})
    columns = max(1, COLUMNS // len(names))
    zones: list[_Zone] = []
    x = float(MARGIN + PAD)
    for name in names:
        inside = [subnet for subnet in record.subnets if subnet.availability_zone == name]
        ordered = tuple(sorted(inside, key=lambda one: (not one.public, parse(one.cidr).first)))
        zone = _Zone(name, ordered, x, columns)
        zones.append(zone)
        x += zone.width + PAD
    return zones


def _heading(record: VpcRecord, width: float) -> list[str]:
    room = width - 2 * MARGIN
    facts = [record.region, record.state, record.vpc_id or "not at AWS"]
    if record.drift:
        facts.append(f"differences at AWS: {len(record.drift)}")
    return [
        text(MARGIN, 40, record.name, "name large", room, size=20),
        text(MARGIN, 60, DOT.join(facts), "small", room, size=11),
    ]


def _way_out(
    record: VpcRecord, zones: Sequence[_Zone], middle: float, vpc_top: float, zones_top: float
) -> list[str]:
    """The internet, the gateway to it on the VPC's edge, and the route from each zone."""
    top = vpc_top - 19
    left = middle - GATEWAY_WIDTH / 2
    name = record.made.get("internetGatewayId") or "not made yet"
    trunk = zones_top - 13
    ends = [zone.x + PAD + BOX_WIDTH - 30 for zone in zones if zone.has_public]
    parts = [
        rect("gateway", left, top, GATEWAY_WIDTH, 38, radius=8),
        text(middle, top + 16, "internet gateway", "middle", GATEWAY_WIDTH - 8),
        text(middle, top + 30, str(name), "small middle", GATEWAY_WIDTH - 8, size=11),
        line((middle, top), (middle, top - 12)),
        arrow_head(middle, top - 20, is_up=True),
        text(middle, top - 26, "internet", "middle", 80),
    ]
    if ends:
        parts += [
            line((middle, top + 38), (middle, trunk)),
            line((min(middle, *ends), trunk), (max(middle, *ends), trunk)),
        ]
    for x in ends:
        parts += [line((x, trunk), (x, zones_top + 20)), arrow_head(x, zones_top + ZONE_HEAD - 2)]
    return parts


def _zone(record: VpcRecord, zone: _Zone, top: float) -> list[str]:
    first_public = next((subnet for subnet in record.subnets if subnet.public), None)
    parts = [
        rect("zone", zone.x, top, zone.width, zone.height, radius=8),
        text(zone.x + PAD, top + 20, zone.name, "", BOX_WIDTH - 60),
    ]
    for place in zone.places(top):
        has_nat = record.nat_gateway != NO_NAT and place.subnet is first_public
        parts += _subnet(place, _route(record, place.subnet), has_nat=has_nat)
    return parts


def _subnet(place: _Place, route: str, *, has_nat: bool) -> list[str]:
    subnet, x, y = place.subnet, place.x, place.y
    room = BOX_WIDTH - 20 - (NAT_WIDTH + 4 if has_nat else 0)
    free = subnet.usable_addresses
    if subnet.available_addresses is not None:
        free = subnet.available_addresses
    kind = "public" if subnet.public else "private"
    told = [subnet.name, subnet.cidr, subnet.availability_zone, subnet.subnet_id or "not at AWS"]
    parts = [
        '<g class="subnet">',
        f"<title>{clean(', '.join(told))}</title>",
        rect(kind, x, y, BOX_WIDTH, BOX_HEIGHT, radius=6),
        text(x + 10, y + 20, subnet.name, "name", room),
        text(x + 10, y + 38, subnet.cidr, "address", BOX_WIDTH - 20),
        text(x + 10, y + 56, f"{route}{DOT}{free} free", "small", BOX_WIDTH - 20, size=11),
    ]
    if has_nat:
        left = x + BOX_WIDTH - NAT_WIDTH - 8
        parts.append(rect("nat", left, y + 8, NAT_WIDTH, 18, radius=9))
        parts.append(text(left + NAT_WIDTH / 2, y + 21, "NAT", "inverse middle", NAT_WIDTH))
    return [*parts, "</g>"]


def _route(record: VpcRecord, subnet: SubnetRecord) -> str:
    if subnet.public:
        return "public"
    return "private, no way out" if record.nat_gateway == NO_NAT else "private, NAT"


def _addresses(record: VpcRecord, width: float, top: float) -> tuple[list[str], float]:
    """All addresses as bars to scale, with what is free below; and where that ends."""
    whole = parse(record.cidr)
    taken = {parse(subnet.cidr): subnet for subnet in record.subnets}
    free = free_ranges(whole, taken)
    length = width - 2 * MARGIN - BAR_LABEL
    bars = _bar_count(whole, list(taken), length)
    per_bar = whole.size // bars
    scale = length / per_bar
    left_over = sum(block.size for block in free)
    told = f"{whole.size} addresses, {left_over} of them in no subnet"
    parts = [text(MARGIN, top, told, "name", width - 2 * MARGIN)]
    y = top + 14
    for number in range(bars):
        start = whole.first + number * per_bar
        first = str(Range(start, 32)).removesuffix("/32")
        parts.append(text(MARGIN, y + 17, first, "address", BAR_LABEL - 6))
        for block in sorted([*taken, *free], key=lambda one: one.first):
            begin, end = max(block.first, start), min(block.end, start + per_bar)
            if begin < end:
                x = MARGIN + BAR_LABEL + (begin - start) * scale
                parts += _piece(block, taken.get(block), x, y, (end - begin) * scale)
        y += BAR_HEIGHT + BAR_GAP
    blocks, bottom = _free_blocks(free, width, y + 14)
    return parts + blocks, bottom


def _bar_count(whole: Range, taken: Sequence[Range], length: float) -> int:
    smallest = min(one.size for one in taken)
    bars = 1
    while bars < MOST_BARS and smallest * bars * length / whole.size < NARROWEST:
        bars *= 2
    return bars


def _piece(
    block: Range, subnet: SubnetRecord | None, x: float, y: float, width: float
) -> list[str]:
    kind = "free" if subnet is None else "public" if subnet.public else "private"
    name = str(block) if subnet is None else subnet.name
    told = f"free {block}" if subnet is None else f"{subnet.name} {subnet.cidr}"
    parts = [
        "<g>",
        f"<title>{clean(told)}</title>",
        rect(f"piece {kind}", x, y, width, BAR_HEIGHT),
    ]
    if text_width(name, 11) <= width - 6:
        parts.append(text(x + width / 2, y + 17, name, "piece-name middle", width - 6, size=11))
    return [*parts, "</g>"]


def _free_blocks(free: Sequence[Range], width: float, top: float) -> tuple[list[str], float]:
    if not free:
        return [], top - 14
    shown = sorted(free, key=lambda one: (one.length, one.first))[:MOST_BLOCKS]
    texts = [f"free: {one} ({one.size})" for one in shown]
    if len(free) > len(shown):
        texts.append(f"and {len(free) - len(shown)} smaller ones")
    columns = int((width - 2 * MARGIN) // BLOCK_WIDTH)
    parts = []
    for number, told in enumerate(texts):
        row, column = divmod(number, columns)
        x, y = MARGIN + column * BLOCK_WIDTH, top + 4 + row * LINE
        parts.append(text(x, y, told, "address", BLOCK_WIDTH - 8))
    return parts, top + 4 + (len(texts) - 1) // columns * LINE


def _title(record: VpcRecord) -> str:
    return f"VPC {record.name}, {record.cidr} in {record.region}, {record.state}"


def _description(record: VpcRecord, zones: Sequence[_Zone]) -> str:
    sentences = []
    for zone in zones:
        inside = [
            f"{one.name} ({one.cidr}, {'public' if one.public else 'private'})"
            for one in zone.subnets
        ]
        sentences.append(f"Zone {zone.name}: {', '.join(inside)}.")
    gateways = [
        *(["an internet gateway"] if record.internet_gateway else []),
        *(["a NAT gateway"] if record.nat_gateway != NO_NAT else []),
    ]
    sentences.append(f"It has {' and '.join(gateways) or 'no gateways'}.")
    return " ".join(sentences)
