"""A made-up person with an address, a password and the tokens that a real SRP sign-in gives."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from botocore import UNSIGNED
from botocore.config import Config
from pycognito import AWSSRP, Cognito

if TYPE_CHECKING:
    from vestibule_cli.demo.place import Place


class MailMissing(Exception):
    """No mail with a code reached the inbox in time."""


class Person:
    """Talks to the user pool as a browser would: unsigned, with the public client's id."""

    def __init__(self, place: Place, first_name: str, domain: str | None = None) -> None:
        self._place = place
        self.name = f"{first_name} Example"
        self.email = f"{first_name.lower()}-{secrets.token_hex(4)}@{domain or place.mail_domain}"
        self.password = f"{secrets.token_urlsafe(18)}-aA1"
        self.cognito = self._client()

    def _client(self) -> Any:
        cognito = Cognito(
            self._place.user_pool_id,
            self._place.client_id,
            user_pool_region=self._place.region,
            username=self.email,
            session=self._place,
            botocore_config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 2}),
        )
        # Tokens name AWS as their issuer; the keys are the stack's own.
        cognito.pool_jwk = self._place.keys
        cognito.pool_domain_url = None
        return cognito

    def sign_up(self) -> str:
        self.cognito.set_base_attributes(email=self.email, name=self.name)
        answer = self.cognito.register(self.email, self.password)
        return str(answer["UserSub"])

    def confirm(self, code: str) -> None:
        self.cognito.confirm_sign_up(code, username=self.email)

    def sign_in(self) -> None:
        """Secure Remote Password: the password never leaves this process."""
        self.cognito.authenticate(password=self.password)

    def sign_in_with(self, client_id: str) -> str:
        """The access token that another client of the pool gives the same person.

        It is not verified here: it may live so shortly that it has ended already.
        """
        srp = AWSSRP(
            username=self.email,
            password=self.password,
            pool_id=self._place.user_pool_id,
            client_id=client_id,
            client=self.cognito.client,
        )
        return str(srp.authenticate_user()["AuthenticationResult"]["AccessToken"])

    def refresh(self) -> None:
        self.cognito.renew_access_token()

    def sign_out(self) -> None:
        self.cognito.client.global_sign_out(AccessToken=self.access_token)

    @property
    def access_token(self) -> str:
        return str(self.cognito.access_token)

    @property
    def id_token(self) -> str:
        return str(self.cognito.id_token)

    def groups(self) -> list[str]:
        """The roles that the access token names."""
        claims = self.cognito.access_claims
        return list(claims.get("cognito:groups", []))

    def mailed_codes(self) -> list[str]:
        """Every code mailed to this person so far, the newest first."""
        return self._place.codes.sent_to(self.email)

    def code_from_inbox(self, *, after: int = 0) -> str:
        """The newest code mailed to this person, once more than `after` of them have come.

        A mail may take seconds. Raises MailMissing if none comes in time.
        """
        until = time.monotonic() + self._place.patience
        while time.monotonic() < until:
            if len(codes := self.mailed_codes()) > after:
                return codes[0]
            time.sleep(0.05)
        raise MailMissing(
            f"no mail with a code reached {self.email} within {self._place.patience:.0f} s"
        )
