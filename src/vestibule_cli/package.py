"""Builds the zip that Lambda runs: the package `vestibule`, what it depends on, and both compiled.

The same sources give the same bytes. Sources stay in beside the compiled files: tracebacks can
show their lines, and a runtime of another Python version still starts, slower. They cost a file
stat each at import, no read.
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Self

from vestibule_cli import bytecode
from vestibule_cli.bytecode import Interpreter
from vestibule_cli.failures import Failure
from vestibule_cli.project import CHECKOUT

# Lambda's Python 3.12 and later run on Amazon Linux 2023 (glibc 2.34), earlier ones on glibc 2.26.
_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
_EARLY_PLATFORMS = ("manylinux_2_17", "manylinux2014")
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_LEFT_OUT = {"__pycache__", "test", "tests"}
# A fixed moment, the earliest a zip can hold: file times say nothing about content.
_EPOCH = (1980, 1, 1, 0, 0, 0)

Entries = dict[str, bytes]


class PackageError(Failure):
    """The zip cannot be built; the text says what stands in the way."""


@dataclass(frozen=True, slots=True)
class Target:
    """The Python and the processor that will run the zip."""

    python: str
    architecture: str
    is_host: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"3\.\d+", self.python):
            raise PackageError(f"python must look like 3.13, got {self.python!r}")
        if not self.is_host and self.architecture not in _MACHINES:
            allowed = " or ".join(_MACHINES)
            raise PackageError(f"architecture must be {allowed}, got {self.architecture!r}")

    @classmethod
    def host(cls) -> Self:
        """The interpreter and machine this runs on: what the laptop's stack uses."""
        return cls(f"3.{sys.version_info.minor}", os.uname().machine, is_host=True)


@dataclass(frozen=True, slots=True)
class Package:
    path: Path
    digest: str
    """SHA-256 of the file, in hex."""
    size: int
    compiled: bool
    warnings: tuple[str, ...] = ()


def build(target: Target, out: Path, *, root: Path = CHECKOUT) -> Package:
    """Write the zip to `out`, in one step; an equal file is left untouched."""
    sources = _own_sources(root / "src" / "vestibule") | _policy(root)
    sources |= _installed(root) if target.is_host else _downloaded(target, root)

    interpreter = Interpreter.running() if target.is_host else bytecode.find(target.python)
    warnings: tuple[str, ...] = ()
    compiled: Entries = {}
    if interpreter is None:
        warnings = (_without_interpreter(target.python),)
    else:
        compiled = _compile(interpreter, sources, root)

    # The laptop's zip is unpacked next door a moment later: deflating it would only cost time.
    content = _zip(sources | compiled, tight=not target.is_host)
    _write(out, content)
    return Package(
        path=out,
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        compiled=bool(compiled),
        warnings=warnings,
    )


def _without_interpreter(version: str) -> str:
    return (
        f"python{version} was not found: the package holds no compiled files and starts about twice"
        f" as slowly. Install Python {version} and build again."
    )


def _own_sources(package: Path) -> Entries:
    if not (package / "__init__.py").is_file():
        raise PackageError(f"{package} is not there: build from a checkout of the project")
    entries: Entries = {}
    for folder, folders, names in os.walk(package):
        folders[:] = [each for each in folders if each not in _LEFT_OUT]
        inside = Path(folder).relative_to(package.parent).as_posix()
        for name in names:
            if _is_needed(f"{inside}/{name}") and (path := Path(folder, name)).is_file():
                entries[f"{inside}/{name}"] = path.read_bytes()
    return entries


def _policy(root: Path) -> Entries:
    """The policy as functions read it, from policy.yaml as it is now."""
    from vestibule_cli import policy_file  # noqa: PLC0415 - pydantic, which the rest needs not

    path = root / policy_file.NAME
    if not path.is_file():
        return {}
    return {policy_file.SHIPPED: policy_file.load(path).shipped_text.encode()}


