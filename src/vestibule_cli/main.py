"""The command `vestibule`. Each command's module is imported when it is asked for, not before."""

import importlib
from typing import Any

import click

from vestibule_cli import code_under_work, hints
from vestibule_cli.failures import FAILED, PREFIX, expected_exit_code

# The short help stands here so that `vestibule --help` imports none of them.
COMMANDS = {
    "up": "Start the stack on this machine.",
    "down": "Stop the stack that runs on a state.",
    "reset": "Empty a state: everybody and everything in it.",
    "outputs": "Print the running stack's addresses and ids.",
    "demo": "Play two people signing up, in and out, against the stack.",
    "invoke": "Call a function with an event and print its answer.",
    "logs": "Show what the functions logged.",
    "mail": "List the captured mails, newest first, or print the newest code for an address.",
    "users": "List, show, promote, suspend, export or erase people.",
    "organizations": "List or make organizations, and let people in.",
    "invitations": "Invite people, list invitations, or revoke one.",
    "deliveries": "Show what could not be delivered, and send it back.",
    "vpcs": "Make, list, show or delete networks, or draw one.",
    "policy": "Check, show or push the rules of signing up and in.",
    "openapi": "Write openapi.json from the routes, or check that it is current.",
    "package": "Build the zip that Lambda runs.",
    "deploy": "Plan, make, change or destroy a deployment on AWS, by Terraform.",
    "doctor": "Look for what is wrong, on this machine or with a deployment on AWS.",
}


class Shown(click.ClickException):
    """A failure in plain words, one `vestibule: ` line for each of its problems."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc] # click reads it from the instance

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines() or [""]:
            click.echo(f"{PREFIX}{line}", file=file, err=file is None)


class LazyGroup(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"vestibule_cli.commands.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # noqa: PLC0415 - for a slip of the keyboard only

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(COMMANDS)}."
            context.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(context, args)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, context: click.Context) -> Any:
        with hints.of_one_command():
            try:
                return super().invoke(context)
            except SyntaxError as error:
                # Commands use code of the backend, which somebody may be writing just now.
                refusal = code_under_work.refusal(error)
                if refusal is None:
                    raise
                raise Shown(str(refusal)) from error
            except Exception as error:
                exit_code = expected_exit_code(error)
                if exit_code is None:
                    raise
                raise Shown(hints.runnable(str(error)), exit_code) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vestibule", prog_name="vestibule")
def main() -> None:
    """A Cognito-secured backend, the same on this machine and on AWS."""


if __name__ == "__main__":
    main()
