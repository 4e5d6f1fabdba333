"""What a domain refuses, as answers."""

from __future__ import annotations

from vestibule.platform.http.errors import Forbidden, InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from vestibule.platform.http.errors import ApiError
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response
    from vestibule.platform.http.routes import Handler


def answering(
    base: type[Exception], refusals: Mapping[type[Any], Callable[[Any], ApiError]]
) -> Callable[[Handler], Handler]:
    """Make handlers answer what their domain refuses: `refusals` by the very class of an error.

    `base` is the one that all of the domain's errors come from.
    """

    def wrapped(handler: Handler) -> Handler:
        def answer(request: Request) -> Response:
            try:
                return handler(request)
            except base as error:
                refusal = refusals[type(error)](error)
                raise refusal from error

        return answer

    return wrapped


def suspended(_: object = None) -> ApiError:
    return Forbidden(
        "Your account is suspended: you may read, and change nothing. Ask an administrator."
    )


def draft_refused(error: Any) -> ApiError:
    """For errors that name the `field`, the `rule` and the `message`."""
    return InvalidRequest.of(error.field, error.rule, error.message)
