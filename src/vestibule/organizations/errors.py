"""Everything the organizations domain refuses, named for the fact.

OrganizationsError
    OrganizationNotFound    there is none of that id, or the caller is to think so
    MemberNotFound          the organization has no such member, waiting ones included
    NotOrganizationAdmin    a member asks for what only its admins may do
    OnlyAdmins              an organization's admin asks for what only an admin of all may do
    CallerSuspended         the caller may read, and change nothing
    CallerNotAdmin          the caller is not, or no longer, an active admin
    VersionDiffers          somebody else changed the organization first
    LastAdmin               an organization keeps one admin at least
    MemberElsewhere         the person belongs to another organization
    MemberSuspended         whoever is suspended gains nothing meanwhile
    DomainTaken             another organization holds the claim on that domain
    DraftRefused            a field breaks a rule of the policy
    Raced                   what was read is no longer true: read again
"""

from __future__ import annotations


class OrganizationsError(Exception):
    """Everything this package raises on purpose."""


class OrganizationNotFound(OrganizationsError):
    def __init__(self, organization_id: str) -> None:
        super().__init__(f"there is no organization {organization_id}")


class MemberNotFound(OrganizationsError):
    def __init__(self, organization_id: str, user_id: str) -> None:
        super().__init__(f"{organization_id} has no member {user_id}")


class NotOrganizationAdmin(OrganizationsError):
    def __init__(self, user_id: str, organization_id: str) -> None:
        super().__init__(f"{user_id} is no admin of {organization_id}")


class OnlyAdmins(OrganizationsError):
    def __init__(self, user_id: str, field: str) -> None:
        super().__init__(f"{user_id} may not change {field}")
        self.field = field


class CallerSuspended(OrganizationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class CallerNotAdmin(OrganizationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is not an active admin")


class VersionDiffers(OrganizationsError):
    def __init__(self, organization_id: str, current: int) -> None:
        super().__init__(f"organization {organization_id} is at version {current}")
        self.current = current


class LastAdmin(OrganizationsError):
    def __init__(self, organization_id: str, user_id: str) -> None:
        super().__init__(f"{user_id} is the last admin of {organization_id}")


class MemberElsewhere(OrganizationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} belongs to another organization")


class MemberSuspended(OrganizationsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class DomainTaken(OrganizationsError):
    def __init__(self, domain: str) -> None:
        super().__init__(f"another organization holds {domain}")


class DraftRefused(OrganizationsError):
    """The message is for whoever sent the field."""

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule
        self.message = message


class Raced(OrganizationsError):
    """Somebody wrote between a read and the write that relied on it."""