def _is_needed(name: str) -> bool:
    path = PurePosixPath(name)
    if any(part.endswith(".dist-info") for part in path.parts):
        return "license" in name.partition(".dist-info/")[2].lower()
    if not _LEFT_OUT.isdisjoint(path.parts[:-1]):
        return False
    if path.name.startswith(".") or path.name.endswith("~"):
        return False
    return path.name != "py.typed" and path.suffix not in {".pyi", ".pyc", ".c", ".h", ".swp"}


def _locked(root: Path) -> Mapping[str, str]:
    """Each runtime dependency with its version."""
    lines = (root / "requirements" / "runtime.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lines, re.MULTILINE))


def _installed(root: Path) -> Entries:
    entries: Entries = {}
    for name, version in _locked(root).items():
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise PackageError(f"{name} is not installed: run make setup") from None
        if distribution.version != version:
            raise PackageError(
                f"{name} {distribution.version} is installed where requirements/runtime.lock"
                f" says {version}: run make setup"
            )
        for file in distribution.files or ():
            if ".." not in file.parts and _is_needed(file.as_posix()):
                entries[file.as_posix()] = Path(str(file.locate())).read_bytes()
    return entries


def _downloaded(target: Target, root: Path) -> Entries:
    entries: Entries = {}
    for wheel in sorted(_wheels(target, root).glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and _is_needed(name):
                    entries[name] = archive.read(name)
    return entries


def _cache(root: Path) -> Path:
    """Where what was downloaded and compiled is kept: with the checkout, if that can be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folders = (root / ".cache", home / "vestibule")
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise PackageError(
        f"neither {folders[0]} nor {folders[1]} can be written: name a folder of yours by"
        " XDG_CACHE_HOME"
    )


def _wheels(target: Target, root: Path) -> Path:
    """The folder with the target's wheels, filled once for each state of the lock file."""
    lock = root / "requirements" / "runtime.lock"
    state = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = _cache(root) / "wheels" / f"{state}-{target.python}-{target.architecture}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _download(target, lock, partial)
        partial.rename(folder)
    except OSError:
        # Another build filled it meanwhile.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _download(target: Target, lock: Path, folder: Path) -> None:
    late = int(target.python.partition(".")[2]) >= 12
    machine = _MACHINES[target.architecture]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(lock)]
    command += ["--python-version", target.python, "--dest", str(folder)]
    for platform in _PLATFORMS if late else _EARLY_PLATFORMS:
        command += ["--platform", f"{platform}_{machine}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        cause = errors[-1] if errors else done.stderr.strip()[-500:]
        raise PackageError(
            f"pip could not download requirements/runtime.lock for Python {target.python} on"
            f" {target.architecture}: {cause}"
        )


def _compile(interpreter: Interpreter, sources: Entries, root: Path) -> Entries:
    modules = {name: source for name, source in sources.items() if name.endswith(".py")}
    try:
        return bytecode.compiled(interpreter, modules, cache=_cache(root) / "compiled")
    except bytecode.CompileError as error:
        lines = str(error).splitlines()
        raise PackageError("\n".join(map(source_file, lines))) from error


def source_file(name: str) -> str:
    """Where the person has the file: the package's own stand under src, others are installed."""
    return f"src/{name}" if name.startswith("vestibule/") else name


def _zip(entries: Entries, *, tight: bool) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if tight else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method, compresslevel=9 if tight else None) as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = method
            entry.create_system = 3  # Unix: Lambda must be able to read the modes
            mode = 0o100755 if ".so" in PurePosixPath(name).suffixes else 0o100644
            entry.external_attr = mode << 16
            archive.writestr(entry, entries[name], compresslevel=9 if tight else None)
    return buffer.getvalue()


def _write(out: Path, content: bytes) -> None:
    if out.is_file() and out.read_bytes() == content:
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        raise PackageError(f"{out} cannot be written: {error.strerror}") from error
