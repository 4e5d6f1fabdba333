"""Sign-in by a mailed code: the course of it, what is told to whom, and that nobody slips in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.table import FakeTable
from vestibule.mail.letters import Composer
from vestibule.mail.sender import NOBODY, MailNotSent
from vestibule.platform.aws import AwsUnavailable
from vestibule.triggers.challenge import MOST_TRIES, Create, Define, Verify
from vestibule.triggers.codes import MAILS_AN_HOUR, REPEAT_SECONDS, VALID_SECONDS, Codes
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.mail.letters import Letter

ANN = "8d3e1c3a-6f0b-4c1e-9d55-3b1f2b1e7a10"
KNOWN = {"sub": ANN, "email": "Ann@Example.com", "email_verified": "true", "name": "Ann Example"}
ASK = {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False}
ASK_SRP = {"challengeName": "PASSWORD_VERIFIER", "issueTokens": False, "failAuthentication": False}
FAIL = {"challengeName": None, "issueTokens": False, "failAuthentication": True}
ISSUE = {"challengeName": None, "issueTokens": True, "failAuthentication": False}
SRP = [("SRP_A", True), ("PASSWORD_VERIFIER", True)]
WRONG, RIGHT = ("CUSTOM_CHALLENGE", False), ("CUSTOM_CHALLENGE", True)

Steps = list[tuple[str, Any]]


class Outbox:
    def __init__(self) -> None:
        self.mails: list[tuple[str, Letter]] = []
        self.away = False
        self.meanwhile: Callable[[], None] = lambda: None

    def send(self, to: str, letter: Letter) -> None:
        self.meanwhile()
        if self.away:
            raise MailNotSent("SES answered 500")
        self.mails.append((to, letter))


class House:
    """The three triggers, and Cognito's part: what it keeps and what it hands on."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.outbox = Outbox()
        self.moment = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)
        self.unwelcome = False
        self.asked = 0
        codes = Codes(self.table, lambda: self.moment)
        self._define = Define()
        self._create = Create(self._admit, codes, self.outbox, Composer())
        self._verify = Verify(codes)

    def _admit(self, _event: Event) -> None:
        self.asked += 1
        if self.unwelcome:
            raise Refusal("Incorrect username or password")

    def event(self, trigger: str, request: dict[str, Any], person: Person | None = None) -> Event:
        person = person or Person()
        return Event.parse(
            {
                "triggerSource": f"{trigger}_Authentication",
                "userName": person.user_name,
                "userPoolId": "us-east-1_aBcDeFgHi",
                "callerContext": {"clientId": "client"},
                "request": {
                    "userAttributes": person.attributes,
                    "userNotFound": person.unknown,
                    "clientMetadata": None,
                    **request,
                },
                "response": {},
            }
        )

    def define(self, session: object, person: Person | None = None) -> dict[str, Any]:
        return dict(
            self._define.handle(self.event("DefineAuthChallenge", {"session": session}, person))
        )

    def create(self, session: object = (), person: Person | None = None) -> dict[str, Any]:
        request = {
            "challengeName": "CUSTOM_CHALLENGE",
            "session": list(session) if isinstance(session, tuple) else session,
        }
        return dict(self._create.handle(self.event("CreateAuthChallenge", request, person)))

    def verify(self, private: object, answer: object, person: Person | None = None) -> bool:
        request = {"privateChallengeParameters": private, "challengeAnswer": answer}
        given = self._verify.handle(self.event("VerifyAuthChallengeResponse", request, person))
        correct = given["answerCorrect"]
        assert isinstance(correct, bool)
        return correct

    def mailed_code(self) -> str:
        text = self.outbox.mails[-1][1].text
        return next(word for word in text.split() if word.isdigit() and len(word) in {6, 12})

    def sign_in(self, answers: list[str | None], person: Person | None = None) -> SignIn:
        """Go through a whole sign-in; None as an answer is the code from the mail."""
        session: list[dict[str, Any]] = []
        seen = SignIn()
        for answer in answers:
            decision = self.define(session, person)
            if decision != ASK:
                return seen.ended(decision)
            made = self.create(list(session), person)
            seen.public.append(made["publicChallengeParameters"])
            right = self.verify(
                made["privateChallengeParameters"],
                self.mailed_code() if answer is None else answer,
                person,
            )
            session.append(
                {
                    "challengeName": "CUSTOM_CHALLENGE",
                    "challengeResult": right,
                    "challengeMetadata": made["challengeMetadata"],
                }
            )
        return seen.ended(self.define(session, person))


