"""Writes docs/costs.md: what a month costs, from stack.yaml, prices.json and the last benchmark.

costs.py [--check]     with --check: only say whether the file is current
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/costs.md"
USERS = (1_000, 50_000, 1_000_000)
MILLION = 1_000_000.0
WHOLE_DOLLARS = 100
GIGA = 1e9

# What a person does in a month. Each figure is a guess that a product replaces by its own.
NEW_SHARE = 0.1
SIGN_INS = 4
REFRESHES = 30
CALLS = 60
CALLS_THAT_WRITE = 0.2
CALL_KB = 2.0

# What each of these takes here, counted in the code and in the tests.
TRIGGERS = {"new": 3, "sign_in": 3, "refresh": 1}
TRIGGER_SOURCES = 8
# In a transaction each written item costs two units.
WRITES = {"new": 2 * 6 + 4, "sign_in": 2, "call": 4}
READS = {"new": 6, "sign_in": 3, "refresh": 1, "call": 1}
EVENTS = {"new": 4, "sign_in": 1, "call": 1}
MAILS_OF_A_NEW_USER = 2
QUEUES_OF_AN_EVENT = 1.5
# Send, receive, delete; Lambda receives and deletes several at once, but not when little happens.
REQUESTS_OF_A_MESSAGE = 3
BYTES_OF_A_CALL = 900
BYTES_OF_A_TRIGGER = 800
BYTES_OF_A_USER = 6_000
ALARM_METRICS = 15
COUNTED_NAMES = 20

# Lambda gives a whole processor at 1,769 MB, and waits for a store or a peer besides.
WHOLE_PROCESSOR_MB = 1_769
WAIT_MS = 6.0
COLD_SHARE = {1_000: 0.2, 50_000: 0.02, 1_000_000: 0.003}

# Lambda keeps five receives of 20 seconds waiting at each queue, however empty it is.
EMPTY_RECEIVES_A_MINUTE = 15

# The usual way.
USUAL_MB = 512
USUAL_PEER_MS = 300
USUAL_BYTES = 2_500
USUAL_PROVISIONED = 5
USUAL_NAT_GATEWAYS = 2
USUAL_SECRETS = 3
USUAL_METRICS = 20

# What the usual way could do without, too.
NAT, PROVISIONED = "NAT gateways", "provisioned concurrency"
CHOSEN = (NAT, PROVISIONED)


@dataclass(frozen=True)
class Line:
    says: str
    ours: float
    usual: float


@dataclass(frozen=True)
class Month:
    """What so many people do in a month."""

    users: int

    @property
    def new(self) -> float:
        return self.users * NEW_SHARE

    @property
    def sign_ins(self) -> float:
        return self.users * SIGN_INS

    @property
    def refreshes(self) -> float:
        return self.users * REFRESHES

    @property
    def calls(self) -> float:
        return self.users * CALLS

    @property
    def writes(self) -> float:
        return self.calls * CALLS_THAT_WRITE

    @property
    def triggers(self) -> float:
        return self.total(TRIGGERS)

    @property
    def events(self) -> float:
        return self.total(EVENTS)

    def total(self, each: Mapping[str, float]) -> float:
        """The sum over what happens; what an API call takes counts for those that write."""
        happened = {
            "new": self.new,
            "sign_in": self.sign_ins,
            "refresh": self.refreshes,
            "call": self.writes,
        }
        return sum(happened[kind] * amount for kind, amount in each.items())


class Model:
    def __init__(self, root: Path) -> None:
        self.prices: dict[str, Any] = json.loads((root / "bench/prices.json").read_text())
        self.stack: dict[str, Any] = yaml.safe_load((root / "stack.yaml").read_text())
        self.measured = json.loads((root / "bench/results/results.json").read_text())
        api = json.loads((root / self.stack["api"]["definition"]).read_text())
        self.routes = sum(
            len(set(path) - {"parameters", "options"}) for path in api["paths"].values()
        )

    # A month in which nobody comes

    def idle(self) -> list[tuple[str, float, str]]:
        prices = self.prices
        queues = [key for key, queue in self.stack["queues"].items() if "dead_letters" in queue]
        receives = len(queues) * EMPTY_RECEIVES_A_MINUTE * 60 * prices["month_hours"]
        runs = dict(self.schedules())
        alarms = max(0, ALARM_METRICS - prices["cloudwatch_free_alarm_metrics"])
        return [
            (
                f"{ALARM_METRICS} metrics that the essential alarms look at",
                alarms * prices["cloudwatch_alarm_metric"],
                f"{prices['cloudwatch_free_alarm_metrics']} are free",
            ),
            (
                f"Lambda asks {len(queues)} queues, {receives / MILLION:.1f} million times",
                _above(receives / MILLION, prices["sqs_free_million"]) * prices["sqs_million"],
                "a million are free",
            ),
            (
                f"schedules: {sum(runs.values()):,.0f} calls of a second",
                self._lambda(sum(runs.values()), self._scheduled_gb_seconds(runs)),
                "within what is free",
            ),
            (
                "user pool, API, functions, table, bus, dashboards",
                0.0,
                "nothing used, nothing billed",
            ),
            ("the zip in S3, recovery of an empty table, log lines", 0.05, "rounded up"),
        ]

    def schedules(self) -> Iterator[tuple[str, float]]:
        """How often each function is called by a schedule in a month."""
        for key, function in self.stack["functions"].items():
            times = 0.0
            for event in function.get("events", ()):
                if "schedule" in event:
                    times += self.prices["month_hours"] / hours(event["rate"])
            if times:
                yield key, times

    def _scheduled_gb_seconds(self, runs: Mapping[str, float]) -> float:
        functions = self.stack["functions"]
        return sum(float(functions[key]["memory"]) / 1024 * times for key, times in runs.items())

    def options(self) -> list[tuple[str, float]]:
        """Parts that are off by default, by the month."""
        prices = self.prices
        firewall = prices["waf_acl"] + 4 * prices["waf_rule"]
        gateways = 2 * prices["nat_gateway_hour"] * prices["month_hours"]
        check = prices["route53_health_check"]
        return [
            ("a hosted zone (`domain_name`)", prices["route53_zone"]),
            ("each secret (`secrets`)", prices["secret"]),
            ("a key for alarms (`encrypt_alarms`, on unless turned off)", prices["kms_key"]),
            ("a health check from around the world (`health_check`)", check),
            ("a firewall with four rules, each for site, API and pool", firewall),
            ("two NAT gateways, for a user service with an internal address", gateways),
        ]

    # A month with people

    def lines(self, users: int) -> list[Line]:
        month, prices = Month(users), self.prices
        paid = max(0, users - prices["cognito_free_users"]) * prices["cognito_essentials_user"]
        api = month.calls / MILLION * prices["api_gateway_rest_million"]
        mails = month.new * MAILS_OF_A_NEW_USER / 1000 * prices["ses_thousand"]
        out = (
            _above(month.calls * CALL_KB / 1e6, prices["cloudfront_free_gb"])
            * prices["cloudfront_gb"]
        )
        return [
            Line("Cognito (Essentials)", paid, paid),
            Line("API Gateway", api, api),
            Line("Lambda", self._our_lambda(month), self._usual_lambda(month)),
            Line("DynamoDB", self._table(month, index=1.15), self._table(month, index=2.0)),
            Line("EventBridge and SQS", self._delivery(month), 0.0),
            Line("logs", self._our_logs(month), self._usual_logs(month)),
            Line("metrics and alarms", self._our_metrics(month), self._usual_metrics(month)),
            Line("mail", mails, mails),
            Line("CloudFront", out, out),
            Line("secrets", prices["secret"], self._usual_secrets(month)),
            Line(NAT, 0.0, self._usual_network(month)),
            Line(PROVISIONED, 0.0, self._usual_provisioned()),
        ]

    def _lambda(self, calls: float, gb_seconds: float, *, arm: bool = True) -> float:
        prices = self.prices
        second = prices["lambda_arm_gb_second" if arm else "lambda_x86_gb_second"]
        return float(
            _above(calls / MILLION, prices["lambda_free_million"]) * prices["lambda_million"]
            + _above(gb_seconds, prices["lambda_free_gb_seconds"]) * second
        )

    def _seconds(self, memory: int, warm_us: float, cold_ms: float, share: float) -> float:
        """Billed for a call: its own work and its start, stretched to its part of a processor."""
        stretched = max(1.0, WHOLE_PROCESSOR_MB / memory)
        return (WAIT_MS + warm_us / 1000 * stretched + cold_ms * stretched * share) / 1000

    def _our_lambda(self, month: Month) -> float:
        measured, share = self.measured, COLD_SHARE[month.users]
        api, triggers = (
            self.stack["functions"][key]["memory"]
            for key in (self.stack["api"]["function"], self.stack["user_pool"]["triggers"])
        )
        call = self._seconds(
            api, measured["warm_us"]["ours"], measured["cold_start_ms"]["ours"], share
        )
        trigger = self._seconds(
            triggers,
            measured["warm_confirmation_us"]["ours"],
            measured["confirmation_ms"]["ours"],
            share,
        )
        # The relay once for each change, a worker once for each message; both mostly wait.
        behind = month.events * (1 + QUEUES_OF_AN_EVENT)
        runs = dict(self.schedules())
        calls = month.calls + month.triggers + behind + sum(runs.values())
        gb_seconds = (
            month.calls * call * api / 1024
            + month.triggers * trigger * triggers / 1024
            + behind * 0.05 * 256 / 1024
            + self._scheduled_gb_seconds(runs)
        )
        return self._lambda(calls, gb_seconds)

    def _usual_lambda(self, month: Month) -> float:
        measured, share = self.measured, COLD_SHARE[month.users]
        call = self._seconds(
            USUAL_MB, measured["warm_us"]["seed"], measured["cold_start_ms"]["seed"], share
        )
        trigger = self._seconds(
            USUAL_MB,
            measured["warm_confirmation_us"]["seed"],
            measured["confirmation_ms"]["seed"],
            share,
        )
        # Each call sends its metrics, and each confirmation writes a group and waits for the peer.
        metric, peer = 0.01, USUAL_PEER_MS / 1000 + 0.05
        calls = month.calls + month.triggers
        seconds = (
            month.calls * (call + metric) + month.triggers * (trigger + metric) + month.new * peer
        )
        return self._lambda(calls, seconds * USUAL_MB / 1024, arm=False)

    def _table(self, month: Month, *, index: float) -> float:
        """`index`: what a write costs with what the index takes of it."""
        prices = self.prices
        stored = month.users * BYTES_OF_A_USER / GIGA * index
        reads = month.total(READS) + month.calls * (1 - CALLS_THAT_WRITE)
        return float(
            month.total(WRITES) * index / MILLION * prices["dynamodb_write_million"]
            + reads / MILLION * prices["dynamodb_read_million"]
            + _above(stored, prices["dynamodb_free_gb"]) * prices["dynamodb_gb"]
            + stored * prices["dynamodb_recovery_gb"]
        )

    def _delivery(self, month: Month) -> float:
        prices = self.prices
        queues = sum("dead_letters" in queue for queue in self.stack["queues"].values())
        idle = queues * EMPTY_RECEIVES_A_MINUTE * 60 * prices["month_hours"]
        requests = idle + month.events * QUEUES_OF_AN_EVENT * REQUESTS_OF_A_MESSAGE
        return float(
            month.events / MILLION * prices["eventbridge_million"]
            + _above(requests / MILLION, prices["sqs_free_million"]) * prices["sqs_million"]
        )

    def _logs(self, gigabytes: float) -> float:
        prices = self.prices
        taken = _above(gigabytes, prices["cloudwatch_logs_free_gb"]) * prices["cloudwatch_logs_gb"]
        return float(taken + gigabytes * prices["cloudwatch_logs_kept_gb"])

    def _our_logs(self, month: Month) -> float:
        behind = month.events * (1 + QUEUES_OF_AN_EVENT)
        written = month.calls * BYTES_OF_A_CALL + (month.triggers + behind) * BYTES_OF_A_TRIGGER
        return self._logs(written / GIGA)

    def _usual_logs(self, month: Month) -> float:
        return self._logs((month.calls + month.triggers) * USUAL_BYTES / GIGA)

    def _our_metrics(self, month: Month) -> float:
        """By the hour in which each was used: those of quiet routes are used in few."""
        prices = self.prices
        weights = [1 / number for number in range(1, self.routes + 1)]
        an_hour = month.calls / prices["month_hours"]
        routes = sum(_used(an_hour * weight / sum(weights)) for weight in weights)
        sources = TRIGGER_SOURCES * _used(month.triggers / prices["month_hours"] / TRIGGER_SOURCES)
        names = COUNTED_NAMES * _used(month.events / prices["month_hours"] / COUNTED_NAMES)
        # Two for each route and its usual class of status, two in all, three for each source.
        used = 2 * routes + 2 + 3 * sources + names
        return float(
            _above(used, prices["cloudwatch_free_metrics"]) * prices["cloudwatch_metric"]
            + self._alarms()
        )

    def _alarms(self) -> float:
        beyond = ALARM_METRICS - self.prices["cloudwatch_free_alarm_metrics"]
        return float(max(0, beyond) * self.prices["cloudwatch_alarm_metric"])

    def _usual_metrics(self, month: Month) -> float:
        prices = self.prices
        sent = (month.calls + month.triggers) / 1000 * prices["cloudwatch_put_metric_thousand"]
        own = _above(USUAL_METRICS, prices["cloudwatch_free_metrics"]) * prices["cloudwatch_metric"]
        return float(sent + own + self._alarms())

    def _usual_secrets(self, month: Month) -> float:
        # Read at each cold start, once for each secret.
        reads = USUAL_SECRETS * COLD_SHARE[month.users] * (month.calls + month.triggers)
        calls = reads / 1000 * self.prices["secret_calls_thousand"]
        return float(USUAL_SECRETS * self.prices["secret"] + calls)

    def _usual_network(self, month: Month) -> float:
        hours = USUAL_NAT_GATEWAYS * self.prices["month_hours"]
        gigabytes = (month.calls + month.triggers) * CALL_KB * 1000 / GIGA
        return float(
            hours * self.prices["nat_gateway_hour"] + gigabytes * self.prices["nat_gateway_gb"]
        )

    def _usual_provisioned(self) -> float:
        seconds = self.prices["month_hours"] * 3600
        gigabytes = USUAL_PROVISIONED * USUAL_MB / 1024
        return float(seconds * gigabytes * self.prices["lambda_provisioned_gb_second"])


def hours(rate: str) -> float:
    """`rate(15 minutes)` in hours."""
    amount, unit = rate.removeprefix("rate(").removesuffix(")").split()
    return int(amount) * {"minute": 1 / 60, "hour": 1.0, "day": 24.0}[unit.removesuffix("s")]


def _above(amount: float, free: float) -> float:
    return max(0.0, amount - free)


def _used(an_hour: float) -> float:
    """The share of hours in which something happens that happens so often an hour."""
    return 1 - math.exp(-an_hour)


def page(model: Model) -> str:
    idle = model.idle()
    table = [model.lines(users) for users in USERS]
    measured, prices = model.measured, model.prices
    bill = table[-1]
    return (
        (ROOT / "bench/pages/costs.md")
        .read_text(encoding="utf-8")
        .format(
            region=prices["region"],
            date=prices["date"],
            source=prices["source"],
            idle_total=sum(cost for _, cost, _ in idle),
            idle="\n".join(f"| {says} | {cost:.2f} | {why} |" for says, cost, why in idle),
            options="\n".join(f"| {says} | {cost:.2f} |" for says, cost in model.options()),
            people="\n".join(_people(table)),
            cognito=bill[0].ours / sum(line.ours for line in bill),
            sign_ins=SIGN_INS,
            refreshes=REFRESHES,
            calls=CALLS,
            call_kb=CALL_KB,
            writing=CALLS_THAT_WRITE,
            triggers=TRIGGERS,
            writes=WRITES,
            events=EVENTS,
            queues=QUEUES_OF_AN_EVENT,
            requests=REQUESTS_OF_A_MESSAGE,
            receives=EMPTY_RECEIVES_A_MINUTE,
            wait=WAIT_MS,
            python=measured["python"],
            cold=measured["cold_start_ms"],
            confirmation=measured["confirmation_ms"],
            whole=WHOLE_PROCESSOR_MB,
            colds=", ".join(f"{share:.1%} at {users:,}" for users, share in COLD_SHARE.items()),
            bytes_of_a_call=BYTES_OF_A_CALL,
            usual_mb=USUAL_MB,
            provisioned=USUAL_PROVISIONED,
            peer=USUAL_PEER_MS,
            usual_bytes=USUAL_BYTES,
            nats=USUAL_NAT_GATEWAYS,
            secrets=USUAL_SECRETS,
        )
    )


def _people(table: Sequence[Sequence[Line]]) -> Iterator[str]:
    heads = " | ".join(f"{users:,} people: here | usual" for users in USERS)
    yield f"| $ a month | {heads} |"
    yield "|---|" + "--:|" * (2 * len(USERS))
    for row in zip(*table, strict=True):
        yield _row(row[0].says, row)
    yield _row("**in all**", [_sum(lines) for lines in table])
    yield _row("without Cognito", [_sum(lines[1:]) for lines in table])
    least = [_sum([line for line in lines[1:] if line.says not in CHOSEN]) for lines in table]
    yield _row(f"without {', '.join(CHOSEN)} either", least)


def _row(says: str, lines: Sequence[Line]) -> str:
    cells = (f"{_dollars(each.ours)} | {_dollars(each.usual)}" for each in lines)
    return f"| {says} | {' | '.join(cells)} |"


def _sum(lines: Sequence[Line]) -> Line:
    return Line("", sum(each.ours for each in lines), sum(each.usual for each in lines))


def _dollars(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= WHOLE_DOLLARS else f"{amount:.2f}"


def main(arguments: Sequence[str]) -> int:
    text = page(Model(ROOT))
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/costs.md is not what bench/costs.py computes: run python bench/costs.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
