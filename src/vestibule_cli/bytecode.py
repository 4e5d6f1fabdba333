"""Compiles modules for the Python that will run them, whichever Python runs this."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

# Runs in the target interpreter. Each module is compiled in a child of its own: what marshal writes
# depends on which strings the process already shares, so one process for all would not give the
# same bytes twice. Flag 1 makes them unchecked-hash files: never compared with their source.
_COMPILER = """
import importlib.util, json, marshal, os, sys
failed = False
for name, source, destination in json.load(sys.stdin):
    child = os.fork()
    if not child:
        try:
            source = source.encode("latin-1")
            code = compile(source, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            text = f"{type(error).__name__}: {getattr(error, 'msg', error)}"
            sys.stderr.write(f"{name}:{getattr(error, 'lineno', 1)}: {text}\\n")
            sys.stderr.flush()
            os._exit(1)
        head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
        with open(destination, "wb") as file:
            file.write(head + importlib.util.source_hash(source) + marshal.dumps(code))
        os._exit(0)
    failed |= bool(os.waitpid(child, 0)[1])
sys.exit(failed)
"""
_VERSION = (
    "import sys; v = sys.version_info; i = sys.implementation;"
    " print(i.name, f'{v[0]}.{v[1]}', i.cache_tag, sys.hexversion)"
)


class CompileError(Exception):
    """A module is not Python; the text is one line a module: file, line, reason."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    path: Path
    cache_tag: str
    build: str
    """Tells apart interpreters whose compiled files may differ."""

    @classmethod
    def running(cls) -> Self:
        tag = sys.implementation.cache_tag
        return cls(Path(sys.executable), str(tag), str(sys.hexversion))


def find(version: str) -> Interpreter | None:
    """A CPython of that minor version, from the path or from where version managers keep theirs."""
    return next(filter(None, (_examined(path, version) for path in _candidates(version))), None)


def _candidates(version: str) -> Iterator[Path]:
    if version == f"3.{sys.version_info.minor}":
        yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder or ".") / f"python{version}"
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    uv = home / ".local" / "share" / "uv" / "python"
    yield from sorted(uv.glob(f"cpython-{version}.*/bin/python{version}"), reverse=True)


def _examined(path: Path, version: str) -> Interpreter | None:
    """None for what only looks like an interpreter, such as a shim with nothing behind it."""
    if not os.access(path, os.X_OK):
        return None
    try:
        done = subprocess.run(
            [path, "-I", "-S", "-c", _VERSION],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match done.stdout.split():
        case ["cpython", found, tag, build] if found == version:
            return Interpreter(path, tag, build)
        case _:
            return None


def compiled(
    interpreter: Interpreter, modules: Mapping[str, bytes], *, cache: Path
) -> dict[str, bytes]:
    """The compiled files under the names Python looks for, unchanged ones from the cache."""
    folder = cache / f"{interpreter.cache_tag}-{interpreter.build}"
    places = {name: folder / _key(name, source) for name, source in modules.items()}
    missing = [name for name, place in places.items() if not place.is_file()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as partial:
            fresh = {name: Path(partial) / places[name].name for name in missing}
            _run(interpreter, {name: modules[name] for name in missing}, fresh)
            for name, path in fresh.items():
                path.replace(places[name])
    return {_compiled_name(name, interpreter): place.read_bytes() for name, place in places.items()}


def _key(name: str, source: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\0" + source).hexdigest()


def _compiled_name(name: str, interpreter: Interpreter) -> str:
    path = PurePosixPath(name)
    return str(path.parent / "__pycache__" / f"{path.stem}.{interpreter.cache_tag}.pyc")


def _run(
    interpreter: Interpreter, modules: Mapping[str, bytes], places: Mapping[str, Path]
) -> None:
    # Latin-1 carries any bytes through JSON unchanged.
    orders = [[n, source.decode("latin-1"), str(places[n])] for n, source in modules.items()]
    done = subprocess.run(
        [interpreter.path, "-P", "-s", "-S", "-c", _COMPILER],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        check=False,
    )
    if done.returncode:
        raise CompileError(done.stderr.strip() or f"{interpreter.path} failed to compile")
