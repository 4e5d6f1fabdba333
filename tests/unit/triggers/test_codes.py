"""The codes that are out: spent once, few, and of no use to whoever guesses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from fakes.table import FakeTable
from vestibule.platform.conditions import Condition
from vestibule.platform.ids import new_id
from vestibule.platform.operations import ConditionFailed, Item
from vestibule.triggers import codes
from vestibule.triggers.challenge import MOST_TRIES
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


def test_of_the_copies_cognito_may_run_at_once_exactly_one_has_to_mail(
    table: FakeTable, watch: Watch
) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: opened(Codes(table, watch)), range(3)))

    assert len([each for each in made if each.code is not None]) == 1
    assert len({each.issued for each in made}) == 1


class Crowded(FakeTable):
    """However many start at once: nobody goes on before all have read what stands."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = Barrier(1)

    def put(self, item: Item, *, condition: Condition | None = None) -> None:
        try:
            super().put(item, condition=condition)
        finally:
            self.barrier.wait(10)


def opened_at_once(table: Crowded, watch: Watch, copies: int) -> list[Opened]:
    table.barrier = Barrier(copies)
    with ThreadPoolExecutor(copies) as pool:
        return list(pool.map(lambda _: opened(Codes(table, watch)), range(copies)))


def test_however_many_start_at_once_no_more_share_a_code_than_may_guess_at_it(
    watch: Watch,
) -> None:
    table = Crowded()
    _, first = new_code(Codes(table, watch))

    made = opened_at_once(table, watch, copies=5)

    assert [one.issued for one in made].count(first) == codes.MOST_SHARES
    (mailed,) = [one for one in made if one.code is not None]
    assert [one.issued for one in made].count(mailed.issued) == 1 + codes.MOST_SHARES


@pytest.mark.parametrize("end", ["spent", "withdrawn", "expired", "old"])
def test_of_the_copies_that_find_the_last_code_gone_exactly_one_has_to_mail(
    watch: Watch, end: str
) -> None:
    table = Crowded()
    out = Codes(table, watch)
    _, first = new_code(out)
    if end == "spent":
        assert out.use(ANN, first, by="one")
    elif end == "withdrawn":
        out.withdraw(ANN, first)
    else:
        watch.wait(codes.VALID_SECONDS if end == "expired" else codes.REPEAT_SECONDS + 1)

    made = opened_at_once(table, watch, copies=1 + codes.MOST_SHARES)

    (mailed,) = [one for one in made if one.code is not None]
    assert mailed.issued != first
    assert {one.issued for one in made} == {mailed.issued}
    assert len([name for name in table.all_items()[0] if name.startswith("mailed:")]) == 2


def test_a_code_that_is_followed_by_another_at_that_moment_is_shared_no_more(
    out: Codes, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = new_code(out)
    update, others = table.update, []

    def interrupted(*key: str, **write: object) -> Item:
        monkeypatch.setattr(table, "update", update)
        out.withdraw(ANN, first)
        others.append(opened(out))
        return update(*key, **write)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "update", interrupted)

    start = opened(out)

    assert others[0].code is not None
    assert (start.issued, start.code) == (others[0].issued, None)
    assert out.use(ANN, start.issued, by="one")


def test_a_start_soon_after_shares_the_code_and_a_later_one_has_its_own(
    out: Codes, watch: Watch
) -> None:
    _, first = new_code(out)
    watch.wait(codes.REPEAT_SECONDS)
    assert opened(out).issued == first

    watch.wait(1)
    _, second = new_code(out)

    assert second != first
    assert out.use(ANN, second, by="a")
    assert out.use(ANN, first, by="a")


def test_no_more_sign_ins_share_a_code_than_may_guess_at_it(out: Codes) -> None:
    starts = [opened(out) for _ in range(2 + codes.MOST_SHARES)]

    assert [one.issued == starts[0].issued for one in starts] == [True, True, True, False]
    assert (1 + codes.MOST_SHARES) * MOST_TRIES == codes.MOST_WRONG


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


def test_a_short_code_bears_the_wrong_answers_of_all_its_sign_ins_and_no_more(
    out: Codes,
) -> None:
    _, issued = new_code(out)
    for _ in range(codes.MOST_WRONG - 1):
        out.miss(ANN, issued)
    assert out.use(ANN, issued, by="one")

    out.miss(ANN, issued)

    assert not out.use(ANN, issued, by="one")


def test_wrong_answers_to_one_code_are_none_to_another(out: Codes, watch: Watch) -> None:
    _, guessed = new_code(out)
    for _ in range(codes.MOST_WRONG):
        out.miss(ANN, guessed)
    watch.wait(codes.REPEAT_SECONDS + 1)

    _, issued = new_code(out)

    assert out.use(ANN, issued, by="one")


