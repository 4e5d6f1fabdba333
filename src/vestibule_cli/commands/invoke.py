import base64
import json
from http import HTTPStatus
from pathlib import Path
from typing import IO

import click

from vestibule_cli.aws import Aws, Reply
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import say
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.local.provision import FUNCTIONS
from vestibule_cli.yaml_file import oneof

# The alias that everything on AWS calls, if `publish_versions` is on.
IN_USE = "live"


@click.command()
@click.argument("function")
@click.option(
    "--event",
    "event_file",
    type=click.File("r", encoding="utf-8"),
    required=True,
    metavar="FILE",
    help="JSON file with the event; - for stdin.",
)
@with_stack
@as_json
def command(function: str, event_file: IO[str], chosen: Chosen, *, as_json: bool) -> None:
    """Call a function with an event and print its answer. Fails if the function does."""
    event = _event(event_file)
    target = chosen.target()
    outputs = target.outputs
    if function not in outputs.functions:
        raise Misuse(oneof("function", function, outputs.functions))
    path = f"{FUNCTIONS}/{outputs.functions[function]}/invocations"
    reply = _called(target.aws(), path, event)
    answer = reply.body.decode("utf-8", "replace")
    click.echo(answer if as_json else _readable(answer))
    if not as_json and "x-amz-log-result" in reply.headers:
        log = base64.b64decode(reply.headers["x-amz-log-result"])
        say(log.decode("utf-8", "replace").rstrip())
    if reply.status >= 400 or "x-amz-function-error" in reply.headers:
        raise Failure(f"{function} failed.")


def _called(aws: Aws, path: str, event: bytes) -> Reply:
    """Call what is in use: the newest code may not be, where versions are published."""
    headers = {"x-amz-log-type": "Tail"}
    reply = aws.exchange("lambda", "POST", path, event, headers=headers, Qualifier=IN_USE)
    if reply.status == HTTPStatus.NOT_FOUND:
        reply = aws.exchange("lambda", "POST", path, event, headers=headers)
    return reply


def _event(file: IO[str]) -> bytes:
    try:
        text = file.read()
        json.loads(text)
    except ValueError as error:
        name = Path(file.name).name
        raise Misuse(f"{name} is not JSON: {error}") from None
    return text.encode()


def _readable(answer: str) -> str:
    try:
        return json.dumps(json.loads(answer), indent=2, ensure_ascii=False)
    except ValueError:
        return answer
