"""What the invitation routes take and answer, for msgspec and for the API's document.

Routes name these types as text: msgspec is imported where a body is read, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.invitations.codes import LONG
from vestibule.invitations.model import BY_CODE, DEFAULT_DAYS, LONGEST_DAYS, MOST_USES, Draft
from vestibule.profiles import fields
from vestibule.profiles.bodies import AccountType  # noqa: TC001 - msgspec reads it

Email = Annotated[
    str,
    Meta(
        description="The one address it opens for. Without one, whoever has the code may use it.",
        extra_json_schema={
            "minLength": fields.EMAIL_LENGTH[0],
            "maxLength": fields.EMAIL_LENGTH[1],
        },
        extra={"check": fields.email},
    ),
]


class NewInvitation(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An organization's admin invites to that organization alone, with the default role."""

    email: Email | UnsetType = UNSET
    role: (
        Annotated[str, Meta(max_length=64, description="The policy's default role if left out.")]
        | UnsetType
    ) = UNSET
    organization_id: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9_-]{1,128}$",
                description="Whoever accepts becomes a member. An organization's admin may leave "
                "it out.",
            ),
        ]
        | UnsetType
    ) = UNSET
    account_type: AccountType | UnsetType = UNSET
    max_uses: (
        Annotated[
            int,
            Meta(
                ge=1, le=MOST_USES, description="More than 1 only without an email. 1 if left out."
            ),
        ]
        | UnsetType
    ) = UNSET
    delivery: Annotated[
        Literal["code", "email"],
        Meta(
            description="`code` shows it once in this answer; `email` mails it to the address and "
            "shows it nowhere, so that using it proves the address."
        ),
    ] = BY_CODE
    code_style: Annotated[
        Literal["long", "short"],
        Meta(description="`short`: ten characters to type, with a limit on tries."),
    ] = LONG
    expires_in_days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS)] = DEFAULT_DAYS
    language: (
        Annotated[Literal["en", "de"], Meta(description="Of the mail. English if left out.")]
        | UnsetType
    ) = UNSET


def to_draft(body: NewInvitation) -> Draft:
    return Draft(
        email=None if body.email is UNSET else body.email,
        role=None if body.role is UNSET else body.role,
        organization_id=None if body.organization_id is UNSET else body.organization_id,
        account_type=None if body.account_type is UNSET else body.account_type,
        max_uses=None if body.max_uses is UNSET else body.max_uses,
        delivery=body.delivery,
        code_style=body.code_style,
        days=body.expires_in_days,
        language=None if body.language is UNSET else body.language,
    )


class Invitation(Struct, kw_only=True, rename="camel"):
    """Never with its code."""

    id: str
    email: str | UnsetType = UNSET
    role: str
    organization_id: str | UnsetType = UNSET
    account_type: AccountType | UnsetType = UNSET
    delivery: Literal["code", "email"]
    status: Literal["open", "spent", "revoked", "expired"]
    max_uses: int
    uses: int
    created_by: str
    created_at: str
    expires_at: str


class InvitationMade(Struct, kw_only=True):
    message: str
    invitation: Invitation
    code: (
        Annotated[str, Meta(description="Shown here and never again. Absent if it went by mail.")]
        | UnsetType
    ) = UNSET
    mailed: (
        Annotated[bool, Meta(description="False if the mail failed: revoke it and invite again.")]
        | UnsetType
    ) = UNSET


class InvitationPage(Struct, rename="camel"):
    invitations: list[Invitation]
    count: int
    next_token: Annotated[str, Meta(description="Absent on the last page.")] | UnsetType = UNSET


class InvitationCode(Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=64)]


class InvitationAccepted(Struct, rename="camel"):
    message: str
    organization_id: str


class InvitationRevoked(Struct):
    message: str
    id: str
