"""The demonstration, against the laptop's stack and against something that only pretends."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vestibule_cli.demo.calls import call
from vestibule_cli.demo.place import Place
from vestibule_cli.demo.play import Play, Surprise
from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.local.state import StateFolder

pytestmark = pytest.mark.emulator

TOUR = Path(__file__).parents[2] / "examples" / "tour.py"


def vestibule(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def state(running_state: str) -> Path:
    return Path(running_state)


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

    with pytest.raises(Surprise, match="her profile was opened when she confirmed"):
        Play(place, lambda _title, _seconds: None).run()


def test_a_proxy_and_a_profile_of_the_persons_own_are_none_of_its_business(
    state: Path, tmp_path: Path
) -> None:
    settings = {
        "AWS_PROFILE": "corp",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }

    played = vestibule("demo", "--state", str(state), environment=settings)

    assert played.returncode == 0, played.stderr


def test_the_tour_prints_a_token_as_often_as_it_is_asked(state: Path) -> None:
    outputs = json.loads(vestibule("outputs", "--json", "--state", str(state)).stdout)
    for _ in range(2):
        toured = subprocess.run(
            [sys.executable, str(TOUR)],
            env={
                **os.environ,
                "VESTIBULE_STATE": str(state),
                "AWS_PROFILE": "corp",
                "HTTP_PROXY": "http://127.0.0.1:9",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert toured.returncode == 0, toured.stderr
        token = toured.stdout.strip()
        assert call("GET", f"{outputs['api_url']}/me", token=token).status == 200
