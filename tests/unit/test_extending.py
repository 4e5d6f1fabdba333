"""docs/extending.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROFILES = Path("src/vestibule/profiles")
AUTHORIZATION = Path("tests/unit/profiles/test_authorization.py")
COPIED = ("src/vestibule", "tests/fakes", "tests/unit/profiles")
FILES = ("pyproject.toml", "tests/conftest.py", "tests/unit/conftest.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def code_of(section: str) -> list[str]:
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {section}\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(code) for code in re.findall(r" *```python\n(.*?)```", part, re.DOTALL)]


def put_before(file: Path, mark: str, code: str, indent: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert mark in text
    file.write_text(text.replace(mark, textwrap.indent(code, indent) + mark, 1), encoding="utf-8")


def test_a_route_that_is_added_as_written_has_its_row(project: Path) -> None:
    route, handler, answer, row = code_of("A route")
    put_before(project / PROFILES / "routes.py", "    return table\n", route, "    ")
    put_before(project / PROFILES / "routes.py", "    def me(self", handler + "\n", "    ")
    put_before(project / PROFILES / "bodies.py", "class Me(Struct", answer + "\n\n", "")
    put_before(project / AUTHORIZATION, '    "GET /profiles": ', row, "    ")

    # What this run has told its own processes is not for the one inside.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
    tests = [sys.executable, "-m", "pytest", "-q", "-n0", "--no-cov", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*tests, str(AUTHORIZATION)],
        cwd=project,
        env={**inherited, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout
