"""What the triggers are told beside what every function is."""

from __future__ import annotations

import os

from vestibule.mail.settings import MailSettings
from vestibule.platform.endpoint import Location
from vestibule.platform.settings import SettingsError, queue_url, together
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule.platform.endpoint import Endpoint


@frozen
class TriggerSettings:
    mail: MailSettings
    retry_queue_url: str | None = None
    """Where arrivals wait; without one they wait for the next sign-in."""
    directory: DirectorySettings | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> TriggerSettings:
        """Read all of it when the function starts, whoever comes to need it. Raise SettingsError.

        The variables: RETRY_QUEUE_URL, those of MailSettings and those of DirectorySettings.
        """
        return cls(
            *together(
                lambda: MailSettings.from_environment(environment),
                lambda: _retry_queue(environment),
                lambda: DirectorySettings.from_environment(environment),
            )
        )


@frozen
class DirectorySettings:
    """Where the directory from before is (`triggers/directory.py` asks it)."""

    endpoint: Endpoint
    path: str  # without a slash at its end
    key_secret: str | None
    """The secret, in Secrets Manager, whose text the directory knows us by."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ
    ) -> DirectorySettings | None:
        """Read MIGRATION_URL and MIGRATION_KEY_SECRET. None: there is no directory.

        Raise SettingsError.
        """
        url = environment.get("MIGRATION_URL")
        if not url:
            return None
        try:
            at = Location.parse(url)
        except ValueError as error:
            raise SettingsError(f"MIGRATION_URL: {error}, got {url[:100]!r}") from error
        return cls(at.endpoint, at.path, environment.get("MIGRATION_KEY_SECRET") or None)


def _retry_queue(environment: Mapping[str, str]) -> str | None:
    name = "RETRY_QUEUE_URL"
    return queue_url(environment, name) if environment.get(name) else None
