from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STACK_SECONDS = 60


def vestibule(*arguments: str, state: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", *arguments, "--state", str(state)],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=STACK_SECONDS,
    )
    return done.stdout


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The outputs of a stack that runs for all browser tests."""
    state = tmp_path_factory.mktemp("browser") / "state"
    outputs: dict[str, Any] = json.loads(vestibule("up", "--detach", "--json", state=state))
    yield outputs
    vestibule("down", state=state)


# Not for the session: it keeps an event loop running, and other tests run their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is

    found = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            # Root in a container has no name space to make a sandbox of.
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Any, stack: dict[str, Any]) -> Iterator[Any]:
    """A fresh page on the site. What its console complains about fails the test."""
    context = browser.new_context(base_url=stack["site_url"], color_scheme=request.param)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    assert complaints == []
