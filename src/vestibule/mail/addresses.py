"""Which addresses a mail can be sent to, and how SES wants them written."""

from __future__ import annotations

from vestibule.policy.addresses import normalized


def deliverable(address: str) -> str | None:
    """Write one bare address for SES, None for anything else: a list, a display name, a header.

    It is an address here as it is one to every rule: in ASCII, with any other domain as punycode.
    Only the part before the @ keeps its case.
    """
    if normalized(address) is None:
        return None
    local, _, domain = address.strip(" ").rpartition("@")
    return f"{local}@{domain.lower()}"
