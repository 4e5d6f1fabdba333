"""Imports each function's handler from a new zip, before it takes the place of what runs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestibule_cli.failures import Failure
from vestibule_cli.local import isolation
from vestibule_cli.local.references import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vestibule_cli.local.state import StateFolder
    from vestibule_cli.outputs import Outputs
    from vestibule_cli.stack import Stack

# A file of the state, with what has passed last.
PASSED = "tried"
# Lambda gives a function's start as long.
SECONDS = 10
# What is printed while importing goes to stderr; stdout is for the answer alone.
PROGRAM = """\
import importlib, json, os, sys, traceback
order = json.loads(sys.argv[1])
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.insert(0, order["code"])
sys.path.append(order["runtime"])
problem = None
try:
    module, _, name = order["handler"].rpartition(".")
    getattr(importlib.import_module(module), name)
except BaseException as error:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    inside = [place for place in frames if place[0].startswith(order["code"] + os.sep)]
    place = inside[-1] if inside else None
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    problem = {"place": place, "words": f"{type(error).__name__}: {text}".rstrip(": ")}
json.dump(problem, answer)
answer.flush()
os._exit(0)
"""


class CodeRefused(Failure):
    """A function's handler cannot be imported: one line for each reason."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What is tried: a function's key in stack.yaml, its handler, its environment."""

    key: str
    path: str
    environment: Mapping[str, str]


def handlers(definition: Stack, outputs: Outputs) -> list[Handler]:
    """The functions of stack.yaml as they start on this machine."""
    named = references(
        definition,
        "local",
        identity_pool=outputs.identity_pool_id,
        queue_urls={
            key: f"{outputs.aws_endpoint_url}/{outputs.account_id}/{key}"
            for key in definition.queues
        },
        secrets={key: definition.secret("local", key) for key in definition.secrets},
        site_url=outputs.site_url,
        table=outputs.table_name,
        table_stream=f"arn:aws:dynamodb:{outputs.region}:{outputs.account_id}:"
        f"table/{outputs.table_name}/stream/latest",
        user_pool=outputs.user_pool_id,
        user_pool_client=outputs.user_pool_client_id,
        user_service_url=outputs.user_service_url,
        version="trial",
    )
    place = {
        "AWS_REGION": outputs.region,
        "AWS_DEFAULT_REGION": outputs.region,
        "AWS_ENDPOINT_URL": outputs.aws_endpoint_url,
        # Nobody's: code that is not live yet changes nothing.
        "AWS_ACCESS_KEY_ID": "trial",
        "AWS_SECRET_ACCESS_KEY": "trial",
    }
    return [
        Handler(key, function.handler, {**place, **function.variables(named)})
        for key, function in definition.functions.items()
    ]


def run(state: StateFolder, package: Path, tried: Iterable[Handler]) -> None:
    """Import the handlers side by side, each in a fresh process as the emulator starts one.

    Raises CodeRefused. What passed the last time is not tried again.
    """
    tried, passed = list(tried), state.root / PASSED
    identity = _identity(package, tried)
    if passed.is_file() and passed.read_text(encoding="utf-8") == identity:
        return
    _run(state, package, tried)
    passed.write_text(identity, encoding="utf-8")


def _identity(package: Path, tried: Iterable[Handler]) -> str:
    facts = [sys.version, *(f"{each.path} {sorted(each.environment.items())}" for each in tried)]
    return hashlib.sha256(package.read_bytes() + "\n".join(facts).encode()).hexdigest()


def _run(state: StateFolder, package: Path, tried: Iterable[Handler]) -> None:
    runtime = isolation.link_runtime(state.data)
    with tempfile.TemporaryDirectory(dir=state.tmp, prefix="trial-") as folder:
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        code = Path(folder).resolve()
        started = [(each, _started(state.tmp, code, runtime, each)) for each in tried]
        reasons: dict[str, list[str]] = {}
        for handler, process in started:
            reason = _reason(process, code, handler)
            if reason is not None:
                reasons.setdefault(reason, []).append(handler.key)
    if reasons:
        raise CodeRefused("\n".join(_line(reason, keys) for reason, keys in reasons.items()))


def _line(reason: str, keys: list[str]) -> str:
    return f"{reason} (so {' and '.join(keys)} cannot start)"


def _started(tmp: Path, code: Path, runtime: Path, handler: Handler) -> subprocess.Popen[str]:
    order = {"code": str(code), "runtime": str(runtime), "handler": handler.path}
    return subprocess.Popen(
        [*isolation.bare_python(), "-c", PROGRAM, json.dumps(order)],
        cwd=code,
        env={
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(tmp),
            "TMPDIR": str(tmp),
            "LAMBDA_TASK_ROOT": str(code),
            "AWS_LAMBDA_FUNCTION_NAME": handler.key,
            **handler.environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _reason(process: subprocess.Popen[str], code: Path, handler: Handler) -> str | None:
    """One line that says why the handler could not be imported; None if it could."""
    try:
        answer, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"importing {handler.path} takes longer than {SECONDS} s, which Lambda allows"
    try:
        problem: dict[str, Any] | None = json.loads(answer)
    except ValueError:
        return f"importing {handler.path} ended its process with {process.returncode}"
    if problem is None:
        return None
    words = " ".join(problem["words"].split())
    place = problem["place"]
    if place is None:
        return f"stack.yaml: functions.{handler.key}.handler: {handler.path}: {words}"
    name = Path(place[0]).relative_to(code).as_posix()
    return f"{_source(name)}:{place[1]}: {words}"


def _source(name: str) -> str:
    """Where the person has the file: the package's own stand under src, others are installed."""
    return f"src/{name}" if name.startswith("vestibule/") else name
