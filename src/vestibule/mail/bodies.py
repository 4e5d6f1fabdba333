"""What the unsubscribe routes take and answer. Imported for the document alone."""

from typing import Annotated

from msgspec import Meta, Struct, field


class UnsubscribeForm(Struct, forbid_unknown_fields=True):
    one_click: Annotated[str, Meta(description="Always `One-Click`.")] = field(
        name="List-Unsubscribe"
    )
    token: Annotated[str, Meta(description="Unless it stands in the query.")] = ""


class Unsubscribed(Struct):
    message: str
