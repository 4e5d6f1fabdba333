"""The architecture's picture is drawn from what the stack is made of."""

import copy
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

SCRIPT = "picture"
ROOT = Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def definition() -> Any:
    return yaml.safe_load((ROOT / "stack.yaml").read_text())


@pytest.fixture
def drawn(script: ModuleType, tmp_path: Path) -> Any:
    """Draw another stack than the shipped one."""

    def draw(definition: Any, modules: tuple[str, ...] = ("site",)) -> str:
        root = tmp_path / "root"
        shutil.rmtree(root, ignore_errors=True)
        (root / "infra").mkdir(parents=True)
        (root / "stack.yaml").write_text(json.dumps(definition))
        shutil.copyfile(ROOT / "openapi.json", root / "openapi.json")
        shutil.copytree(ROOT / "infra/policies", root / "infra/policies")
        for name in modules:
            (root / "infra/modules" / name).mkdir(parents=True)
        text: str = script.draw(script.Stack(root))
        return text

    return draw


def test_the_committed_picture_is_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0, "run python bench/picture.py"


def test_every_function_queue_and_type_of_event_is_there(
    script: ModuleType, definition: Any
) -> None:
    text = script.draw(script.Stack(ROOT))

    texts = " ".join(each.text or "" for each in ET.fromstring(text).iter(f"{SVG}text"))  # noqa: S314 - our own
    for key in definition["functions"]:
        assert key in texts
    for key, queue in definition["queues"].items():
        assert ("dead_letters" not in queue) or f"{key} queue" in texts
    for rule in definition["bus"]["rules"].values():
        assert all(each in texts for each in rule["types"])


def test_it_says_in_words_what_it_shows(script: ModuleType, definition: Any) -> None:
    root = ET.fromstring(script.draw(script.Stack(ROOT)))  # noqa: S314 - our own

    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title told"
    words = root.findtext(f"{SVG}desc") or ""
    assert all(key in words for key in definition["functions"])


def test_a_new_rule_changes_the_picture(drawn: Any, definition: Any) -> None:
    before = drawn(definition)
    changed = copy.deepcopy(definition)
    changed["bus"]["rules"]["extra"] = {"types": ["audit.written"], "queue": "analytics"}

    assert "audit.written" not in before
    assert "audit.written" in drawn(changed)


def test_what_the_tree_does_not_have_is_not_drawn(drawn: Any, definition: Any) -> None:
    assert "CloudFront" not in drawn(definition, modules=("identity",))


def test_a_text_that_does_not_fit_is_refused(
    script: ModuleType, drawn: Any, definition: Any
) -> None:
    definition["functions"]["a_function_with_a_name_that_is_far_too_long"] = {
        **definition["functions"]["mailer"],
        "events": [{"queue": "mail"}],
    }

    with pytest.raises(script.DoesNotFit, match="far_too_long"):
        drawn(definition)
