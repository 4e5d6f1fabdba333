"""The folder that holds one stack: who runs it, on which ports, and what it remembers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vestibule_cli.failures import Misuse
from vestibule_cli.local import ports as loopback
from vestibule_cli.local import user_service
from vestibule_cli.local.ports import Ports
from vestibule_cli.project import stack_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Holder", "PortTaken", "Ports", "StateError", "StateFolder", "StateHeld"]

DEFAULT = ".vestibule"
OTHERS = 0o077
# A killed stack leaves at most a checkpoint in writing, which holds the lock until it is whole.
LEFTOVER_CHECKPOINT_SECONDS = 32.0
LEFTOVER_SERVICE_SECONDS = 1.0
# What a folder may hold from before it was closed to others.
WRITTEN = (
    "checkpoints",
    "data",
    "emulator.log",
    "emulator.log.1",
    "lock",
    "origins.json",
    "outputs.json",
    "package.zip",
    "pid.json",
    "ports.json",
    "terraform",
    "tmp",
    "tried",
    "user_service.db",
    "user_service.json",
    "user_service.log",
    "vestibule.log",
)


class StateError(Misuse):
    """A state folder that cannot be used as asked."""


class StateHeld(StateError):
    """Another process runs on this state."""


class PortTaken(StateError):
    """A port that this state keeps, or that was asked for, is somebody else's."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The live process that runs the stack of a state folder."""

    pid: int
    command: str


