"""Signing in by a mailed code, password aside: how it goes, and how it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

from vestibule_cli.demo.person import Person
from vestibule_cli.demo.stage import Stage, Surprise, another, same

if TYPE_CHECKING:
    from vestibule_cli.demo.place import Place
    from vestibule_cli.demo.stage import Report

CHALLENGE = "CUSTOM_CHALLENGE"
TRIES = 3


class PasswordlessPlay(Stage):
    """Ann has an account and leaves her password alone from here on."""

    def __init__(self, place: Place, report: Report) -> None:
        super().__init__(place, report)
        self.ann = Person(place, "Ann")
        self._ann_id = ""
        self._access_token = ""
        self._spent = ""
        self._mailed_before = 0
        # Unsigned, as a browser calls it.
        self._cognito: Any = place.client("cognito-idp", config=Config(signature_version=UNSIGNED))

    def run(self) -> None:
        """Play all of it. Raises Surprise at the first step that ends otherwise than promised."""
        self._arrive()
        self._sign_in()
        self._mistype()
        self._sign_in_with_both()
        self._guess()
        self._be_somebody_else()
        self._leave()

    def _arrive(self) -> None:
        with self.step("Ann signs up and confirms her address"):
            self._ann_id = self.ann.sign_up()
            self.ann.confirm(self.ann.code_from_inbox())

    def _sign_in(self) -> None:
        with self.step("she asks for a code instead of typing a password; it is mailed"):
            challenge = self._start()
            same(challenge["ChallengeName"], CHALLENGE, "challenge")
            code = self._newest_code()
        with self.step("what her client is told does not hold the code"):
            if code in str(challenge["ChallengeParameters"]):
                raise Surprise("the code is in the challenge's parameters")
        with self.step("the code signs her in"):
            self._access_token = self._tokens(self._answer(challenge, code))["AccessToken"]
            self.expect(200, "GET", "/me", self._access_token)
        self._spent = code

    def _mistype(self) -> None:
        with self.step("the next time she mistypes it: the same code still works, one mail in all"):
            challenge = self._start()
            code = self._newest_code()
            challenge = self._answer(challenge, another(code))
            same(challenge["ChallengeName"], CHALLENGE, "challenge")
            self._tokens(self._answer(challenge, f" {code[:3]} {code[3:]} "))
            same(len(self.ann.mailed_codes()), self._mailed_before + 1, "mails")

    def _sign_in_with_both(self) -> None:
        with self.step("password and code: SRP comes first, then the code"):
            srp = AWSSRP(
                username=self.ann.email,
                password=self.ann.password,
                pool_id=self.place.user_pool_id,
                client_id=self.place.client_id,
                client=self._cognito,
            )
            self._count_mails()
            proof = self._cognito.initiate_auth(
                ClientId=self.place.client_id,
                AuthFlow="CUSTOM_AUTH",
                AuthParameters={**srp.get_auth_params(), "CHALLENGE_NAME": "SRP_A"},
            )
            same(proof["ChallengeName"], "PASSWORD_VERIFIER", "challenge")
            parameters = proof["ChallengeParameters"]
            challenge = self._cognito.respond_to_auth_challenge(
                ClientId=self.place.client_id,
                ChallengeName="PASSWORD_VERIFIER",
                **({"Session": proof["Session"]} if proof.get("Session") else {}),
                ChallengeResponses=srp.process_challenge(parameters, srp.get_auth_params()),
            )
            same(challenge["ChallengeName"], CHALLENGE, "challenge")
            self._tokens(self._answer(challenge, self._newest_code()))

    def _guess(self) -> None:
        with self.step("a code works once: three tries with her first one end the sign-in"):
            challenge = self._start()
            wrong = self._spent if self._newest_code() != self._spent else another(self._spent)
            for _ in range(TRIES - 1):
                challenge = self._answer(challenge, wrong)
            self.refused_by_cognito(
                "NotAuthorizedException", lambda: self._answer(challenge, wrong)
            )

    def _be_somebody_else(self) -> None:
        with self.step("somebody unknown is asked for a code as well, and never gets in"):
            challenge = self._start("nobody@example.com")
            same(challenge["ChallengeName"], CHALLENGE, "challenge")
            for _ in range(TRIES - 1):
                challenge = self._answer(challenge, "000000", "nobody@example.com")
            self.refused_by_cognito(
                "NotAuthorizedException",
                lambda: self._answer(challenge, "000000", "nobody@example.com"),
            )

    def _leave(self) -> None:
        with self.step("Ann is erased: nobody is left behind"):
            self.expect(200, "DELETE", f"/profiles/{self._ann_id}", self._access_token)
            self.wait_until_deleted(self._ann_id)

    def _start(self, email: str | None = None) -> dict[str, Any]:
        self._count_mails()
        started: dict[str, Any] = self._cognito.initiate_auth(
            ClientId=self.place.client_id,
            AuthFlow="CUSTOM_AUTH",
            AuthParameters={"USERNAME": email or self.ann.email},
        )
        return started

    def _answer(
        self, challenge: dict[str, Any], code: str, email: str | None = None
    ) -> dict[str, Any]:
        answered: dict[str, Any] = self._cognito.respond_to_auth_challenge(
            ClientId=self.place.client_id,
            ChallengeName=CHALLENGE,
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": email or self.ann.email, "ANSWER": code},
        )
        return answered

    def _tokens(self, answer: dict[str, Any]) -> dict[str, str]:
        if "AuthenticationResult" not in answer:
            raise Surprise(f"no tokens came, but the challenge {answer.get('ChallengeName')}")
        tokens: dict[str, str] = answer["AuthenticationResult"]
        return tokens

    def _count_mails(self) -> None:
        self._mailed_before = len(self.ann.mailed_codes())

    def _newest_code(self) -> str:
        """The code of the challenge just asked for. Each is a new one: those before are spent."""
        return self.ann.code_from_inbox(after=self._mailed_before)
