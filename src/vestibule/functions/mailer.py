"""Welcomes confirmed people by mail."""

from __future__ import annotations

import os

from vestibule.delivery.breaker import Breaker
from vestibule.delivery.consumer import Consumer
from vestibule.delivery.mail_marks import MailMarks
from vestibule.delivery.mailer import Mailer, without_sender, without_site
from vestibule.delivery.queue import Queue
from vestibule.delivery.settings import QueueSettings, together
from vestibule.delivery.welcome import WelcomeLetters
from vestibule.functions.parts import Parts
from vestibule.mail.letters import WELCOME, Composer
from vestibule.mail.sender import SesSender
from vestibule.mail.settings import LinkSettings, MailSettings
from vestibule.mail.unsubscribe import ParameterKeys, Tokens
from vestibule.platform.aws import AwsClient
from vestibule.platform.budget import Budget
from vestibule.platform.settings import Settings
from vestibule.security.model import BREAKER_OPENED
from vestibule.security.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.delivery.events import Event
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.queue import Message

    Handle = Callable[[Event, Message], Outcome]

NAME: Final = "mailer"
SES: Final = "ses"
RECEIVES: Final = 100
NEEDS: Final = 8.0
"""Seconds for one mail: three calls to the table, one to SES."""


def _consumer(environment: Mapping[str, str]) -> Consumer:
    settings, queues, mail = together(
        lambda: Settings.from_environment(environment),
        lambda: QueueSettings.from_environment(environment),
        lambda: MailSettings.from_environment(environment),
    )
    parts = Parts.of(settings, AwsClient)
    budget = Budget()
    handle: Handle = without_sender
    if mail.from_address is not None:
        links = LinkSettings.from_environment(environment)
        handle = without_site if links is None else _mailer(parts, settings, mail, links, budget)
    sqs = parts.client("sqs")
    return Consumer(
        handle,
        Queue(sqs, queues.queue_url),
        Queue(sqs, queues.dead_letters_url),
        receives=RECEIVES,
        needs=NEEDS,
        budget=budget,
    )


def _mailer(
    parts: Parts, settings: Settings, mail: MailSettings, links: LinkSettings, budget: Budget
) -> Handle:
    recorder = Recorder(parts.table)
    sender = SesSender(
        mail.from_address or "",
        region=settings.region,
        endpoint_url=settings.endpoint_url,
        configuration_set=mail.configuration_set,
        left=budget.left,
    )
    tokens = Tokens(ParameterKeys(parts.client("ssm"), links.parameter))
    return Mailer(
        MailMarks(parts.table, WELCOME),
        WelcomeLetters(Composer(), tokens, links.unsubscribe_url),
        sender,
        parts.policies,
        Breaker(SES, opened=lambda peer: recorder.record(BREAKER_OPENED, NAME, {"peer": peer})),
        left=budget.left,
    ).handle


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breaker lives as long.
_take = _consumer(os.environ).take
