"""A captured mail keeps the headers and tags that it was sent with."""

from __future__ import annotations

from typing import Any

from vestibule_cli.local.completions import sent_mails

SENDER = "house@example.test"
LINK = "<https://house.example/unsubscribe?token=x>"


def test_headers_and_tags_stay_with_the_mail(emulator: Any) -> None:
    ses = emulator.client("sesv2")
    ses.create_email_identity(EmailIdentity=SENDER)
    simple = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    for to, more in (("with-headers@example.test", True), ("without-headers@example.test", False)):
        headers = [{"Name": "List-Unsubscribe", "Value": LINK}]
        ses.send_email(
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": [to]},
            Content={"Simple": {**simple, "Headers": headers} if more else simple},
            EmailTags=[{"Name": "kind", "Value": "welcome"}] if more else [],
        )

    (stamped,) = emulator.mails_to("with-headers@example.test")
    (plain,) = emulator.mails_to("without-headers@example.test")

    assert stamped["headers"] == {"List-Unsubscribe": LINK}
    assert stamped["tags"] == {"kind": "welcome"}
    assert (plain["headers"], plain["tags"]) == ({}, {})


def test_what_is_no_request_has_neither() -> None:
    for body in (b"", b"[]", b"{", b'{"Content": 1, "EmailTags": {}}', b'{"EmailTags": null}'):
        assert sent_mails.stamp(body) == ({}, {})