def start_often(out: Codes, watch: Watch, hours: float, pause: float = 31) -> list[Opened]:
    starts = []
    for _ in range(int(hours * 3600 / pause)):
        starts.append(opened(out))
        watch.wait(pause)
    return starts


def test_starting_all_day_mails_few_and_always_leaves_the_owner_one_that_works(
    out: Codes, watch: Watch
) -> None:
    """The last one mailed is in the owner's inbox, whoever asked for it."""
    mailed: list[tuple[datetime, str]] = []
    for _ in range(int(30 * 3600 / 61)):
        start = opened(out)
        if start.code is not None:
            mailed.append((watch.moment, start.code))
        assert matches(mailed[-1][1], start.issued)
        watch.wait(61)

    times = [at for at, _ in mailed]
    for span, most in ((3600, codes.MAILS_AN_HOUR), (24 * 3600, codes.MAILS_A_DAY)):
        for at in times:
            within = [one for one in times if at <= one < at + timedelta(seconds=span)]
            assert len(within) <= most
    assert out.use(ANN, opened(out).issued, by="owner")


@pytest.mark.parametrize(("pause", "expected"), [(11, 5), (900, codes.MOST_SHORT)])
def test_a_day_of_guessing_finds_a_code_once_in_ten_thousand_at_most(
    out: Codes, watch: Watch, pause: float, expected: int
) -> None:
    starts = [one for one in start_often(out, watch, 24, pause) if one.code is not None]

    short = [one for one in starts if not one.issued.is_long]
    answers_a_second = 120  # Cognito's quota for a whole pool
    chance = len(short) * codes.MOST_WRONG / 10**codes.DIGITS
    chance += answers_a_second * 24 * 3600 / 10**codes.LONG_DIGITS
    assert len(short) == expected
    assert chance < 1e-4


def test_a_right_answer_gives_its_mail_back(out: Codes, watch: Watch) -> None:
    for _ in range(3 * codes.MAILS_A_DAY):
        code, issued = new_code(out)
        assert len(code) == codes.DIGITS
        assert out.use(ANN, issued, by=issued.id)
        watch.wait(60)


def test_a_long_code_lasts_until_the_next_mail_may_go_and_opens_once(
    out: Codes, watch: Watch
) -> None:
    last = start_often(out, watch, hours=0.07)[-1]
    assert (last.is_limited, last.issued.is_long) == (True, True)
    watch.wait(3000)
    assert opened(out).issued == last.issued
    for _ in range(3 * codes.MOST_WRONG):
        out.miss(ANN, last.issued)

    assert out.use(ANN, last.issued, by="one")
    assert not out.use(ANN, last.issued, by="another")
    assert opened(out).code is not None


def test_what_a_day_has_forgotten_is_kept_no_longer(
    out: Codes, table: FakeTable, watch: Watch
) -> None:
    """Somebody who signs in every few hours has one item, which must not grow."""
    for _ in range(40):
        _, issued = new_code(out)
        out.miss(ANN, issued)
        out.use(ANN, issued, by=issued.id)
        watch.wait(6 * 3600)

    (item,) = table.all_items()
    assert len([name for name in item if name.startswith("until:")]) <= 5


def test_where_everybody_starts_at_once_somebody_may_get_none(
    out: Codes, table: FakeTable, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_code(out)
    watch.wait(codes.REPEAT_SECONDS + 1)

    def lost(*key: str, **_: object) -> None:
        raise ConditionFailed(table.get(*key))

    monkeypatch.setattr(table, "update", lost)

    assert out.open(ANN) is None


def test_a_withdrawn_code_opens_nothing_and_keeps_nobody_waiting(out: Codes) -> None:
    _, issued = new_code(out)
    out.withdraw(ANN, issued)

    assert not out.use(ANN, issued, by="one")
    assert opened(out).code is not None


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
    assert item["expiresAt"] > item[f"until:{item['codeId']}"]


def test_each_step_is_one_call(out: Codes, table: FakeTable) -> None:
    _, issued = new_code(out)
    out.miss(ANN, issued)
    out.use(ANN, issued, by="one")

    assert table.calls == ["PutItem", "UpdateItem", "UpdateItem"]


def test_a_start_of_whom_codes_are_known_is_two_calls(
    out: Codes, table: FakeTable, watch: Watch
) -> None:
    new_code(out)
    for pause in (1, 60):
        watch.wait(pause)
        table.calls.clear()
        opened(out)
        assert table.calls == ["PutItem", "UpdateItem"]
