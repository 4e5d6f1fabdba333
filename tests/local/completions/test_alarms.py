from __future__ import annotations

import http.client
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vestibule_cli.local.completions import alarms

METRIC = {"Namespace": "Vestibule", "MetricName": "SignUps"}
COMMON = {
    "EvaluationPeriods": 2,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "ActionsEnabled": False,
    "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:alarms"],
}


@pytest.fixture(scope="module")
def cloudwatch(emulator: Any) -> Any:
    return emulator.client("cloudwatch")


def described(emulator: Any, kind: str = "MetricAlarms", **question: str) -> list[dict[str, Any]]:
    # The answer is this project's own.
    root = ET.fromstring(ask(emulator, "DescribeAlarms", **question))  # noqa: S314
    space = {"a": alarms.NAMESPACE}
    return [read(member) for member in root.findall(f".//a:{kind}/a:member", space)]


def ask(emulator: Any, action: str, **fields: str) -> bytes:
    """In the query protocol, which is Terraform's: boto3 has left it."""
    body = urlencode({"Action": action, "Version": "2010-08-01", **fields})
    request = AWSRequest("POST", emulator.url + "/", data=body)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    SigV4Auth(Credentials("000000000000", "x"), "monitoring", "us-east-1").add_auth(request)
    place = urlsplit(emulator.url)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    connection.request("POST", "/", body=body, headers=dict(request.headers))
    answer = connection.getresponse().read()
    connection.close()
    return answer


def read(element: ET.Element) -> Any:
    children = list(element)
    if not children:
        return element.text
    if children[0].tag.endswith("}member"):
        return [read(child) for child in children]
    return {child.tag.rpartition("}")[2]: read(child) for child in children}


def test_a_plain_alarm_comes_back_as_it_was_put(emulator: Any, cloudwatch: Any) -> None:
    dimensions = [{"Name": "FunctionName", "Value": "a & b"}]
    cloudwatch.put_metric_alarm(
        AlarmName="plain", **COMMON, **METRIC, Period=60, Statistic="Sum", Dimensions=dimensions
    )

    [found] = described(emulator, **{"AlarmNames.member.1": "plain"})

    assert found["Dimensions"] == dimensions
    assert (found["Statistic"], found["Period"], found["Threshold"]) == ("Sum", "60", "1.5")
    assert found["ActionsEnabled"] == "false"
    assert found["AlarmActions"] == COMMON["AlarmActions"]
    assert found["TreatMissingData"] == "notBreaching"
    assert found["StateUpdatedTimestamp"].endswith("Z")


def test_an_alarm_on_a_percentile_has_no_statistic(emulator: Any, cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="slow", **COMMON, **METRIC, Period=60, ExtendedStatistic="p99"
    )

    [found] = described(emulator, **{"AlarmNames.member.1": "slow"})

    assert found["ExtendedStatistic"] == "p99"
    assert "Statistic" not in found


def test_an_alarm_on_several_metrics_has_them_and_neither_statistic_nor_period(
    emulator: Any,
) -> None:
    stat = "Metrics.member.1.MetricStat"
    ask(
        emulator,
        "PutMetricAlarm",
        **{
            "AlarmName": "rate",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": "2",
            "Threshold": "1.5",
            "InsufficientDataActions.member.1": "arn:aws:sns:us-east-1:000000000000:alarms",
            "Metrics.member.1.Id": "m1",
            "Metrics.member.1.ReturnData": "false",
            f"{stat}.Metric.MetricName": "SignUps",
            f"{stat}.Metric.Namespace": "Vestibule",
            f"{stat}.Metric.Dimensions.member.1.Name": "a",
            f"{stat}.Metric.Dimensions.member.1.Value": "b",
            f"{stat}.Period": "60",
            f"{stat}.Stat": "Sum",
            "Metrics.member.2.Id": "e1",
            "Metrics.member.2.Expression": "m1 * 2",
            "Metrics.member.2.ReturnData": "true",
        },
    )

    [found] = described(emulator, **{"AlarmNames.member.1": "rate"})

    first, second = found["Metrics"]
    assert first["MetricStat"]["Period"] == "60"
    assert first["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "a", "Value": "b"}]
    assert (first["ReturnData"], second["Expression"]) == ("false", "m1 * 2")
    assert found["InsufficientDataActions"] == ["arn:aws:sns:us-east-1:000000000000:alarms"]
    assert not {"Statistic", "Period"} & found.keys()


def test_a_composite_alarm_comes_back_too(emulator: Any, cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(AlarmName="part", **COMMON, **METRIC, Period=60, Statistic="Sum")
    cloudwatch.put_composite_alarm(AlarmName="whole", AlarmRule='ALARM("part")')

    asked = {"AlarmNames.member.1": "whole", "AlarmTypes.member.1": "CompositeAlarm"}
    [found] = described(emulator, "CompositeAlarms", **asked)

    assert found["AlarmRule"] == 'ALARM("part")'


def test_only_the_alarms_asked_for_come_back(emulator: Any, cloudwatch: Any) -> None:
    for name in ("mine-1", "mine-2", "yours"):
        cloudwatch.put_metric_alarm(AlarmName=name, **COMMON, **METRIC, Period=60, Statistic="Sum")

    found = described(emulator, AlarmNamePrefix="mine-")

    assert [alarm["AlarmName"] for alarm in found] == ["mine-1", "mine-2"]
