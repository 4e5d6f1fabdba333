"""Define-, Create- and VerifyAuthChallenge: sign-in by a code that is mailed, passwords aside.

What goes where. The code itself is in the mail and nowhere else. The table holds its digest, under
the person. Cognito keeps id and digest for us between its triggers, as `challengeMetadata` (so that
a second and third try are for the same code) and `privateChallengeParameters`: the client gets
neither, only `publicChallengeParameters`, which say the same to everybody. It is mailed once: of
the copies of Create that Cognito may run at once, the one whose write came first mails.

Somebody unknown, or who may not come in now, takes the same steps, in as many calls: the mail goes
to SES's own simulator, and no answer to it is right.
"""

from __future__ import annotations

from vestibule.mail.letters import Contents
from vestibule.mail.sender import NOBODY, MailNotSent
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.ids import new_id
from vestibule.triggers import codes
from vestibule.triggers.codes import Issued
from vestibule.triggers.dispatch import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.mail.letters import Composer
    from vestibule.mail.sender import Sender
    from vestibule.triggers.codes import Codes, Opened
    from vestibule.triggers.events import Event

log = logs.logger(__name__)

CHALLENGE: Final = "CUSTOM_CHALLENGE"
MOST_TRIES: Final = 3
NOT_SENT: Final = "The mail with your code could not be sent. Please try again in a moment"
NOT_OFFERED: Final = "Sign-in by a mailed code is not offered here"

_SRP_START: Final = "SRP_A"
_SRP_PROOF: Final = "PASSWORD_VERIFIER"
# Cognito puts these in and judges them itself. They stand beside our challenge, never for it.
_OTHER_FACTORS: Final = frozenset(
    {
        "SMS_MFA",
        "EMAIL_OTP",
        "SOFTWARE_TOKEN_MFA",
        "DEVICE_SRP_AUTH",
        "DEVICE_PASSWORD_VERIFIER",
        "NEW_PASSWORD_REQUIRED",
    }
)
_METADATA: Final = "SIGN_IN_CODE"

_FAIL: Final = {"challengeName": None, "issueTokens": False, "failAuthentication": True}
_ISSUE: Final = {"challengeName": None, "issueTokens": True, "failAuthentication": False}


class Define:
    """Decides what comes next, from what has come so far. An unknown course ends the sign-in."""

    def __init__(self, *, offered: bool = True) -> None:
        """`offered`: there is a sender."""
        self._offered = offered

    def handle(self, event: Event) -> Mapping[str, Any]:
        if not self._offered:
            raise Refusal(NOT_OFFERED)
        steps = _steps(event.request.get("session"))
        if steps is None:
            log.warning("a sign-in took an unknown course", user_id=event.user_id)
            return _FAIL
        answer = _next(steps)
        if answer is _ISSUE and event.user_not_found:
            return _FAIL
        return answer


class Create:
    """Makes the code and mails it, once; later rounds are for the same code.

    PreAuthentication does not run for this flow, so who may not come in is found out here. Failing
    in Define would tell them from people whom nobody knows; being asked for a code tells nothing.
    """

    def __init__(
        self, admit: Callable[[Event], None], codes: Codes, sender: Sender, composer: Composer
    ) -> None:
        """`admit` is PreAuthentication's and raises Refusal."""
        self._admit = admit
        self._codes = codes
        self._sender = sender
        self._composer = composer

    def handle(self, event: Event) -> Mapping[str, Any]:
        if event.request.get("challengeName") != CHALLENGE:
            log.warning("unknown challenge asked for", user_id=event.user_id)
            return _challenge(codes.impossible(), tries=0)
        rounds = _rounds(event.request.get("session"))
        if rounds:
            issued = _read_metadata(rounds[-1].get("challengeMetadata"))
            return _challenge(issued, tries=MOST_TRIES - len(rounds))
        return _challenge(self._start(event), tries=MOST_TRIES)

    def _start(self, event: Event) -> Issued:
        # Once, at the start: the trigger that gives the tokens asks again before it does.
        address = _address(event) if self._admits(event) else None
        opened = self._codes.open(event.user_name)
        if opened is None:
            metrics.count("PasswordlessCrowded")
            log.warning("too many starts at once: none is mailed", user_id=event.user_id)
            return codes.impossible()
        if opened.is_limited:
            metrics.count("PasswordlessMailsLimited")
        if opened.code is not None:
            self._mail(event, opened, address or NOBODY)
        # The code to nobody must open nothing, not even by luck.
        return opened.issued if address else codes.impossible(is_long=opened.issued.is_long)

    def _admits(self, event: Event) -> bool:
        try:
            self._admit(event)
        except Refusal:
            return False
        return True

    def _mail(self, event: Event, opened: Opened, address: str) -> None:
        letter = self._composer.compose(
            "sign_in_code",
            Contents(
                code=opened.code or "",
                name=event.attributes.get("name", ""),
                minutes=opened.seconds // 60,
            ),
            locale=event.attributes.get("locale"),
            account_type=event.attributes.get("custom:account_type"),
        )
        try:
            self._sender.send(address, letter)
        except MailNotSent as error:
            metrics.count("PasswordlessMailFailed")
            log.failure("code not mailed", error, user_id=event.user_id)
            self._withdraw(event, opened.issued)
            raise Refusal(NOT_SENT) from None
        metrics.count("PasswordlessMailed")

    def _withdraw(self, event: Event, issued: Issued) -> None:
        try:
            self._codes.withdraw(event.user_name, issued)
        except AwsError as error:
            log.warning("code not withdrawn", user_id=event.user_id, reason=str(error))


