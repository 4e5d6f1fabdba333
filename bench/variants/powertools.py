"""The careful version: Powertools' logger, metrics and resolver, pydantic models, boto3."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, N815

import os
from typing import Annotated

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ConfigDict, Field

logger = Logger(service="profiles")
metrics = Metrics(namespace="Bench", service="profiles")
app = APIGatewayRestResolver(cors=CORSConfig(allow_origin="*"))
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


class Profile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    userId: str
    name: Annotated[str, Field(min_length=2, max_length=256)]
    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    phoneNumber: str | None = None
    bio: Annotated[str, Field(max_length=2000)] | None = None
    department: str | None = None
    role: str = "user"
    roleSource: str = "default"
    accountType: str = "standard"
    status: str = "active"
    emailVerified: bool = False
    phoneVerified: bool = False
    onboardingCompleted: bool = False
    createdAt: str
    updatedAt: str
    version: int = 1


@app.get("/profiles/<user_id>")
def read_profile(user_id: str) -> dict:
    found = table.get_item(Key={"pk": f"USER#{user_id}", "sk": "PROFILE"})
    if "Item" not in found:
        raise NotFoundError("Profile not found")
    metrics.add_metric(name="ProfileRead", unit=MetricUnit.Count, value=1)
    logger.info("profile read", user_id=user_id)
    profile = Profile.model_validate(found["Item"])
    return {"profile": profile.model_dump(exclude_none=True)}


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics
def handler(event, context):
    return app.resolve(event, context)
