"""What an emulator says it holds, without what differs from one making to the next."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config

from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.outputs import Outputs

# Dates, counters, ids and hashes of the making; nothing here is a choice somebody made.
VOLATILE = {
    "ArchivalSummary", "authorizerId", "BillingModeSummary", "cacheClusterStatus",
    "cacheNamespace", "CreatedAt", "CreateDate", "createdDate", "CreatedTimestamp",
    "CreationDate", "CreationDateTime", "CreationTime", "deploymentId",
    "EarliestRestorableDateTime",
    "EstimatedNumberOfUsers", "EventSourceMappingArn", "id", "IndexSizeBytes", "ItemCount",
    "LastModified", "LastModifiedDate", "LastModifiedTime", "LastModifiedTimestamp",
    "LastProcessingResult",
    "lastUpdatedDate", "LastUpdateStatus", "LatestRestorableDateTime", "LatestStreamLabel",
    "parentId", "resourceId", "ResponseMetadata", "RevisionId", "RoleId", "RoleLastUsed",
    "rootResourceId", "StateTransitionReason", "TableId", "TableSizeBytes", "UUID",
}  # fmt: skip
QUEUE_VOLATILE = {
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp",
}  # fmt: skip
JSON_TEXTS = {"EventPattern", "Input", "Pattern", "Policy", "RedriveAllowPolicy", "RedrivePolicy"}
PREFIX = "vestibule-"


class Clients:
    def __init__(self, endpoint_url: str, region: str) -> None:
        self._arguments: dict[str, Any] = {
            "endpoint_url": endpoint_url,
            "region_name": region,
            "config": Config(retries={"total_max_attempts": 1}),
            **ROOT_CREDENTIALS,
        }
        self._made: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = boto3.client(service, **self._arguments)  # type: ignore[call-overload] # any service
        return self._made[service]

    def close(self) -> None:
        for client in self._made.values():
            client.close()


def stack(endpoint_url: str, outputs: Outputs) -> dict[str, Any]:
    """Every part of the stack as the services describe it."""
    clients = Clients(endpoint_url, outputs.region)
    try:
        found = {
            "table": _table(clients, outputs),
            "pool": _pool(clients, outputs),
            "identity pool": _identity_pool(clients, outputs),
            "functions": {key: _function(clients, n) for key, n in outputs.functions.items()},
            "queues": {key: _queue(clients, url) for key, url in outputs.queues.items()},
            "delivery": _delivery(clients, outputs),
            "roles": dict(_roles(clients)),
            "api": _api(clients, outputs),
        }
    finally:
        clients.close()
    return _settled(found, _names(outputs))


def site(endpoint_url: str, region: str, bucket: str) -> dict[str, Any]:
    """Every file of the site's bucket, with what browsers are told of it."""
    clients = Clients(endpoint_url, region)
    try:
        client = clients["s3"]
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]]
        found = {key: client.get_object(Bucket=bucket, Key=key) for key in keys}
        return {
            key: {
                "type": each["ContentType"],
                "cache": each["CacheControl"],
                "text": each["Body"].read().decode(),
            }
            for key, each in found.items()
        }
    finally:
        clients.close()


def distribution(endpoint_url: str, region: str, distribution_id: str) -> dict[str, Any]:
    """How CloudFront answers, as it says itself."""
    clients = Clients(endpoint_url, region)
    try:
        found: dict[str, Any] = clients["cloudfront"].get_distribution_config(Id=distribution_id)
        return dict(found["DistributionConfig"])
    finally:
        clients.close()


def method_throttles(endpoint_url: str, region: str, api_id: str) -> dict[str, float]:
    """Requests a second of each method that the stage names, by its name for it."""
    clients = Clients(endpoint_url, region)
    try:
        settings = clients["apigateway"].get_stage(restApiId=api_id, stageName="api")[
            "methodSettings"
        ]
        return {name: each["throttlingRateLimit"] for name, each in settings.items()}
    finally:
        clients.close()


