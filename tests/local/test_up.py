"""`vestibule up` and its neighbors, as a person runs them, in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
SECONDS = 60
BROKEN = "def broken(:\n"


class Project:
    """A copy of what a stack is made from, in a folder whose name has a space."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        code = Path("src") / "vestibule"
        shutil.copytree(ROOT / code, folder / code, ignore=ignored)
        for name in ("site", "infra/policies"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "requirements").mkdir()
        for name in ("stack.yaml", "openapi.json", "requirements/runtime.lock"):
            shutil.copy(ROOT / name, folder / name)

    def arguments(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "vestibule_cli.main", *arguments]

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.arguments(*arguments),
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def up(self, *arguments: str) -> Any:
        return self.json("up", "--detach", *arguments)

    def pid(self, state: str = ".vestibule") -> int:
        record = json.loads((self.folder / state / "pid.json").read_text(encoding="utf-8"))
        return int(record["pid"])

    def log(self) -> str:
        return (self.folder / ".vestibule" / "vestibule.log").read_text(encoding="utf-8")

    def edit(self, name: str, before: str, after: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "a project")
    yield project
    for record in project.folder.glob("*/pid.json"):
        project.run("down", "--state", str(record.parent))


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def answers(url: str) -> bool:
    try:
        return get(url)[0] == 200
    except OSError:
        return False


