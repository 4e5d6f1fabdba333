"""What the activity routes answer, for the API's document."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class Activity(Struct, kw_only=True, rename="camel"):
    type: str
    time: str
    ip: str | UnsetType = UNSET
    user_agent: str | UnsetType = UNSET
    details: dict[str, Any] | UnsetType = UNSET


class ActivityPage(Struct, rename="camel"):
    activity: list[Activity]
    count: int
    next_token: Annotated[str, Meta(description="Absent on the last page.")] | UnsetType = UNSET
