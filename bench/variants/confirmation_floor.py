"""The floor: one raw round trip to look, one to write; unsigned, unvalidated, unlogged."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, ARG001

import http.client
import json
import os

connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
TABLE = os.environ["TABLE_NAME"]


def ask(operation, body):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    connection.request("POST", "/", json.dumps(body), headers)
    return json.loads(connection.getresponse().read())


def handler(event, context):
    attributes = event["request"]["userAttributes"]
    key = {"pk": {"S": f"USER#{attributes['sub']}"}, "sk": {"S": "PROFILE"}}
    found = ask("BatchGetItem", {"RequestItems": {TABLE: {"Keys": [key]}}})
    if not found["Responses"][TABLE]:
        profile = {**key, "email": {"S": attributes["email"]}, "name": {"S": attributes["name"]}}
        preferences = {"pk": key["pk"], "sk": {"S": "PREFERENCES"}}
        puts = [{"Put": {"TableName": TABLE, "Item": item}} for item in (profile, preferences)]
        ask("TransactWriteItems", {"TransactItems": puts})
    return event
