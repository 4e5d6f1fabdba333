"""A person's way in on a running stack: sign-up, code, confirmation, SRP sign-in, first API call.

The client is boto3 with pycognito's SRP, in this process; the stack is a process of its own, and
does the server's side of SRP. The code is read from the inbox, as a person reads it.
"""

from __future__ import annotations

import math
import secrets
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

from vestibule_cli.demo.calls import call
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vestibule_cli.outputs import Outputs

PEOPLE_AT_ONCE = 8
STEPS = {
    "sign_up": "sign-up",
    "code": "code from the inbox",
    "confirm": "confirmation",
    "srp": "SRP's arithmetic, the client's half",
    "sign_in": "sign-in without that",
    "call": "first API call",
}


@dataclass(frozen=True)
class Spread:
    """Milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        if not seconds:  # the errors say why
            return cls(math.nan, math.nan)
        ranked = sorted(seconds)
        return cls(statistics.median(ranked) * 1e3, ranked[int(len(ranked) * 0.99)] * 1e3)

    def as_dict(self) -> dict[str, float]:
        return {"p50": round(self.p50, 1), "p99": round(self.p99, 1)}


@dataclass
class Run:
    """What was measured while people came in."""

    seconds: float = 0.0
    taken: list[dict[str, float]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def whole(self) -> Spread:
        return Spread.of([sum(steps.values()) for steps in self.taken])

    @property
    def rate(self) -> float:
        return len(self.taken) / self.seconds

    def step(self, name: str) -> Spread:
        return Spread.of([steps[name] for steps in self.taken])

    def as_dict(self) -> dict[str, Any]:
        return {
            "people": len(self.taken),
            "people_a_second": round(self.rate, 2),
            "errors": dict(self.errors),
            "whole_ms": self.whole.as_dict(),
            "steps_ms": {name: self.step(name).as_dict() for name in STEPS},
        }


class Visitor:
    """One person after another, through one client: connections are kept, as a browser does."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._cognito = boto3.client(
            "cognito-idp",
            region_name=outputs.region,
            endpoint_url=outputs.aws_endpoint_url,
            config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
        )

    def come_in(self, *, is_known: bool) -> dict[str, float]:
        """Seconds by step. Raises whatever goes wrong. `is_known` if a trigger made a profile."""
        taken = dict.fromkeys(STEPS, 0.0)
        email, password = f"{secrets.token_hex(8)}@example.com", f"{secrets.token_hex(12)}-aA1"
        client = {"ClientId": self._outputs.user_pool_client_id}
        attributes = {"email": email, "name": "Ann Example", "locale": "en"}
        with _timed(taken, "sign_up"):
            self._cognito.sign_up(
                **client,
                Username=email,
                Password=password,
                UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
            )
        with _timed(taken, "code"):
            code = self._code(email)
        with _timed(taken, "confirm"):
            self._cognito.confirm_sign_up(**client, Username=email, ConfirmationCode=code)
        token = self._sign_in(email, password, taken)
        with _timed(taken, "call"):
            answer = call("GET", f"{self._outputs.api_url}/me", token=token)
        if answer.status != 200 or (answer.body.get("profile") is not None) != is_known:
            raise RuntimeError(f"GET /me: {answer.status} {answer.body}")
        return taken

    def _code(self, email: str) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for mail in call("GET", f"{self._outputs.inbox_url}.json").body["mails"]:
                if email in mail["to"] and mail["code"]:
                    return str(mail["code"])
            time.sleep(0.02)
        raise RuntimeError("no code came")

    def _sign_in(self, email: str, password: str, taken: dict[str, float]) -> str:
        outputs = self._outputs
        client = {"ClientId": outputs.user_pool_client_id}
        with _timed(taken, "srp"):
            srp = AWSSRP(
                email,
                password,
                outputs.user_pool_id,
                outputs.user_pool_client_id,
                client=self._cognito,
            )
            sent = srp.get_auth_params()
        with _timed(taken, "sign_in"):
            asked = self._cognito.initiate_auth(
                **client, AuthFlow="USER_SRP_AUTH", AuthParameters=sent
            )
        with _timed(taken, "srp"):
            responses = srp.process_challenge(asked["ChallengeParameters"], sent)
        with _timed(taken, "sign_in"):
            answered = self._cognito.respond_to_auth_challenge(
                **client, ChallengeName=asked["ChallengeName"], ChallengeResponses=responses
            )
        return str(answered["AuthenticationResult"]["AccessToken"])


@contextmanager
def _timed(taken: dict[str, float], step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    taken[step] += time.perf_counter() - started


def one_by_one(outputs: Outputs, rounds: int, *, is_known: bool = True) -> Run:
    run, visitor = Run(), Visitor(outputs)
    visitor.come_in(is_known=is_known)  # the functions' cold starts are measured elsewhere
    started = time.perf_counter()
    for _ in range(rounds):
        _try(visitor, run, is_known=is_known)
    run.seconds = time.perf_counter() - started
    return run


def crowd(outputs: Outputs, seconds: float, *, is_known: bool = True) -> Run:
    """Eight people at once, each followed by the next."""
    run, visitors = Run(), [Visitor(outputs) for _ in range(PEOPLE_AT_ONCE)]
    started = time.perf_counter()
    ended = threading.Event()

    def come_and_come(visitor: Visitor) -> None:
        while not ended.is_set():
            _try(visitor, run, is_known=is_known)

    with ThreadPoolExecutor(PEOPLE_AT_ONCE) as pool:
        coming = [pool.submit(come_and_come, visitor) for visitor in visitors]
        ended.wait(seconds)
        ended.set()
    run.seconds = time.perf_counter() - started
    for each in coming:
        each.result()
    return run


def _try(visitor: Visitor, run: Run, *, is_known: bool) -> None:
    try:
        run.taken.append(visitor.come_in(is_known=is_known))
    except Exception as error:  # noqa: BLE001 -- every kind of failure is a figure here
        run.errors[f"{type(error).__name__}: {error}"[:200]] += 1


def without_triggers(outputs: Outputs) -> None:
    """Take the pool's triggers off: what is left is the emulator alone. Nobody gets a profile."""
    operator = boto3.client(
        "cognito-idp",
        region_name=outputs.region,
        endpoint_url=outputs.aws_endpoint_url,
        **ROOT_CREDENTIALS,
    )
    operator.update_user_pool(UserPoolId=outputs.user_pool_id, LambdaConfig={})


def show(runs: Mapping[str, Run]) -> None:
    print("\na person's way in, on a running stack (ms)")
    print(f"  {'':36}" + "".join(f" {title:>15}" for title in runs))
    print(f"  {'':36}" + f" {'p50':>7} {'p99':>7}" * len(runs))
    _line("sign-up to first API call", [run.whole for run in runs.values()])
    for name, says in STEPS.items():
        _line(f"  {says}", [run.step(name) for run in runs.values()])
    for says, figures in {
        "people": [f"{len(run.taken)}" for run in runs.values()],
        "people a second": [f"{run.rate:.1f}" for run in runs.values()],
        "errors": [f"{run.errors.total()}" for run in runs.values()],
    }.items():
        print(f"  {says:36}" + "".join(f" {figure:>15}" for figure in figures))
    for title, run in runs.items():
        for words, number in run.errors.most_common():
            print(f"  {title}: {number} x {words}")


def _line(says: str, spreads: Sequence[Spread]) -> None:
    figures = "".join(f" {spread.p50:7.1f} {spread.p99:7.1f}" for spread in spreads)
    print(f"  {says:36}{figures}")
