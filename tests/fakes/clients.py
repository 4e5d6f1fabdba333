"""One person, and what they and an administrator call, by each client that people use."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError
from pycognito import Cognito
from pycognito.aws_srp import AWSSRP
from pycognito.exceptions import SoftwareTokenMFAChallengeException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PASSWORD = "A-long-enough-one-1"
# Its script `aws` names its Python in a way that no folder with a space in its name survives.
AWS = (sys.executable, "-m", "awscli")
KEYS = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
REFUSAL = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation: (.*)")


@dataclass(frozen=True)
class Pool:
    """A user pool, and the client of it that people sign in to."""

    endpoint: str
    region: str
    id: str
    client_id: str
    keys: Mapping[str, Any]
    cognito: Any
    """boto3's."""


class Client(ABC):
    """Somebody at one of the clients: each keeps the tokens that it got.

    What Cognito refuses is a ClientError at each of them.
    """

    def __init__(self, pool: Pool, address: str) -> None:
        self.pool = pool
        self.address = address

    @abstractmethod
    def sign_up(self) -> None: ...
    @abstractmethod
    def resend(self) -> None: ...
    @abstractmethod
    def confirm(self, code: str) -> None: ...
    @abstractmethod
    def be_made(self, temporary: str) -> None:
        """An administrator makes the person."""

    @abstractmethod
    def take_over(self, temporary: str) -> None:
        """Sign in with the temporary password, and choose another."""

    @abstractmethod
    def sign_in(self, password: str = PASSWORD) -> None:
        """By the password as it is: as an administrator, where the client knows no other way."""

    @abstractmethod
    def begin_with_two_factors(self) -> None: ...
    @abstractmethod
    def give_second_factor(self, code: str) -> None: ...
    @abstractmethod
    def refresh(self) -> None: ...
    @abstractmethod
    def forget(self) -> None: ...
    @abstractmethod
    def remember(self, code: str, password: str) -> None: ...
    @abstractmethod
    def move(self, address: str) -> None: ...
    @abstractmethod
    def ask_again(self) -> None:
        """For the code that proves the new address."""

    @abstractmethod
    def arrive(self, code: str) -> None: ...
    @abstractmethod
    def sign_out(self) -> None:
        """Everywhere."""


class Caller(Client):
    """A client that takes calls and their parameters by the names that the API has for them."""

    def __init__(self, pool: Pool, address: str) -> None:
        super().__init__(pool, address)
        self.tokens: dict[str, str] = {}
        self._asked: dict[str, Any] = {}

    @abstractmethod
    def call(self, operation: str, **parameters: Any) -> dict[str, Any]: ...

    def sign_up(self) -> None:
        attributes = [*named(email=self.address, name="Ann Example")]
        self._public("SignUp", Password=PASSWORD, UserAttributes=attributes)

    def resend(self) -> None:
        self._public("ResendConfirmationCode")

    def confirm(self, code: str) -> None:
        self._public("ConfirmSignUp", ConfirmationCode=code)

    def be_made(self, temporary: str) -> None:
        self.call(
            "AdminCreateUser",
            UserPoolId=self.pool.id,
            Username=self.address,
            TemporaryPassword=temporary,
            UserAttributes=[*named(email=self.address, name="Ann Example")],
        )

    def take_over(self, temporary: str) -> None:
        self.sign_in(temporary)
        self._respond(NEW_PASSWORD=PASSWORD)

    def sign_in(self, password: str = PASSWORD) -> None:
        self._initiate("USER_PASSWORD_AUTH", USERNAME=self.address, PASSWORD=password)

    def begin_with_two_factors(self) -> None:
        self.sign_in()

    def give_second_factor(self, code: str) -> None:
        self._respond(SOFTWARE_TOKEN_MFA_CODE=code)

    def ask_for_code(self) -> None:
        self._initiate("CUSTOM_AUTH", USERNAME=self.address)

    def give_code(self, code: str) -> None:
        self._respond(ANSWER=code)

    def refresh(self) -> None:
        self._initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=self.tokens["RefreshToken"])

    def exchange(self) -> None:
        """The newer way to refresh."""
        self._keep(
            self.call(
                "GetTokensFromRefreshToken",
                ClientId=self.pool.client_id,
                RefreshToken=self.tokens["RefreshToken"],
            )
        )

    def forget(self) -> None:
        self._public("ForgotPassword")

    def remember(self, code: str, password: str) -> None:
        self._public("ConfirmForgotPassword", ConfirmationCode=code, Password=password)

    def move(self, address: str) -> None:
        self._own("UpdateUserAttributes", UserAttributes=[*named(email=address)])

    def ask_again(self) -> None:
        self._own("GetUserAttributeVerificationCode", AttributeName="email")

    def arrive(self, code: str) -> None:
        self._own("VerifyUserAttribute", AttributeName="email", Code=code)

    def sign_out(self) -> None:
        self._own("GlobalSignOut")

    def _public(self, operation: str, **parameters: Any) -> None:
        self.call(operation, ClientId=self.pool.client_id, Username=self.address, **parameters)

    def _own(self, operation: str, **parameters: Any) -> None:
        self.call(operation, AccessToken=self.tokens["AccessToken"], **parameters)

    def _initiate(self, flow: str, **parameters: str) -> None:
        self._keep(
            self.call(
                "InitiateAuth",
                ClientId=self.pool.client_id,
                AuthFlow=flow,
                AuthParameters=parameters,
            )
        )

    def _respond(self, **responses: str) -> None:
        self._keep(
            self.call(
                "RespondToAuthChallenge",
                ClientId=self.pool.client_id,
                ChallengeName=self._asked["ChallengeName"],
                Session=self._asked["Session"],
                ChallengeResponses={"USERNAME": self.address, **responses},
            )
        )

    def _keep(self, answer: dict[str, Any]) -> None:
        self._asked = answer
        self.tokens |= answer.get("AuthenticationResult", {})


