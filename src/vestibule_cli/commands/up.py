import difflib
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import click

from vestibule_cli import hints
from vestibule_cli.commands.shared import as_json, laptop_only, running, with_state
from vestibule_cli.console import print_json, print_pairs, progress, say
from vestibule_cli.deploy.children import Children
from vestibule_cli.failures import Misuse
from vestibule_cli.local import origins, process, user_service
from vestibule_cli.local.state import OTHERS, StateFolder
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import stack_file


class Port(click.ParamType[int]):
    name = "port"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
            self.fail(f"must be a number from 1 to 65535, got {text!r}.", parameter, context)
        return int(text)


PORT = Port()


@dataclass(frozen=True)
class Asked:
    """What the options say of the stack itself."""

    port: int | None
    emulator_port: int | None
    allowed: tuple[str, ...]
    users: str | None

    def again(self) -> list[str]:
        """The same options, for the process that goes on in the background."""
        options = {
            "--port": self.port,
            "--emulator-port": self.emulator_port,
            "--user-service": self.users,
        }
        given = [f"{name}={value}" for name, value in options.items() if value is not None]
        return [*given, *(f"--allow-origin={origin}" for origin in self.allowed)]


def _origins(
    context: click.Context, option: click.Parameter, given: Sequence[str]
) -> tuple[str, ...]:
    try:
        return tuple(map(origins.parse, given))
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error


def _users(context: click.Context, option: click.Parameter, given: str | None) -> str | None:
    try:
        return None if given is None else user_service.parse(given)
    except ValueError as error:
        raise click.BadParameter(_no_service(str(given), str(error)), context, option) from error


def _no_service(given: str, rule: str) -> str:
    if "://" in given:
        return rule
    words = (user_service.SAMPLE, user_service.NONE)
    near = difflib.get_close_matches(given, words, n=1)
    hint = f"did you mean {near[0]}?" if near else f"must be a URL, or {', or '.join(words)}."
    return f"{given!r}: {hint}"


@click.command()
@with_state
@laptop_only("up starts a stack on this machine. On AWS `vestibule deploy apply` makes one.")
@click.option("--detach", is_flag=True, help="Return once the stack is ready; it goes on.")
@click.option("--port", type=PORT, help="Port of the site, the API and the inbox.")
@click.option("--emulator-port", type=PORT, help="Port of the emulated AWS.")
@click.option(
    "--allow-origin",
    "allowed",
    callback=_origins,
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin on this machine call the stack, such as a dev server's. "
    "May be given several times; kept in the state until others are given.",
)
@click.option(
    "--user-service",
    "users",
    callback=_users,
    metavar="URL",
    help="Tell this service of confirmed people; `sample`, the one that comes along, or `none`. "
    "Kept in the state until another is given.",
)
@click.option("--terraform", is_flag=True, help="Let Terraform provision it, as on AWS.")
@as_json
def command(  # noqa: PLR0913 - one for each option
    *,
    state: StateFolder,
    detach: bool,
    port: int | None,
    emulator_port: int | None,
    allowed: tuple[str, ...],
    users: str | None,
    terraform: bool,
    as_json: bool,
) -> None:
    """Start the stack on this machine. Ports are picked once and kept in the state."""
    asked = Asked(port, emulator_port, allowed, users)
    if detach:
        _start_detached(state, asked, terraform=terraform, as_json=as_json)
    else:
        _run(state, asked, terraform=terraform, as_json=as_json)


def _start_detached(state: StateFolder, asked: Asked, *, terraform: bool, as_json: bool) -> None:
    if state.holder():
        outputs = running(state)
        if terraform:
            _refuse_other_provisioner(state)
        _refuse_other_ports(state, outputs, asked.port, asked.emulator_port)
        _refuse_other_origins(state, asked.allowed)
        _refuse_other_users(state, asked.users)
        say(f"A stack runs on {state.root} already.")
        _show(outputs, as_json=as_json)
        return
    arguments = ["up", "--state", str(state.root), *asked.again(), *(["--terraform"] * terraform)]
    how = f" by Terraform, a minute or two: {state.log_file} tells" if terraform else ""
    with progress(f"starting the stack{how}"):
        process.start_detached(arguments, state.log_file, os.environ)
    _show(running(state), as_json=as_json)
    say("It goes on in the background: `vestibule down` stops it.")


