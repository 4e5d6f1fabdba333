"""How Cognito tells a caller that a trigger said no, or nothing, or nonsense."""

from __future__ import annotations


class TriggerFailed(Exception):
    """The call fails with this error. `str()` of it is the message that the caller reads."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def refused(trigger: str, message: str) -> TriggerFailed:
    """The function raised, crashed or ran out of its own time."""
    return TriggerFailed("UserLambdaValidationException", f"{trigger} failed with error {message}.")


def unexpected(trigger: str, reason: str) -> TriggerFailed:
    """The function was not reached."""
    text = f"{trigger} invocation failed due to error {reason}."
    return TriggerFailed("UnexpectedLambdaException", text)


def unrecognizable() -> TriggerFailed:
    return TriggerFailed("InvalidLambdaResponseException", "Unrecognizable lambda output")


def invalid(reason: str = "Invalid JSON") -> TriggerFailed:
    return TriggerFailed(
        "InvalidLambdaResponseException", f"Invalid lambda function output : {reason}"
    )


def invalid_parameter(message: str) -> TriggerFailed:
    return TriggerFailed("InvalidParameterException", message)


def incorrect() -> TriggerFailed:
    """What a wrong password, an unknown person and a stranger's answer have in common."""
    return TriggerFailed("NotAuthorizedException", "Incorrect username or password.")


def unreadable(username: str) -> TriggerFailed:
    """An event about a person who cannot be read would be a lie."""
    return TriggerFailed("InternalErrorException", f"The user {username} could not be read.", 500)