class Person:
    def __init__(
        self,
        attributes: dict[str, str] | None = None,
        *,
        user_name: str = ANN,
        unknown: bool = False,
    ) -> None:
        self.attributes = KNOWN if attributes is None else attributes
        self.user_name = user_name
        self.unknown = unknown


class SignIn:
    def __init__(self) -> None:
        self.public: list[dict[str, str]] = []
        self.outcome: dict[str, Any] = {}

    def ended(self, outcome: dict[str, Any]) -> SignIn:
        self.outcome = outcome
        return self


NOBODY_KNOWN = Person({}, user_name="nobody@example.com", unknown=True)


@pytest.fixture
def house() -> House:
    return House()


def session(*steps: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"challengeName": name, "challengeResult": result} for name, result in steps]


@pytest.mark.parametrize(
    ("steps", "decision"),
    [
        ([], ASK),
        ([WRONG], ASK),
        ([WRONG, WRONG], ASK),
        ([WRONG, WRONG, WRONG], FAIL),
        ([RIGHT], ISSUE),
        ([WRONG, WRONG, RIGHT], ISSUE),
        ([WRONG, WRONG, WRONG, RIGHT], FAIL),
        ([RIGHT, WRONG], FAIL),
        ([RIGHT, RIGHT], FAIL),
        ([("SRP_A", True)], ASK_SRP),
        (SRP, ASK),
        ([*SRP, WRONG], ASK),
        ([*SRP, RIGHT], ISSUE),
        ([*SRP, WRONG, WRONG, WRONG], FAIL),
        ([("SRP_A", True), ("PASSWORD_VERIFIER", False)], FAIL),
        ([("SRP_A", False)], FAIL),
        ([("SRP_A", True), RIGHT], FAIL),
        ([("PASSWORD_VERIFIER", True)], FAIL),
        ([("PASSWORD_VERIFIER", True), RIGHT], FAIL),
        ([("ADMIN_NO_SRP_AUTH", True)], FAIL),
        ([("SOMETHING_NEW", True)], FAIL),
        ([("SOMETHING_NEW", True), RIGHT], FAIL),
        ([*SRP, *SRP, RIGHT], FAIL),
        ([*SRP, ("SOFTWARE_TOKEN_MFA", True)], ASK),
        ([*SRP, ("SOFTWARE_TOKEN_MFA", True), RIGHT], ISSUE),
        ([RIGHT, ("SMS_MFA", True)], ISSUE),
        ([RIGHT, ("SMS_MFA", False)], FAIL),
        ([("SMS_MFA", True)], ASK),
        ([("CUSTOM_CHALLENGE", "true")], ASK),
        ([("CUSTOM_CHALLENGE", None)], ASK),
    ],
)
def test_the_course_of_a_sign_in(house: House, steps: Steps, decision: dict[str, Any]) -> None:
    assert house.define(session(*steps)) == decision


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [*("CUSTOM_CHALLENGE", "SRP_A", "PASSWORD_VERIFIER", "SMS_MFA"), "UNKNOWN", ""]
            ),
            st.sampled_from([True, False, None]),
        ),
        max_size=6,
    )
)
def test_tokens_come_only_from_a_right_answer_at_the_end_of_a_known_course(steps: Steps) -> None:
    if House().define(session(*steps)) == ISSUE:
        ours = [step for step in steps if step != ("SMS_MFA", True)]
        assert ours[-1] == RIGHT
        assert ours.count(RIGHT) == 1
        before = [step for step in ours[:-1] if step[0] != "CUSTOM_CHALLENGE"]
        assert before in ([], SRP)
        assert len(ours) - len(before) <= MOST_TRIES


@pytest.mark.parametrize("broken", ["text", {}, [None], [{}], [{"challengeName": 1}]])
def test_a_session_of_another_shape_fails(house: House, broken: object) -> None:
    assert house.define(broken) == FAIL


def test_a_session_that_is_null_is_a_start(house: House) -> None:
    assert house.define(None) == ASK


def test_whoever_may_not_come_in_cannot_be_told_from_somebody_unknown(house: House) -> None:
    house.unwelcome = True
    unwelcome = house.sign_in(["wrong", "wrong", "wrong"])
    calls, house.table.calls = list(house.table.calls), []
    unknown = house.sign_in(["wrong", "wrong", "wrong"], NOBODY_KNOWN)

    assert unwelcome.public == unknown.public
    assert len(unwelcome.public) == MOST_TRIES
    assert unwelcome.outcome == unknown.outcome == FAIL
    assert calls == house.table.calls
    assert [to for to, _ in house.outbox.mails] == [NOBODY, NOBODY]


@pytest.mark.parametrize("steps", [[], SRP])
def test_no_answer_of_whoever_may_not_come_in_is_right(house: House, steps: Steps) -> None:
    house.unwelcome = True
    private = house.create(session(*steps))["privateChallengeParameters"]

    assert not house.verify(private, house.mailed_code())


