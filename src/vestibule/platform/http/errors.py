"""Every answer that is not a success, as an exception.

    ApiError
        InvalidRequest        400   names each field and rule
        Unauthenticated       401   nobody we know is calling
        Forbidden             403   we know who, and that person may not
        NotFound              404
        MethodNotAllowed      405   names the methods that are
        Conflict              409
        PreconditionFailed    412   If-Match named another version
        PayloadTooLarge       413
        UnsupportedMediaType  415
        ServiceUnavailable    503   says when to try again

The words are sent to strangers: what went wrong inside belongs in the log.
"""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

RETRY_AFTER_SECONDS = 2


@frozen
class Detail:
    """One problem of one field. `rule` is for programs, `message` for people."""

    field: str
    rule: str
    message: str


class ApiError(Exception):
    status = 500
    error = "Internal error"

    def __init__(
        self,
        error: str | None = None,
        *,
        details: Iterable[Detail] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        self.error = error or type(self).error
        self.status = status or type(self).status
        self.details = tuple(details)
        self.headers = dict(headers or {})
        super().__init__(self.error)

    def view(self) -> dict[str, Any]:
        """Give what a stranger may read of it."""
        details = [
            {"field": one.field, "rule": one.rule, "message": one.message} for one in self.details
        ]
        return {"error": self.error, "details": details}


class InvalidRequest(ApiError):
    status = 400
    error = "The request is not valid."

    def __init__(self, *details: Detail, error: str | None = None) -> None:
        super().__init__(error, details=details)

    @classmethod
    def of(cls, field: str, rule: str, message: str) -> InvalidRequest:
        return cls(Detail(field, rule, message))


class Unauthenticated(ApiError):
    status = 401
    error = "Sign in: send a valid access token as `Authorization: Bearer <token>`."

    def __init__(self, error: str | None = None) -> None:
        super().__init__(error, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    status = 403
    error = "You may not do this."


class NotFound(ApiError):
    status = 404
    error = "There is nothing here."


class MethodNotAllowed(ApiError):
    status = 405
    error = "This path does not know that method."

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__(headers={"Allow": ", ".join(sorted(allowed))})


class Conflict(ApiError):
    status = 409
    error = "This conflicts with what is there."


class PreconditionFailed(ApiError):
    status = 412
    error = "It has changed since you read it: read it again, then repeat the change."


class PayloadTooLarge(ApiError):
    status = 413
    error = "The body is too large."


class UnsupportedMediaType(ApiError):
    status = 415
    error = "Send the body as `Content-Type: application/json`."


class ServiceUnavailable(ApiError):
    status = 503
    error = "We cannot answer right now: try again in a moment."

    def __init__(self, error: str | None = None) -> None:
        super().__init__(error, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
