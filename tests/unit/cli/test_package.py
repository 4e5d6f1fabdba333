import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from vestibule_cli import bytecode
from vestibule_cli.package import Package, PackageError, Target, build
from vestibule_cli.project import CHECKOUT as ROOT
from vestibule_cli.yaml_file import FileRefused

LOCK = "requirements/runtime.lock"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the zip is made from, free to be changed."""
    return copy_of_the_sources(tmp_path / "check out")


def copy_of_the_sources(root: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "vestibule", root / "src" / "vestibule", ignore=ignored)
    (root / "requirements").mkdir()
    shutil.copy(ROOT / LOCK, root / LOCK)
    return root


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def packed(checkout: Path, out: str = "host.zip") -> Package:
    return build(Target.host(), checkout / "build" / out, root=checkout)


def names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as archive:
        return archive.namelist()


def unpacked(package: Package, folder: Path) -> Path:
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    return folder


def run_alone(folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the standard library and the zip's content, nothing else."""
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{program}"
    return subprocess.run(
        [sys.executable, "-P", "-s", "-S", "-B", "-c", program],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_same_sources_give_the_same_bytes(tmp_path: Path, umask: None) -> None:  # noqa: ARG001 -- files made under it carry other modes
    first = copy_of_the_sources(tmp_path / "one")
    second = copy_of_the_sources(tmp_path / "another folder")
    for path in (second / "src").rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o666)

    packages = packed(first), packed(second)

    assert packages[0].path.read_bytes() == packages[1].path.read_bytes()
    assert packages[0].digest == packages[1].digest


def test_a_file_compiled_alone_is_the_same_as_one_compiled_with_all_others(
    checkout: Path,
) -> None:
    (checkout / "src/vestibule/last.py").write_text("platform = 'vestibule'\nvalues = platform\n")
    together = packed(checkout).path.read_bytes()
    shutil.rmtree(checkout / ".cache")
    (checkout / "src/vestibule/last.py").write_text("other = 1\n")
    packed(checkout)

    (checkout / "src/vestibule/last.py").write_text("platform = 'vestibule'\nvalues = platform\n")

    assert packed(checkout).path.read_bytes() == together


def test_a_checkout_that_cannot_be_written_keeps_its_cache_with_the_person(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file where the folder would be: for root, too, nothing can be made there.
    (checkout / ".cache").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))

    packed(checkout)

    assert list((tmp_path / "caches" / "vestibule" / "compiled").iterdir())


def test_where_nothing_can_be_written_one_line_says_so(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".cache").touch()
    (tmp_path / "caches").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))

    with pytest.raises(PackageError, match="XDG_CACHE_HOME"):
        packed(checkout)