class StateFolder:
    """One stack's folder. Nothing is created until `lock`, `ports` or a write."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.outputs_file = self.root / "outputs.json"
        self.log_file = self.root / "vestibule.log"
        self.emulator_log_file = self.root / "emulator.log"
        self.tmp = self.root / "tmp"
        self.checkpoints = self.root / "checkpoints"
        self.data = self.root / "data"
        self._pid_file = self.root / "pid.json"
        self._ports_file = self.root / "ports.json"
        self._origins_file = self.root / "origins.json"
        self._user_service_file = self.root / "user_service.json"
        self._lock_file = self.root / "lock"
        self._lock: int | None = None

    @classmethod
    def chosen(cls, given: str | Path | None, environment: Mapping[str, str]) -> Self:
        """`--state`, else VESTIBULE_STATE, else `.vestibule` beside the project's stack.yaml."""
        named = given or environment.get("VESTIBULE_STATE")
        return cls(Path(named).expanduser() if named else stack_file().parent / DEFAULT)

    @property
    def is_made_by_terraform(self) -> bool:
        return (self.root / "terraform" / "terraform.tfstate").exists()

    @property
    def lock_descriptor(self) -> int | None:
        """For the checkpoint's child, which keeps the lock until its picture is on disk."""
        return self._lock

    def lock(self) -> None:
        """Become the one process on this state, or raise StateHeld naming who is."""
        self._make_root()
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LEFTOVER_CHECKPOINT_SECONDS
        while not _locked(descriptor):
            holder = self._recorded()
            if holder is not None or time.monotonic() > deadline:
                os.close(descriptor)
                raise StateHeld(self._held_by(holder))
            time.sleep(0.02)
        self._lock = descriptor
        identity = {"pid": os.getpid(), "started": _started(os.getpid())}
        self.write_json(self._pid_file, identity)

    def unlock(self) -> None:
        if self._lock is None:
            return
        self._pid_file.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def holder(self) -> Holder | None:
        """Who runs on this state now; None when nobody does. A pid that was reused is nobody."""
        return self._recorded()

    def ports(self, *, emulator: int | None = None, edge: int | None = None) -> Ports:
        """The kept ports, picked free the first time. A given one replaces the kept one.

        Raises PortTaken, saying by whom, when one of them is not free.
        """
        kept = self.read_json(self._ports_file) or {}
        first = emulator or kept.get("emulator") or loopback.pick()
        second = edge or kept.get("edge") or loopback.pick(frozenset({first}))
        third = self._service_port(kept.get("user_service"), frozenset({first, second}))
        chosen = Ports(emulator=first, edge=second, user_service=third)
        if chosen.emulator == chosen.edge:
            raise PortTaken(f"the emulated AWS and the site cannot share port {chosen.edge}")
        for name, port in (("emulator", chosen.emulator), ("edge", chosen.edge)):
            if not loopback.is_free(port):
                raise PortTaken(self._taken(name, port, is_kept=kept.get(name) == port))
        self._make_root()
        self.write_json(self._ports_file, asdict(chosen))
        return chosen

    def _service_port(self, kept: int | None, avoid: frozenset[int]) -> int:
        """Nobody outside keeps the sample service's port: another one does as well."""
        if kept and kept not in avoid:
            # Of a stack that was killed it ends a moment later.
            deadline = time.monotonic() + LEFTOVER_SERVICE_SECONDS
            while not (is_free := loopback.is_free(kept)) and time.monotonic() < deadline:
                time.sleep(0.02)
            if is_free:
                return kept
        return loopback.pick(avoid)

    def user_service(self, given: str | None = None) -> str:
        """Who is told of confirmed people. What is given replaces what is kept."""
        if given is not None:
            self.write_json(self._user_service_file, {"choice": given})
        kept = self.read_json(self._user_service_file) or {}
        return str(kept.get("choice", user_service.SAMPLE))

    def origins(self, given: Sequence[str] = ()) -> tuple[str, ...]:
        """Whose pages may call the stack. Given ones replace those that are kept."""
        if given:
            self.write_json(self._origins_file, {"origins": list(given)})
        kept = self.read_json(self._origins_file) or {}
        return tuple(str(origin) for origin in kept.get("origins", ()))

    def empty(self) -> None:
        """Remove everything this state remembers. Raises StateHeld while a stack runs on it.

        What is known of deployments on AWS stays: they are not this machine's.
        """
        if not self.root.exists():
            return
        mine = self._lock is not None
        if not mine:
            self.lock()
        try:
            for entry in self.root.iterdir():
                if entry in (self._lock_file, self._pid_file, self.root / "deployments"):
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        finally:
            if not mine:
                self.unlock()

    def empty_tmp(self) -> None:
        """Leftovers of workers are worthless once the process that started them is gone."""
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir(parents=True, exist_ok=True)

    def write_json(self, path: Path, content: Mapping[str, Any]) -> None:
        """Readers see the old file or the new one, never half of one."""
        self._make_root()
        draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    def read_json(self, path: Path) -> dict[str, Any] | None:
        """None when there is no such file. Raises StateError when it cannot be read."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StateError(
                f"{path} is damaged ({error}): `vestibule reset` starts anew"
            ) from error
        if not isinstance(content, dict):
            raise StateError(f"{path} is damaged (not an object): `vestibule reset` starts anew")
        return content

    def _make_root(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StateError(
                f"the state folder {self.root} cannot be made ({error.strerror}): "
                "name another with --state DIR"
            ) from error
        self._close_to_others()
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    def _close_to_others(self) -> None:
        """It holds passwords, keys and mails. A folder that was there before may be open."""
        status = self.root.stat()
        if status.st_uid != os.geteuid():
            raise StateError(
                f"the state folder {self.root} is not yours: name another with --state DIR"
            )
        if not status.st_mode & OTHERS:
            return
        self.root.chmod(0o700)
        for path in (self.root / name for name in WRITTEN):
            for each in (path, *path.rglob("*")):
                if each.exists() and not each.is_symlink():
                    each.chmod(stat.S_IMODE(each.stat().st_mode) & ~OTHERS)

    def _recorded(self) -> Holder | None:
        with contextlib.suppress(StateError, KeyError, TypeError, ValueError):
            record = self.read_json(self._pid_file) or {}
            pid = int(record["pid"])
            if record["started"] is not None and record["started"] == _started(pid):
                return Holder(pid, loopback.command_of(pid))
        return None

    def _held_by(self, holder: Holder | None) -> str:
        who = f"pid {holder.pid} ({holder.command})" if holder else "another process"
        return (
            f"a stack runs on {self.root} already: {who}. "
            "`vestibule down` stops it; --state DIR starts another one beside it."
        )

    def _taken(self, name: str, port: int, *, is_kept: bool) -> str:
        what = "site" if name == "edge" else "emulated AWS"
        kept = f"which {self.root} keeps for the {what}" if is_kept else f"asked for the {what}"
        option = "--port" if name == "edge" else "--emulator-port"
        return (
            f"port {port}, {kept}, is taken by {loopback.occupant(port)}. "
            f"Stop that, or choose another port with {option}."
        )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started(pid: int) -> str | None:
    """When a process began, in whatever unit the system has: with the pid, its identity."""
    facts = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return facts.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    if Path("/proc/self").exists():
        return None
    listed = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() or None
