"""Imports each function's handler from a new zip, before it takes the place of what runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vestibule_cli.failures import Failure
from vestibule_cli.local import isolation, trial_program
from vestibule_cli.local.references import references
from vestibule_cli.package import source_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vestibule_cli.local.state import StateFolder
    from vestibule_cli.outputs import Outputs
    from vestibule_cli.stack import Stack

# A file of the state, with what has passed last.
PASSED = "tried"
# In the state's temporary files, with what was unpacked last.
FOLDER = "trial"
# Lambda gives a function's start as long.
SECONDS = 10


class CodeRefused(Failure):
    """A function's handler cannot be imported: one line for each reason."""


class NotUnpacked(Failure):
    """Nothing was tried, and that is no handler's fault."""


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
    """Import the handlers side by side, each in a process of its own, with its own environment.

    Raises CodeRefused or NotUnpacked. What passed is not tried again until something that it stands
    on changes.
    """
    tried, kept = list(tried), state.root / PASSED
    runtime = isolation.link_runtime(state.data).resolve()
    facts = _Facts.of(package, runtime)
    passed = _read(kept)
    due = [each for each in tried if not facts.hold(each, passed.get(each.key))]
    if not due:
        return
    code = state.tmp.resolve() / FOLDER
    _unpack(package, code)
    outcomes = list(zip(due, _outcomes(state, code, runtime, due), strict=True))
    reasons: dict[str, list[str]] = {}
    for handler, outcome in outcomes:
        if outcome.kind != trial_program.IMPORTED:
            reasons.setdefault(_reason(outcome, code, handler), []).append(handler.key)
    if reasons:
        raise CodeRefused("\n".join(_line(reason, keys) for reason, keys in reasons.items()))
    passed |= {each.key: facts.noted(each, outcome.files) for each, outcome in outcomes}
    kept.write_text(json.dumps({each.key: passed[each.key] for each in tried}), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a handler, as trial_program tells it."""

    kind: str
    files: Sequence[str] = ()
    place: tuple[str, int] | None = None
    words: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class _Facts:
    """What lies in the zip. A handler stands on the files that its import opens, and on no others.

    Which others there are counts all the same: one that is new may come before one that was there.
    So does what the runtime brings.
    """

    sums: Mapping[str, str]
    common: str

    @classmethod
    def of(cls, package: Path, runtime: Path) -> Self:
        with zipfile.ZipFile(package) as archive:
            sums = {each.filename: f"{each.CRC}/{each.file_size}" for each in archive.infolist()}
        return cls(sums, _digest([sys.version, *_brought(runtime), *sums]))

    def noted(self, handler: Handler, files: Sequence[str]) -> dict[str, Any]:
        return {"files": files, "identity": self._identity(handler, files)}

    def hold(self, handler: Handler, noted: Mapping[str, Any] | None) -> bool:
        return noted is not None and self._identity(handler, noted["files"]) == noted["identity"]

    def _identity(self, handler: Handler, files: Iterable[str]) -> str:
        sums = [self.sums.get(name, "") for name in files]
        return _digest(
            [self.common, handler.path, *map(str, sorted(handler.environment.items())), *sums]
        )


def _brought(runtime: Path) -> list[str]:
    """Where the runtime's packages lie, and the versions of all that is installed there."""
    packages = {each.resolve() for each in runtime.iterdir()}
    versions = {
        version
        for place in {each.parent for each in packages}
        for version in place.glob("*.dist-info")
    }
    return sorted(map(str, packages | versions))


def _digest(facts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _read(kept: Path) -> dict[str, dict[str, Any]]:
    """By function. What cannot be read has not passed."""
    try:
        passed = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return passed if isinstance(passed, dict) else {}


def _line(reason: str, keys: list[str]) -> str:
    return f"{reason} (so {' and '.join(keys)} cannot start)"


def _unpack(package: Path, code: Path) -> None:
    """Over what was unpacked the last time: to make all files anew would take longer than to try.

    If that fails, as it does on a full disk, all is made anew.
    """
    try:
        _put_right(package, code)
    except OSError:
        shutil.rmtree(code, ignore_errors=True)
        try:
            _put_right(package, code)
        except OSError as error:
            raise NotUnpacked(f"the package could not be unpacked in {code}: {error}") from error


def _put_right(package: Path, code: Path) -> None:
    """Whatever is not as in the zip, such as what a handler has left there."""
    code.mkdir(exist_ok=True)
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        _remove_all_but({code / name for name in names}, code)
        for name in names:
            path = code / name
            if not path.is_file() or path.read_bytes() != archive.read(name):
                archive.extract(name, code)


def _remove_all_but(kept: set[Path], top: Path) -> None:
    for folder, folders, names in os.walk(top, topdown=False):
        for path in (Path(folder, name) for name in names):
            if path not in kept or path.is_symlink():  # what is written to a link goes elsewhere
                path.unlink()
        for path in (Path(folder, name) for name in folders):
            if path.is_symlink():
                path.unlink()
            elif not any(path.iterdir()):  # an empty one would pass for a package
                path.rmdir()


def _outcomes(
    state: StateFolder, code: Path, runtime: Path, tried: list[Handler]
) -> list[_Outcome]:
    """What became of each."""
    common = {
        "LANG": "C.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(state.tmp),
        "TMPDIR": str(state.tmp),
        "LAMBDA_TASK_ROOT": str(code),
    }
    order = {
        "code": str(code),
        "runtime": str(runtime),
        "seconds": SECONDS,
        "handlers": [
            (each.path, {**common, "AWS_LAMBDA_FUNCTION_NAME": each.key, **each.environment})
            for each in tried
        ],
    }
    done = subprocess.run(
        [*isolation.bare_python(), trial_program.__file__],
        input=json.dumps(order),
        cwd=code,
        env=common,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:  # a handler has ended it, and which one nobody can tell
        return [_Outcome(trial_program.ENDED, status=done.returncode)] * len(tried)
    return [_Outcome(**each) for each in json.loads(done.stdout)]


def _reason(outcome: _Outcome, code: Path, handler: Handler) -> str:
    """One line that says why the handler could not be imported."""
    match outcome.kind:
        case trial_program.ENDLESS:
            return f"importing {handler.path} takes longer than {SECONDS} s, which Lambda allows"
        case trial_program.ENDED:
            return f"importing {handler.path} ended its process with {outcome.status}"
    words = " ".join(outcome.words.split())
    if outcome.place is None:
        return f"stack.yaml: functions.{handler.key}.handler: {handler.path}: {words}"
    path, line = outcome.place
    return f"{source_file(Path(path).relative_to(code).as_posix())}:{line}: {words}"
