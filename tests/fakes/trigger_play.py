"""Calls played one after the other, each noted with the triggers that it fired."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from botocore.exceptions import ClientError

from fakes import trigger_function
from fakes.federation import OAUTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
CLIENT = {
    "ExplicitAuthFlows": [
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ],
    "PreventUserExistenceErrors": "ENABLED",
    **OAUTH,
}

# How sure one can be of what AWS does.
GUIDE, MEASURED, REPORTED, UNCLEAR = "documented", "measured", "reported", "unclear"


@dataclass(frozen=True)
class Step:
    call: str
    seen: tuple[str, ...] | None  # None: it cannot be played here
    aws: tuple[str, ...]
    evidence: str
    remark: str


class Play:
    """Plays calls and notes which sources each of them fired."""

    def __init__(self, pool: Any, function: TriggerFunction) -> None:
        self.pool = pool
        self.function = function
        self.steps: list[Step] = []

    def step(
        self,
        call: str,
        act: Callable[[], Any],
        aws: tuple[str, ...] = (),
        evidence: str = GUIDE,
        remark: str = "",
    ) -> Any:
        self.function.events()
        try:
            answer = act()
        except ClientError as error:
            answer = error.response
        self.steps.append(Step(call, tuple(self.function.sources()), aws, evidence, remark))
        return answer

    def initiate(self, flow: str, pool: Any = None, **parameters: str) -> Any:
        pool = pool or self.pool
        return pool.person.initiate_auth(
            ClientId=pool.client_id, AuthFlow=flow, AuthParameters=parameters
        )

    def respond(self, asked: Any, **responses: str) -> Any:
        return self.pool.person.respond_to_auth_challenge(
            ClientId=self.pool.client_id,
            ChallengeName=asked["ChallengeName"],
            ChallengeResponses=responses,
            **({"Session": asked["Session"]} if asked.get("Session") else {}),
        )

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> Any:
        place = urlsplit(self.pool.emulator.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        kind = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        connection.request("POST", path, urlencode(form), kind)
        answer = connection.getresponse()
        body, location = answer.read().decode(), answer.getheader("Location") or ""
        connection.close()
        return location or body


def trigger_pool(
    emulator: Any,
    function: TriggerFunction,
    name: str,
    client: dict[str, Any],
    version: str = "V2_0",
    **settings: Any,
) -> Any:
    configuration = trigger_function.configuration(function.arn, version)
    return emulator.pool(f"matrix-{name}", client=client, LambdaConfig=configuration, **settings)