def test_an_unchanged_package_is_left_untouched(checkout: Path) -> None:
    before = packed(checkout).path.stat()

    after = packed(checkout).path.stat()

    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_second_build_compiles_only_what_changed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watcher builds at every change."""
    packed(checkout)
    compiled: list[str] = []
    genuine = bytecode._run

    def noting(interpreter: Any, modules: Mapping[str, bytes], places: Any) -> None:
        compiled.extend(modules)
        genuine(interpreter, modules, places)

    monkeypatch.setattr(bytecode, "_run", noting)
    (checkout / "src/vestibule/__init__.py").write_text("changed = True\n")

    packed(checkout)

    assert compiled == ["vestibule/__init__.py"]


def test_a_changed_file_changes_the_package(checkout: Path) -> None:
    before = packed(checkout)
    (checkout / "src/vestibule/__init__.py").write_text("changed = True\n")

    after = packed(checkout)

    assert after.digest != before.digest
    folder = unpacked(after, checkout / "unpacked")
    assert run_alone(folder, "import vestibule; print(vestibule.changed)").stdout == "True\n"


def test_the_policy_is_packed_as_it_is_now(checkout: Path) -> None:
    (checkout / "policy.yaml").write_text("version: 1\nsign_up: {invitation_required: true}\n")

    folder = unpacked(packed(checkout), checkout / "unpacked")

    program = "from vestibule.policy import parse; print(parse.shipped().invitation_required)"
    assert run_alone(folder, program).stdout == "True\n"


def test_a_wrong_policy_is_refused_with_its_line(checkout: Path) -> None:
    (checkout / "policy.yaml").write_text("version: 1\nfederation: maybe\n")

    with pytest.raises(FileRefused, match=r"^policy\.yaml:2:13: federation: must be one of"):
        packed(checkout)


def test_nothing_unused_is_packed(checkout: Path) -> None:
    for stray in ("py.typed", "stub.pyi", ".hidden.py", "copy.py~", "tests/test_it.py", "old.pyc"):
        path = checkout / "src/vestibule" / stray
        path.parent.mkdir(exist_ok=True)
        path.touch()

    content = names(packed(checkout))

    assert not [name for name in content if name.endswith((".pyi", "py.typed", "~"))]
    assert not [name for name in content if "test" in name or ".hidden" in name or "old" in name]
    assert {name.partition("/")[0] for name in content if ".dist-info" not in name} == {
        "msgspec",
        "vestibule",
    }
    assert all("license" in name.lower() for name in content if ".dist-info" in name)


def test_everything_in_it_may_be_read_by_all_and_carries_no_time(checkout: Path) -> None:
    with zipfile.ZipFile(packed(checkout).path) as archive:
        entries = archive.infolist()

    assert {entry.external_attr >> 16 for entry in entries} == {0o100644, 0o100755}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_compressed_as_for_lambda_it_stays_within_three_megabytes(checkout: Path) -> None:
    with zipfile.ZipFile(packed(checkout).path) as archive:
        compressed = sum(len(zlib.compress(archive.read(name))) for name in archive.namelist())

    assert compressed <= 3_000_000


def test_every_module_comes_compiled_and_is_used_as_compiled(checkout: Path) -> None:
    package = packed(checkout)
    content = set(names(package))
    tag = sys.implementation.cache_tag
    folder = unpacked(package, checkout / "unpacked")
    # Were the source compared or read, the value would be the new one.
    (folder / "vestibule/__init__.py").write_text("changed = True\n")

    seen = run_alone(folder, "import vestibule; print(hasattr(vestibule, 'changed'))")

    for name in (name for name in content if name.endswith(".py")):
        package_folder, _, module = name.rpartition("/")
        assert f"{package_folder}/__pycache__/{module[:-3]}.{tag}.pyc" in content
    assert package.compiled
    assert seen.stdout == "False\n"


def test_a_traceback_shows_the_line_of_the_packed_source(checkout: Path) -> None:
    (checkout / "src/vestibule/broken.py").write_text("def fail():\n    1 / 0  # here\n")
    folder = unpacked(packed(checkout), checkout / "unpacked")

    failed = run_alone(folder, "from vestibule.broken import fail; fail()")

    assert f'"{folder}/vestibule/broken.py", line 2' in failed.stderr
    assert "1 / 0  # here" in failed.stderr


def test_a_module_that_is_not_python_is_named_with_its_line(checkout: Path) -> None:
    kept = packed(checkout).path.read_bytes()
    (checkout / "src/vestibule/wrong.py").write_text("x = 1\ndef (:\n")

    with pytest.raises(PackageError, match=r"^src/vestibule/wrong\.py:2: SyntaxError: "):
        packed(checkout)

    assert (checkout / "build/host.zip").read_bytes() == kept


def test_another_version_than_the_locked_one_is_refused(checkout: Path) -> None:
    lock = checkout / LOCK
    lock.write_text("msgspec==0.0.1 \\\n    --hash=sha256:00\n")

    with pytest.raises(PackageError, match=r"msgspec 0\.22.*0\.0\.1: run make setup"):
        packed(checkout)


def test_a_missing_dependency_is_named(checkout: Path) -> None:
    (checkout / LOCK).write_text("no-such-thing==1.0 \\\n    --hash=sha256:00\n")

    with pytest.raises(PackageError, match="no-such-thing is not installed: run make setup"):
        packed(checkout)


def test_a_folder_without_the_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="build from a checkout"):
        build(Target("3.13", "arm64"), tmp_path / "x.zip", root=tmp_path)


@pytest.mark.parametrize(
    ("python", "architecture", "rule"),
    [
        ("313", "arm64", "python must look like 3.13"),
        ("2.7", "arm64", "python must look like 3.13"),
        ("3.13", "riscv", "architecture must be arm64 or x86_64"),
    ],
)
def test_a_target_that_lambda_does_not_have_is_refused(
    python: str, architecture: str, rule: str
) -> None:
    with pytest.raises(PackageError, match=rule):
        Target(python, architecture)


def wheel_of(target: Target, checkout: Path) -> Path:
    """As if pip had been here: the folder that the lock's state names, with one made-up wheel."""
    state = hashlib.sha256((checkout / LOCK).read_bytes()).hexdigest()[:16]
    folder = checkout / ".cache/wheels" / f"{state}-{target.python}-{target.architecture}"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "msgspec-0.22.0-cp313-cp313-any.whl", "w") as wheel:
        wheel.writestr("msgspec/__init__.py", "made_up = True\n")
        wheel.writestr("msgspec/__init__.pyi", "")
        wheel.writestr("msgspec/_core.cpython-313-aarch64-linux-gnu.so", b"\x7fELF")
        wheel.writestr("msgspec-0.22.0.dist-info/RECORD", "")
        wheel.writestr("msgspec-0.22.0.dist-info/licenses/LICENSE", "free")
    return folder


