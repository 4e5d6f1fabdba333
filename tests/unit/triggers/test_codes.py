"""The codes that are out: one at a time, spent once, and rare for whoever guesses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from fakes.table import FakeTable
from vestibule.platform.ids import new_id
from vestibule.triggers import codes
from vestibule.triggers.codes import Codes, Issued, Opened, impossible, matches

ANN = "8d3e1c3a-6f0b-4c1e-9d55-3b1f2b1e7a10"


class Watch:
    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def out(table: FakeTable, watch: Watch) -> Codes:
    return Codes(table, watch)


def opened(out: Codes, user_name: str = ANN) -> Opened:
    made = out.open(user_name)
    assert made is not None
    return made


def new_code(out: Codes) -> tuple[str, Issued]:
    made = opened(out)
    assert made.code is not None
    return made.code, made.issued


def test_a_code_has_six_digits_and_lies_nowhere(out: Codes, table: FakeTable) -> None:
    code, issued = new_code(out)

    assert len(code) == 6
    assert code.isdigit()
    assert code not in {issued.id, issued.digest}
    assert all(value != code for item in table.all_items() for value in item.values())
    assert matches(code, issued)


def test_codes_are_not_repeated(out: Codes) -> None:
    made = {opened(out, f"person {number}").code for number in range(50)}

    assert len(made) > 45


@pytest.mark.parametrize("form", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}"])
def test_a_code_may_be_typed_with_blanks(out: Codes, form: str) -> None:
    code, issued = new_code(out)

    assert matches(form.format(code), issued)


@pytest.mark.parametrize(
    "answer", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "1" * 5000, "\ud800"]
)
def test_what_is_no_code_matches_nothing(out: Codes, answer: str) -> None:
    _, issued = new_code(out)

    assert not matches(answer, issued)
    assert not matches(answer, impossible())


def test_of_copies_at_once_exactly_one_has_to_mail(table: FakeTable, watch: Watch) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: opened(Codes(table, watch)), range(8)))

    assert len([each for each in made if each.code is not None]) == 1
    assert len({each.issued for each in made}) == 1


def test_a_start_soon_after_shares_the_code_and_a_later_one_replaces_it(
    out: Codes, watch: Watch
) -> None:
    _, first = new_code(out)
    watch.wait(codes.REPEAT_SECONDS)
    assert opened(out).issued == first

    watch.wait(1)
    _, second = new_code(out)

    assert second != first
    assert not out.use(ANN, first, by="a")
    assert out.use(ANN, second, by="a")


def test_a_code_is_spent_once_and_its_repetition_still_counts(out: Codes) -> None:
    _, issued = new_code(out)

    assert out.use(ANN, issued, by="one")
    assert out.use(ANN, issued, by="one")
    assert not out.use(ANN, issued, by="another")


def test_after_a_code_is_spent_the_next_start_makes_another(out: Codes) -> None:
    _, issued = new_code(out)
    out.use(ANN, issued, by="one")

    assert opened(out).code is not None


def test_a_code_lives_five_minutes(out: Codes, watch: Watch) -> None:
    _, issued = new_code(out)
    watch.wait(codes.VALID_SECONDS - 1)
    assert out.use(ANN, issued, by="one")

    watch.wait(1)

    assert not out.use(ANN, issued, by="one")


def test_ten_wrong_answers_end_a_code_in_whatever_sign_ins(out: Codes) -> None:
    _, issued = new_code(out)
    for _ in range(codes.MOST_WRONG):
        out.miss(ANN, issued)

    assert not out.use(ANN, issued, by="one")


def test_after_ten_wrong_answers_codes_are_rare(out: Codes, watch: Watch) -> None:
    for _ in range(codes.MOST_WRONG):
        _, issued = new_code(out)
        out.miss(ANN, issued)
        watch.wait(codes.REPEAT_SECONDS + 1)

    assert out.open(ANN) is None
    watch.wait(codes.REST_SECONDS)
    _, issued = new_code(out)
    assert out.use(ANN, issued, by="one")


def test_starting_often_without_answering_is_no_guessing(out: Codes, watch: Watch) -> None:
    for _ in range(3 * codes.MOST_WRONG):
        assert opened(out).code is not None
        watch.wait(codes.REPEAT_SECONDS + 1)


def test_a_newer_code_has_all_its_tries(out: Codes, watch: Watch) -> None:
    _, issued = new_code(out)
    for _ in range(codes.MOST_WRONG - 1):
        out.miss(ANN, issued)
    watch.wait(codes.REPEAT_SECONDS + 1)

    _, issued = new_code(out)
    out.miss(ANN, issued)

    assert out.use(ANN, issued, by="one")


def test_a_right_answer_forgives_the_wrong_ones(out: Codes, watch: Watch) -> None:
    for _ in range(codes.MOST_WRONG - 1):
        _, issued = new_code(out)
        out.miss(ANN, issued)
        watch.wait(codes.REPEAT_SECONDS + 1)
    _, issued = new_code(out)
    out.use(ANN, issued, by="one")
    _, issued = new_code(out)
    out.miss(ANN, issued)
    watch.wait(codes.REPEAT_SECONDS + 1)

    assert opened(out).code is not None


def test_a_withdrawn_code_opens_nothing_and_keeps_nobody_waiting(out: Codes) -> None:
    _, issued = new_code(out)
    out.withdraw(ANN, issued)

    assert not out.use(ANN, issued, by="one")
    assert opened(out).code is not None


def test_withdrawing_does_not_end_the_rest_of_a_guesser(out: Codes, watch: Watch) -> None:
    issued = impossible()
    for _ in range(codes.MOST_WRONG):
        _, issued = new_code(out)
        out.miss(ANN, issued)
        watch.wait(codes.REPEAT_SECONDS + 1)
    out.withdraw(ANN, issued)

    assert out.open(ANN) is None


def test_what_is_no_longer_out_is_withdrawn_and_missed_without_a_trace(
    out: Codes, table: FakeTable
) -> None:
    _, issued = new_code(out)
    before = table.all_items()

    out.withdraw(ANN, Issued(new_id(), issued.digest))
    out.miss(ANN, Issued(new_id(), issued.digest))

    assert table.all_items() == before


@pytest.mark.parametrize("name", ["", "x" * 5000, "\ud800", "USER#1", "ann@example.com"])
def test_any_name_is_safe_as_a_key(out: Codes, table: FakeTable, name: str) -> None:
    opened(out, name)

    (item,) = table.all_items()
    assert len(item["pk"]) == len("ONCE#sign-in#") + 64
    assert item["expiresAt"] > item["validUntil"]


def test_each_step_is_one_call(out: Codes, table: FakeTable) -> None:
    _, issued = new_code(out)
    out.miss(ANN, issued)
    out.use(ANN, issued, by="one")

    assert table.calls == ["UpdateItem"] * 3