def _refuse_other_provisioner(state: StateFolder) -> None:
    if not state.is_made_by_terraform:
        raise Misuse(
            f"a stack runs on {state.root} already, made without Terraform. Stop and empty it with "
            "`vestibule reset --force`, or start another one with --state DIR."
        )


def _refuse_other_ports(
    state: StateFolder, outputs: Outputs, port: int | None, emulator_port: int | None
) -> None:
    """What runs keeps the ports it was started with: asking for others would change nothing."""
    for option, asked, url in (
        ("--port", port, outputs.site_url),
        ("--emulator-port", emulator_port, outputs.aws_endpoint_url),
    ):
        if asked is not None and asked != urlsplit(url).port:
            raise Misuse(
                f"a stack runs on {state.root} already, at {url}. Stop it with `vestibule down` "
                f"before you give it {option} {asked}, or start another one with --state DIR."
            )


def _refuse_other_origins(state: StateFolder, allowed: Sequence[str]) -> None:
    if missing := [origin for origin in allowed if origin not in state.origins()]:
        raise Misuse(
            f"a stack runs on {state.root} already, and does not answer pages of {missing[0]}. "
            "Stop it with `vestibule down` before you give it --allow-origin."
        )


def _refuse_other_users(state: StateFolder, users: str | None) -> None:
    if users is not None and users != state.user_service():
        raise Misuse(
            f"a stack runs on {state.root} already, and tells another user service. "
            "Stop it with `vestibule down` before you give it --user-service."
        )


def _run(state: StateFolder, asked: Asked, *, terraform: bool, as_json: bool) -> None:
    began = time.monotonic()
    os.umask(OTHERS)
    children = Children()
    stopped = _stop_signals(children)
    ready = process.Readiness.take(os.environ)
    state.lock()
    try:
        ports = state.ports(emulator=asked.emulator_port, edge=asked.port)
        answered = state.origins(asked.allowed)
        # Not before: a taken port is told at once.
        from vestibule_cli.local.laptop import Laptop  # noqa: PLC0415
        from vestibule_cli.local.watch import Watcher  # noqa: PLC0415

        definition = stack_file()
        laptop = Laptop(
            state,
            definition,
            ports,
            terraform=terraform,
            report=say,
            origins=answered,
            children=children,
            users=state.user_service(asked.users),
        )
        # It knows the sources from here on: what is saved during the start is not missed.
        watcher = Watcher(definition.parent, laptop.refresh, _report)
        with progress("starting the stack"):
            outputs = laptop.start()
        try:
            watcher.start()
            _show(outputs, as_json=as_json)
            for origin in answered:
                say(f"Pages of {origin} may call it.")
            say(f"Ready after {time.monotonic() - began:.1f} s.")
            say("Changes are live as they are saved. Ctrl-C saves and stops.")
            ready.say()
            stopped.wait()
            watcher.stop()
        finally:
            say("Saving and stopping ...")
            laptop.stop()
    finally:
        state.unlock()


def _stop_signals(children: Children) -> threading.Event:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        children.interrupt()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return stopped


def _report(text: str) -> None:
    for line in text.splitlines():
        say(f"{datetime.now():%H:%M:%S} {line}")  # noqa: DTZ005 - the person's own clock


def _show(outputs: Outputs, *, as_json: bool) -> None:
    if as_json:
        print_json(outputs.as_dict())
        return
    print_pairs(
        [
            ("Site", outputs.site_url),
            ("API", outputs.api_url),
            ("Inbox", outputs.inbox_url),
            ("AWS", f"{outputs.aws_endpoint_url}  ({outputs.region}, emulated)"),
            ("Users", _arrivals(outputs.user_service_url)),
            ("Try it", f"{hints.spelled('demo')}, or: curl {outputs.api_url}/health"),
        ]
    )


def _arrivals(url: str) -> str:
    return f"arrive at {url}" if url else "are told to nobody: --user-service URL names a service"