def test_somebody_unknown_is_looked_up_like_anybody_else(house: House) -> None:
    house.create()
    known = house.asked
    house.create(person=NOBODY_KNOWN)

    assert (known, house.asked) == (1, 2)


def test_later_rounds_look_nobody_up(house: House) -> None:
    before = house.create()["challengeMetadata"]
    house.create([{"challengeName": "CUSTOM_CHALLENGE", "challengeMetadata": before}])

    assert house.asked == 1


def test_without_a_sender_it_is_not_offered() -> None:
    with pytest.raises(Refusal, match="not offered"):
        Define(offered=False).handle(House().event("DefineAuthChallenge", {}))


def test_the_mailed_code_signs_in(house: House) -> None:
    assert house.sign_in([None]).outcome == ISSUE
    ((to, letter),) = house.outbox.mails
    assert to == "Ann@example.com"
    assert "Ann Example" in letter.html


def test_two_wrong_answers_are_forgiven_and_one_mail_is_sent(house: House) -> None:
    assert house.sign_in(["wrong", "000", None]).outcome == ISSUE
    assert len(house.outbox.mails) == 1


def test_three_wrong_answers_end_it(house: House) -> None:
    assert house.sign_in(["wrong"] * 3).outcome == FAIL


def test_the_client_learns_nothing_of_the_code_or_the_person(house: House) -> None:
    known = house.sign_in(["wrong"] * 3)
    unknown = house.sign_in(["wrong"] * 3, NOBODY_KNOWN)

    assert known.public == unknown.public
    assert known.public[0] == {
        "delivery": "EMAIL",
        "codeLength": "6",
        "expiresIn": "300",
        "triesLeft": "3",
    }
    assert [each["triesLeft"] for each in known.public] == ["3", "2", "1"]


def test_what_cognito_keeps_does_not_hold_the_code(house: House) -> None:
    made = house.create()

    assert house.mailed_code() not in json.dumps(made)


def test_somebody_unknown_takes_as_many_calls_and_never_gets_in(house: House) -> None:
    assert house.sign_in(["wrong", "wrong", None], NOBODY_KNOWN).outcome == FAIL
    unknown, house.table.calls = list(house.table.calls), []
    house.sign_in(["wrong", "wrong", "wrong"])

    assert house.table.calls == unknown
    assert [to for to, _ in house.outbox.mails] == [NOBODY, "Ann@example.com"]


def test_no_answer_of_somebody_unknown_is_right(house: House) -> None:
    private = house.create()["privateChallengeParameters"]

    assert not house.verify(private, house.mailed_code(), Person(unknown=True))


def test_tokens_are_never_issued_to_somebody_unknown(house: House) -> None:
    assert house.define(session(RIGHT), NOBODY_KNOWN) == FAIL


@pytest.mark.parametrize(
    "attributes",
    [
        {**KNOWN, "email_verified": "false"},
        {name: text for name, text in KNOWN.items() if name != "email_verified"},
        {**KNOWN, "email": "ann@example.com, eve@evil.example"},
        {**KNOWN, "email": "ann@example.com\r\nBcc: eve@evil.example"},
        {name: text for name, text in KNOWN.items() if name != "email"},
    ],
)
def test_a_code_goes_to_a_verified_address_only(house: House, attributes: dict[str, str]) -> None:
    person = Person(attributes)

    assert house.sign_in([None], person).outcome == ASK
    assert [to for to, _ in house.outbox.mails] == [NOBODY]


def test_copies_of_the_trigger_mail_once_and_any_of_them_may_be_the_one(house: House) -> None:
    copies = [house.create() for _ in range(3)]

    assert len(house.outbox.mails) == 1
    assert house.verify(copies[-1]["privateChallengeParameters"], house.mailed_code())


def test_a_repeated_verification_is_right_again_but_not_for_another_sign_in(house: House) -> None:
    one, other = (house.create()["privateChallengeParameters"] for _ in range(2))
    code = house.mailed_code()

    assert house.verify(one, code)
    assert house.verify(one, code)
    assert not house.verify(other, code)


def test_a_code_lives_five_minutes(house: House) -> None:
    private = house.create()["privateChallengeParameters"]
    house.moment += timedelta(seconds=VALID_SECONDS)

    assert not house.verify(private, house.mailed_code())


def test_a_restart_leaves_the_earlier_code_what_it_was(house: House) -> None:
    first = house.create()["privateChallengeParameters"]
    first_code = house.mailed_code()
    house.moment += timedelta(seconds=REPEAT_SECONDS + 1)
    second = house.create()["privateChallengeParameters"]

    assert house.verify(second, house.mailed_code())
    assert house.verify(first, first_code)


