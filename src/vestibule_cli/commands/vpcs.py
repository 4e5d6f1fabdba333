import json
from pathlib import Path
from typing import IO, Any

import click

from vestibule.vpcs.model import AVAILABLE, DELETED, STATES, VpcRecord
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_pairs, print_table, say
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.network_picture import draw
from vestibule_cli.networks import Networks, full, trouble

STDOUT = "-"

wait_option = click.option("--wait", is_flag=True, help="Stay until it is done, and tell how far.")


@click.group()
def command() -> None:
    """Make, list, show or delete networks, or draw one."""


def _networks(chosen: Chosen) -> Networks:
    return Networks.of(chosen.target())


@command.command()
@click.option("--name", help="It becomes the tag Name.")
@click.option("--cidr", metavar="CIDR", help="IPv4, /16 to /28, such as 10.20.0.0/16.")
@click.option("--region", help="The stack's if not given.")
@click.option(
    "--subnet",
    "subnets",
    multiple=True,
    metavar="NAME=CIDR[:ZONE][:public]",
    help="May be given more than once. NAME=/24 lets the planner place it.",
)
@click.option("--subnets", "count", type=int, metavar="N", help="That many private ones instead.")
@click.option(
    "--prefix", type=int, metavar="L", help="The size of those that say none, such as 24."
)
@click.option(
    "--nat",
    type=click.Choice(["none", "single"]),
    help="single: one NAT gateway for all private subnets. It costs money by the hour.",
)
@click.option("--internet-gateway", is_flag=True, default=None, help="Also if no subnet is public.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="More than once, too.")
@click.option(
    "--file",
    "request_file",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="The request as POST /vpcs takes it, in place of these options; - for stdin.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@wait_option
@with_stack
@as_json
def create(
    *,
    request_file: IO[str] | None,
    dry_run: bool,
    wait: bool,
    chosen: Chosen,
    as_json: bool,
    **given: Any,
) -> None:
    """Ask for a VPC with subnets. It is built in the background."""
    request = _from_file(request_file, given) if request_file else _from_options(**given)
    networks = _networks(chosen)
    if dry_run:
        _print_plan(networks.plan(request), as_json=as_json)
        return
    record = networks.create(request)
    for warning in record.warnings:
        say(warning)
    if wait:
        record = _followed(networks, record, AVAILABLE)
    if as_json:
        print_json({"vpc": full(record)})
        return
    if not wait:
        say(f"It is built in the background: `vestibule vpcs show {record.id}` tells how far.")
    click.echo(record.id)


@command.command("list")
@click.option("--in-state", type=click.Choice(STATES, case_sensitive=False))
@click.option("--region", help="Only those in this region.")
@click.option("--owner", metavar="USER_ID", help="Only those that this person, or operator, made.")
@click.option("--tag", metavar="KEY=VALUE", help="Only those with this tag.")
@with_stack
@as_json
def list_(  # noqa: PLR0913 - its options
    *,
    in_state: str | None,
    region: str | None,
    owner: str | None,
    tag: str | None,
    chosen: Chosen,
    as_json: bool,
) -> None:
    """Networks with what became of them, oldest first."""
    key, _, value = _tag(tag) if tag else ("", "", "")
    found = _networks(chosen).all(
        state=in_state, region=region, owner=owner, tag=f"{key}:{value}" if tag else None
    )
    if as_json:
        print_json({"vpcs": found, "count": len(found)})
        return
    rows = [
        (
            *(str(vpc.get(name, "")) for name in ("id", "name", "cidr", "region", "state")),
            str(len(vpc["subnets"])),
            vpc.get("vpcId", ""),
        )
        for vpc in found
    ]
    print_table([("ID", "NAME", "CIDR", "REGION", "STATE", "SUBNETS", "VPC"), *rows])


@command.command()
@click.argument("vpc", metavar="ID")
@click.option(
    "--svg",
    is_flag=False,
    flag_value=STDOUT,
    metavar="[FILE]",
    help="Draw it into a file, or to stdout.",
)
@with_stack
@as_json
def show(vpc: str, svg: str | None, chosen: Chosen, *, as_json: bool) -> None:
    """One VPC: ids, subnets, timeline, the room that is left. Or its picture."""
    if svg is not None and as_json:
        raise Misuse("--svg and --json: give one of them.")
    record = _networks(chosen).show(vpc)
    if svg is not None:
        _write(draw(record), svg)
    elif as_json:
        print_json({"vpc": full(record)})
    else:
        _print(full(record))


@command.command()
@click.argument("vpc", metavar="ID")
@wait_option
@with_stack
@as_json
def delete(vpc: str, chosen: Chosen, *, wait: bool, as_json: bool) -> None:
    """Take a VPC away, unless something of others lies inside."""
    networks = _networks(chosen)
    record = networks.delete(vpc)
    if wait:
        record = _followed(networks, record, DELETED)
    if as_json:
        print_json({"vpc": full(record)})
    elif wait:
        click.echo(f"{vpc} is deleted.")
    else:
        say(f"It is deleted in the background: `vestibule vpcs show {vpc}` tells how far.")


def _followed(networks: Networks, record: VpcRecord, wanted: str) -> VpcRecord:
    try:
        record = networks.follow(record, say)
    except KeyboardInterrupt:
        raise Failure(
            f"not waited for any longer. It goes on: `vestibule vpcs show {record.id}`."
        ) from None
    if record.state != wanted:
        lines = trouble(record) or [f"VPC {record.id} is {record.state}."]
        raise Failure("\n".join(lines))
    return record


def _from_file(file: IO[str], given: dict[str, Any]) -> dict[str, Any]:
    if any(value not in {None, ()} for value in given.values()):
        raise Misuse("--file holds the whole request: leave out the options that describe one.")
    try:
        request = json.load(file)
    except (ValueError, RecursionError) as error:
        raise Misuse(f"{file.name} is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise Misuse(f"{file.name} must hold a JSON object: what POST /vpcs takes.")
    return request


def _from_options(  # noqa: PLR0913 - the options
    *,
    name: str | None,
    cidr: str | None,
    region: str | None,
    subnets: tuple[str, ...],
    count: int | None,
    prefix: int | None,
    nat: str | None,
    internet_gateway: bool | None,
    tags: tuple[str, ...],
) -> dict[str, Any]:
    """Say it as POST /vpcs takes it: all rules are those of the API."""
    if name is None or cidr is None:
        raise Misuse("--name and --cidr are needed, or --file with a request.")
    request = {
        "name": name,
        "cidr": cidr,
        "region": region,
        "subnets": [_subnet(one) for one in subnets] or None,
        "subnetCount": count,
        "subnetPrefixLength": prefix,
        "natGateway": nat,
        "internetGateway": internet_gateway,
        "tags": {key: value for key, _, value in map(_tag, tags)} or None,
    }
    if not subnets and count is None:
        raise Misuse("a VPC needs subnets: give --subnet NAME=/24 or --subnets N.")
    return {field: value for field, value in request.items() if value is not None}


def _subnet(text: str) -> dict[str, Any]:
    name, equals, rest = text.partition("=")
    cidr, *more = rest.split(":")
    if not (name and equals and cidr):
        raise Misuse(f"--subnet {text}: must be NAME=CIDR[:ZONE][:public].")
    subnet: dict[str, Any] = {"name": name}
    if cidr.startswith("/"):
        if not (cidr[1:].isascii() and cidr[1:].isdigit()):
            raise Misuse(f"--subnet {text}: a size is a number behind the slash, such as /24.")
        subnet["prefixLength"] = int(cidr[1:])
    else:
        subnet["cidr"] = cidr
    if more and more[-1] == "public":
        subnet["public"] = True
        more.pop()
    if len(more) > 1:
        raise Misuse(f"--subnet {text}: at most a zone and the word public come behind the range.")
    return subnet | ({"availabilityZone": more[0]} if more else {})


def _tag(text: str) -> tuple[str, str, str]:
    parts = text.partition("=")
    if not parts[0] or not parts[1]:
        raise Misuse(f"--tag {text}: must be KEY=VALUE.")
    return parts


def _write(picture: str, target: str) -> None:
    if target == STDOUT:
        click.echo(picture, nl=False)
        return
    try:
        Path(target).write_text(picture, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}") from error
    say(f"drawn into {target}")


def _print_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json({"plan": plan})
        return
    _print_head(plan, ("name", "cidr", "region"))
    for warning in plan.get("warnings", ()):
        say(warning)
    say("Nothing was made.")


def _print(vpc: dict[str, Any]) -> None:
    ids = vpc["resources"].items()
    _print_head(vpc, ("id", "name", "cidr", "region", "state", "reason", "vpcId"), ids)
    for title in ("inside", "leftOver", "drift", "warnings"):
        for one in vpc.get(title, ()):
            click.echo(f"{title}: {one if isinstance(one, str) else json.dumps(one)}")
    click.echo()
    print_table([(one["at"][:19], one["state"], one["note"]) for one in vpc["timeline"]])


def _print_head(vpc: dict[str, Any], names: tuple[str, ...], more: Any = ()) -> None:
    """Print what a plan and a record have in common."""
    room = vpc["room"]
    blocks = ", ".join(room["freeBlocks"][:8]) + (" ..." if len(room["freeBlocks"]) > 8 else "")
    pairs = [(name, str(vpc[name])) for name in names if vpc.get(name)]
    pairs += [
        ("internet gateway", _yes(vpc["internetGateway"])),
        ("NAT gateway", vpc["natGateway"]),
    ]
    pairs += [(f"tag {key}", value) for key, value in vpc["tags"].items()]
    pairs += [(name, value) for name, value in more if name.endswith("Id")]
    free = f"{room['free']} of {room['addresses']} addresses"
    pairs.append(("free", f"{free}: {blocks}" if blocks else free))
    print_pairs(pairs)
    click.echo()
    rows = [
        (
            subnet["name"],
            subnet["cidr"],
            subnet["availabilityZone"],
            "public" if subnet["public"] else "private",
            str(subnet.get("availableAddresses", subnet["usableAddresses"])),
            subnet.get("subnetId", ""),
        )
        for subnet in vpc["subnets"]
    ]
    print_table([("SUBNET", "CIDR", "ZONE", "KIND", "FREE", "ID"), *rows])


def _yes(value: object) -> str:
    return "yes" if value else "no"