def test_a_foreign_package_holds_the_locked_wheel_trimmed(checkout: Path) -> None:
    target = Target("3.13", "arm64")
    wheel_of(target, checkout)

    package = build(target, checkout / "arm.zip", root=checkout)

    packed_names = [name for name in names(package) if name.startswith("msgspec")]
    assert [name for name in packed_names if "__pycache__" not in name] == [
        "msgspec-0.22.0.dist-info/licenses/LICENSE",
        "msgspec/__init__.py",
        "msgspec/_core.cpython-313-aarch64-linux-gnu.so",
    ]


def test_without_the_targets_python_the_package_still_works_and_one_line_warns(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "find", lambda _version: None)
    target = Target("3.13", "arm64")
    wheel_of(target, checkout)

    package = build(target, checkout / "arm.zip", root=checkout)

    assert not package.compiled
    assert len(package.warnings) == 1
    assert "python3.13 was not found" in package.warnings[0]
    assert "\n" not in package.warnings[0]
    folder = unpacked(package, checkout / "unpacked")
    assert run_alone(folder, "import vestibule.platform; print('works')").stdout == "works\n"


def test_what_pip_refuses_is_told_in_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(checkout))

    with pytest.raises(PackageError) as refused:
        build(Target("3.13", "arm64"), checkout / "arm.zip", root=checkout)

    assert "requirements/runtime.lock for Python 3.13 on arm64" in str(refused.value)
    assert "msgspec" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list((checkout / ".cache/wheels").iterdir()) == []


def interpreter_at(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_shim_with_nothing_behind_it_is_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter_at(tmp_path / "shims/python3.99", "echo 'no such version' >&2; exit 127")
    interpreter_at(tmp_path / "wrong/python3.99", "echo cpython 3.12 cpython-312 1")
    real = interpreter_at(tmp_path / "real/python3.99", "echo cpython 3.99 cpython-399 7")
    folders = [tmp_path / "shims", tmp_path / "wrong", tmp_path / "real"]
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", *map(str, folders)]))

    found = bytecode.find("3.99")

    assert found == bytecode.Interpreter(real, "cpython-399", "7")


def test_an_interpreter_that_only_pyenv_knows_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = "echo cpython 3.99 cpython-399 8"
    real = interpreter_at(tmp_path / "versions/3.99.1/bin/python3.99", answer)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    found = bytecode.find("3.99")

    assert found is not None
    assert found.path == real


def test_no_interpreter_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    assert bytecode.find("3.98") is None


def test_the_unpacked_zip_answers_a_request_alone(tmp_path: Path) -> None:
    package = build(Target.host(), tmp_path / "host.zip")
    folder = unpacked(package, tmp_path / "unpacked")
    event = {
        "resource": "/health",
        "path": "/health",
        "httpMethod": "GET",
        "headers": {},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"requestId": "r-1", "resourcePath": "/health", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
    program = f"""
import json
from vestibule.functions.api import handler
class Context:
    aws_request_id = "c-1"
    function_name = "api"
    def get_remaining_time_in_millis(self): return 10000
answer = handler(json.loads({json.dumps(event)!r}), Context())
sys.stderr.write(json.dumps(answer))
"""

    answered = run_alone(
        folder,
        program,
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        ENVIRONMENT="test",
        IDENTITY_POOL_ID="us-east-1:00000000-0000-4000-8000-000000000000",
        LOG_LEVEL="INFO",
        METRICS_NAMESPACE="Vestibule",
        SERVICE_VERSION="0.1.0",
        TABLE_NAME="vestibule-test",
        USER_POOL_ID="us-east-1_test",
    )

    assert answered.returncode == 0, answered.stderr
    answer = json.loads(answered.stderr)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["status"]
