"""A deployment on AWS: is it wired as configured, does it work, will it hold what is expected?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from vestibule.policy import parse
from vestibule_cli.deliveries import Deliveries
from vestibule_cli.doctor import name_servers, quotas
from vestibule_cli.doctor.checks import fail, ok, warn
from vestibule_cli.doctor.wiring import APPLY, Wiring
from vestibule_cli.live_policy import LivePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

    from vestibule_cli.account import Account
    from vestibule_cli.deployments import Deployed
    from vestibule_cli.doctor.checks import Check, Look
    from vestibule_cli.doctor.quotas import Load
    from vestibule_cli.stack import Stack
    from vestibule_cli.target import Target

_SECONDS: Final = 15
_MOST_NAMED: Final = 10


@dataclass(frozen=True)
class Patient:
    target: Target
    deployed: Deployed
    account: Account
    stack: Stack
    load: Load

    def looks(self) -> dict[str, Look]:
        wiring = Wiring(self.target, self.deployed, self.stack, self.client)
        return {
            "region": self._region,
            "api": self._api,
            "table": self._table,
            "triggers": wiring.triggers,
            "event sources": wiring.event_sources,
            "live policy": self._live_policy,
            "secrets": self._secrets,
            "mail": self._mail,
            "dead letters": self._dead_letters,
            "alarms": self._alarms,
            "domain": self._domain,
            "quotas": lambda: quotas.look(self.account, self.region, self.stack, self.load),
        }

    @property
    def region(self) -> str:
        return self.target.outputs.region

    def client(self, service: str) -> Any:
        return self.account.client(service, self.region)

    def function(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("lambda").get_function_configuration(
            FunctionName=self.target.outputs.functions[key]
        )
        return found

    def _region(self) -> Iterator[Check]:
        usual = self.account.region
        if usual == self.region:
            yield ok("region", self.region)
        else:
            yield warn(
                "region",
                f"it is deployed in {self.region}, and your AWS settings say {usual}",
                "Other AWS tools look into the wrong region unless they are told.",
            )

    def _api(self) -> Iterator[Check]:
        url = f"{self.target.outputs.api_url}/health"
        status, seen = _asked(url)
        if status == 200:
            yield ok("api", f"{url} answers, version {seen.get('version', '?')}")
        else:
            yield fail(
                "api",
                f"{url} answers {status or 'nothing'}",
                "`vestibule logs api --environment ...` tells more.",
            )

    def _table(self) -> Iterator[Check]:
        name = self.target.outputs.table_name
        dynamodb = self.client("dynamodb")
        table = dynamodb.describe_table(TableName=name)["Table"]
        if not table.get("DeletionProtectionEnabled"):
            yield warn("table", f"{name} may be deleted", "Set deletion_protection = true.")
        backups = dynamodb.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            yield fail("table", f"{name} cannot be restored to a moment of the past", APPLY)
        away = [
            replica["RegionName"]
            for replica in table.get("Replicas", ())
            if replica.get("ReplicaStatus", "ACTIVE") != "ACTIVE"
        ]
        if away:
            text = f"its copy in {', '.join(away)} is not active"
            yield fail("table", text, "Nothing is copied there: see the table's global tables.")
        yield ok("table", f"{name} is {table['TableStatus']}")

    def _live_policy(self) -> Iterator[Check]:
        found = LivePolicy.of(self.target).find()
        if found is None:
            yield ok("live policy", "none was pushed: the shipped one holds")
            return
        try:
            parse.policy(json.dumps(found.content))
        except parse.PolicyBroken as error:
            yield fail(
                "live policy",
                f"version {found.version} is refused: {' '.join(str(error).split())}",
                "Functions go on with the last right one. `vestibule policy push` mends it.",
            )
        else:
            yield ok("live policy", f"version {found.version}, pushed {found.pushed_at}")

    def _secrets(self) -> Iterator[Check]:
        client = self.client("secretsmanager")
        empty = [
            key
            for key, arn in sorted(self.target.outputs.secrets.items())
            if not _has_value(client, arn)
        ]
        for key in empty:
            yield fail(
                "secrets",
                f"{key} has no value: what needs it is off",
                "`aws secretsmanager put-secret-value`, as docs/terraform.md shows; or take it out "
                "of the variable `secrets`.",
            )
        made = self.target.outputs.secrets
        if not empty:
            yield ok("secrets", f"{', '.join(made)}" if made else "none is made")

    def _mail(self) -> Iterator[Check]:
        sender = self.function("api").get("Environment", {}).get("Variables", {}).get("MAIL_FROM")
        if not sender:
            yield warn(
                "mail",
                "Cognito mails by itself: 50 mails a day, in its own words",
                "Set the variable `mail` before people come.",
            )
            return
        client = self.client("sesv2")
        yield self._sender(client, sender)
        account = client.get_account()
        if not account.get("ProductionAccessEnabled"):
            yield fail(
                "mail",
                "SES is in its sandbox: mails reach verified addresses alone, 200 a day",
                "Ask for production access in the SES console; it takes a day or so.",
            )
        elif not account.get("SendingEnabled", True):
            yield fail("mail", "SES has paused sending", "See the account's reputation in SES.")
        else:
            quota = account.get("SendQuota", {})
            rate, day = quota.get("MaxSendRate", 0), quota.get("Max24HourSend", 0)
            yield ok("mail", f"SES takes {rate:g} mails a second, {day:g} a day")
            yield from quotas.mails(rate, self.load)

    def _sender(self, client: Any, sender: str) -> Check:
        for identity in (sender, sender.rpartition("@")[2]):
            try:
                found = client.get_email_identity(EmailIdentity=identity)
            except client.exceptions.NotFoundException:
                continue
            if found.get("VerifiedForSendingStatus"):
                return ok("mail", f"{sender} may send: {identity} is verified")
            return fail(
                "mail",
                f"{identity}, which {sender} is of, is not verified: no mail leaves",
                "Enter its DKIM records at your DNS, or open the link that SES mailed.",
            )
        return fail("mail", f"SES knows no identity for {sender}", "Make and verify one in SES.")

    def _dead_letters(self) -> Iterator[Check]:
        deliveries = Deliveries.of(self.target)
        found = deliveries.status(deliveries.lanes())
        full = {one["queue"]: one["deadLetters"] for one in found if one["deadLetters"]}
        for queue, count in full.items():
            yield fail(
                "dead letters",
                f"{count} of {queue} could not be delivered",
                "`vestibule deliveries list` shows why, `redrive` sends them again. They are kept "
                "for 14 days.",
            )
        if not full:
            yield ok("dead letters", f"none in {len(found)} queues")

    def _alarms(self) -> Iterator[Check]:
        prefix = self.target.outputs.table_name
        client = self.client("cloudwatch")
        pages = client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        topic = self.deployed.made.get("sns_topic_arn")
        alarms = [
            alarm
            for page in pages
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in page.get(kind, ())
            if _speaks_to(topic, alarm)
        ]
        ringing = sorted(
            alarm["AlarmName"] for alarm in alarms if alarm.get("StateValue") == "ALARM"
        )
        for name in ringing[:_MOST_NAMED]:
            yield fail("alarms", f"{name} is in ALARM", "Its description says what it means.")
        if len(ringing) > _MOST_NAMED:
            yield fail("alarms", f"and {len(ringing) - _MOST_NAMED} more", "See CloudWatch.")
        if not alarms:
            yield warn("alarms", "there are none", "Nobody is told when something breaks.")
        elif not ringing:
            yield ok("alarms", f"none of {len(alarms)} is in ALARM")
        if alarms and topic:
            yield from self._listeners(str(topic))

    def _listeners(self, topic: str) -> Iterator[Check]:
        found = self.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        confirmed = [one for one in found if str(one["SubscriptionArn"]).startswith("arn:")]
        if not confirmed:
            waiting = f", {len(found)} not confirmed" if found else ""
            yield warn(
                "alarms",
                f"nobody listens to {topic.rpartition(':')[2]}{waiting}",
                "Subscribe somebody, who then opens the link that SNS mails.",
            )

    def _domain(self) -> Iterator[Check]:
        zone, servers = (
            self.deployed.made.get(name) for name in ("route53_zone_id", "route53_name_servers")
        )
        if not zone or not servers:
            yield ok("domain", "it has none of its own")
            return
        domain = self.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"].rstrip(".")
        wanted = {str(server).rstrip(".").lower() for server in servers}
        told = name_servers.of(domain)
        if told == wanted:
            yield ok("domain", f"{domain} is delegated to its zone")
            return
        seen = f"to {', '.join(sorted(told))}" if told else "to nobody"
        yield fail(
            "domain",
            f"{domain} is delegated {seen}",
            f"Enter these at the registrar or in the parent zone: {', '.join(sorted(wanted))}.",
        )


def _speaks_to(topic: str | None, alarm: Mapping[str, Any]) -> bool:
    """Whether an alarm is of the deployment that has this topic, as far as its actions tell.

    A deployment with a suffix begins its names as the one without does.
    """
    return topic is None or topic in (alarm.get("AlarmActions") or [topic])


def _has_value(client: Any, arn: str) -> bool:
    versions = client.describe_secret(SecretId=arn).get("VersionIdsToStages") or {}
    if not any("AWSCURRENT" in stages for stages in versions.values()):
        return False
    value = client.get_secret_value(SecretId=arn)
    return bool(value.get("SecretString") or value.get("SecretBinary"))


def _asked(url: str) -> tuple[int, Mapping[str, Any]]:
    request = Request(url, headers={"accept": "application/json"})  # noqa: S310 - from our outputs
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - same
            content = json.loads(answer.read())
            return answer.status, content if isinstance(content, dict) else {}
    except HTTPError as refusal:
        with refusal:
            return refusal.code, {}
    except (OSError, ValueError, HTTPException):
        return 0, {}
