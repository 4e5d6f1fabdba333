"""The profile handler as most tutorials ship it: boto3.resource at import, json, no validation."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, ARG001

import json
import logging
import os
from datetime import UTC, datetime
from decimal import Decimal

import boto3

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger()

dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(os.environ["TABLE_NAME"])

HEADERS = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
}


def plain(value):
    if isinstance(value, Decimal):
        return int(value) if value % 1 == 0 else float(value)
    raise TypeError(type(value).__name__)


def answer(status, body):
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(body, default=plain)}


def read_profile(user_id):
    found = table.get_item(Key={"pk": f"USER#{user_id}", "sk": "PROFILE"})
    if "Item" not in found:
        return answer(404, {"error": "Profile not found"})
    hidden = {"pk", "sk", "gsi1pk", "gsi1sk"}
    profile = {name: value for name, value in found["Item"].items() if name not in hidden}
    return answer(200, {"profile": profile})


def create_profile(user_id, body):
    if not body.get("name"):
        return answer(400, {"error": "name is required"})
    now = datetime.now(UTC).isoformat()
    profile = {**body, "userId": user_id, "createdAt": now, "updatedAt": now}
    table.put_item(
        Item={"pk": f"USER#{user_id}", "sk": "PROFILE", **profile},
        ConditionExpression="attribute_not_exists(pk)",
    )
    return answer(201, {"message": "Profile created successfully", "profile": profile})


def handler(event, context):
    logger.info("%s %s", event["httpMethod"], event["path"])
    try:
        caller = event["requestContext"]["authorizer"]["claims"]["sub"]
        user_id = (event.get("pathParameters") or {}).get("userId", caller)
        if event["httpMethod"] == "GET":
            return read_profile(user_id)
        if event["httpMethod"] == "POST":
            return create_profile(caller, json.loads(event["body"]))
        return answer(405, {"error": "Method not allowed"})
    except Exception:
        logger.exception("unhandled")
        return answer(500, {"error": "Internal server error"})
