"""The shapes of answers that belong to no domain. Imported for the document alone."""

from typing import Annotated

from msgspec import Meta, Struct


class Health(Struct):
    status: Annotated[
        str, Meta(description="Always `ok`: a function that cannot start says nothing.")
    ]
    version: str


class Problem(Struct):
    field: Annotated[str, Meta(description="The field, parameter or header; `body` for all of it.")]
    rule: Annotated[str, Meta(description="The rule that it breaks, for programs.")]
    message: Annotated[str, Meta(description="The same for people.")]


class Error(Struct):
    error: str
    details: list[Problem]
    requestId: Annotated[str, Meta(description="Names this request in our logs.")]  # noqa: N815
