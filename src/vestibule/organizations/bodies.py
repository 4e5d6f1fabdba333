"""What the organization routes take and answer, for msgspec and for the API's document.

Routes name these types as text: msgspec is imported where a body is read, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.organizations.model import Draft, Wanted
from vestibule.platform.ids import is_sub
from vestibule.profiles import fields

_MOST_FEATURES: Final = 50


def _domain(value: str) -> str:
    """Leave other letters as they are, to be refused: some are plain ones in lower case."""
    return value.strip().lower() if value.isascii() else value


def _person(value: str) -> str:
    if not is_sub(value):
        raise fields.RuleBroken("uuid", "Must be a person's id: a UUID in lower case.")
    return value


Name = Annotated[
    str,
    Meta(
        description="Blanks around it are dropped.",
        extra_json_schema={"minLength": fields.NAME_LENGTH[0], "maxLength": fields.NAME_LENGTH[1]},
        extra={"check": fields.full_name},
    ),
]
Word = Annotated[str, Meta(max_length=64)]
Plan = Annotated[str, Meta(max_length=64, description="One that the policy names.")]
Features = Annotated[
    list[Word], Meta(max_length=_MOST_FEATURES, description="Among those that the policy names.")
]


class NewOrganization(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: Name
    domain: (
        Annotated[
            str,
            Meta(
                max_length=253,
                description="Whose business accounts wait to be let in. One organization holds it.",
                extra={"check": _domain},
            ),
        ]
        | UnsetType
    ) = UNSET
    plan: Plan | UnsetType = UNSET
    features: Features | UnsetType = UNSET
    admin_id: (
        Annotated[
            str,
            Meta(description="A person who becomes its first admin.", extra={"check": _person}),
        ]
        | UnsetType
    ) = UNSET


class OrganizationChange(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is. Plan and features are for admins of the whole place."""

    name: Name
    plan: Plan | UnsetType = UNSET
    features: Features | UnsetType = UNSET


class MemberRole(Struct, forbid_unknown_fields=True):
    """What a member may do within the organization."""

    role: Literal["admin", "member"]


def to_wanted(body: NewOrganization) -> Wanted:
    return Wanted(
        name=body.name,
        domain=None if body.domain is UNSET else body.domain,
        plan=None if body.plan is UNSET else body.plan,
        features=None if body.features is UNSET else tuple(body.features),
        admin=None if body.admin_id is UNSET else body.admin_id,
    )


def to_draft(body: OrganizationChange) -> Draft:
    return Draft(
        name=body.name,
        plan=None if body.plan is UNSET else body.plan,
        features=None if body.features is UNSET else tuple(body.features),
    )


class Organization(Struct, kw_only=True, rename="camel"):
    id: str
    name: str
    plan: str
    features: list[str]
    domain: str | UnsetType = UNSET
    domain_verified: bool | UnsetType = UNSET
    created_at: str
    version: Annotated[int, Meta(ge=1, description="Raised by every change; If-Match takes it.")]


class OrganizationShown(Struct):
    organization: Organization


class OrganizationWritten(Struct):
    message: str
    organization: Organization


class OrganizationPage(Struct, rename="camel"):
    organizations: list[Organization]
    count: int
    next_token: Annotated[str, Meta(description="Absent on the last page.")] | UnsetType = UNSET


class Member(Struct, kw_only=True, rename="camel"):
    user_id: str
    name: str | UnsetType = UNSET
    role: Literal["admin", "member"]
    status: Annotated[
        Literal["active", "pending"], Meta(description="Who is pending is shown to admins alone.")
    ]
    joined_at: str
    department: str | UnsetType = UNSET


class MemberPage(Struct, rename="camel"):
    members: list[Member]
    count: int
    next_token: Annotated[str, Meta(description="Absent on the last page.")] | UnsetType = UNSET


class MemberWritten(Struct):
    message: str
    member: Member


class MemberRemoved(Struct, rename="camel"):
    message: str
    user_id: str
