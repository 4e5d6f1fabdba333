"""The promise of no network: the whole tour, where there is nothing but loopback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import cut_off

pytestmark = pytest.mark.emulator


def run_cut_off(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, cut_off.__file__, sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode == cut_off.NOT_POSSIBLE:
        pytest.skip(f"this system lets nobody make a network of their own: {done.stderr}")
    return done


def test_cut_off_means_that_nobody_else_can_be_reached() -> None:
    tried = run_cut_off(
        "-c", "import socket; socket.create_connection(('192.0.2.1', 80), timeout=10)"
    )

    assert "Network is unreachable" in tried.stderr


def test_a_stack_starts_and_does_all_it_promises_without_a_network(tmp_path: Path) -> None:
    played = run_cut_off(
        "-m", "vestibule_cli.main", "demo", "--json", "--state", str(tmp_path / "a state")
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert len(json.loads(played.stdout)["steps"]) > 20
