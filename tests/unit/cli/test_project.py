from pathlib import Path

from vestibule_cli.project import CHECKOUT, stack_file


def test_the_nearest_stack_above_is_taken(tmp_path: Path) -> None:
    (tmp_path / "stack.yaml").write_text("")
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)

    assert stack_file(below) == tmp_path / "stack.yaml"


def test_away_from_any_project_it_is_this_checkouts(tmp_path: Path) -> None:
    assert stack_file(tmp_path) == CHECKOUT / "stack.yaml"
    assert (CHECKOUT / "stack.yaml").is_file()
