"""Sign in by a code that is mailed: what a client does, in three plain HTTP requests.

    python examples/passwordless_client.py ann@example.com --client-id ID [--region REGION]
        [--endpoint-url URL]

`vestibule outputs` says what to give: user_pool_client_id, region, and on the laptop
aws_endpoint_url. The account must exist and its address be confirmed. Prints the tokens as JSON.

Needs nothing but the standard library, and no AWS credentials: these actions are for everybody. In
a browser it is the same with `fetch`, or `CUSTOM_WITHOUT_SRP` with AWS Amplify.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen


class Refused(Exception):
    """Cognito's answer was no; `code` is its name for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class PasswordlessClient:
    def __init__(self, client_id: str, region: str, endpoint_url: str | None = None) -> None:
        self._client_id = client_id
        self.url = endpoint_url or f"https://cognito-idp.{region}.amazonaws.com/"

    def start(self, email: str) -> dict[str, Any]:
        """Ask for a code to be mailed. The same comes back whether the account exists or not.

        `ChallengeParameters` say how long the code is and for how many seconds it works.
        """
        return self._call(
            "InitiateAuth",
            ClientId=self._client_id,
            AuthFlow="CUSTOM_AUTH",
            AuthParameters={"USERNAME": email},
        )

    def answer(self, challenge: dict[str, Any], email: str, code: str) -> dict[str, Any]:
        """Give the code. Either the tokens come, or the challenge again with a new `Session`.

        After the third wrong code Refused is raised (NotAuthorizedException): start anew.
        """
        return self._call(
            "RespondToAuthChallenge",
            ClientId=self._client_id,
            ChallengeName=challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": email, "ANSWER": code},
        )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """New access and ID tokens, without a code, for as long as the refresh token lives."""
        return self._call(
            "InitiateAuth",
            ClientId=self._client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": refresh_token},
        )

    def _call(self, action: str, **parameters: Any) -> dict[str, Any]:
        request = Request(  # noqa: S310 - https, or the laptop's own loopback address
            self.url,
            data=json.dumps(parameters).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
            },
        )
        try:
            with urlopen(request, timeout=20) as reply:  # noqa: S310 - as above
                answered: dict[str, Any] = json.load(reply)
        except HTTPError as refusal:
            with refusal:
                said = json.load(refusal)
            code = str(said.get("__type", "")).rpartition("#")[2]
            raise Refused(code, str(said.get("message", ""))) from None
        return answered


def main() -> int:
    parser = argparse.ArgumentParser(description="Sign in by a mailed code.")
    parser.add_argument("email")
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--endpoint-url", help="the emulated AWS of the laptop's stack")
    given = parser.parse_args()
    client = PasswordlessClient(given.client_id, given.region, given.endpoint_url)
    try:
        answer = client.start(given.email)
        while "AuthenticationResult" not in answer:
            left = answer["ChallengeParameters"].get("triesLeft", "?")
            print(f"Code ({left} tries left): ", end="", file=sys.stderr, flush=True)
            answer = client.answer(answer, given.email, input())
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except URLError as error:
        print(f"{client.url} could not be reached: {error.reason}", file=sys.stderr)
        if not given.endpoint_url:
            print("The laptop's stack wants --endpoint-url.", file=sys.stderr)
        return 1
    except EOFError:
        return 2
    print(json.dumps(answer["AuthenticationResult"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
