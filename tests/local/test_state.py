from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.local.ports import command_of
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


def test_the_default_stands_beside_the_nearest_stack_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stack.yaml").touch()
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")

    assert StateFolder.chosen(None, {}).root == tmp_path / ".vestibule"


def test_a_command_line_is_told_in_one_line() -> None:
    program = "import sys\nprint('ready', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        told = command_of(process.pid)
        process.communicate()

    assert "\n" not in told
    assert "import sys print" in told


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
    assert "site" in message
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


def test_emptying_leaves_what_is_known_of_deployments_on_aws(folder: StateFolder) -> None:
    folder.ports()
    state = folder.root / "deployments" / "try" / "terraform.tfstate"
    state.parent.mkdir(parents=True)
    state.touch()

    folder.empty()

    assert state.exists()


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


def open_to_others(root: Path) -> list[str]:
    return [
        str(path)
        for path in (root, *root.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o077
    ]


def test_a_folder_that_was_open_is_closed_to_others_with_what_it_held(folder: StateFolder) -> None:
    old = folder.checkpoints / "1" / "sqs.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    for path in (folder.root, *folder.root.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)

    folder.lock()
    folder.unlock()

    assert not folder.root.stat().st_mode & 0o077
    assert open_to_others(folder.checkpoints) == []
    assert os.access(old, os.R_OK | os.W_OK)


def test_closing_a_folder_leaves_alone_what_it_links_to(
    folder: StateFolder, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    folder.data.mkdir(parents=True)
    (folder.data / "runtime").symlink_to(mine)
    folder.root.chmod(0o755)

    folder.lock()
    folder.unlock()

    assert mine.stat().st_mode & 0o777 == 0o755


def test_a_folder_of_somebody_else_is_refused(
    folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.root.mkdir()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)

    with pytest.raises(StateError, match="is not yours"):
        folder.lock()


def test_given_origins_are_kept_until_others_are_given(folder: StateFolder) -> None:
    assert folder.origins() == ()

    assert folder.origins(["http://localhost:5173"]) == ("http://localhost:5173",)
    assert StateFolder(folder.root).origins() == ("http://localhost:5173",)
    assert folder.origins(["http://localhost:3000"]) == ("http://localhost:3000",)
