"""Everything the invitations domain refuses, named for the fact.

InvitationsError
    InvitationNotFound    there is none of that id, or it is another organization's
    InvitationSpent       it was used as often as it may be: nothing is left to revoke
    OrganizationUnknown   there is no such organization, or the caller may not know
    NotAnInviter          the caller is neither an active admin nor one of an organization
    BeyondInviter         an organization's admin asks for what only an admin may give
    CallerSuspended       the caller may read, and change nothing
    DraftRefused          one field breaks a rule of the policy, or contradicts another
    InvitationUseless     the code opens nothing for whoever brings it, whatever the reason
    BelongsAlready        whoever brings it belongs, or waits, somewhere
    AlreadyMailed         an open invitation from there was mailed to that address
    TooManyMails          as many were mailed as may be: by one inviter, to one address, for one
                          organization
    Raced                 what was read is no longer true: read again
    Busy                  so many want places of one invitation that nobody can say who gets one
"""

from __future__ import annotations


class InvitationsError(Exception):
    """Everything this package raises on purpose."""


class InvitationNotFound(InvitationsError):
    def __init__(self, invite_id: str) -> None:
        super().__init__(f"there is no invitation {invite_id}")


class InvitationSpent(InvitationsError):
    def __init__(self, invite_id: str) -> None:
        super().__init__(f"invitation {invite_id} is spent")


class OrganizationUnknown(InvitationsError):
    def __init__(self, organization_id: str) -> None:
        super().__init__(f"there is no organization {organization_id}")


class NotAnInviter(InvitationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} may not invite")


class BeyondInviter(InvitationsError):
    def __init__(self, user_id: str, field: str) -> None:
        super().__init__(f"{user_id} may not give {field}")
        self.field = field


class CallerSuspended(InvitationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class DraftRefused(InvitationsError):
    """The message is for whoever sent the field."""

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule
        self.message = message


class Busy(InvitationsError):
    """Others took places between each read and the write that relied on it."""


class InvitationUseless(InvitationsError):
    def __init__(self) -> None:
        super().__init__("the code opens nothing")


class BelongsAlready(InvitationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} belongs to an organization")


class AlreadyMailed(InvitationsError):
    def __init__(self, invite_id: str) -> None:
        super().__init__(f"invitation {invite_id} was mailed to that address and is still open")
        self.invite_id = invite_id


class TooManyMails(InvitationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} asked for one mail too many")


class Raced(InvitationsError):
    """Somebody wrote between a read and the write that relied on it."""
