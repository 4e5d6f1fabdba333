"""Failures that are told in words. Anything else is a fault of ours and keeps its traceback."""

FAILED, MISUSED = 1, 2
# What each line of a failure starts with, and no other line.
PREFIX = "vestibule: "


class Failure(Exception):
    """What a person is told, one line for each problem, and the exit code that goes with it."""

    exit_code = FAILED


class Misuse(Failure):
    """It cannot be done as asked."""

    exit_code = MISUSED


def expected_exit_code(error: BaseException) -> int | None:
    """The exit code of a failure that is told in words; None for one that is not."""
    if isinstance(error, Failure):
        return error.exit_code
    # The runtime knows no exit codes; loading it must not slow `--help` down.
    from vestibule.platform.aws import AwsError  # noqa: PLC0415

    return FAILED if isinstance(error, AwsError) else None
