import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event as Flag
from types import FrameType
from typing import Any

import click

from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_pairs, print_table, progress, say
from vestibule_cli.deliveries import Deliveries, Redrive, Tally
from vestibule_cli.failures import Failure

FASTEST = 1000
# Seconds between two lines of progress.
PAUSE = 2.0
MOST_NAMED = 20
SECONDS_LONG = len("2026-11-20T09:41:00")

queue_option = click.option("--queue", metavar="KEY", help="Only this queue's, such as mail.")
only_option = click.option(
    "--only", metavar="TYPE", help="Only this type of event, such as user.confirmed, or user.*."
)


@click.group()
def command() -> None:
    """Show what could not be delivered, what still waits, and send back what was given up."""


def _deliveries(chosen: Chosen) -> Deliveries:
    return Deliveries.of(chosen.target())


@command.command()
@with_stack
@as_json
def status(chosen: Chosen, *, as_json: bool) -> None:
    """How many messages each queue holds, and how many dead letters."""
    deliveries = _deliveries(chosen)
    found = deliveries.status(deliveries.lanes())
    if as_json:
        print_json({"queues": found})
        return
    titles = ("QUEUE", "WAITING", "IN FLIGHT", "DELAYED", "DEAD LETTERS")
    print_table([titles, *([str(value) for value in one.values()] for one in found)])


@command.command("list")
@queue_option
@only_option
@with_stack
@as_json
def list_(queue: str | None, only: str | None, chosen: Chosen, *, as_json: bool) -> None:
    """The dead letters, with why they are there. Looking changes nothing."""
    deliveries = _deliveries(chosen)
    lanes = deliveries.lanes(queue)
    if hidden := deliveries.hidden(lanes):
        say(f"Somebody else works on {hidden} of them just now: those are not shown.")
    with progress("reading the dead letters"):
        letters = deliveries.letters(lanes)
    views = [letter.view() for letter in letters if only is None or letter.is_of(only)]
    if as_json:
        print_json({"letters": views, "count": len(views)})
        return
    rows = [
        (
            view["id"],
            view["queue"],
            view["type"],
            view["reason"],
            str(view["attempts"] or ""),
            (view["firstAt"] or "")[:SECONDS_LONG],
            (view["lastAt"] or "")[:SECONDS_LONG],
        )
        for view in views
    ]
    print_table([("ID", "QUEUE", "TYPE", "REASON", "ATTEMPTS", "FIRST (UTC)", "LAST"), *rows])


@command.command()
@click.argument("letter", metavar="ID")
@with_stack
@as_json
def show(letter: str, chosen: Chosen, *, as_json: bool) -> None:
    """One dead letter with its event, which holds personal data."""
    view = _deliveries(chosen).find(letter).full_view()
    if as_json:
        print_json({"letter": view})
        return
    event = view.pop("event")
    print_pairs([(name, str(value)) for name, value in view.items() if value not in {None, ""}])
    click.echo()
    print_json(event)


@command.command()
@queue_option
@only_option
@click.option(
    "--rate",
    type=click.IntRange(1, FASTEST),
    metavar="N",
    help="No more than so many a second. As fast as it goes if not given.",
)
@with_stack
@as_json
def redrive(
    queue: str | None, only: str | None, rate: int | None, chosen: Chosen, *, as_json: bool
) -> None:
    """Send the events of dead letters back to their queues.

    What cannot be is left where it is, and named. Ctrl-C ends it after the letter at hand.
    """
    deliveries = _deliveries(chosen)
    lanes = deliveries.lanes(queue)
    total = sum(one["deadLetters"] for one in deliveries.status(lanes))
    stop = Flag()
    work = Redrive(deliveries, only=only, rate=rate, stop=stop, told=_progress(total))
    try:
        with _stopped_by_interrupt(stop):
            work.run(lanes)
    finally:
        _print(work.tally, only, is_interrupted=stop.is_set(), as_json=as_json)
    if stop.is_set():
        raise Failure("interrupted: the rest lies where it was.")
    if reasons := list(_reasons(work.tally)):
        raise Failure("\n".join(reasons))


def _print(tally: Tally, only: str | None, *, is_interrupted: bool, as_json: bool) -> None:
    if as_json:
        left = [
            {
                "id": one.letter.id,
                "queue": one.letter.queue,
                "type": one.letter.type,
                "why": one.why,
            }
            for one in tally.left
        ]
        content = {
            "redriven": tally.total,
            "queues": tally.sent,
            "failedAgain": tally.again,
            "left": left,
            "passedOver": tally.passed_over,
            "interrupted": is_interrupted,
        }
        print_json(content)
        return
    for queue, count in tally.sent.items():
        click.echo(f"{queue}: {count} sent back.")
    if not tally.sent:
        click.echo("Nothing was sent back.")
    if tally.passed_over:
        say(f"{tally.passed_over} of other types than {only} were passed over.")


def _reasons(tally: Tally) -> Iterator[str]:
    for one in tally.left[:MOST_NAMED]:
        yield f"{one.letter.queue}: {one.letter.id} ({one.letter.type}) is left: {one.why}."
    if len(tally.left) > MOST_NAMED:
        yield f"and {len(tally.left) - MOST_NAMED} more."
    for queue, count in tally.again.items():
        yield f"{queue}: {count} failed again, or lay there twice. See `vestibule deliveries list`."


def _progress(total: int) -> Callable[[Tally], None]:
    """Make what says from time to time how far it is."""
    said_at = time.monotonic()

    def told(tally: Tally) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= PAUSE:
            said_at = time.monotonic()
            say(f"{tally.total} of about {total} sent back ...")

    return told


@contextmanager
def _stopped_by_interrupt(stop: Flag) -> Iterator[None]:
    """Let the first Ctrl-C set `stop`; a second one ends the command at once."""

    def interrupted(_number: int, _frame: FrameType | None) -> Any:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
