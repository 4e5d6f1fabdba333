from __future__ import annotations

from typing import TYPE_CHECKING

from vestibule_cli.console import print_pairs, print_table

if TYPE_CHECKING:
    import pytest

TRICKS = "Ann\x1b[2J\x07\r\n\u202eetag\u2028\x9b31m"


def test_a_table_does_not_obey_what_is_written_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("NAME", "ROLE"), (TRICKS, "user")])

    lines = capsys.readouterr().out.splitlines()
    assert lines == ["NAME           ROLE", "Ann[2Jetag31m  user"]


def test_pairs_do_not_obey_what_is_written_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs([("name", TRICKS), ("bio", "Zoë 日本 👋")])

    assert capsys.readouterr().out == "name  Ann[2Jetag31m\nbio   Zoë 日本 👋\n"
