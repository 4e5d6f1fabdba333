"""Imports point one way, and the hot path loads no heavy library."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FUNCTIONS = sorted(
    f"vestibule.functions.{path.stem}"
    for path in (SOURCES / "vestibule" / "functions").glob("*.py")
    if path.stem != "__init__"
)
LAYERS = [
    package.strip()
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
    for layer in contract.get("layers", [])
    for package in layer.split("|")
]
IMPORT_LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# Each costs tens of milliseconds at every cold start.
HEAVY = {"asyncio", "boto3", "botocore", "email.mime", "msgspec", "pydantic", "requests", "urllib3"}


def import_linter(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT_LINTER, "--config", str(config), "--no-cache"],
        cwd=config.parent,
        env={"PYTHONPATH": str(config.parent / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_point_one_way() -> None:
    linted = import_linter(ROOT / "pyproject.toml")

    assert linted.returncode == 0, linted.stdout


def test_every_domain_has_its_place_in_the_layers() -> None:
    packages = {f"vestibule.{path.parent.name}" for path in SOURCES.glob("vestibule/*/__init__.py")}

    assert packages <= set(LAYERS)


@pytest.mark.parametrize(
    ("module", "wrong"),
    [
        ("vestibule/platform/wrong.py", "import vestibule_cli"),
        ("vestibule/platform/wrong.py", "import vestibule.profiles"),
        ("vestibule/policy/wrong.py", "import vestibule.profiles"),
        ("vestibule/profiles/wrong.py", "import vestibule.functions"),
        ("vestibule/organizations/wrong.py", "import vestibule.triggers"),
        ("vestibule/triggers/wrong.py", "import vestibule.functions"),
        ("vestibule_cli/wrong.py", ""),
        ("vestibule_cli/local/wrong.py", "import vestibule_cli.commands"),
        ("vestibule_cli/commands/wrong.py", "import vestibule_cli.main"),
    ],
)
def test_an_import_against_the_direction_is_noticed(
    tmp_path: Path, module: str, wrong: str
) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    shutil.copytree(SOURCES, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "src" / module).write_text(wrong)

    linted = import_linter(tmp_path / "pyproject.toml")

    assert linted.returncode == 1
    assert "BROKEN" in linted.stdout


@pytest.mark.parametrize("module", FUNCTIONS)
def test_importing_a_function_loads_no_heavy_library(module: str) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BUS_NAME": "vestibule-test",
        "DEAD_LETTERS_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/vestibule-test-dlq",
        "ENVIRONMENT": "test",
        "IDENTITY_POOL_ID": "us-east-1:00000000-0000-4000-8000-000000000000",
        "LOG_LEVEL": "INFO",
        "METRICS_NAMESPACE": "Vestibule",
        "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/vestibule-test",
        "SERVICE_VERSION": "0",
        "TABLE_NAME": "vestibule-test",
        "USER_POOL_ID": "us-east-1_test",
    }
    program = f"import sys, {module}; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", program],
        env={"PYTHONPATH": str(SOURCES), **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert HEAVY & set(done.stdout.split()) == set()