def test_a_code_of_one_person_opens_nothing_for_another(house: House) -> None:
    anns = house.create()["privateChallengeParameters"]

    assert not house.verify(anns, house.mailed_code(), Person(user_name="another"))


def test_whoever_starts_in_anothers_name_floods_no_inbox_and_locks_nobody_out(
    house: House,
) -> None:
    for _ in range(40):
        house.sign_in(["wrong", "wrong", "wrong"])
        house.moment += timedelta(seconds=REPEAT_SECONDS + 1)
    assert len(house.outbox.mails) == MAILS_AN_HOUR

    owner = house.sign_in([None])

    assert owner.outcome == ISSUE
    assert owner.public[0]["codeLength"] == "12"
    assert len(house.outbox.mails) == MAILS_AN_HOUR
    assert "5 minutes" not in house.outbox.mails[-1][1].text


def test_where_too_many_start_at_once_no_answer_is_right_and_nothing_is_mailed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Codes, "open", lambda *_: None)

    made = house.create()

    assert made["publicChallengeParameters"]["codeLength"] == "6"
    assert not house.verify(made["privateChallengeParameters"], "123456")
    assert house.outbox.mails == []


def test_somebody_unknown_gets_long_codes_as_soon_as_anybody(house: House) -> None:
    told: dict[bool, list[str]] = {}
    for person in (Person(), NOBODY_KNOWN):
        for _ in range(8):
            told.setdefault(person.unknown, []).append(
                house.create(person=person)["publicChallengeParameters"]["codeLength"]
            )
            house.moment += timedelta(seconds=REPEAT_SECONDS + 1)

    assert told[True] == told[False] == ["6"] * 5 + ["12"] * 3


def test_a_mail_that_cannot_go_is_a_refusal_and_the_next_try_mails(house: House) -> None:
    house.outbox.away = True
    with pytest.raises(Refusal, match="could not be sent"):
        house.create()
    house.outbox.away = False

    assert house.sign_in([None]).outcome == ISSUE


def test_a_mail_that_cannot_go_is_a_refusal_even_if_the_table_goes_too(house: House) -> None:
    house.outbox.away = True
    house.outbox.meanwhile = lambda: house.table.fail_next(AwsUnavailable)

    with pytest.raises(Refusal, match="could not be sent"):
        house.create()


def test_a_table_that_is_away_mails_nothing(house: House) -> None:
    house.table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        house.create()
    assert house.outbox.mails == []


def test_a_table_that_is_away_lets_nobody_in(house: House) -> None:
    made = house.create()
    house.table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        house.verify(made["privateChallengeParameters"], house.mailed_code())


@pytest.mark.parametrize(
    "private", [None, {}, "text", {"id": "x"}, {"id": "x", "digest": None}, {"answer": "123456"}]
)
@pytest.mark.parametrize("answer", [None, "", "123456", 123456, "x" * 5000])
def test_private_parameters_of_another_make_open_nothing(
    house: House, private: object, answer: object
) -> None:
    assert not house.verify(private, answer)


def test_the_code_without_a_sign_in_of_its_own_opens_nothing(house: House) -> None:
    private = house.create()["privateChallengeParameters"]
    del private["challenge"]

    assert not house.verify(private, house.mailed_code())


@pytest.mark.parametrize(
    "metadata", [None, "", "CODE-123456", "SIGN_IN_CODE", "SIGN_IN_CODE:x:", 7]
)
def test_a_round_without_our_metadata_cannot_be_met(house: House, metadata: object) -> None:
    house.create()
    before = [{"challengeName": "CUSTOM_CHALLENGE", "challengeMetadata": metadata}]

    made = house.create(before)

    assert not house.verify(made["privateChallengeParameters"], house.mailed_code())


def test_another_challenge_than_ours_cannot_be_met(house: House) -> None:
    event = house.event("CreateAuthChallenge", {"challengeName": "CAPTCHA", "session": []})

    made = house._create.handle(event)

    assert made["publicChallengeParameters"]["triesLeft"] == "0"
    assert not house.verify(made["privateChallengeParameters"], "123456")
    assert house.outbox.mails == []


def test_after_srp_the_code_is_mailed_in_the_persons_language(house: House) -> None:
    person = Person({**KNOWN, "locale": "de-AT", "custom:account_type": "business"})

    house.create(session(*SRP), person)

    ((_, letter),) = house.outbox.mails
    assert letter.language == "de"
    assert "Geschäftskonto" in letter.text
    assert "5 Minuten" in letter.text
