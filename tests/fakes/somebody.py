"""A signed-in person of a running stack, who calls its API."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from vestibule_cli.demo.calls import Answer
    from vestibule_cli.demo.place import Place


class Somebody:
    def __init__(self, place: Place, name: str, *, profile: bool = False) -> None:
        """Sign up, confirm and sign in; with `profile` complete that, too."""
        self._place = place
        person = Person(place, name)
        self.id = person.sign_up()
        self.email = person.email
        person.confirm(person.code_from_inbox())
        person.sign_in()
        self.token = person.access_token
        if profile:
            self.call("POST", "/profiles", body={"name": name})

    def call(self, method: str, path: str, **sent: Any) -> Answer:
        return self._place.api(method, path, self.token, **sent)

    def sees(self, vpc_id: str, state: str, *, within: float = 60.0) -> dict[str, Any]:
        """Look at a VPC until it has come to this state."""
        until = time.monotonic() + within
        while True:
            shown: dict[str, Any] = self.call("GET", f"/vpcs/{vpc_id}").body["vpc"]
            if shown["state"] == state:
                return shown
            assert time.monotonic() < until, shown
            time.sleep(0.2)
