"""The queues of a stack and their dead letters, as an operator sees and sends them.

Looking at letters takes them from nobody: they are hidden for as long as the look lasts. One is
sent back by itself and deleted only then: cut off in between, it is there twice, and one at most.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Self

from vestibule.platform.aws import AwsError
from vestibule.platform.values import frozen
from vestibule_cli.dead_letters import DeadLetter
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.yaml_file import oneof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Final

    from vestibule.platform.aws import AwsClient
    from vestibule_cli.target import Target

HIDDEN_SECONDS: Final = 60
"""For so long letters stay hidden if whoever looks at them is killed."""
_MOST_AT_ONCE: Final = 10
# Only a poll that waits asks all of a queue's servers.
_POLL_SECONDS: Final = 1
_TIMES: Final = {"deadline": 20.0, "attempt_timeout": 10.0}
_COUNTS: Final = {
    "waiting": "ApproximateNumberOfMessages",
    "inFlight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


@frozen
class Lane:
    """A queue and where its dead letters lie."""

    key: str
    url: str
    dead_letters_url: str
    counts: Mapping[str, int]


@frozen
class Left:
    letter: DeadLetter
    why: str


@dataclass
class Tally:
    """What has come of a redrive so far."""

    sent: dict[str, int] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    again: dict[str, int] = field(default_factory=dict)
    """Letters of events just sent back: they failed again meanwhile, or lay there twice."""
    passed_over: int = 0
    """Of other types than those asked for."""

    @property
    def total(self) -> int:
        return sum(self.sent.values())


class Deliveries:
    """All methods raise AwsError."""

    def __init__(self, queues: Mapping[str, str], sqs: AwsClient) -> None:
        """`queues`: the URL of each by its key."""
        self._sqs = sqs
        self._queues = queues
        self._keys = {_name(url): key for key, url in queues.items()}

    @classmethod
    def of(cls, target: Target) -> Self:
        return cls(target.outputs.queues, target.client("sqs", **_TIMES))

    def lanes(self, only: str | None = None) -> list[Lane]:
        """Give the queues that have dead letters, or one of them. Raise Misuse if there is none."""
        with ThreadPoolExecutor() as threads:
            lanes = [lane for lane in threads.map(self._lane, self._queues) if lane is not None]
        if only is None:
            return lanes
        chosen = [lane for lane in lanes if only in {lane.key, self._key(lane.dead_letters_url)}]
        if not chosen:
            raise Misuse(oneof("queue", only, [lane.key for lane in lanes]))
        return chosen

    def status(self, lanes: Sequence[Lane]) -> list[dict[str, Any]]:
        with ThreadPoolExecutor() as threads:
            dead = threads.map(lambda lane: self._counts(lane.dead_letters_url), lanes)
            return [
                {"queue": lane.key, **lane.counts, "deadLetters": sum(counts.values())}
                for lane, counts in zip(lanes, dead, strict=True)
            ]

    def letters(self, lanes: Sequence[Lane]) -> list[DeadLetter]:
        """Look at all of them, and leave them where they are."""
        with ThreadPoolExecutor() as threads:
            return [one for found in threads.map(self._looked_at, lanes) for one in found]

    def find(self, letter_id: str) -> DeadLetter:
        """Raise Failure if there is none."""
        for letter in self.letters(self.lanes()):
            if letter.id == letter_id:
                return letter
        raise Failure(
            f"there is no dead letter {letter_id}, or somebody else is working on it. "
            "`vestibule deliveries list` shows what there is."
        )

    def hidden(self, lanes: Iterable[Lane]) -> int:
        """How many dead letters somebody else looks at just now."""
        return sum(self._counts(lane.dead_letters_url)["inFlight"] for lane in lanes)

    def _looked_at(self, lane: Lane) -> list[DeadLetter]:
        seen: dict[str, DeadLetter] = {}
        known_in_a_row = 0
        try:
            # A queue may give one twice, and those seen first come back in a long look.
            while known_in_a_row <= len(seen) and (letters := self.receive(lane)):
                for letter in letters:
                    known_in_a_row = known_in_a_row + 1 if letter.id in seen else 0
                    seen[letter.id] = letter
        finally:
            self.show_again(lane, seen.values())
        return sorted(seen.values(), key=lambda one: (one.letter.last_at, one.letter.first_at))

    def filled(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Those of them that have dead letters."""
        with ThreadPoolExecutor() as threads:
            return [
                one for one, some in zip(lanes, threads.map(self._any, lanes), strict=True) if some
            ]

    def _any(self, lane: Lane) -> bool:
        # What is counted lags behind what is there, and may only be trusted where it is not 0.
        if self._counts(lane.dead_letters_url)["waiting"]:
            return True
        letters = self.receive(lane)
        self.show_again(lane, letters)
        return bool(letters)

    def receive(self, lane: Lane) -> list[DeadLetter]:
        answer = self._sqs.call(
            "ReceiveMessage",
            {
                "QueueUrl": lane.dead_letters_url,
                "MaxNumberOfMessages": _MOST_AT_ONCE,
                "VisibilityTimeout": HIDDEN_SECONDS,
                "WaitTimeSeconds": _POLL_SECONDS,
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            },
        )
        return [DeadLetter.of(lane.key, message) for message in answer.get("Messages") or ()]

    def show_again(self, lane: Lane, letters: Iterable[DeadLetter]) -> None:
        """Let others see them at once. Those that this fails for are seen a minute later."""
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
            for number, letter in enumerate(letters)
        ]
        for start in range(0, len(entries), _MOST_AT_ONCE):
            batch = {
                "QueueUrl": lane.dead_letters_url,
                "Entries": entries[start : start + _MOST_AT_ONCE],
            }
            try:
                self._sqs.call("ChangeMessageVisibilityBatch", batch)
            except AwsError:
                return

    def send_back(self, lane: Lane, letter: DeadLetter) -> None:
        body = json.dumps(letter.content, separators=(",", ":"))
        self._sqs.call("SendMessage", {"QueueUrl": lane.url, "MessageBody": body})
        self._sqs.call(
            "DeleteMessage", {"QueueUrl": lane.dead_letters_url, "ReceiptHandle": letter.receipt}
        )

    def _lane(self, key: str) -> Lane | None:
        url = self._queues[key]
        attributes = self._attributes(url, "RedrivePolicy", *_COUNTS.values())
        arn = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn", "")
        target = self._keys.get(arn.rpartition(":")[2])
        return (
            None if target is None else Lane(key, url, self._queues[target], _counted(attributes))
        )

    def _counts(self, url: str) -> dict[str, int]:
        return _counted(self._attributes(url, *_COUNTS.values()))

    def _attributes(self, url: str, *names: str) -> dict[str, str]:
        answer = self._sqs.call(
            "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": list(names)}
        )
        attributes: dict[str, str] = answer.get("Attributes") or {}
        return attributes

    def _key(self, url: str) -> str:
        return self._keys[_name(url)]


