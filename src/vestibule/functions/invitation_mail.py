"""Invitations by mail. Few calls send one: what composes and sends it is imported by the first."""

from __future__ import annotations

from vestibule.mail.settings import MailSettings
from vestibule.platform import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from vestibule.invitations.model import Invited
    from vestibule.mail.letters import Composer
    from vestibule.mail.sender import Sender
    from vestibule.platform.settings import Settings
    from vestibule.platform.table import Table

KIND: Final = "invitation_code"


class InvitationLetters:
    def __init__(
        self, composer: Composer, sender: Sender, is_suppressed: Callable[[str], bool]
    ) -> None:
        """`is_suppressed`: whether an address bounced, or somebody there complained."""
        self._composer = composer
        self._sender = sender
        self._is_suppressed = is_suppressed

    def send(self, mail: Invited) -> None:
        """Raise TemplateFault or MailNotSent: to inviters, all that goes wrong looks alike.

        An address that was set aside gets nothing, and no inviter learns that it was.
        """
        from vestibule.mail.letters import Contents  # noqa: PLC0415 - as above

        letter = self._composer.compose(
            KIND, Contents(code=mail.code), locale=mail.language, account_type=mail.account_type
        )
        if self._is_suppressed(mail.email):
            metrics.count("InvitationMailSuppressed")
            return
        self._sender.send(mail.email, letter)


class SesInvitations:
    """Sends by SES from the address that the settings name."""

    def __init__(
        self, settings: Settings, mail: MailSettings, left: Callable[[], float], table: Table
    ) -> None:
        """`left` tells how many seconds the invocation still has."""
        self._table = table
        self._settings = settings
        self._mail = mail
        self._left = left
        self._letters: InvitationLetters | None = None

    @classmethod
    def of(
        cls, settings: Settings, left: Callable[[], float], table: Table
    ) -> SesInvitations | None:
        """None where no sender's address is set: nothing is mailed there."""
        mail = MailSettings.from_environment()
        return None if mail.from_address is None else cls(settings, mail, left, table)

    def send(self, mail: Invited) -> None:
        if self._letters is None:
            self._letters = self._made()
        self._letters.send(mail)

    def _made(self) -> InvitationLetters:
        from vestibule.mail.letters import Composer  # noqa: PLC0415 - as above
        from vestibule.mail.sender import sender_of  # noqa: PLC0415 - same
        from vestibule.mail.suppression import Suppressions  # noqa: PLC0415 - same

        sender = sender_of(self._settings, self._mail, left=self._left)
        return InvitationLetters(Composer(), sender, Suppressions(self._table).holds)
