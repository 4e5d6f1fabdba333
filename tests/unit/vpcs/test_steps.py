"""Which steps a network has, and which of them can be taken when."""

from __future__ import annotations

from fakes.networks import record
from vestibule.vpcs import model, steps
from vestibule.vpcs.resources import Resource, keep_one
from vestibule.vpcs.steps import Progress, plan, ready


def test_each_step_follows_what_it_needs() -> None:
    seen: set[str] = set()
    for step in plan(record()):
        assert step.key not in seen
        seen.add(step.key)
    assert all(need in seen for step in plan(record()) for need in step.needs)


def test_a_nat_gateway_waits_for_the_attached_internet_gateway() -> None:
    progress = Progress()
    progress.ids = {step.key: f"{step.key}-id" for step in plan(record()) if step.kind}
    del progress.ids[steps.NAT_GATEWAY]

    assert steps.NAT_GATEWAY not in {step.key for step in ready(plan(record()), progress)}
    progress.done.add(steps.ATTACHED)
    assert steps.NAT_GATEWAY in {step.key for step in ready(plan(record()), progress)}


def test_without_public_subnets_there_is_nothing_to_route_to_the_internet() -> None:
    one = record(subnets=record().subnets[3:], internet_gateway=True, nat_gateway=model.NO_NAT)

    keys = {step.key for step in plan(one)}

    assert steps.ATTACHED in keys
    assert not keys & {steps.PUBLIC_TABLE, steps.PUBLIC_ROUTE, steps.NAT_GATEWAY}


def test_with_public_subnets_alone_no_private_route_is_made() -> None:
    one = record(subnets=record().subnets[:3])

    keys = {step.key for step in plan(one)}

    assert steps.NAT_READY in keys
    assert not keys & {steps.PRIVATE_TABLE, steps.PRIVATE_ROUTE}


def test_progress_survives_being_kept() -> None:
    one = record()
    progress = Progress()
    progress.ids = {steps.VPC: "vpc-1", "subnet-4": "subnet-a", steps.ADDRESS: "eipalloc-1"}
    progress.done, progress.begun = {steps.DNS_SUPPORT}, {"subnet-1": "2026-05-17T12:00:00Z"}
    progress.doubted, progress.last_at = True, "2026-05-17T12:00:00Z"
    progress.made_at = "2026-05-17T12:00:01Z"

    kept = Progress.of(model.moved(one, model.PENDING, progress.changes(one), at="now"))

    assert vars(kept) == vars(progress)


def test_of_copies_the_recorded_stays_else_the_lowest() -> None:
    copies = [Resource("vpc", f"vpc-{number}", {}) for number in (3, 1, 2)]

    assert [one.id for one in (keep_one(copies)[0], *keep_one(copies)[1])] == [
        "vpc-1",
        "vpc-2",
        "vpc-3",
    ]
    assert keep_one(copies, "vpc-2")[0].id == "vpc-2"
