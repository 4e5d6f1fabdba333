"""The floor: one raw HTTP round trip and nothing else; unsigned, unvalidated, unlogged."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, ARG001

import http.client
import json
import os

connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"))
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
}


def handler(event, context):
    key = {"pk": {"S": f"USER#{event['pathParameters']['userId']}"}, "sk": {"S": "PROFILE"}}
    body = json.dumps({"TableName": os.environ["TABLE_NAME"], "Key": key})
    connection.request("POST", "/", body, HEADERS)
    item = json.loads(connection.getresponse().read())["Item"]
    return {"statusCode": 200, "body": json.dumps({"profile": item})}
