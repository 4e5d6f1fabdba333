"""Answers every trigger of the user pool."""

from __future__ import annotations

from vestibule.functions import trigger_wiring
from vestibule.platform.settings import Settings
from vestibule.triggers.settings import TriggerSettings

# Built once for all the events that this process will answer, and before the first.
_triggers = trigger_wiring.triggers(Settings.from_environment(), TriggerSettings.from_environment())


def handler(event: object, context: object) -> object:
    return _triggers(event, context)