class Boto3(Caller):
    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        act = getattr(self.pool.cognito, xform_name(operation))
        answer: dict[str, Any] = act(**parameters)
        return answer

    def prove(self) -> None:
        """Sign in by SRP."""
        self.tokens |= self._srp().authenticate_user()["AuthenticationResult"]

    def ask_for_code_after_password(self) -> None:
        srp = self._srp()
        first = srp.get_auth_params()
        self._initiate("CUSTOM_AUTH", **first, CHALLENGE_NAME="SRP_A")
        self._respond(**srp.process_challenge(self._asked["ChallengeParameters"], first))

    def _srp(self) -> Any:
        return AWSSRP(
            self.address, PASSWORD, self.pool.id, self.pool.client_id, client=self.pool.cognito
        )


class AwsCli(Caller):
    """The command itself: within this process it would put its own botocore in boto3's place."""

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        words = [word for name, value in parameters.items() for word in option(name, value)]
        done = subprocess.run(
            [*AWS, "cognito-idp", dashed(operation), *words],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode == 0:
            answer: dict[str, Any] = json.loads(done.stdout or "{}")
            return answer
        refused = REFUSAL.search(done.stderr)
        assert refused, done.stderr
        code, name, message = refused.groups()
        raise ClientError({"Error": {"Code": code, "Message": message}}, name)

    def _environment(self) -> dict[str, str]:
        """As docs/laptop.md has it, and nothing of the person's own."""
        return {
            "AWS_ENDPOINT_URL": self.pool.endpoint,
            "AWS_DEFAULT_REGION": self.pool.region,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_PAGER": "",
            "LANG": "C.UTF-8",
            **{name.upper(): value for name, value in KEYS.items()},
        }


class Pycognito(Client):
    def __init__(self, pool: Pool, address: str) -> None:
        super().__init__(pool, address)
        self.cognito = Cognito(
            pool.id,
            pool.client_id,
            user_pool_region=pool.region,
            username=address,
            access_key=KEYS["aws_access_key_id"],
            secret_key=KEYS["aws_secret_access_key"],
            boto3_client_kwargs={"endpoint_url": pool.endpoint},
        )
        # As docs/laptop.md has it: tokens name AWS as their issuer, and the keys are the stack's.
        self.cognito.pool_domain_url = None
        self.cognito.pool_jwk = pool.keys

    @property
    def tokens(self) -> dict[str, str]:
        return {
            "AccessToken": self.cognito.access_token,
            "IdToken": self.cognito.id_token,
            "RefreshToken": self.cognito.refresh_token,
        }

    @tokens.setter
    def tokens(self, tokens: Mapping[str, str]) -> None:
        self.cognito.access_token = tokens["AccessToken"]
        self.cognito.id_token = tokens["IdToken"]
        self.cognito.refresh_token = tokens["RefreshToken"]

    def sign_up(self) -> None:
        self.cognito.set_base_attributes(email=self.address, name="Ann Example")
        self.cognito.register(self.address, PASSWORD)

    def resend(self) -> None:
        self.cognito.resend_confirmation_code(self.address)

    def confirm(self, code: str) -> None:
        self.cognito.confirm_sign_up(code)

    def be_made(self, temporary: str) -> None:
        self.cognito.admin_create_user(
            self.address, temporary, email=self.address, name="Ann Example"
        )

    def take_over(self, temporary: str) -> None:
        self.cognito.new_password_challenge(temporary, PASSWORD)

    def sign_in(self, password: str = PASSWORD) -> None:
        self.cognito.admin_authenticate(password)

    def prove(self) -> None:
        """Sign in by SRP."""
        self.cognito.authenticate(PASSWORD)

    def begin_with_two_factors(self) -> None:
        try:
            self.prove()
        except SoftwareTokenMFAChallengeException:
            return
        raise AssertionError("no second factor was asked for")

    def give_second_factor(self, code: str) -> None:
        self.cognito.respond_to_software_token_mfa_challenge(code)

    def refresh(self) -> None:
        self.cognito.renew_access_token()

    def forget(self) -> None:
        self.cognito.initiate_forgot_password()

    def remember(self, code: str, password: str) -> None:
        self.cognito.confirm_forgot_password(code, password)

    def move(self, address: str) -> None:
        self.cognito.update_profile({"email": address})

    def ask_again(self) -> None:
        self.cognito.send_verification()

    def arrive(self, code: str) -> None:
        self.cognito.validate_verification(code)

    def sign_out(self) -> None:
        self.cognito.logout()


def named(**attributes: str) -> Iterator[dict[str, str]]:
    """As the API lists a person's attributes."""
    return ({"Name": name, "Value": value} for name, value in attributes.items())


def dashed(name: str) -> str:
    return str(xform_name(name, "-"))


def option(name: str, value: Any) -> list[str]:
    """As somebody types it: short, not as JSON."""
    values = value if isinstance(value, list) else [value]
    return [f"--{dashed(name)}", *(short(each) for each in values)]


def short(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={each}" for name, each in value.items())
    return str(value)
