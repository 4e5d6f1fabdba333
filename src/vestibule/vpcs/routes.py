"""The VPC routes: requests in, rules asked, answers out."""

from __future__ import annotations

from vestibule.platform.authorization import CREATOR_OR_ADMIN, SIGNED_IN
from vestibule.platform.http.errors import (
    ApiError,
    Conflict,
    Detail,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServiceUnavailable,
)
from vestibule.platform.http.refusals import answering, suspended
from vestibule.platform.http.response import accepted, ok
from vestibule.platform.http.routes import PAGE, Parameter, Routes
from vestibule.vpcs import errors, items
from vestibule.vpcs.model import brief_view, view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response
    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.service import Proposal, VpcService

_BODIES: Final = "vestibule.vpcs.bodies"
_MOST_PROBLEMS: Final = 50
_LONGEST_KEY: Final = 255
_DRY_RUN: Final = Parameter(
    "dryRun", "true: answer with the plan; keep nothing, build nothing.", kind="boolean"
)
_IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "1 to 255 visible ASCII characters of your own. For a day, the same key with the same body "
    "gives the same answer, and makes nothing more.",
    place="header",
)
_FILTERS: Final = (
    Parameter("state", "Only those in this state, such as AVAILABLE."),
    Parameter("region", "Only those in this region."),
    Parameter("owner", "Only those that this person asked for: a userId, or me."),
    Parameter("tag", "Only those with this tag, as key:value."),
)


def routes(service: VpcService) -> Routes:
    table = Routes(answering=answering(errors.VpcsError, _REFUSALS))
    handlers = _Handlers(service)
    table.add(
        "POST",
        "/vpcs",
        handlers.create,
        rule=SIGNED_IN,
        summary="Ask for a VPC with subnets. It is built in the background.",
        body=f"{_BODIES}:NewVpc",
        parameters=(_DRY_RUN, _IDEMPOTENCY_KEY),
        answers={200: f"{_BODIES}:VpcPlanned", 202: f"{_BODIES}:VpcShown"},
        locates=(202,),
        refusals=(409, 422),
    )
    table.add(
        "GET",
        "/vpcs",
        handlers.page,
        rule=SIGNED_IN,
        summary="List VPCs, oldest first. A filtered page looks at 100 of them at most.",
        parameters=(*_FILTERS, *PAGE),
        answers={200: f"{_BODIES}:VpcPage"},
    )
    table.add(
        "GET",
        "/vpcs/{id}",
        handlers.show,
        rule=SIGNED_IN,
        summary="Show a VPC: its state and timeline, AWS's ids, and the room that is left.",
        answers={200: f"{_BODIES}:VpcShown"},
        refusals=(404,),
    )
    table.add(
        "DELETE",
        "/vpcs/{id}",
        handlers.delete,
        rule=CREATOR_OR_ADMIN,
        summary="Delete a VPC. It goes in the background, unless something lies inside. "
        "Asked again, it answers with the VPC as it stands.",
        answers={202: f"{_BODIES}:VpcShown"},
        refusals=(404,),
    )
    return table


class _Handlers:
    def __init__(self, service: VpcService) -> None:
        self._service = service

    def create(self, request: Request) -> Response:
        from vestibule.vpcs import bodies  # noqa: PLC0415 - msgspec

        is_dry, key = _dry_run(request.query.get("dryRun")), _key(request)
        try:
            wanted = bodies.to_wanted(request.body(bodies.NewVpc))
        except InvalidRequest as refusal:
            from vestibule.vpcs import offending  # noqa: PLC0415 - for what is refused

            raise offending.naming(refusal, request.text) from refusal
        if is_dry:
            return ok({"plan": _plan_view(self._service.propose(wanted, by=request.user_id))})
        record = self._service.create(wanted, by=request.user_id, key=key)
        return accepted({"vpc": full(record)}, location=request.location(record.id))

    def page(self, request: Request) -> Response:
        accepts, name = None, ""
        if any(request.query.get(parameter.name) is not None for parameter in _FILTERS):
            from vestibule.vpcs import filters  # noqa: PLC0415 - for whoever filters

            chosen = filters.read(request.query, me=request.user_id)
            accepts, name = chosen.accepts, chosen.digest
        wanted = request.page(partition=items.VPCS, index=items.INDEX, filter=name)
        page = self._service.page(accepts, wanted.limit, wanted.start)
        shown = [brief_view(record) for record in page.vpcs]
        return ok(wanted.body("vpcs", shown, page.next_key))

    def show(self, request: Request) -> Response:
        return ok({"vpc": full(self._service.show(request.path["id"]))})

    def delete(self, request: Request) -> Response:
        record = self._service.delete(request.path["id"], by=request.user_id)
        return accepted({"vpc": full(record)})


def full(record: VpcRecord) -> dict[str, Any]:
    from vestibule.vpcs import planner  # noqa: PLC0415 - not for lists

    return view(record) | {"room": planner.room(record)}


def _plan_view(proposal: Proposal) -> dict[str, Any]:
    from vestibule.vpcs import planner  # noqa: PLC0415 - same

    return planner.view(proposal.plan, proposal.warnings)


def _dry_run(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise InvalidRequest.of("dryRun", "boolean", f"Must be true or false, got {text!a:.40}.")
    return text == "true"


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None or (
        0 < len(key) <= _LONGEST_KEY and all("!" <= letter <= "~" for letter in key)
    ):
        return key
    message = f"Must be 1 to {_LONGEST_KEY} visible ASCII characters, got {len(key)}: {key!a:.40}."
    raise InvalidRequest.of("Idempotency-Key", "key", message)


def _limit_reached(error: errors.LimitReached) -> ApiError:
    whose = "You have" if error.rule == "perUser" else "There are"
    message = f"{whose} as many VPCs as the policy allows ({error.limit}): delete one first."
    return Conflict(message, details=[Detail("body", error.rule, message)])


def _range_taken(error: errors.RangeTaken) -> ApiError:
    message = f"{error.cidr} overlaps with {', '.join(error.others[:10])}: choose another range."
    return Conflict(message, details=[Detail("cidr", "overlap", message)])


def _key_reused(_: errors.KeyReused) -> ApiError:
    message = "This key came with another body before: take a new key for a new request."
    return ApiError(message, status=422, details=[Detail("Idempotency-Key", "reused", message)])


def _plan_refused(error: errors.PlanRefused) -> ApiError:
    problems = error.problems[:_MOST_PROBLEMS]
    return InvalidRequest(*(Detail(one.field, one.rule, one.message) for one in problems))


_REFUSALS: Final[Mapping[type[Any], Callable[[Any], ApiError]]] = {
    errors.VpcNotFound: lambda _: NotFound("There is no such VPC."),
    errors.PlanRefused: _plan_refused,
    errors.NotCreator: lambda _: Forbidden(
        "A VPC is deleted by whoever asked for it, or by an administrator."
    ),
    errors.CallerSuspended: suspended,
    errors.AddressUnproven: lambda _: Forbidden(
        "A VPC is for whoever holds a confirmed e-mail address: confirm yours, then open or "
        "complete your profile (POST /profiles) and try again."
    ),
    errors.CallerErased: lambda _: Forbidden("Your account was deleted: you may change nothing."),
    errors.LimitReached: _limit_reached,
    errors.RangeTaken: _range_taken,
    errors.KeyReused: _key_reused,
    errors.Raced: lambda _: ServiceUnavailable(
        "Too many requests for VPCs at once: try again in a moment."
    ),
}


def refusal(error: errors.VpcsError) -> ApiError:
    """Give what the domain refuses as an answer."""
    return _REFUSALS[type(error)](error)
