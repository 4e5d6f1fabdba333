import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import click

from vestibule_cli import hints
from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, print_pairs, progress, say
from vestibule_cli.deploy.children import Children
from vestibule_cli.failures import Misuse
from vestibule_cli.local import origins, process
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


def _origins(
    context: click.Context, option: click.Parameter, given: Sequence[str]
) -> tuple[str, ...]:
    try:
        return tuple(map(origins.parse, given))
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error


@click.command()
@with_state
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
@click.option("--terraform", is_flag=True, help="Let Terraform provision it, as on AWS.")
@as_json
def command(  # noqa: PLR0913 - one for each option
    *,
    state: StateFolder,
    detach: bool,
    port: int | None,
    emulator_port: int | None,
    allowed: tuple[str, ...],
    terraform: bool,
    as_json: bool,
) -> None:
    """Start the stack on this machine. Ports are picked once and kept in the state."""
    if detach:
        _start_detached(state, port, emulator_port, allowed, terraform=terraform, as_json=as_json)
    else:
        _run(state, port, emulator_port, allowed, terraform=terraform, as_json=as_json)


def _start_detached(  # noqa: PLR0913 - what the options were
    state: StateFolder,
    port: int | None,
    emulator_port: int | None,
    allowed: Sequence[str],
    *,
    terraform: bool,
    as_json: bool,
) -> None:
    if state.holder():
        outputs = running(state)
        _refuse_other_ports(state, outputs, port, emulator_port)
        _refuse_other_origins(state, allowed)
        say(f"A stack runs on {state.root} already.")
        _show(outputs, as_json=as_json)
        return
    options = {"--port": port, "--emulator-port": emulator_port}
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    given += [f"--allow-origin={origin}" for origin in allowed]
    arguments = ["up", "--state", str(state.root), *given, *(["--terraform"] * terraform)]
    how = f" by Terraform, a minute or two: {state.log_file} tells" if terraform else ""
    with progress(f"starting the stack{how}"):
        process.start_detached(arguments, state.log_file, os.environ)
    _show(running(state), as_json=as_json)
    say("It goes on in the background: `vestibule down` stops it.")


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


def _run(  # noqa: PLR0913 - what the options were
    state: StateFolder,
    port: int | None,
    emulator_port: int | None,
    allowed: Sequence[str],
    *,
    terraform: bool,
    as_json: bool,
) -> None:
    began = time.monotonic()
    os.umask(OTHERS)
    children = Children()
    stopped = _stop_signals(children)
    ready = process.Readiness.take(os.environ)
    state.lock()
    try:
        ports = state.ports(emulator=emulator_port, edge=port)
        answered = state.origins(allowed)
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
            ("Try it", f"{hints.command()} demo, or: curl {outputs.api_url}/health"),
        ]
    )
