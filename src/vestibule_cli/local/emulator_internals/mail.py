"""What was mailed, and who may mail as whom."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part
from vestibule_cli.local.mails import KEPT, Mail

if TYPE_CHECKING:
    from collections.abc import Mapping


def mails() -> list[Mail]:
    """Every captured mail, oldest first. Forgets those beyond the last KEPT."""
    for entries in mail_lists():
        if len(entries) > KEPT:
            del entries[:-KEPT]
    records = [record for entries in mail_lists() for record in list(entries)]
    return [Mail.from_record(record) for record in sorted(records, key=lambda r: r["Timestamp"])]


def stamp_mail(message_id: str, headers: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Keep with a captured mail what the emulator forgets of it."""
    for entries in mail_lists():
        for record in reversed(entries):
            if record["MessageId"] == message_id:
                record["Headers"], record["Tags"] = dict(headers), dict(tags)
                return


def mail_lists() -> list[list[dict[str, Any]]]:
    return list(part("services.ses")._sent_emails.all_values())


def by_their_sender() -> None:
    """Ask a policy about the identity that a mail is from; the emulator asks about every one."""
    actions = part("core.iam_actions")
    genuine = actions._ses_v2_resource_arn

    def resource_arn(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if method == "POST" and path.rstrip("/") == "/v2/email/outbound-emails":
            sender = actions._safe_json_field(body, "FromEmailAddress") or ""
            if address := parseaddr(sender)[1]:
                return f"arn:aws:ses:{region}:{account}:identity/{address}"
        arn: str = genuine(method, path, body, region, account)
        return arn

    actions._ses_v2_resource_arn = resource_arn
