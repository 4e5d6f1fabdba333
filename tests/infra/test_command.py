"""How terraform is run: what it is told, and what a person hears when it fails."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from vestibule_cli.deploy import mirror
from vestibule_cli.deploy.children import Children, Interrupted
from vestibule_cli.deploy.terraform import Command, Terraform, TerraformError, TerraformMissing


def a_terraform(folder: Path, script: str, **environment: str) -> Terraform:
    """One that runs a shell script in place of terraform."""
    path = folder / "terraform"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    command = Command(str(path), "registry.terraform.io", None)
    return Terraform(command, folder, folder / "data", {"PATH": "/usr/bin:/bin", **environment})


def says(*messages: dict[str, object]) -> str:
    return "\n".join(f"printf '%s\\n' '{json.dumps(each)}'" for each in messages)


FAILED = {
    "@level": "error",
    "@message": "Error: no",
    "type": "diagnostic",
    "diagnostic": {
        "summary": "Invalid value for variable",
        "detail": "environment must be\n  short.",
        "range": {"filename": "variables.tf"},
    },
}


def test_without_terraform_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissing, match="terraform is not installed") as raised:
        Command.find({"PATH": str(tmp_path)})
    assert "\n" not in str(raised.value)


def test_opentofu_is_taken_where_terraform_is_missing(tmp_path: Path) -> None:
    tofu = tmp_path / "tofu"
    tofu.touch(0o755)
    found = Command.find({"PATH": str(tmp_path), mirror.VARIABLE: ""})
    assert found == Command(str(tofu), "registry.opentofu.org", None)


def test_a_mirror_is_used_for_the_provider_and_nothing_else() -> None:
    text = Command("terraform", "registry.terraform.io", Path('/a "b" ${c}')).configuration()
    assert r'path    = "/a \"b\" $${c}"' in text
    assert text.count('["registry.terraform.io/hashicorp/aws"]') == 2


def test_without_a_mirror_providers_are_downloaded() -> None:
    text = Command("terraform", "registry.terraform.io", None).configuration()
    assert "provider_installation" not in text


def test_a_persons_own_configuration_is_kept_if_it_exists(tmp_path: Path) -> None:
    own = tmp_path / "own.tfrc"
    own.touch()
    script = 'test "$TF_CLI_CONFIG_FILE" = "$OWN" || { echo "took another" >&2; exit 1; }'
    a_terraform(tmp_path, script, TF_CLI_CONFIG_FILE=str(own), OWN=str(own)).init()
    with pytest.raises(TerraformError, match="took another"):
        a_terraform(tmp_path, script, TF_CLI_CONFIG_FILE="/gone", OWN="/gone").init()


def test_terraforms_error_is_told_without_its_frame(tmp_path: Path) -> None:
    script = "printf '╷\\n│ Error: No provider\\n│\\n│ None was found.\\n╵\\n' >&2; exit 1"
    with pytest.raises(TerraformError) as raised:
        a_terraform(tmp_path, script).init()
    assert str(raised.value) == "terraform init failed: Error: No provider None was found."


def test_every_problem_of_an_apply_is_told_with_its_place(tmp_path: Path) -> None:
    script = says(FAILED, {**FAILED, "diagnostic": {"summary": "Other"}}) + "\nexit 1"
    with pytest.raises(TerraformError) as raised:
        a_terraform(tmp_path, script).apply()
    assert str(raised.value).splitlines() == [
        (
            "terraform apply failed: Invalid value for variable: environment must be short. "
            "(variables.tf)"
        ),
        "Other",
    ]


def test_an_apply_that_dies_without_a_word_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="exit code 3"):
        a_terraform(tmp_path, "echo no JSON; exit 3").apply()


def test_an_apply_returns_its_outputs_and_tells_its_progress(tmp_path: Path) -> None:
    lines: list[str] = []
    quiet = a_terraform(
        tmp_path,
        says(
            {"type": "apply_start", "@message": "starts"},
            {"type": "apply_complete", "@message": "made a table"},
            {"type": "outputs", "outputs": {"id": {"value": "x"}, "gone": {"sensitive": False}}},
        ),
    )
    terraform = Terraform(quiet.command, quiet.folder, quiet.data, quiet.environment, lines.append)
    assert terraform.apply() == {"id": "x"}
    assert lines == ["made a table"]


def test_a_plan_lists_its_changes(tmp_path: Path) -> None:
    script = says(
        {"type": "resource_drift", "@message": "drift"},
        {"type": "planned_change", "@message": "table: Plan to replace"},
    )
    assert a_terraform(tmp_path, script).planned_changes() == ["table: Plan to replace"]


def test_what_takes_long_is_named_every_half_minute(tmp_path: Path) -> None:
    told: list[str] = []
    script = says(
        *(
            {
                "@level": "info",
                "@message": f"still creating after {seconds} s",
                "type": "apply_progress",
                "hook": {"elapsed_seconds": seconds},
            }
            for seconds in (10, 20, 30, 40)
        )
    )

    replace(a_terraform(tmp_path, script), report=told.append).apply()

    assert told == ["still creating after 30 s"]


def test_an_interrupted_apply_is_told_in_one_line(tmp_path: Path) -> None:
    children = Children()
    script = f"trap 'exit 1' INT\n{says(FAILED)}\nwhile :; do sleep 0.05; done"
    terraform = replace(a_terraform(tmp_path, script), children=children)
    threading.Timer(0.3, children.interrupt).start()

    with pytest.raises(Interrupted) as raised:
        terraform.apply()

    assert str(raised.value) == "interrupted: run it again, it goes on from here"
