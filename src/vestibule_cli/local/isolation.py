"""What the emulator sees of the developer's machine, and what functions see of the emulator."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What of the developer's environment the emulator may see. No AWS_PROFILE, no proxies.
INHERITED = ("PATH", "HOME", "LANG")
# What of that the functions may see; the rest they get is their own, from the emulator.
SEEN_BY_FUNCTIONS = frozenset({"PATH", "LANG", "TMPDIR", "AWS_ENDPOINT_URL"})
# What AWS's Python runtime brings beside the standard library.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")

# _failing stands in for a handler that cannot be imported: each call says why, in the log, too.
PRELUDE = """\
import os, sys
for _name in {hidden!r}:
    os.environ.pop(_name, None)
os.environ["HOME"] = {home!r}
def _add_runtime():
    sys.path.append({runtime!r})
def _failing(error):
    def handler(event, context):
        raise error
    return handler
"""


def environment(
    outer: Mapping[str, str], *, port: int, region: str, data: Path, tmp: Path
) -> dict[str, str]:
    """The emulator's whole environment. It reads most of it once, when it is imported."""
    return {
        "LANG": "C.UTF-8",
        **{name: outer[name] for name in INHERITED if name in outer},
        "TMPDIR": str(tmp),
        "AUTH": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # It would remove the containers of any other copy of itself on this machine.
        "DOCKER_HOST": f"unix://{data}/no-docker.sock",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_WARM_TTL_SECONDS": "60",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": "000000000000",
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "0",
        "S3_DATA_DIR": str(data / "s3"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(data),
    }


def bare_python() -> list[str]:
    """Python without this environment's packages and without what a person's variables add."""
    return [os.path.realpath(sys.executable), "-I", "-S"]


def write_launcher(folder: Path) -> Path:
    """A stand-in for Python that starts it as `bare_python` says."""
    launcher = folder / "function-python"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(bare_python())} "$@"\n', encoding="utf-8")
    launcher.chmod(0o700)
    return launcher


def link_runtime(folder: Path) -> Path:
    """A folder with what the Lambda runtime brings, linked from this environment."""
    runtime = folder / "runtime"
    runtime.mkdir(exist_ok=True)
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        link = runtime / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return runtime


def prelude(emulator_environment: Mapping[str, str], runtime: Path, home: Path) -> str:
    """Runs in each worker before anything else of it."""
    hidden = sorted(set(emulator_environment) - SEEN_BY_FUNCTIONS)
    return PRELUDE.format(hidden=hidden, home=str(home), runtime=str(runtime))