def runs(pid: int) -> bool:
    """A process that has ended and waits to be collected does not run."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_one_command_brings_up_site_api_and_inbox(project: Project) -> None:
    outputs = project.up()

    assert get(outputs["site_url"])[0] == 200
    assert json.loads(get(f"{outputs['api_url']}/health")[1])["status"] == "ok"
    assert get(f"{outputs['api_url']}/me")[0] == 401
    assert json.loads(get(f"{outputs['inbox_url']}.json")[1]) == {"mails": []}
    assert get(outputs["jwks_url"])[0] == 200
    assert get(f"{outputs['signed_url']}/me")[0] == 403
    assert project.json("outputs") == outputs
    assert project.run("outputs", "api_url").stdout == f"{outputs['api_url']}\n"
    assert project.run("outputs", "functions.api").stdout == f"{outputs['functions']['api']}\n"
    assert "did you mean api_url?" in project.run("outputs", "api_ur").stderr


def test_what_was_there_is_there_after_a_restart(project: Project) -> None:
    first = project.up()
    pid = project.pid()
    stopped = project.run("down")
    assert stopped.returncode == 0
    assert not runs(pid)
    assert not answers(first["site_url"])

    second = project.up()

    assert second == first
    assert answers(f"{first['api_url']}/health")


def test_a_killed_stack_comes_back_with_the_same_ids(project: Project) -> None:
    first = project.up()
    os.kill(project.pid(), signal.SIGKILL)

    assert project.up() == first


def test_up_on_a_running_stack_tells_where_it_is(project: Project) -> None:
    first = project.up()
    pid = project.pid()

    again = project.run("up", "--detach", "--json")

    assert json.loads(again.stdout) == first
    assert "runs on" in again.stderr
    assert project.pid() == pid


@pytest.mark.parametrize("option", ["--port", "--emulator-port"])
def test_up_on_a_running_stack_does_not_promise_it_another_port(
    project: Project, option: str
) -> None:
    outputs = project.up()
    url = outputs["site_url" if option == "--port" else "aws_endpoint_url"]
    port = url.rpartition(":")[2]

    refused = project.run("up", "--detach", option, "1")

    assert refused.returncode == 2
    assert url in refused.stderr
    assert option in refused.stderr
    assert refused.stdout == ""
    assert project.up(option, port) == outputs


def test_stopping_and_emptying_tell_what_became_of_it(project: Project) -> None:
    project.up()
    state = str(project.folder / ".vestibule")

    assert project.json("down") == {"ending": "stopped", "state": state}
    assert project.json("reset") == {"state": state, "empty": True}


def test_a_second_stack_on_the_same_state_is_refused_by_pid(project: Project) -> None:
    project.up()

    refused = project.run("up")

    assert refused.returncode == 2
    assert f"pid {project.pid()}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_two_states_run_side_by_side(project: Project) -> None:
    one, two = project.up(), project.up("--state", "other")

    assert one["site_url"] != two["site_url"]
    assert one["user_pool_id"] != two["user_pool_id"]
    assert answers(f"{one['api_url']}/health")
    assert answers(f"{two['api_url']}/health")


def test_what_is_told_of_a_state_that_was_named_names_it(project: Project) -> None:
    """Typed as it is told, a hint that does not would stop or empty the default stack."""
    named = ("--state", "an other")
    state = f"--state '{project.folder / 'an other'}'"
    started = project.run("up", "--detach", *named)
    refused = [
        project.run(*arguments, *named)
        for arguments in (
            ("up",),
            ("up", "--detach", "--terraform"),
            ("up", "--detach", "--port", "1"),
            ("up", "--detach", "--allow-origin", "http://localhost:1"),
            ("up", "--detach", "--user-service", "none"),
            ("reset",),
        )
    ]
    stopped = project.run("down", *named)

    assert [each.returncode for each in refused] == [2] * len(refused)
    for done in (started, *refused, stopped):
        hints = re.findall(r"`([^`]+)`", done.stdout + done.stderr)
        assert hints
        assert all(hint.endswith(state) for hint in hints), hints
    assert f"demo {state}, or: curl" in started.stdout
    assert not (project.folder / ".vestibule").exists()


def test_a_running_stack_does_not_promise_terraform(project: Project) -> None:
    project.up()

    refused = project.run("up", "--detach", "--terraform")

    assert refused.returncode == 2
    assert "made without Terraform" in refused.stderr
    assert "reset --force`" in refused.stderr
    assert refused.stdout == ""


def test_reset_empties_a_state_and_makes_new_ids(project: Project) -> None:
    first = project.up()
    refused = project.run("reset")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert answers(f"{first['api_url']}/health")

    assert project.run("reset", "--force").returncode == 0

    assert not answers(first["site_url"])
    assert project.up()["user_pool_id"] != first["user_pool_id"]


def test_given_ports_are_used_and_kept(project: Project) -> None:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        site, emulator = one.getsockname()[1], two.getsockname()[1]

    first = project.up("--port", str(site), "--emulator-port", str(emulator))
    project.run("down")

    assert first["site_url"] == f"http://127.0.0.1:{site}"
    assert first["aws_endpoint_url"] == f"http://127.0.0.1:{emulator}"
    assert project.up() == first


def test_a_taken_port_is_refused_with_who_has_it(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = project.run("up", "--detach", "--port", str(port))

    assert refused.returncode == 2
    assert f"port {port}" in refused.stderr
    assert f"pid {os.getpid()}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["foreground", "background"])
def test_a_wrong_stack_yaml_is_refused_with_its_line(project: Project, detach: list[str]) -> None:
    project.edit("stack.yaml", "memory: 512", "memory: 64")

    refused = project.run("up", *detach)

    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1] == (
        "vestibule: stack.yaml:13:13: functions.api.memory: must be between 128 and 10240, got 64"
    )
    assert project.run("outputs").returncode == 1


def test_a_failed_start_leaves_nothing_running(project: Project) -> None:
    project.edit("openapi.json", '"uri": "api"', '"uri": "nobody"')

    refused = project.run("up", "--detach")

    assert refused.returncode == 1
    failure = "vestibule: openapi.json sends a route to function 'nobody'; stack.yaml has "
    assert refused.stderr.splitlines()[-1].startswith(failure)
    assert refused.stderr.count("vestibule: ") == 1
    assert "Saving and stopping" not in refused.stderr
    assert not (project.folder / ".vestibule" / "pid.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_saves_and_stops(project: Project, number: signal.Signals) -> None:
    stack = subprocess.Popen(
        project.arguments("up", "--json"),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert stack.stdout is not None
    text = ""
    while not text.endswith("}\n") or text.count("{") != text.count("}"):
        line = stack.stdout.readline()
        assert line, stack.communicate()[1]
        text += line
    outputs = json.loads(text)

    stack.send_signal(number)
    _rest, said = stack.communicate(timeout=30)

    assert stack.returncode == 0
    assert "Ready after" in said
    assert "Traceback" not in said
    assert not answers(outputs["site_url"])
    assert project.up() == outputs


def test_changed_code_answers_after_one_save(
    project: Project, eventually: Callable[..., Any]
) -> None:
    health = f"{project.up()['api_url']}/health"
    assert "changed" not in get(health)[1]
    before = '"status": "ok"'
    path = next(
        path
        for path in (project.folder / "src" / "vestibule").rglob("health.py")
        if before in path.read_text(encoding="utf-8")
    )

    project.edit(str(path.relative_to(project.folder)), before, '"status": "changed"')

    # How soon is a figure of `make bench`: other tests may run beside this one.
    assert eventually(lambda: "changed" in get(health)[1], SECONDS)
    assert eventually(lambda: project.log().count("live after") == 1)


def test_a_route_that_is_added_answers_and_is_documented(
    project: Project, eventually: Callable[..., Any]
) -> None:
    api = project.up()["api_url"]
    assert get(f"{api}/wealth")[0] == 404
    health = "src/vestibule/platform/http/health.py"
    text = (project.folder / health).read_text(encoding="utf-8")
    route = text[text.index("    table.add(") : text.index("    return table")]
    another = route.replace("/health", "/wealth")

    project.edit(health, "    return table", f"{another}    return table")

    assert eventually(lambda: get(f"{api}/wealth")[0] == 200, 20)
    document = json.loads((project.folder / "openapi.json").read_text(encoding="utf-8"))
    assert "/wealth" in document["paths"]
    assert "openapi.json" in project.log()


def test_what_is_saved_while_it_starts_is_not_missed(
    project: Project, eventually: Callable[..., Any]
) -> None:
    started = threading.Thread(target=project.up)
    started.start()
    built = project.folder / ".vestibule" / "package.zip"
    assert eventually(built.exists)

    project.edit(
        "src/vestibule/platform/http/health.py", '"status": "ok"', '"status": "saved meanwhile"'
    )

    started.join()
    health = f"{project.json('outputs')['api_url']}/health"
    assert eventually(lambda: "saved meanwhile" in get(health)[1])


def test_code_that_does_not_compile_is_a_line_and_the_old_goes_on(
    project: Project, eventually: Callable[..., Any]
) -> None:
    health = f"{project.up()['api_url']}/health"
    broken = project.folder / "src" / "vestibule" / "broken.py"

    broken.write_text(BROKEN, encoding="utf-8")

    assert eventually(lambda: "not live" in project.log())
    line = next(line for line in project.log().splitlines() if "not live" in line)
    assert "src/vestibule/broken.py:1: SyntaxError: " in line
    assert "Traceback" not in project.log()
    assert get(health)[0] == 200

    broken.unlink()

    assert eventually(lambda: "live after" in project.log())


def test_code_that_cannot_be_imported_is_a_line_and_the_old_goes_on(
    project: Project, eventually: Callable[..., Any]
) -> None:
    health = f"{project.up()['api_url']}/health"
    name = "src/vestibule/profiles/service.py"
    path = project.folder / name
    text = path.read_text(encoding="utf-8")

    path.write_text(f"{text}nosuch\n", encoding="utf-8")

    assert eventually(lambda: "not live" in project.log())
    line = next(line for line in project.log().splitlines() if "not live" in line)
    assert f"{name}:{text.count(chr(10)) + 1}: NameError: name 'nosuch' is not defined" in line
    assert get(health)[0] == 200

    path.write_text(text, encoding="utf-8")

    assert eventually(lambda: "live after" in project.log())


def test_a_handler_that_cannot_be_imported_fails_the_start(project: Project) -> None:
    project.edit("stack.yaml", "vestibule.functions.api.handler", "vestibule.functions.apy.handler")

    refused = project.run("up", "--detach")

    assert refused.returncode == 1
    assert "functions.api.handler: vestibule.functions.apy.handler: " in refused.stderr
    assert "Site" not in refused.stdout
    assert project.run("outputs").returncode == 1


def test_code_that_cannot_be_imported_does_not_replace_what_is_kept(project: Project) -> None:
    project.up()
    project.run("down")
    blobs = project.folder / ".vestibule" / "data" / "lambda-blobs"
    kept = {each.name for each in blobs.iterdir()}
    assert kept
    path = project.folder / "src" / "vestibule" / "profiles" / "service.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}nosuch\n", encoding="utf-8")

    refused = project.run("up", "--detach")

    assert refused.returncode == 1
    assert "NameError: name 'nosuch' is not defined" in refused.stderr
    assert {each.name for each in blobs.iterdir()} == kept


def test_a_changed_definition_is_applied_while_it_runs(
    project: Project, eventually: Callable[..., Any]
) -> None:
    first = project.up()
    project.edit("stack.yaml", "LOG_LEVEL: INFO", "LOG_LEVEL: DEBUG")

    assert eventually(lambda: "stack.yaml" in project.log())
    assert project.json("outputs") == first


def test_a_function_is_called_by_hand(project: Project) -> None:
    project.up()
    event = json.dumps(
        {"resource": "/health", "path": "/health", "httpMethod": "GET", "requestContext": {}}
    )

    answer = project.run("invoke", "api", "--event", "-", "--json", given=event)

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["statusCode"] == 200
    failed = project.run("invoke", "maintenance", "--event", "-", given='{"Records": 1}')
    assert failed.returncode == 1
    unknown = project.run("invoke", "apis", "--event", "-", given="{}")
    assert unknown.returncode == 2
    assert "did you mean api?" in unknown.stderr
    broken = project.run("invoke", "api", "--event", "-", given="{")
    assert broken.returncode == 2


def test_logs_hold_what_the_functions_said(
    project: Project, eventually: Callable[..., Any]
) -> None:
    get(f"{project.up()['api_url']}/health")

    assert eventually(lambda: "GET /health" in project.run("logs", "api").stdout)
    assert "_aws" not in project.run("logs").stdout
    assert "_aws" in project.run("logs", "--metrics").stdout
    said = [line.split()[2] for line in project.run("logs", "--all").stdout.splitlines()]
    assert (said[0], said[-2:]) == ("START", ["END", "REPORT"])
    assert project.run("logs", "maintenance").stdout == ""
    assert project.run("logs", "nobody").returncode == 2
    line = json.loads(project.run("logs", "--json").stdout.splitlines()[0])
    assert set(line) == {"time", "function", "message"}


def test_stopping_what_does_not_run_is_no_failure(project: Project) -> None:
    stopped = project.run("down")

    assert stopped.returncode == 0
    assert "No stack runs" in stopped.stdout


def test_another_emulator_port_on_a_kept_state_moves_what_names_it(project: Project) -> None:
    first = project.up()
    project.run("down")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    second = project.up("--emulator-port", str(port))

    assert second["user_pool_id"] == first["user_pool_id"]
    assert second["aws_endpoint_url"] == f"http://127.0.0.1:{port}"
    assert all(f":{port}/" in url for url in second["queues"].values())
    assert answers(f"{second['api_url']}/health")
