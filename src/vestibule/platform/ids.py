import os

_DIGITS_AND_DASH = "0123456789abcdef-"


def new_id() -> str:
    """Make a name nobody can guess: 128 random bits as 32 hexadecimal digits."""
    return os.urandom(16).hex()


def is_sub(text: str) -> bool:
    """Tell whether a text has the shape of a Cognito sub: a lower-case UUID."""
    return (
        len(text) == 36
        and text[8] == text[13] == text[18] == text[23] == "-"
        and text.count("-") == 4
        # Nothing is left only if there was nothing else.
        and not text.strip(_DIGITS_AND_DASH)
    )
