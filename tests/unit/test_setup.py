"""`requirements/install` finds an interpreter, or says in one line what is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("cat", "cksum", "dirname", "grep", "rm", "sh", "tr")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a folder with spaces"
    (root / "requirements").mkdir(parents=True)
    for name in ("install", "laptop.lock"):
        shutil.copy(ROOT / "requirements" / name, root / "requirements")
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "bin").mkdir()
    for tool in TOOLS:
        (root / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return root


def command(checkout: Path, name: str, script: str, folder: str = "bin") -> Path:
    path = checkout / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
    path.chmod(0o755)
    return path


def working_python(log: Path, version: str = "3.12.0") -> str:
    """Stands in for an interpreter: notes what it is asked, and copies itself as an environment."""
    return f"""
        [ "$1" = -V ] && echo Python {version}
        case "$2" in *version_info\\[:3*) echo {version};; esac
        printf '%s\\n' "$*" >> '{log}'
        [ "$1 $2" = '-m venv' ] || exit 0
        mkdir -p .venv/bin && cp "$0" .venv/bin/python
    """


def install(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{checkout / 'shims'}:{checkout / 'bin'}"
    return subprocess.run(
        [checkout / "requirements" / "install", "laptop"],
        env={"PATH": path, "HOME": str(checkout / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_python_one_line_says_what_to_do(checkout: Path) -> None:
    done = install(checkout)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no Python 3.11 or newer" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_passed_over(checkout: Path) -> None:
    command(checkout, "python3", "exit 1")

    assert "no Python 3.11 or newer" in install(checkout).stderr


def test_a_python_without_venv_is_named_with_the_package_to_install(checkout: Path) -> None:
    path = command(checkout, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')

    done = install(checkout)

    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "python3-venv" in done.stderr


def test_a_given_python_that_does_not_do_is_named(checkout: Path) -> None:
    done = install(checkout, PYTHON="/nowhere/python3")

    assert "PYTHON=/nowhere/python3 is not a Python 3.11 or newer" in done.stderr


def test_a_given_python_that_is_nowhere_is_refused_though_an_environment_stands(
    checkout: Path,
) -> None:
    prepare(checkout)
    install(checkout)

    done = install(checkout, PYTHON="/nowhere/python3")

    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 is not a Python 3.11 or newer" in done.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_a_given_python_of_another_version_makes_the_environment_anew(checkout: Path) -> None:
    log = prepare(checkout)
    install(checkout)
    other = command(checkout, "python3", working_python(log, "3 13 1"), folder="other")

    done = install(checkout, PYTHON=str(other))
    again = install(checkout, PYTHON=str(other))

    assert "making .venv with Python 3 13 1" in done.stderr
    assert (again.returncode, again.stderr) == (0, "")


def test_a_given_python_of_the_same_version_changes_nothing(checkout: Path) -> None:
    prepare(checkout)
    install(checkout)

    done = install(checkout, PYTHON=str(checkout / "bin" / "python3"))

    assert (done.returncode, done.stderr) == (0, "")


def test_a_shim_with_nothing_behind_it_is_skipped_for_the_next_python(checkout: Path) -> None:
    command(checkout, "python3", "exit 127", folder="shims")
    prepare(checkout)

    done = install(checkout)

    assert done.returncode == 0, done.stderr
    assert "making .venv with Python 3.12.0" in done.stderr


def test_a_python_that_only_pyenv_knows_is_found(checkout: Path) -> None:
    prepare(checkout, folder="home/.pyenv/versions/3.12.4/bin")

    assert install(checkout).returncode == 0


def prepare(checkout: Path, folder: str = "bin") -> Path:
    log = checkout / "asked.log"
    command(checkout, "python3", working_python(log), folder=folder)
    for tool in ("cp", "mkdir"):
        (checkout / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return log


def test_what_is_installed_is_what_the_lock_says_by_hash_then_the_project(checkout: Path) -> None:
    log = prepare(checkout)

    install(checkout)

    installs = [line for line in log.read_text().splitlines() if "install" in line]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert installs[0].endswith("-r requirements/laptop.lock")
    assert "--no-deps --no-build-isolation -e ." in installs[1]


def test_a_second_time_nothing_is_done(checkout: Path) -> None:
    log = prepare(checkout)
    install(checkout)
    log.write_text("")

    done = install(checkout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "install" not in log.read_text()


def test_a_changed_lock_is_installed_again_into_the_same_environment(checkout: Path) -> None:
    log = prepare(checkout)
    install(checkout)
    log.write_text("")
    with (checkout / "requirements" / "laptop.lock").open("a") as lock:
        lock.write("# changed\n")

    done = install(checkout)

    assert "making .venv" not in done.stderr
    assert "install" in log.read_text()


def test_an_environment_that_was_copied_elsewhere_is_made_anew(checkout: Path) -> None:
    prepare(checkout)
    install(checkout)
    moved = checkout.with_name("moved")
    checkout.rename(moved)

    done = install(moved)

    assert "making .venv" in done.stderr


def test_the_real_python_is_taken_when_named() -> None:
    """The checks themselves hold for an interpreter that does: no stand-in here."""
    script = (ROOT / "requirements" / "install").read_text()
    checks = [line for line in script.splitlines() if line.startswith(("usable()", "complete()"))]

    done = subprocess.run(
        ["sh", "-c", "\n".join([*checks, 'usable "$0" && complete "$0"']), sys.executable],
        check=False,
    )

    assert len(checks) == 2
    assert done.returncode == 0
