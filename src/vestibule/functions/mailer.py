"""Welcomes confirmed people by mail."""

from __future__ import annotations

import os

from vestibule.delivery.breaker import Breaker
from vestibule.delivery.mail_marks import MailMarks
from vestibule.delivery.mailer import Mailer, without_sender, without_site
from vestibule.delivery.welcome import WelcomeLetters
from vestibule.functions.worker import Worker
from vestibule.mail.letters import WELCOME, Composer
from vestibule.mail.sender import sender_of
from vestibule.mail.settings import LinkSettings, MailSettings
from vestibule.mail.unsubscribe import ParameterKeys, Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.delivery.consumer import Consumer, Handle

NAME: Final = "mailer"
SES: Final = "ses"
RECEIVES: Final = 100
NEEDS: Final = 8.0
"""Seconds for one mail: three calls to the table, one to SES."""


def _consumer(environment: Mapping[str, str]) -> Consumer:
    worker, (mail,) = Worker.read(NAME, environment, MailSettings.from_environment)
    handle: Handle = without_sender
    if mail.from_address is not None:
        links = LinkSettings.from_environment(environment)
        handle = without_site if links is None else _mailer(worker, mail, links)
    return worker.consumer(handle, receives=RECEIVES, needs=NEEDS)


def _mailer(worker: Worker, mail: MailSettings, links: LinkSettings) -> Handle:
    parts, left = worker.parts, worker.budget.left
    tokens = Tokens(ParameterKeys(parts.client("ssm"), links.parameter))
    return Mailer(
        MailMarks(parts.table, WELCOME),
        WelcomeLetters(Composer(), tokens, links.unsubscribe_url),
        sender_of(worker.settings, mail, left=left),
        parts.policies,
        Breaker(SES, opened=worker.breaker_opened),
        left=left,
    ).handle


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breaker lives as long.
_take = _consumer(os.environ).take