def leftovers(endpoint_url: str, region: str) -> list[str]:
    """Whatever stands in the account: nothing, before and after a deployment."""
    clients = Clients(endpoint_url, region)
    try:
        listed: dict[str, list[Any]] = {
            "buckets": clients["s3"].list_buckets()["Buckets"],
            "functions": clients["lambda"].list_functions()["Functions"],
            "mappings": clients["lambda"].list_event_source_mappings()["EventSourceMappings"],
            "identity pools": clients["cognito-identity"].list_identity_pools(MaxResults=60)[
                "IdentityPools"
            ],
            "log groups": clients["logs"].describe_log_groups()["logGroups"],
            "buses": [
                bus
                for bus in clients["events"].list_event_buses()["EventBuses"]
                if bus["Name"] != "default"
            ],
            "distributions": clients["cloudfront"]
            .list_distributions()["DistributionList"]
            .get("Items", []),
            "schedules": clients["events"].list_rules()["Rules"],
            "secrets": clients["secretsmanager"].list_secrets()["SecretList"],
            "parameters": clients["ssm"].describe_parameters()["Parameters"],
            "pools": clients["cognito-idp"].list_user_pools(MaxResults=60)["UserPools"],
            "queues": clients["sqs"].list_queues().get("QueueUrls", []),
            "apis": clients["apigateway"].get_rest_apis()["items"],
            "roles": [
                role
                for role in clients["iam"].list_roles()["Roles"]
                if role["RoleName"].startswith(PREFIX)
            ],
            "tables": clients["dynamodb"].list_tables()["TableNames"],
            "topics": clients["sns"].list_topics()["Topics"],
            "alarms": [
                alarm["AlarmName"]
                for kind in ("MetricAlarms", "CompositeAlarms")
                for alarm in clients["cloudwatch"].describe_alarms(
                    AlarmTypes=["MetricAlarm", "CompositeAlarm"]
                )[kind]
            ],
            "dashboards": clients["cloudwatch"].list_dashboards()["DashboardEntries"],
            "certificates": clients["acm"].list_certificates()["CertificateSummaryList"],
            "domains": clients["apigateway"].get_domain_names()["items"],
            "health checks": clients["route53"].list_health_checks()["HealthChecks"],
            "identities": [
                each
                for each in clients["sesv2"].list_email_identities()["EmailIdentities"]
                if "@" not in each["IdentityName"]  # an address is somebody's, made beforehand
            ],
            "zones": clients["route53"].list_hosted_zones()["HostedZones"],
        }
    finally:
        clients.close()
    return [f"{kind}: {each}" for kind, found in listed.items() for each in found]


def _table(clients: Clients, outputs: Outputs) -> dict[str, Any]:
    client, name = clients["dynamodb"], outputs.table_name
    return {
        "description": client.describe_table(TableName=name)["Table"],
        "ttl": client.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
        "backups": client.describe_continuous_backups(TableName=name),
    }


def _pool(clients: Clients, outputs: Outputs) -> dict[str, Any]:
    client, pool_id = clients["cognito-idp"], outputs.user_pool_id
    servers = client.list_resource_servers(UserPoolId=pool_id, MaxResults=50)
    return {
        "description": client.describe_user_pool(UserPoolId=pool_id)["UserPool"],
        "mfa": client.get_user_pool_mfa_config(UserPoolId=pool_id),
        "client": client.describe_user_pool_client(
            UserPoolId=pool_id, ClientId=outputs.user_pool_client_id
        )["UserPoolClient"],
        "resource servers": servers["ResourceServers"],
    }


def _identity_pool(clients: Clients, outputs: Outputs) -> dict[str, Any]:
    client, pool_id = clients["cognito-identity"], outputs.identity_pool_id
    return {
        "description": client.describe_identity_pool(IdentityPoolId=pool_id),
        "roles": client.get_identity_pool_roles(IdentityPoolId=pool_id),
    }


def _function(clients: Clients, name: str) -> dict[str, Any]:
    client = clients["lambda"]
    try:
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        policy = None
    return {
        "configuration": client.get_function_configuration(FunctionName=name),
        "permissions": policy,
        "events": client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"],
        "logs": len(
            clients["logs"].describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")[
                "logGroups"
            ]
        ),
    }


def _queue(clients: Clients, url: str) -> dict[str, str]:
    found = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {key: each for key, each in found["Attributes"].items() if key not in QUEUE_VOLATILE}


