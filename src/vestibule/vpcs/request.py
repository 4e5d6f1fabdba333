"""What somebody asks for, and all that it depends on as read at one moment."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.profiles.model import Profile
    from vestibule.vpcs.items import Entry
    from vestibule.vpcs.model import VpcRecord

ONCE_SECONDS: Final = 24 * 3600


@frozen
class WantedSubnet:
    """Laid out by the caller (`cidr`), or of a size (`prefix_length`), or neither."""

    name: str | None = None
    cidr: str | None = None
    prefix_length: int | None = None
    availability_zone: str | None = None
    public: bool = False


@frozen
class Wanted:
    """A VPC as it is asked for. None leaves a field to us."""

    name: str
    cidr: str
    region: str | None = None
    subnets: tuple[WantedSubnet, ...] = ()
    subnet_count: int | None = None  # in place of `subnets`
    subnet_prefix_length: int | None = None  # of those that say neither cidr nor prefix_length
    tags: Mapping[str, str] = {}
    nat_gateway: str | None = None
    internet_gateway: bool | None = None

    @property
    def digest(self) -> str:
        """Tells one request from another, whatever the order and spacing of its JSON."""
        import json  # noqa: PLC0415 - with the next, for those who send an Idempotency-Key
        from hashlib import sha256  # noqa: PLC0415

        return sha256(json.dumps(_plain(self), sort_keys=True).encode()).hexdigest()


@frozen
class Once:
    """An Idempotency-Key, and what came with it."""

    key: str
    digest: str
    vpc_id: str = ""
    expires_at: int = 0  # epoch seconds


@frozen
class Scene:
    """A caller, and what their request touches. `None`: there is no such thing."""

    user_id: str
    profile: Profile | None = None
    erased: bool = False
    is_operator: bool = False
    record: VpcRecord | None = None
    once: Once | None = None
    entries: Sequence[Entry] = ()
    register_version: int | None = None

    @property
    def is_admin(self) -> bool:
        return self.is_operator or (self.profile is not None and self.profile.is_active_admin)

    @property
    def has_address(self) -> bool:
        """Whether they hold a confirmed address, which nobody else does."""
        return self.is_operator or (
            self.profile is not None and self.profile.claimed_email is not None
        )

    @property
    def is_suspended(self) -> bool:
        return self.profile is not None and self.profile.is_suspended


def _plain(value: Any) -> Any:
    """A value as JSON has it, without what says nothing: a later field changes no digest."""
    if hasattr(value, "__match_args__"):
        fields = {name: getattr(value, name) for name in value.__match_args__}
        return {name: _plain(one) for name, one in fields.items() if one is not None}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if hasattr(value, "items") else value
