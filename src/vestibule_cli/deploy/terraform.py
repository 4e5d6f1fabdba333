"""Runs terraform, or OpenTofu, on the project's configuration."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from vestibule_cli.deploy import mirror
from vestibule_cli.deploy.children import Children
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.project import stack_file

# Queues and bucket rules make the provider wait for up to a minute each: let them wait together.
PARALLELISM = 40
LOCK_FILE = Path("infra/.terraform.lock.hcl")
_COMMON = ("-input=false", f"-parallelism={PARALLELISM}")
COMMANDS = ("terraform", "tofu")
# What takes long says so this often; terraform itself does each ten seconds.
PROGRESS_SECONDS = 30
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_REGISTRIES = {"terraform": "registry.terraform.io", "tofu": "registry.opentofu.org"}

Report = Callable[[str], None]


class TerraformError(Failure):
    """Terraform refused or failed. Its text is for the person."""


class TerraformMissing(TerraformError, Misuse):
    """There is no terraform on this machine."""


@dataclass(frozen=True, slots=True)
class Command:
    """The program to run and where it takes its providers from."""

    path: str
    registry: str
    mirror: Path | None

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> Self:
        for name in COMMANDS:
            path = shutil.which(name, path=environment.get("PATH"))
            if path:
                registry = _REGISTRIES[name]
                try:
                    locked = mirror.locked(stack_file().parent / LOCK_FILE)
                    return cls(path, registry, mirror.find(registry, environment, version=locked))
                except mirror.MirrorError as error:
                    raise TerraformMissing(str(error)) from None
        raise TerraformMissing(
            "terraform is not installed: put terraform 1.10 or newer (or OpenTofu's tofu) on PATH."
        )

    def configuration(self) -> str:
        """The text of the command's own configuration file."""
        lines = ["disable_checkpoint = true"]
        if self.mirror is not None:
            # JSON's quotes are HCL's, but for its own signs of a template.
            path = json.dumps(str(self.mirror)).replace("${", "$${").replace("%{", "%%{")
            provider = json.dumps(f"{self.registry}/{'/'.join(mirror.PROVIDER)}")
            lines += [
                "provider_installation {",
                "  filesystem_mirror {",
                f"    path    = {path}",
                f"    include = [{provider}]",
                "  }",
                "  direct {",
                f"    exclude = [{provider}]",
                "  }",
                "}",
            ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Terraform:
    """One configuration folder, with what terraform downloads for it in `data`."""

    command: Command
    folder: Path
    data: Path
    environment: Mapping[str, str]
    report: Report = field(default=lambda _line: None)
    children: Children = field(default_factory=Children)

    def init(self, *options: str) -> None:
        self._run("init", "-input=false", "-lockfile=readonly", *options)

    def validate(self) -> None:
        self._run("validate")

    def test(self) -> int:
        """Run the tree's own tests; return how many passed."""
        passed = 0
        for message in self._stream("test"):
            if message.get("type") == "test_summary":
                passed = int(message["test_summary"]["passed"])
        return passed

    def apply(self, *options: str) -> dict[str, Any]:
        """Make the configuration real; return its outputs."""
        outputs: dict[str, Any] = {}
        for message in self._stream("apply", "-auto-approve", *_COMMON, *options):
            if message.get("type") == "outputs":
                outputs = message["outputs"]
        return {name: each["value"] for name, each in outputs.items() if "value" in each}

    def plan(self, file: Path, *options: str) -> dict[str, Any]:
        """Write down in `file` what an apply would do; return it as `show` tells it."""
        for _ in self._stream("plan", f"-out={file}", *_COMMON, *options):
            pass
        return self._answer("show", "-json", str(file))

    def apply_plan(self, file: Path) -> None:
        for _ in self._stream("apply", *_COMMON, str(file)):
            pass

    def outputs(self) -> dict[str, Any]:
        """What the state gives out; nothing if nothing is deployed."""
        return {name: each["value"] for name, each in self._answer("output", "-json").items()}

    def addresses(self) -> list[str]:
        """Everything that the state holds."""
        return self._said("state", "list").split()

    def destroy(self, *options: str) -> None:
        for _ in self._stream("destroy", "-auto-approve", *_COMMON, *options):
            pass

    def planned_changes(self, *options: str) -> list[str]:
        """What an apply would do now, a line each; nothing if all is as configured."""
        return [
            str(message["@message"])
            for message in self._stream("plan", *_COMMON, *options)
            if message.get("type") == "planned_change"
        ]

    def _run(self, *arguments: str) -> None:
        """Run a command that says nothing a program needs."""
        self._said(*arguments, "-no-color")

    def _said(self, *arguments: str) -> str:
        """What a command prints."""
        with self.children.started(
            [self.command.path, *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            answer, problem = running.communicate()
        if running.returncode:
            raise TerraformError(f"terraform {arguments[0]} failed: {_words(problem)}")
        return str(answer)

    def _answer(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._said(*arguments) or "{}")
        return found

    def _stream(self, verb: str, *options: str) -> Iterable[dict[str, Any]]:
        """Run a command that tells its progress as JSON, line by line."""
        problems: list[str] = []
        steps = done = 0
        with self.children.started(
            [self.command.path, verb, "-json", *options],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as running:
            assert running.stdout is not None  # noqa: S101 - a pipe was asked for
            for line in running.stdout:
                message = _message(line)
                kind = message.get("type")
                if kind == "planned_change":
                    steps += _steps(message)
                if kind == "apply_complete" and not _is_read(message):
                    done += 1
                if message.get("@level") == "error":
                    problems.append(_problem(message))
                elif _is_worth_telling(message):
                    count = f"[{done}/{max(done, steps)}] " if steps and verb != "plan" else ""
                    self.report(f"{count}{message['@message']}")
                yield message
        if running.returncode or problems:
            reason = "\n".join(problems) or f"exit code {running.returncode}"
            raise TerraformError(f"terraform {verb} failed: {reason}")

    def _environment(self) -> dict[str, str]:
        self.data.mkdir(parents=True, exist_ok=True)
        variables = {**self.environment, "TF_DATA_DIR": str(self.data), "TF_IN_AUTOMATION": "1"}
        if self.command.mirror is not None or not _names_a_file(
            variables.get("TF_CLI_CONFIG_FILE")
        ):
            own = self.data / "cli.tfrc"
            own.write_text(self.command.configuration(), encoding="utf-8")
            variables["TF_CLI_CONFIG_FILE"] = str(own)
        return variables


def _names_a_file(path: str | None) -> bool:
    return path is not None and os.path.isfile(path)  # noqa: PTH113 - it may be any text


def _message(line: str) -> dict[str, Any]:
    """What terraform says with -json; a line that is no JSON is a word from its environment."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _is_worth_telling(message: Mapping[str, Any]) -> bool:
    if message.get("type") == "apply_progress":
        return bool(message.get("hook", {}).get("elapsed_seconds", 0) % PROGRESS_SECONDS == 0)
    return message.get("type") in {"apply_complete", "change_summary"} and not _is_read(message)


def _is_read(message: Mapping[str, Any]) -> bool:
    """Of a data source: nothing was made."""
    return bool(message.get("hook", {}).get("action") == "read")


def _steps(message: Mapping[str, Any]) -> int:
    """A replacement is told as two, when it is done."""
    return {"noop": 0, "read": 0, "replace": 2}.get(message.get("change", {}).get("action"), 1)


def _problem(message: Mapping[str, Any]) -> str:
    diagnostic = message.get("diagnostic", {})
    summary = str(diagnostic.get("summary") or message.get("@message", ""))
    detail = " ".join(str(diagnostic.get("detail", "")).split())
    where = diagnostic.get("address") or diagnostic.get("range", {}).get("filename")
    text = f"{summary}: {detail}" if detail else summary
    return f"{text} ({where})" if where else text


def _words(text: str) -> str:
    """Terraform's error without its frame."""
    lines = (line.strip("│╷╵ \t") for line in _COLORS.sub("", text).splitlines())
    return " ".join(filter(None, lines)) or "it said nothing"