def _delivery(clients: Clients, outputs: Outputs) -> dict[str, Any]:
    events, ssm = clients["events"], clients["ssm"]
    parameters = ssm.describe_parameters()["Parameters"]
    values = [
        ssm.get_parameter(Name=each["Name"], WithDecryption=True)["Parameter"]["Value"]
        for each in parameters
    ]
    return {
        "bus": events.describe_event_bus(Name=outputs.bus_name),
        "rules": dict(_rules(events, outputs.bus_name)),
        "schedules": dict(_rules(events, "default")),
        "secrets": {
            key: _secret(clients["secretsmanager"], arn) for key, arn in outputs.secrets.items()
        },
        "parameters": parameters,
        "random values": [re.fullmatch("[0-9a-f]{64}", each) is not None for each in values],
    }


def _rules(client: Any, bus: str) -> Iterator[tuple[str, Any]]:
    for rule in client.list_rules(EventBusName=bus)["Rules"]:
        found = client.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)
        yield rule["Name"], {"rule": rule, "targets": found["Targets"]}


def _secret(client: Any, arn: str) -> dict[str, Any]:
    described = client.describe_secret(SecretId=arn)
    fields: list[str] = []
    if value := client.get_secret_value(SecretId=arn).get("SecretString"):
        fields = sorted(json.loads(value))
    return {
        "name": described["Name"],
        "description": described.get("Description"),
        "fields": fields,
    }


def _roles(clients: Clients) -> Iterator[tuple[str, Any]]:
    client = clients["iam"]
    for role in client.list_roles()["Roles"]:
        name = role["RoleName"]
        if not name.startswith(PREFIX):
            continue
        policies = client.list_role_policies(RoleName=name)["PolicyNames"]
        attached = client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        yield (
            name,
            {
                "trust": role["AssumeRolePolicyDocument"],
                "attached": attached,
                "policies": {
                    policy: client.get_role_policy(RoleName=name, PolicyName=policy)[
                        "PolicyDocument"
                    ]
                    for policy in policies
                },
            },
        )


def _api(clients: Clients, outputs: Outputs) -> dict[str, Any]:
    client, api_id = clients["apigateway"], outputs.rest_api_id
    pages = client.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    resources = [each for page in pages for each in page["items"]]
    return {
        "api": client.get_rest_api(restApiId=api_id),
        "resources": {
            each["path"]: {
                verb: client.get_method(restApiId=api_id, resourceId=each["id"], httpMethod=verb)
                for verb in each.get("resourceMethods", {})
            }
            for each in resources
        },
        "authorizers": client.get_authorizers(restApiId=api_id)["items"],
        "gateway responses": {
            each["responseType"]: each
            for each in client.get_gateway_responses(restApiId=api_id, limit=500)["items"]
        },
        "stage": client.get_stage(restApiId=api_id, stageName="api"),
    }


def _names(outputs: Outputs) -> dict[str, str]:
    """What each id that AWS chose stands for."""
    return {
        outputs.identity_pool_id: "IDENTITY-POOL",
        outputs.user_pool_id: "POOL",
        outputs.user_pool_client_id: "CLIENT",
        outputs.rest_api_id: "API",
        outputs.aws_endpoint_url: "ENDPOINT",
        outputs.site_url: "SITE",
        **{arn: f"SECRET:{key}" for key, arn in outputs.secrets.items()},
    }


def _settled(found: Any, names: Mapping[str, str]) -> Any:
    """Without dates and ids, policies as documents, lists in one order.

    What is off goes too: Terraform's provider leaves it out, where boto3 says false or 0.
    """
    if isinstance(found, Mapping):
        return {
            _named(str(key), names): _settled(_opened(str(key), each), names)
            for key, each in found.items()
            if key not in VOLATILE and not _is_off(each)
        }
    if isinstance(found, list | tuple):
        settled = [_settled(each, names) for each in found]
        return sorted(settled, key=lambda each: json.dumps(each, sort_keys=True, default=str))
    if isinstance(found, bytes):
        return base64.b64encode(found).decode()
    return _named(found, names) if isinstance(found, str) else found


def _is_off(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, int) and value == 0)


def _opened(key: str, value: Any) -> Any:
    return json.loads(value) if key in JSON_TEXTS and isinstance(value, str) and value else value


def _named(text: str, names: Mapping[str, str]) -> str:
    for chosen, name in names.items():
        text = text.replace(chosen, name)
    return re.sub(r"/stream/[0-9T:.-]+", "/stream/LABEL", text)
