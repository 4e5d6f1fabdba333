"""What people may read of what they did."""

from __future__ import annotations

from vestibule.activity import items
from vestibule.activity.model import view
from vestibule.platform.authorization import ADMIN, SELF
from vestibule.platform.http.response import ok
from vestibule.platform.http.routes import PAGE, Routes
from vestibule.profiles.items import person_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.activity.store import TableActivity
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response

_PAGE: Final = "vestibule.activity.bodies:ActivityPage"


def routes(activity: TableActivity) -> Routes:
    table = Routes()

    def own(request: Request) -> Response:
        return _page(activity, request, request.user_id)

    def anothers(request: Request) -> Response:
        return _page(activity, request, request.path["userId"])

    table.add(
        "GET",
        "/me/activity",
        own,
        rule=SELF,
        summary="List what you did in the last ninety days, newest first.",
        parameters=PAGE,
        answers={200: _PAGE},
    )
    table.add(
        "GET",
        "/users/{userId}/activity",
        anothers,
        rule=ADMIN,
        summary="List what somebody did in the last ninety days, newest first.",
        parameters=PAGE,
        answers={200: _PAGE},
    )
    return table


def _page(activity: TableActivity, request: Request, user_id: str) -> Response:
    wanted = request.page(partition=person_key(user_id), prefix=items.PREFIX)
    page = activity.page(user_id, wanted.limit, wanted.start)
    shown = [view(each) for each in page.activities]
    return ok(wanted.body("activity", shown, page.next_key))