class Verify:
    """Judges an answer. Right or wrong, it is one comparison and one write."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    def handle(self, event: Event) -> Mapping[str, Any]:
        private = event.request.get("privateChallengeParameters")
        known = private if isinstance(private, dict) else {}
        issued = _issued(known.get("id"), known.get("digest"))
        by, answer = known.get("challenge"), event.request.get("challengeAnswer")
        right = codes.matches(answer if isinstance(answer, str) else "", issued)
        if right and isinstance(by, str) and by and not event.user_not_found:
            right = self._codes.use(event.user_name, issued, by=by)
        else:
            right = False
            self._codes.miss(event.user_name, issued)
        metrics.count("PasswordlessAnswerRight" if right else "PasswordlessAnswerWrong")
        return {"answerCorrect": right}


def _next(steps: Sequence[tuple[str, bool]]) -> Mapping[str, Any]:
    """Know the whole course: SRP first if the client asked for it, then up to three tries."""
    if steps[:1] == [(_SRP_START, True)]:
        if len(steps) == 1:
            return _ask(_SRP_PROOF)
        if steps[1] != (_SRP_PROOF, True):
            return _FAIL
        steps = steps[2:]
    if any(name != CHALLENGE for name, _ in steps) or len(steps) > MOST_TRIES:
        return _FAIL
    if any(passed for _, passed in steps[:-1]):
        return _FAIL
    if steps and steps[-1][1]:
        return _ISSUE
    return _ask(CHALLENGE) if len(steps) < MOST_TRIES else _FAIL


def _ask(challenge: str) -> Mapping[str, Any]:
    return {"challengeName": challenge, "issueTokens": False, "failAuthentication": False}


def _steps(session: object) -> list[tuple[str, bool]] | None:
    """The challenges so far with their results; None when one of them is not as it should be."""
    if session is None:
        return []
    if not isinstance(session, list):
        return None
    steps = []
    for entry in session:
        name = entry.get("challengeName") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            return None
        passed = entry.get("challengeResult") is True
        if name not in _OTHER_FACTORS:
            steps.append((name, passed))
        elif not passed:
            return None
    return steps


def _rounds(session: object) -> list[Mapping[str, Any]]:
    entries = session if isinstance(session, list) else []
    return [
        entry
        for entry in entries
        if isinstance(entry, dict) and entry.get("challengeName") == CHALLENGE
    ]


def _challenge(issued: Issued, *, tries: int) -> Mapping[str, Any]:
    return {
        # The same for everybody: an address, even a masked one, would tell who has an account.
        "publicChallengeParameters": {
            "delivery": "EMAIL",
            "codeLength": str(issued.digits),
            "expiresIn": str(codes.VALID_SECONDS),
            "triesLeft": str(max(tries, 0)),
        },
        "privateChallengeParameters": {
            "id": issued.id,
            "digest": issued.digest,
            "challenge": new_id(),
        },
        "challengeMetadata": f"{_METADATA}:{issued.id}:{issued.digest}",
    }


def _read_metadata(metadata: object) -> Issued:
    kind, _, rest = (metadata if isinstance(metadata, str) else "").partition(":")
    name, _, digest = rest.partition(":")
    return _issued(name, digest) if kind == _METADATA else codes.impossible()


def _issued(name: object, digest: object) -> Issued:
    if isinstance(name, str) and isinstance(digest, str) and name and digest:
        return Issued(name, digest)
    return codes.impossible()


def _address(event: Event) -> str | None:
    """Where a code may go: only a verified address counts."""
    if event.user_not_found or not event.email_verified:
        return None
    from vestibule.mail.addresses import deliverable  # noqa: PLC0415 - only where one is mailed

    return deliverable(event.attributes.get("email", ""))
