"""Cold starts and warm handlers, interleaved, as medians."""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from variants import HERE, SETTINGS, Variant

NOWHERE = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}


class VariantFailed(Exception):
    """A variant gave no answer."""


def cold_starts(
    variants: Sequence[Variant], rounds: int, *, writes: Mapping[str, int] | None = None
) -> dict[str, float]:
    """Seconds from process start to the first answer, by variant.

    `writes` are the calls of the table that all variants together have to make in each round.
    """
    with canned_table() as endpoint:
        taken = _interleaved(variants, rounds, lambda variant: _cold_start(variant, endpoint))
        asked = _asked(endpoint)
    for operation, number in (writes or {}).items():
        expected = number * (rounds + 1)
        if asked.get(operation) != expected:
            raise VariantFailed(f"{operation}: {asked.get(operation)} calls, not {expected}")
    return taken


def _asked(endpoint: str) -> dict[str, int]:
    with urllib.request.urlopen(endpoint, timeout=10) as answer:  # noqa: S310 -- loopback
        found: dict[str, int] = json.load(answer)
    return found


def warm_calls(variants: Sequence[Variant], rounds: int, calls: int) -> dict[str, float]:
    """Seconds a call takes once the process is warm, by variant."""
    return _interleaved(variants, rounds, lambda variant: _warm_call(variant, calls))


def _interleaved(
    variants: Sequence[Variant], rounds: int, measure: Callable[[Variant], float]
) -> dict[str, float]:
    """Each round measures every variant, so that what disturbs one disturbs all."""
    taken: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for number in range(rounds + 1):
        for variant in variants:
            seconds = measure(variant)
            # The first round only brings the files into memory.
            if number:
                taken[variant.name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _cold_start(variant: Variant, endpoint: str) -> float:
    started = time.perf_counter()
    with _running(variant, "answer.py", environment={"AWS_ENDPOINT_URL": endpoint}):
        return time.perf_counter() - started


def _warm_call(variant: Variant, calls: int) -> float:
    with _running(variant, "repeat.py", str(calls)) as microseconds:
        return float(microseconds) / 1e6


@contextmanager
def _running(
    variant: Variant, script: str, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[str]:
    """Give the script's one line as soon as it is there; then wait for the process's end."""
    reader, writer = os.pipe()
    with (
        os.fdopen(reader, encoding="utf-8") as report,
        subprocess.Popen(
            variant.command(script, writer, *arguments),
            env={**SETTINGS, **NOWHERE, **(environment or {})},
            stdout=subprocess.DEVNULL,
            # Warm handlers log thousands of lines; a failure is best seen in a run of its own.
            stderr=subprocess.DEVNULL,
            pass_fds=[writer],
        ) as process,
    ):
        os.close(writer)
        line = report.readline()
        if not line:
            process.wait()
            raise VariantFailed(f"{variant.name} gave no answer; its command: {process.args!r}")
        yield line


@contextmanager
def canned_table() -> Iterator[str]:
    reader, writer = os.pipe()
    command = [sys.executable, str(HERE / "table.py"), str(writer)]
    with (
        os.fdopen(reader, encoding="utf-8") as report,
        subprocess.Popen(command, pass_fds=[writer]) as table,
    ):
        os.close(writer)
        try:
            yield f"http://127.0.0.1:{int(report.readline())}"
        finally:
            table.terminate()
