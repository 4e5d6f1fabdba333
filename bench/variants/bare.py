"""Python itself, doing nothing."""

# Written as such handlers usually are.
# ruff: noqa: ANN001, ANN201, ARG001


def handler(event, context):
    return {"statusCode": 200, "body": "{}"}
