"""How long a stack takes to answer from code that was just saved."""

import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

import startup
from vestibule_cli.project import CHECKOUT as ROOT

# What a stack is made from.
FOLDERS = ("examples/user_service", "infra/policies", "site", "src/vestibule")
FILES = ("openapi.json", "policy.yaml", "requirements/runtime.lock", "stack.yaml")
SAVED = "src/vestibule/platform/http/health.py"
BEFORE = '"status": "ok"'
# After a save the routes are written anew: the next save waits until that is done.
REST_SECONDS = 3.0
LONGEST_SECONDS = 30.0
# Rarely enough that asking does not keep the stack from it.
PAUSE_SECONDS = 0.05


def measure(rounds: int) -> float:
    """Median of the seconds from a save to the first answer by the new code."""
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder:
        project = _copy(Path(folder) / "project")
        with startup.running(project) as outputs:
            health, path = f"{outputs.api_url}/health", project / SAVED
            source = path.read_text(encoding="utf-8")
            if BEFORE not in source:
                raise RuntimeError(f"{SAVED} does not say {BEFORE}")
            _answer(health)
            taken = []
            for number in range(rounds):
                time.sleep(REST_SECONDS)
                said = f"saved {number}"
                path.write_text(source.replace(BEFORE, f'"status": "{said}"'), encoding="utf-8")
                taken.append(_seconds_until(said, health))
    return statistics.median(taken)


def _copy(project: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    for name in FILES:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    return project


def _seconds_until(text: str, url: str) -> float:
    began = time.perf_counter()
    while text not in _answer(url):
        if time.perf_counter() - began > LONGEST_SECONDS:
            raise RuntimeError(f"what was saved does not answer within {LONGEST_SECONDS:.0f} s")
        time.sleep(PAUSE_SECONDS)
    return time.perf_counter() - began


def _answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=LONGEST_SECONDS) as answer:  # noqa: S310 -- loopback
        return str(answer.read().decode())
