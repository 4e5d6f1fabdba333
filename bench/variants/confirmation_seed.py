"""The confirmation handler as it is usually written: boto3.resource at import, two put_items."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, ARG001

import logging
import os
from datetime import UTC, datetime

import boto3

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger()

dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(os.environ["TABLE_NAME"])


def create_profile(attributes):
    now = datetime.now(UTC).isoformat()
    table.put_item(
        Item={
            "pk": f"USER#{attributes['sub']}",
            "sk": "PROFILE",
            "userId": attributes["sub"],
            "email": attributes["email"],
            "name": attributes.get("name", ""),
            "accountType": attributes.get("custom:account_type", "standard"),
            "role": "user",
            "createdAt": now,
            "updatedAt": now,
        }
    )
    table.put_item(
        Item={
            "pk": f"USER#{attributes['sub']}",
            "sk": "PREFERENCES",
            "emailNotifications": True,
            "language": attributes.get("locale", "en"),
            "theme": "light",
            "createdAt": now,
        }
    )


def handler(event, context):
    logger.info("trigger %s", event["triggerSource"])
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp":
        create_profile(event["request"]["userAttributes"])
    return event
