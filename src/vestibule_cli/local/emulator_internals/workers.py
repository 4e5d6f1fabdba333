"""The processes that functions run in: what they see, and when they end.

New code ends the workers of the old. The emulator kills them at once, in the middle of whatever
they answer; here one that is at work ends when its answer is given, as on AWS.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SILENT_START = """\
    except Exception as e:
        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")
        _real_stdout.flush()
        return
"""
TELLING_START = """\
    except Exception as e:
        handler_fn = _failing(e)
        _real_stdout.write(json.dumps({"status": "ready", "cold": True}) + "\\n")
        _real_stdout.flush()
"""
PATIENT_START = "os.nice(5)\n"


class _Calling(threading.local):
    """What this thread is doing: the worker it has taken, and whether it replaces code."""

    worker: Any = None
    replaces = False


_calling = _Calling()


def isolated(launcher: Path, prelude: str) -> None:
    """Workers see what the zip and the Lambda runtime give them, and nothing of this process."""
    runtime = part("core.lambda_runtime")
    genuine = runtime._detect_runtime_binary

    def detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, script = genuine(name)
        if not name.startswith("python"):
            return binary, script
        # It would import botocore at each cold start, to count how deep functions call functions.
        lighter = script.replace("    _ms_install_invoke_depth()\n", "    _add_runtime()\n")
        # It would end without a word in the log when the handler cannot be imported.
        start = prelude
        if _is_fed(_calling.worker):
            keys = runtime.execution_credentials(_calling.worker.config)
            _patient_keys.add(keys["AWS_ACCESS_KEY_ID"])
            start += PATIENT_START
        return str(launcher), start + lighter.replace(SILENT_START, TELLING_START, 1)

    runtime._detect_runtime_binary = detect_runtime_binary


_patient_keys: set[str] = set()


def is_patient(access_key: str) -> bool:
    """Whether whoever calls with this key is a function that nobody waits for."""
    return access_key in _patient_keys


def _is_fed(worker: Any) -> bool:
    """Whether a queue or a stream calls this function: then nobody waits for its answer."""
    if worker is None:
        return False
    named = f":function:{worker.func_name}:"
    mappings = part("services.lambda_svc")._esms.all_values()
    return any(named in f"{mapping['FunctionArn']}:" for mapping in mappings)


class _Retired:
    """Workers of replaced code that are still at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: set[Any] = set()

    def keep(self, workers: Iterable[Any], *, but: Any) -> list[Any]:
        """Keep those that are at work, and give the others. One of them may be given up."""
        with self._lock:
            busy = {worker for worker in workers if worker.in_use and worker is not but}
            self._workers |= busy
        return [worker for worker in workers if worker not in busy]

    def take(self, worker: Any) -> bool:
        """Tell whether this one was kept; it is no longer."""
        with self._lock:
            was_kept = worker in self._workers
            self._workers.discard(worker)
        return was_kept

    def __len__(self) -> int:
        return len(self._workers)

    def take_all(self) -> list[Any]:
        with self._lock:
            workers, self._workers = list(self._workers), set()
        return workers


_retired = _Retired()


def ending_when_idle() -> None:
    runtime, lambda_svc = part("core.lambda_runtime"), part("services.lambda_svc")
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    invalidate, kill = lambda_svc.invalidate_worker, runtime.kill_workers

    def acquire_worker(*args: Any, **named: Any) -> Any:
        taken = acquire(*args, **named)
        _calling.worker = taken[0]
        return taken

    def release_worker(worker: Any) -> None:
        release(worker)
        _calling.worker = None
        if worker is not None and _retired.take(worker):
            kill([worker])

    def invalidate_worker(*args: Any, **named: Any) -> None:
        _calling.replaces = True
        try:
            invalidate(*args, **named)
        finally:
            _calling.replaces = False

    def kill_workers(workers: Iterable[Any]) -> None:
        doomed = list(workers)
        # Whoever calls from within a call of its own gives up the worker that failed it.
        kill(_retired.keep(doomed, but=_calling.worker) if _calling.replaces else doomed)

    lambda_svc.acquire_worker, lambda_svc.release_worker = acquire_worker, release_worker
    lambda_svc.invalidate_worker, runtime.kill_workers = invalidate_worker, kill_workers


def workers_now() -> dict[str, int]:
    """How many processes there are: in all, at work, and at work for replaced code."""
    pooled = [one for many in part("core.lambda_runtime")._workers.values() for one in many]
    busy = sum(bool(one.in_use) for one in pooled)
    return {"pooled": len(pooled), "in use": busy, "retired": len(_retired)}


def end_workers() -> None:
    runtime = part("core.lambda_runtime")
    runtime.reset()
    runtime.kill_workers(_retired.take_all())
