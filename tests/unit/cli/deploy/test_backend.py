"""Where a deployment's state is: one of its own, whatever a file says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.deploy import backend
from vestibule_cli.deployments import Name
from vestibule_cli.failures import Misuse
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    (tmp_path / "infra" / "environments").mkdir(parents=True)
    return SimpleNamespace(root=tmp_path, name="vestibule")


def write(stack: Any, name: str, text: str) -> Path:
    path: Path = stack.root / "infra" / name
    path.write_text(text)
    return path


def test_an_environments_own_file_comes_first(stack: Any) -> None:
    shared = write(stack, "backend.hcl", 'bucket = "b"\n')
    assert backend.remote(stack, Name("dev"), ())[0] == str(shared)

    own = write(stack, "environments/dev.backend.hcl", 'bucket = "b"\n')

    assert backend.remote(stack, Name("dev"), ()) == [str(own), "key=vestibule/dev.tfstate"]
    assert backend.remote(stack, Name("prod"), ())[0] == str(shared)


def test_each_suffix_has_a_state_of_its_own_whatever_the_file_says(stack: Any) -> None:
    write(stack, "environments/dev.backend.hcl", 'key    = "vestibule/dev.tfstate"\n')

    settings = backend.remote(stack, Name("dev", "-pr1"), ())

    assert settings[-1] == "key=vestibule/dev-pr1.tfstate", "the last one wins"


def test_a_key_of_another_deployment_is_refused(stack: Any) -> None:
    write(stack, "backend.hcl", 'key = "vestibule/prod.tfstate"\n')

    with pytest.raises(Misuse, match=r"vestibule/dev\.tfstate here"):
        backend.remote(stack, Name("dev"), ())


def test_the_example_as_it_comes_is_read_by_nobody_and_refused_as_a_copy(stack: Any) -> None:
    folder = CHECKOUT / "infra" / "environments"
    assert list(folder.glob("*.backend.hcl")) == []
    (example,) = folder.glob("*.backend.hcl.example")

    write(stack, "environments/prod.backend.hcl", example.read_text(encoding="utf-8"))

    with pytest.raises(Misuse, match="vestibule-state-ACCOUNT-us-east-1, which is an example's"):
        backend.remote(stack, Name("prod"), ())


def test_what_is_given_by_name_wins(
    stack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = backend.remote(stack, Name("dev"), ("mine.hcl", "key=own"))

    assert settings == ["key=vestibule/dev.tfstate", str(tmp_path / "mine.hcl"), "key=own"]


def test_nobody_said(stack: Any) -> None:
    assert backend.remote(stack, Name("dev"), ()) == []
