"""What an apply by Terraform that was interrupted leaves on the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vestibule_cli import stack as stacks
from vestibule_cli.deploy.emulator import EmulatorTree
from vestibule_cli.local.state import StateFolder

ROOT = Path(__file__).parents[2]
ENVIRONMENT = "cut-off"


def recorded(name: str, **status: str) -> dict[str, Any]:
    instance = {"attributes": {"function_name": name}, **status}
    return {"type": "aws_lambda_function", "name": "this", "instances": [instance]}


def test_functions_that_terraform_would_not_get_past_are_removed(
    emulator: Any, tmp_path: Path
) -> None:
    names = [f"vestibule-{ENVIRONMENT}-{key}" for key in ("forgotten", "tainted", "whole")]
    for name in names:
        emulator.function(name, "handler = print")
    emulator.function("somebody-elses", "handler = print")
    place = EmulatorTree(
        StateFolder(tmp_path),
        stacks.load(ROOT / "stack.yaml"),
        emulator.url,
        region="us-east-1",
        environment=ENVIRONMENT,
        outer_environment={},
    )
    place.folder.mkdir()
    place.state_file.write_text(
        json.dumps({"resources": [recorded(names[1], status="tainted"), recorded(names[2])]})
    )

    place.remove_forgotten_functions()

    listed = emulator.client("lambda").list_functions()["Functions"]
    left = {function["FunctionName"] for function in listed}
    assert names[2] in left
    assert "somebody-elses" in left
    assert not left & set(names[:2])
