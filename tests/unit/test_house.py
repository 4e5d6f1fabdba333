"""The house around the code: what is written down stays true of what is there."""

import json
import os
import re
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
TEXTS = {".lock", ".md", ".py", ".toml", ".yaml", ".yml", ".json", ".tf", ".tfvars", ".html", ""}


def kept_files() -> list[Path]:
    """The project's files: what git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout: what is kept and what was built cannot be told apart")
    names = listing.stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def pins(lock: Path) -> dict[str, str]:
    text = lock.read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def project() -> dict[str, str]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return data["project"]


def test_a_unit_test_cannot_open_a_socket() -> None:
    with pytest.raises((RuntimeError, UserWarning), match="socket"):
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_unit_test_that_may_use_loopback_reaches_nothing_else() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client,
        pytest.raises((RuntimeError, UserWarning), match=r"192\.0\.2\.1"),
    ):
        client.connect(("192.0.2.1", 80))


def test_no_test_finds_the_persons_own_aws_account() -> None:
    assert "AWS_PROFILE" not in os.environ
    assert not Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).exists()
    assert not Path(os.environ["AWS_CONFIG_FILE"]).exists()


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert declared
    targets = set(declared[1].split()) - {"development"}

    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert {line.split()[1] for line in shown.stdout.splitlines()} == targets


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_documents_name_only_targets_that_exist(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z0-9-]+)|^make ([a-z0-9-]+)", text, re.MULTILINE))

    targets = {first or second for first, second in named}

    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"## {project()['version']}" in text


def test_the_license_is_the_whole_of_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project()["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "9. Accepting Warranty or Additional Liability" in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)

    missing = [
        link for link in links if "://" not in link and not (document.parent / link).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_section_leads_to_its_heading(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text)

    missing = [
        (name, section)
        for name, section in links
        if section not in _sections(document.parent / name if name else document)
    ]

    assert missing == []


def _sections(document: Path) -> set[str]:
    """The headings of a document, as links name them."""
    text = document.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_by_hash_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert blocks
    assert all("==" in block.splitlines()[0] for block in blocks)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert not re.search(r"^--?[a-z]", text, re.MULTILINE)


def test_the_locks_agree_on_every_version() -> None:
    runtime, laptop, development = (
        pins(ROOT / "requirements" / f"{name}.lock")
        for name in ("runtime", "laptop", "development")
    )

    assert runtime.items() <= laptop.items() <= development.items()


def test_only_what_the_runtime_declares_is_locked_for_lambda() -> None:
    declared = {re.split(r"[<>=!~\[]", name)[0] for name in project()["dependencies"]}

    assert set(pins(ROOT / "requirements" / "runtime.lock")) == declared


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    person = re.compile(r"/(?:home|Users)/[a-z]\w*/|/roo[t]/|C:\\Users")
    files = [path for path in kept_files() if path.suffix in TEXTS and path != Path(__file__)]

    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if person.search(line)
    ]

    assert found == []


def test_the_committed_figures_meet_the_budgets() -> None:
    bench = ROOT / "bench"
    budgets = json.loads((bench / "budgets.json").read_text(encoding="utf-8"))
    figures = json.loads((bench / "results" / "results.json").read_text(encoding="utf-8"))[
        "figures"
    ]

    values = {figure["name"]: figure["value"] for figure in figures}

    assert values.keys() == budgets.keys()
    assert [name for name, value in values.items() if value > budgets[name]["limit"]] == []


def test_nothing_built_is_kept() -> None:
    built = {".pyc", ".zip", ".whl", ".tfstate", ".tfplan"}

    assert [path for path in kept_files() if path.suffix in built] == []
