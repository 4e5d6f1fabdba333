"""The demonstration, against the laptop's stack and against something that only pretends."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vestibule_cli.demo.place import Place
from vestibule_cli.demo.play import Play, Surprise
from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.local.state import StateFolder

pytestmark = pytest.mark.emulator


def vestibule(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vestibule_cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module", name="state")
def a_running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("demo") / "state"
    started = vestibule("up", "--detach", "--state", str(state))
    assert started.returncode == 0, started.stderr
    yield state
    vestibule("down", "--state", str(state))


@pytest.fixture(name="open_door")
def an_api_that_lets_everybody_in() -> Iterator[str]:
    class Welcome(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"profile": null}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the server's own names

        def log_message(self, *_arguments: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Welcome)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_everything_is_as_promised_on_a_running_stack(state: Path) -> None:
    played = vestibule("demo", "--json", "--state", str(state))

    steps = json.loads(played.stdout)["steps"]
    assert played.returncode == 0, played.stderr
    assert len(steps) > 20
    assert all(step["milliseconds"] >= 0 for step in steps)
    assert StateFolder(state).holder(), "a stack that ran before runs on"


def test_a_demo_without_a_stack_starts_one_and_ends_it(tmp_path: Path) -> None:
    played = vestibule("demo", "--state", str(tmp_path / "own"))

    assert played.returncode == 0, played.stderr
    assert "starting one for the demo" in played.stderr
    assert played.stdout.splitlines()[-1].startswith(f"{len(played.stdout.splitlines()) - 1} steps")
    assert not StateFolder(tmp_path / "own").holder()


def test_an_api_that_does_not_refuse_is_a_surprise(state: Path, open_door: str) -> None:
    outputs = json.loads(vestibule("outputs", "--json", "--state", str(state)).stdout)
    place = Place.from_outputs({**outputs, "api_url": open_door}, ROOT_CREDENTIALS)

    with pytest.raises(Surprise, match="she creates one: POST /profiles answered 200"):
        Play(place, lambda _title, _seconds: None).run()
