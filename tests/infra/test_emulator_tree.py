"""The copy of the tree that is applied to the emulator."""

from pathlib import Path

import pytest

from vestibule_cli import stack as stacks
from vestibule_cli.deploy import tree
from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.local.state import StateFolder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="stack", scope="module")
def the_stack() -> stacks.Stack:
    return stacks.load(ROOT / "stack.yaml")


def relative(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_copy_differs_by_its_override_files_only(tmp_path: Path, stack: stacks.Stack) -> None:
    root = tree.copy(stack, tmp_path / "a copy", lift_protection=True)
    copied = relative(root)
    added = {name for name in copied if name.endswith("_override.tf")}
    assert added == {
        "backend_override.tf",
        "modules/bucket/lifted_override.tf",
        "modules/data/lifted_override.tf",
        "modules/delivery/lifted_override.tf",
        "modules/dns/lifted_override.tf",
        "modules/identity/lifted_override.tf",
    }
    for name in copied - added:
        assert (root / name).read_bytes() == (ROOT / "infra" / name).read_bytes(), name
    for name in ("stack.yaml", "openapi.json", "site/index.html"):
        assert (root.parent / name).read_bytes() == (ROOT / name).read_bytes()


def test_a_copy_that_keeps_its_protection_has_the_local_state_only(
    tmp_path: Path, stack: stacks.Stack
) -> None:
    root = tree.copy(stack, tmp_path, lift_protection=False)
    assert {name for name in relative(root) if "override" in name} == {"backend_override.tf"}


def test_a_new_copy_forgets_the_one_before(tmp_path: Path, stack: stacks.Stack) -> None:
    tree.copy(stack, tmp_path, lift_protection=True).joinpath("stale.tf").touch()
    assert "stale.tf" not in relative(tree.copy(stack, tmp_path, lift_protection=True))


def test_a_state_from_another_port_is_told_the_new_one(tmp_path: Path, stack: stacks.Stack) -> None:
    place = EmulatorTree(
        StateFolder(tmp_path),
        stack,
        "http://127.0.0.1:2000",
        region="us-east-1",
        environment="local",
        outer_environment={},
    )
    place.folder.mkdir()
    (place.folder / "endpoint").write_text("http://127.0.0.1:1000")
    place.state_file.write_text(
        '{"id": "http://127.0.0.1:1000/0/q", "n": "http://127.0.0.1:10001/"}'
    )
    place.follow_port()
    assert place.state_file.read_text() == (
        '{"id": "http://127.0.0.1:2000/0/q", "n": "http://127.0.0.1:10001/"}'
    )


def test_terraform_sees_nothing_of_a_persons_aws_account(
    tmp_path: Path, stack: stacks.Stack
) -> None:
    person = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "PATH": "/bin", "https_proxy": "p"}
    place = EmulatorTree(
        StateFolder(tmp_path),
        stack,
        "http://127.0.0.1:2000",
        region="us-east-1",
        environment="local",
        outer_environment=person,
    )
    variables = place.process_environment()
    assert "AWS_PROFILE" not in variables
    assert "AWS_SESSION_TOKEN" not in variables
    assert variables["AWS_CONFIG_FILE"] == "/dev/null"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:2000"
    assert (variables["PATH"], variables["HTTPS_PROXY"]) == ("/bin", "p")