class Redrive:
    """Sends letters back, one after the other, until there are no more or `stop` is set."""

    def __init__(  # noqa: PLR0913 - what it may be told, by name
        self,
        deliveries: Deliveries,
        *,
        only: str | None = None,
        rate: int | None = None,
        stop: Flag | None = None,
        told: Callable[[Tally], None] = lambda _tally: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`only` a type; `rate` in letters a second; `told` hears of each letter."""
        self.tally = Tally()
        self._deliveries = deliveries
        self._only = only
        self._pause = 0.0 if rate is None else 1 / rate
        self._stop = stop or Flag()
        self._told = told
        self._monotonic = monotonic
        self._next = 0.0
        self._sent: set[str] = set()

    def run(self, lanes: Sequence[Lane]) -> None:
        for lane in self._deliveries.filled(lanes):
            self._empty(lane)

    def _empty(self, lane: Lane) -> None:
        """Go through all letters of a queue. Those that stay are shown again at the end."""
        held: dict[str, DeadLetter] = {}
        known_in_a_row = 0
        try:
            while not self._stop.is_set() and (letters := self._deliveries.receive(lane)):
                for letter in self._in_time(lane, letters):
                    is_known = letter.id in held
                    known_in_a_row = known_in_a_row + 1 if is_known else 0
                    if is_known or not self._sent_back(lane, letter):
                        held[letter.id] = letter
                if known_in_a_row > len(held):
                    return
        finally:
            self._deliveries.show_again(lane, held.values())

    def _in_time(self, lane: Lane, letters: Sequence[DeadLetter]) -> Iterator[DeadLetter]:
        """Give letters for as long as they are nobody else's, and the others back."""
        until = self._monotonic() + HIDDEN_SECONDS / 2
        for number, letter in enumerate(letters):
            if self._stop.is_set() or self._monotonic() > until:
                self._deliveries.show_again(lane, letters[number:])
                return
            yield letter

    def _sent_back(self, lane: Lane, letter: DeadLetter) -> bool:
        if self._only is not None and not letter.is_of(self._only):
            self.tally.passed_over += 1
            return False
        if (why := letter.obstacle()) is not None:
            self.tally.left.append(Left(letter, why))
            return False
        digest = _digest(letter)
        if digest in self._sent:
            # Else what fails at once would be sent back for ever.
            _add(self.tally.again, lane.key)
            return False
        if not self._waited():
            return False
        self._deliveries.send_back(lane, letter)
        self._sent.add(digest)
        _add(self.tally.sent, lane.key)
        self._told(self.tally)
        return True

    def _waited(self) -> bool:
        """Wait for the next letter's turn; False if it is not to come any more."""
        now = self._monotonic()
        turn = max(now, self._next)
        self._next = turn + self._pause
        return not self._stop.wait(turn - now)


def _counted(attributes: Mapping[str, str]) -> dict[str, int]:
    return {name: int(attributes.get(attribute, 0)) for name, attribute in _COUNTS.items()}


def _add(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _digest(letter: DeadLetter) -> str:
    text = json.dumps([letter.queue, letter.content], sort_keys=True)
    return sha256(text.encode()).hexdigest()
