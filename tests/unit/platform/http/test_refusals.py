"""What a domain refuses becomes an answer, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.http.errors import ApiError, Forbidden, InvalidRequest, NotFound
from vestibule.platform.http.refusals import answering, draft_refused, suspended

if TYPE_CHECKING:
    from vestibule.platform.http.response import Response


class Refused(Exception):
    field, rule, message = "name", "length", "Must be shorter."


class Missing(Refused):
    pass


class Suspended(Refused):
    pass


@pytest.mark.parametrize(
    ("raised", "answered"),
    [
        (Missing(), NotFound("Nobody of that name.")),
        (Suspended(), Forbidden(suspended().error)),
        (Refused(), InvalidRequest.of("name", "length", "Must be shorter.")),
    ],
)
def test_an_error_of_the_domain_is_answered_as_it_says(raised: Refused, answered: ApiError) -> None:
    with pytest.raises(type(answered)) as refused:
        handling(raised)

    assert (refused.value.error, refused.value.details) == (answered.error, answered.details)
    assert refused.value.__cause__ is raised


def test_an_error_of_another_make_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="ours"):
        handling(ValueError("ours"))


def handling(raised: Exception) -> None:
    def handler(_request: object) -> Response:
        raise raised

    request: Any = None
    refusals = {
        Missing: lambda _: NotFound("Nobody of that name."),
        Suspended: suspended,
        Refused: draft_refused,
    }
    answering(Refused, refusals)(handler)(request)
