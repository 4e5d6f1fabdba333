from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.local.state import PortTaken, StateError, StateFolder, StateHeld

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from vestibule_cli.local.state import StateFolder
StateFolder(Path(sys.argv[1])).lock()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "some state")


def test_the_option_goes_before_the_variable_and_that_before_the_default(tmp_path: Path) -> None:
    environment = {"VESTIBULE_STATE": str(tmp_path / "variable")}

    assert StateFolder.chosen(tmp_path / "option", environment).root == tmp_path / "option"
    assert StateFolder.chosen(None, environment).root == tmp_path / "variable"
    assert StateFolder.chosen(None, {}).root.name == ".vestibule"


def test_ports_are_picked_once_and_kept(folder: StateFolder) -> None:
    first = folder.ports()

    assert first.emulator != first.edge
    assert StateFolder(folder.root).ports() == first


def test_a_given_port_replaces_the_kept_one(folder: StateFolder) -> None:
    first = folder.ports()
    other = StateFolder(folder.root.with_name("other")).ports().emulator

    assert folder.ports(emulator=other).emulator == other
    assert folder.ports().emulator == other
    assert folder.ports().edge == first.edge


def test_a_kept_port_that_is_taken_is_refused_saying_by_whom(folder: StateFolder) -> None:
    kept = folder.ports()
    with socket.create_server(("127.0.0.1", kept.edge)), pytest.raises(PortTaken) as refused:
        folder.ports()

    message = str(refused.value)
    assert f"port {kept.edge}" in message
    assert "edge" in message
    if sys.platform == "linux":
        assert f"pid {os.getpid()}" in message


def test_the_emulator_and_the_edge_do_not_share_a_port(folder: StateFolder) -> None:
    port = folder.ports().emulator

    with pytest.raises(PortTaken, match="share"):
        folder.ports(emulator=port, edge=port)


def test_a_second_process_on_one_state_is_told_who_holds_it(folder: StateFolder) -> None:
    command = [sys.executable, "-c", HOLD, str(folder.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"

        assert folder.holder().pid == holder.pid
        with pytest.raises(StateHeld, match=f"pid {holder.pid}"):
            folder.lock()
        with pytest.raises(StateHeld):
            folder.empty()
        holder.kill()
        holder.wait()

    assert folder.holder() is None
    folder.lock()
    folder.unlock()


def test_a_reused_pid_is_nobody(folder: StateFolder) -> None:
    folder.lock()
    record = json.loads((folder.root / "pid.json").read_text())
    folder.unlock()
    folder.write_json(folder.root / "pid.json", {**record, "started": "1"})

    assert folder.holder() is None


def test_emptying_removes_all_that_is_remembered_and_nothing_beside_it(
    folder: StateFolder,
) -> None:
    folder.ports()
    folder.write_json(folder.outputs_file, {"site_url": "http://127.0.0.1:1/"})
    folder.empty_tmp()
    beside = folder.root.with_name("beside")
    beside.write_text("stays")

    folder.empty()
    folder.empty()

    assert not folder.outputs_file.exists()
    assert not (folder.root / "ports.json").exists()
    assert beside.read_text() == "stays"


def test_a_damaged_file_is_named_with_what_to_do(folder: StateFolder) -> None:
    folder.ports()
    (folder.root / "ports.json").write_text('{"emulator": 12')

    with pytest.raises(StateError, match=r"ports\.json is damaged.*reset"):
        folder.ports()


def test_leftovers_in_the_temporary_folder_go(folder: StateFolder) -> None:
    folder.empty_tmp()
    (folder.tmp / "leftover").mkdir()

    folder.empty_tmp()

    assert list(folder.tmp.iterdir()) == []
