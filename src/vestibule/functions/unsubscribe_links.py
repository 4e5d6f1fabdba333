"""The links by which people stop mails. Few calls bring one: what reads it comes with the first."""

from __future__ import annotations

from vestibule.mail.settings import unsubscribe_parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.functions.parts import Parts
    from vestibule.mail.unsubscribe import Tokens
    from vestibule.security.recorder import Recorder

NAME: Final = "api"


class UnsubscribeLinks:
    def __init__(self, parts: Parts, parameter: str) -> None:
        self._parts = parts
        self._parameter = parameter
        self._tokens: Tokens | None = None
        self._recorder: Recorder | None = None

    @classmethod
    def of(cls, parts: Parts) -> UnsubscribeLinks | None:
        """None where no key is set. Raise SettingsError."""
        parameter = unsubscribe_parameter()
        return None if parameter is None else cls(parts, parameter)

    def tokens(self) -> Tokens:
        if self._tokens is None:
            from vestibule.mail.unsubscribe import (  # noqa: PLC0415 - as above
                ParameterKeys,
                Tokens,
            )

            self._tokens = Tokens(ParameterKeys(self._parts.client("ssm"), self._parameter))
        return self._tokens

    def report_forged(self) -> None:
        from vestibule.security.model import INVALID_TOKEN_DETECTED  # noqa: PLC0415 - as above
        from vestibule.security.recorder import Recorder  # noqa: PLC0415 - same

        self._recorder = self._recorder or Recorder(self._parts.table)
        self._recorder.record(INVALID_TOKEN_DETECTED, NAME, {"token": "unsubscribe"})
