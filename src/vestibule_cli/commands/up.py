import os
import signal
import threading
import time
from datetime import datetime
from types import FrameType

import click

from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, print_pairs, progress, say
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder
from vestibule_cli.main import Shown
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import stack_file

PORT = click.IntRange(1, 65_535)


@click.command()
@with_state
@click.option("--detach", is_flag=True, help="Return once the stack is ready; it goes on.")
@click.option("--port", type=PORT, help="Port of the site, the API and the inbox.")
@click.option("--emulator-port", type=PORT, help="Port of the emulated AWS.")
@click.option("--terraform", is_flag=True, help="Let Terraform provision it, as on AWS.")
@as_json
def command(  # noqa: PLR0913 - one for each option
    *,
    state: StateFolder,
    detach: bool,
    port: int | None,
    emulator_port: int | None,
    terraform: bool,
    as_json: bool,
) -> None:
    """Start the stack on this machine. Ports are picked once and kept in the state."""
    if detach:
        _start_detached(state, port, emulator_port, terraform=terraform, as_json=as_json)
    else:
        _run(state, port, emulator_port, terraform=terraform, as_json=as_json)


def _start_detached(
    state: StateFolder,
    port: int | None,
    emulator_port: int | None,
    *,
    terraform: bool,
    as_json: bool,
) -> None:
    if state.holder():
        say(f"A stack runs on {state.root} already.")
        _show(running(state), as_json=as_json)
        return
    options = {"--port": port, "--emulator-port": emulator_port}
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    arguments = ["up", "--state", str(state.root), *given, *(["--terraform"] * terraform)]
    try:
        how = f" by Terraform, a minute or two: {state.log_file} tells" if terraform else ""
        with progress(f"starting the stack{how}"):
            process.start_detached(arguments, state.log_file, os.environ)
    except process.StartFailed as failure:
        raise Shown(str(failure), failure.exit_code) from failure
    _show(running(state), as_json=as_json)
    say("It goes on in the background: `vestibule down` stops it.")


def _run(
    state: StateFolder,
    port: int | None,
    emulator_port: int | None,
    *,
    terraform: bool,
    as_json: bool,
) -> None:
    began = time.monotonic()
    stopped = _stop_signals()
    ready = process.Readiness.take(os.environ)
    state.lock()
    try:
        ports = state.ports(emulator=emulator_port, edge=port)
        # Not before: a taken port is told at once.
        from vestibule_cli.local.laptop import Laptop  # noqa: PLC0415
        from vestibule_cli.local.watch import Watcher  # noqa: PLC0415

        definition = stack_file()
        laptop = Laptop(state, definition, ports, terraform=terraform, report=say)
        with progress("starting the stack"):
            outputs = laptop.start()
        try:
            watcher = Watcher(definition.parent, laptop.refresh, _report)
            watcher.start()
            _show(outputs, as_json=as_json)
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


def _stop_signals() -> threading.Event:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

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
            ("Try it", f"vestibule demo, or: curl {outputs.api_url}/health"),
        ]
    )
