"""What commands are made of that work on a running stack as its operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestibule.functions.parts import Parts

if TYPE_CHECKING:
    from vestibule_cli.target import Target


def parts(target: Target) -> Parts:
    return Parts(
        target.client,
        table_name=target.outputs.table_name,
        policy_parameter=target.outputs.policy_parameter,
    )
