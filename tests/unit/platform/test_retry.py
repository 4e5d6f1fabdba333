from typing import Any

import pytest

from vestibule.platform import retry


def test_a_pause_grows_twofold_up_to_a_limit_with_jitter_over_all_of_it() -> None:
    for attempt, longest in ((1, 0.05), (2, 0.1), (3, 0.2), (5, 0.8), (6, 1.0), (50, 1.0)):
        pauses = [retry.pause(attempt) for _ in range(300)]

        assert all(0 <= seconds < longest for seconds in pauses)
        assert min(pauses) < longest * 0.1
        assert max(pauses) > longest * 0.9


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "ProvisionedThroughputExceededException", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (429, "", "throttled"),
        (500, "Unheard", "fault 500"),
        (503, "", "fault 503"),
        (408, "", "fault 408"),
        (400, "InternalErrorException", "fault 400"),
        (400, "TransactionConflictException", retry.CONFLICT),
        (400, "TransactionInProgressException", retry.CONFLICT),
        (400, "ValidationException", None),
        (400, "ConditionalCheckFailedException", None),
        # Cognito says this of a person who tried too many codes: trying again makes it worse.
        (400, "LimitExceededException", None),
        (403, "AccessDeniedException", None),
        (404, "", None),
    ],
)
def test_only_what_may_pass_is_tried_again(status: int, code: str, reason: str | None) -> None:
    assert retry.reason_to_retry(status, code, {}) == reason


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (["None", "TransactionConflict"], retry.CONFLICT),
        (["ThrottlingError", "TransactionConflict"], retry.CONFLICT),
        (["ThrottlingError", "None"], retry.THROTTLED),
        (["TransactionConflict", "ConditionalCheckFailed"], None),
        (["None", "None"], None),
        ([], None),
    ],
)
def test_a_transaction_is_repeated_if_only_its_moment_was_wrong(
    codes: list[str], reason: str | None
) -> None:
    answer: dict[str, Any] = {"CancellationReasons": [{"Code": code} for code in codes]}

    assert retry.reason_to_retry(400, "TransactionCanceledException", answer) == reason
