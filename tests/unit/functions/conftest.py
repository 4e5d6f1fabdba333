"""A function, started as its first invocation would start it."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Starting = Callable[[str, Mapping[str, str]], ModuleType]


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Starting:
    """Import a function's module anew, in the environment given."""

    def started(function: str, environment: Mapping[str, str]) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        module = f"vestibule.functions.{function}"
        monkeypatch.delitem(sys.modules, module, raising=False)
        return importlib.import_module(module)

    return started
