"""policy.yaml, typed. `load` refuses a wrong file with every problem and its place."""

import json
import zoneinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from vestibule.platform import cidr
from vestibule.policy import addresses, parse
from vestibule.policy.model import MOST_VPCS, PRIVATE_RANGES, ROLES
from vestibule.profiles.bodies import AccountType
from vestibule_cli import policy_rules
from vestibule_cli.yaml_file import Document, FileRefused, refuse

NAME = "policy.yaml"
# Where the package keeps it: functions read no YAML.
SHIPPED = "vestibule/policy/shipped.json"
DAY = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class PolicyRefused(FileRefused):
    """policy.yaml is wrong."""


def _domain(value: str) -> str:
    if addresses.is_domain(value):
        return value
    raise refuse(_about_domain(value))


def _about_domain(value: str) -> str:
    """What is wrong with a domain, and how to write it."""
    bare = value.strip().lower().rpartition("@")[2].rstrip(".")
    if addresses.is_domain(bare):
        return f"must be {bare}, lower-case and nothing around it, got {value!r}"
    try:
        ascii_form = bare.encode("idna").decode()
    except UnicodeError:
        ascii_form = ""
    if not bare.isascii() and addresses.is_domain(ascii_form):
        return f"must be written in ASCII, which is {ascii_form}, got {value!r}"
    return f"must be a domain such as example.com, got {value!r}"


def _address(value: str) -> str:
    normalized = addresses.normalized(value)
    if normalized == value:
        return value
    if normalized is not None:
        raise refuse(f"must be {normalized}, lower-case and nothing around it, got {value!r}")
    local, _, domain = value.rpartition("@")
    if local and not addresses.is_domain(domain):
        raise refuse(f"the domain {_about_domain(domain)}")
    raise refuse(f"must be an address such as someone@example.com, got {value!r}")


def _key(value: str) -> str:
    if not parse.is_key(value):
        raise refuse(
            f"must be 1 to 32 lower-case letters, digits, - and _, a letter first, got {value!r}"
        )
    return value


def _time(value: str) -> str:
    try:
        parse.minutes(value)
    except ValueError as error:
        raise refuse(f"{error}, got {value!r}") from None
    return value


def _zone(value: str) -> str:
    zones = zoneinfo.available_timezones()
    if not zones:
        raise refuse(
            "cannot be checked: this machine has no time zone data. Install the system's package "
            "tzdata"
        )
    if value not in zones:
        near = get_close_matches(value, sorted(zones), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise refuse(
            f"unknown time zone {value!r}{hint}; allowed: names of the IANA database, such as "
            "UTC, Europe/Berlin, America/New_York"
        )
    return value


def _number(value: int) -> int:
    if 0 <= value <= MOST_VPCS:
        return value
    raise refuse(f"must be 0 to {MOST_VPCS}, got {value}")


def _range(value: str) -> str:
    try:
        cidr.parse(value)
    except cidr.CidrBroken as error:
        raise refuse(error.message[0].lower() + error.message[1:].rstrip(".")) from None
    return value


def _region(value: str) -> str:
    if not parse.is_region(value):
        raise refuse(f"must be a region such as us-east-1, got {value!r}")
    return value


def _named(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise refuse("must name one at least; for the usual ones leave the key out")
    return values


Domain = Annotated[StrictStr, AfterValidator(_domain)]
Domains = Annotated[tuple[Domain, ...], Field(strict=False)]
Key = Annotated[StrictStr, AfterValidator(_key)]
Time = Annotated[StrictStr, AfterValidator(_time)]
Words = Annotated[StrictStr, Field(min_length=1, max_length=128)]
Number = Annotated[StrictInt, AfterValidator(_number)]
Ranges = Annotated[
    tuple[Annotated[StrictStr, AfterValidator(_range)], ...],
    Field(strict=False),
    AfterValidator(_named),
]
Regions = Annotated[
    tuple[Annotated[StrictStr, AfterValidator(_region)], ...],
    Field(strict=False),
    AfterValidator(_named),
]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SignUp(Part):
    blocked_domains: Domains = ()
    allowed_domains: Domains = ()
    invitation_required: StrictBool = False


class Roles(Part):
    additional: Annotated[tuple[Key, ...], Field(strict=False)] = ()
    default: StrictStr = "user"
    admins: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(_address)], ...], Field(strict=False)
    ] = ()
    by_domain: dict[Domain, StrictStr] = Field(default_factory=dict)
    raised_by_crm: Annotated[tuple[StrictStr, ...], Field(strict=False)] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return (*ROLES, *self.additional)


class Hours(Part):
    time_zone: Annotated[StrictStr, AfterValidator(_zone)]
    days: Annotated[tuple[DAY, ...], Field(strict=False, min_length=1)] = (
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
    )
    start: Time = Field(alias="from")
    until: Time


class Named(Part):
    name: Words
    domains: Annotated[tuple[Domain, ...], Field(strict=False)] = ()
    plan: StrictStr | None = None


class Organizations(Part):
    named: dict[Key, Named] = Field(default_factory=dict)
    default: StrictStr | None = None
    default_department: Words | None = None
    public_mail_domains: Domains = ()
    plans: dict[AccountType, Key] = Field(default_factory=dict)
    features: dict[Key, Annotated[tuple[Key, ...], Field(strict=False)]] = Field(
        default_factory=dict
    )


class Triggers(Part):
    welcome_mail: StrictBool = True
    profile_creation: StrictBool = True


class Vpcs(Part):
    per_user: Number = 5
    in_all: Number = 100
    allowed_cidrs: Ranges = PRIVATE_RANGES
    allowed_regions: Regions | None = None
    overlap: Literal["refuse", "warn"] = "refuse"


class PolicyFile(Part):
    version: Literal[1]
    sign_up: SignUp = SignUp()
    roles: Roles = Roles()
    business_hours: dict[StrictStr, Hours] = Field(default_factory=dict)
    organizations: Organizations = Organizations()
    triggers: Triggers = Triggers()
    federation: Literal["link", "refuse"] = "refuse"
    vpcs: Vpcs = Vpcs()

    @property
    def content(self) -> dict[str, Any]:
        """All of it, by the names of the file; defaults too, but for those of VPCs.

        The shipped policy fits a parameter of the tier that costs nothing, and hardly more.
        """
        content = self.model_dump(mode="json", by_alias=True)
        said = self.vpcs.model_dump(mode="json", exclude_unset=True)
        return content | {"vpcs": said} if said else _without(content, "vpcs")

    @property
    def json_text(self) -> str:
        """What functions read, as short as can be: the Parameter Store counts every letter."""
        return json.dumps(self.content, separators=(",", ":"))

    @property
    def shipped_text(self) -> str:
        """The same as it stands in the source tree and in the package."""
        return json.dumps(self.content, indent=2) + "\n"


def _without(content: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != key}


def load(path: Path) -> PolicyFile:
    """Read and check a policy. Raise PolicyRefused with one line for each problem."""
    try:
        document = Document.read(path)
    except FileRefused as error:
        raise PolicyRefused(error.problems) from None
    try:
        policy = PolicyFile.model_validate(document.data)
    except ValidationError as error:
        raise PolicyRefused(document.problems(error, PolicyFile)) from None
    broken = list(policy_rules.problems(policy))
    if broken:
        raise PolicyRefused(document.lines(broken))
    # The functions' own reader has the last word.
    parse.policy(policy.json_text)
    return policy
