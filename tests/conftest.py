"""What holds for every test: a clean environment, no network in unit tests, tools present in CI."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

UNIT = Path(__file__).parent / "unit"
INFRA = Path(__file__).parent / "infra"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What is slow on a busy machine is not wrong.
settings.register_profile(
    "by the result alone", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("by the result alone")


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported: nothing of the person's own AWS setup is left to find."""
    if os.environ.get("E2E_ENVIRONMENT"):  # tests/e2e are about just that
        return
    for name in list(os.environ):
        if name.startswith(("AWS_", "VESTIBULE_")):
            del os.environ[name]
    nowhere = str(config.rootpath / ".cache" / "no-such-file")
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = nowhere
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"


class Together(LoadScopeScheduling):
    """Side by side, a file's tests stay together, and infra's, which wait for one deployment."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "infra" if file.startswith("tests/infra/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits longest goes first."""
    items.sort(key=lambda item: INFRA not in item.path.parents)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: unit tests open no sockets, unless `allow_hosts` names one to reach."""
    if UNIT in item.path.parents and not item.get_closest_marker("allow_hosts"):
        # Unix sockets stay: an event loop wakes itself through a pair of them.
        pytest_socket.disable_socket(allow_unix_socket=True)
    for marker, commands in (("terraform", ("terraform",)), ("browser", BROWSERS)):
        if item.get_closest_marker(marker) and not any(map(shutil.which, commands)):
            _do_without(commands[0])


def _do_without(command: str) -> None:
    """In CI a missing tool must not pass for a test that ran."""
    if os.environ.get("CI"):
        pytest.fail(f"{command} is not installed, and CI needs it", pytrace=False)
    pytest.skip(f"{command} is not installed")
