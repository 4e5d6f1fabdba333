"""Who can read the state of a running stack, and whose pages may call it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
SECONDS = 60
ORIGIN = "http://localhost:5173"


def vestibule(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", *arguments, "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        umask=0,
    )


def up(state: Path, *arguments: str) -> Any:
    done = vestibule(state, "up", "--detach", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    vestibule(folder, "down")


def answer_to(url: str, origin: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    given = {"Origin": origin, **{name.replace("_", "-"): text for name, text in headers.items()}}
    request = urllib.request.Request(url, method=method, headers=given)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def open_to_others(folder: Path) -> list[str]:
    return [
        str(path)
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o077
    ]


def test_nothing_in_a_folder_that_was_open_can_be_read_by_others(state: Path) -> None:
    state.mkdir()
    state.chmod(0o777)

    outputs = up(state)
    urllib.request.urlopen(f"{outputs['api_url']}/health", timeout=10).close()  # noqa: S310
    while_it_runs = open_to_others(state)
    vestibule(state, "down")

    assert while_it_runs == []
    assert open_to_others(state) == []
    assert state.stat().st_mode & 0o777 == 0o700


def test_pages_of_an_allowed_origin_call_the_api_and_those_of_others_do_not(state: Path) -> None:
    first = up(state, "--allow-origin", ORIGIN)
    health, asked = f"{first['api_url']}/health", {"Access_Control_Request_Method": "GET"}

    status, headers = answer_to(health, ORIGIN)
    preflight, preflight_headers = answer_to(f"{first['api_url']}/me", ORIGIN, "OPTIONS", **asked)
    again = vestibule(state, "up", "--detach", "--allow-origin", "http://localhost:3000")

    assert (status, preflight) == (200, 204)
    assert headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert preflight_headers["Access-Control-Allow-Origin"] in ("*", ORIGIN)
    assert answer_to(health, "http://localhost:3000")[0] == 403
    assert again.returncode == 2
    assert "does not answer pages of http://localhost:3000" in again.stderr

    vestibule(state, "down")
    second = up(state)

    assert answer_to(f"{second['api_url']}/health", ORIGIN)[0] == 200


def test_an_origin_on_another_machine_is_refused_before_anything_starts(state: Path) -> None:
    done = vestibule(state, "up", "--allow-origin", "https://example.com")

    assert done.returncode == 2
    assert "is not on this machine" in done.stderr
    assert not state.exists()
