"""The play, step by step. Each step says what should happen and stops at the first surprise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from vestibule_cli.demo.calls import Answer, call
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from vestibule_cli.demo.place import Place

Report = Callable[[str, float], None]
PUBLIC_FIELDS = {"userId", "name", "bio", "createdAt"}


class Surprise(Exception):
    """The stack did something other than it promises."""


class Play:
    """Two people, Ann and Bob, and everything that should and should not work for them."""

    def __init__(self, place: Place, report: Report) -> None:
        self._place = place
        self._report = report
        self.ann = Person(place, "Ann")
        self.bob = Person(place, "Bob")
        self._ann_id = ""
        self._ann_path = ""

    def run(self) -> None:
        """Play all of it. Raises Surprise at the first step that ends otherwise than promised."""
        self._arrive()
        self._keep_a_profile()
        self._meet_somebody_else()
        self._be_refused()
        self._come_back()
        self._leave()

    # Each act below is a list of steps: a title, what is done, what must be seen.

    def _arrive(self) -> None:
        with self._step("Ann signs up; a code is mailed to her"):
            self._ann_id = self.ann.sign_up()
            self._ann_path = f"/profiles/{self._ann_id}"
            code = self.ann.code_from_inbox()
        with self._step("a wrong code is refused"):
            self._refused_by_cognito(
                "CodeMismatchException", lambda: self.ann.confirm(_another(code))
            )
        with self._step("she confirms with the code from her inbox"):
            self.ann.confirm(code)
        with self._step("she signs in by SRP; her tokens verify"):
            self.ann.sign_in()

    def _keep_a_profile(self) -> None:
        token = self.ann.access_token
        with self._step("she has no profile yet"):
            me = self._expect(200, "GET", "/me", token)
            _same(me.body["profile"], None, "profile")
        with self._step("she creates one"):
            sent = {"name": self.ann.name, "bio": "Likes doors."}
            made = self._expect(201, "POST", "/profiles", token, body=sent)
            _same(made.body["profile"]["userId"], self._ann_id, "userId")
            _same(made.body["profile"]["email"], self.ann.email, "email")
        with self._step("a second one is refused"):
            self._expect(409, "POST", "/profiles", token, body={"name": self.ann.name})
        with self._step("she reads it, and finds herself among the people"):
            own = self._expect(200, "GET", self._ann_path, token)
            _same(own.body["profile"]["email"], self.ann.email, "email")
            _same(self._listed(token), PUBLIC_FIELDS, "fields in the list")
        with self._step("she changes it"):
            changed = self._expect(
                200,
                "PUT",
                self._ann_path,
                token,
                body={"name": "Ann Changed", "bio": None},
                headers={"If-Match": f'"{own.body["profile"]["version"]}"'},
            )
            _same(changed.body["profile"]["name"], "Ann Changed", "name")
        with self._step("a change based on what is no longer there is refused"):
            stale = {"If-Match": f'"{own.body["profile"]["version"]}"'}
            self._expect(412, "PUT", self._ann_path, token, body={"name": "Late"}, headers=stale)
        with self._step("a body that breaks a rule is refused, naming the field"):
            refusal = self._expect(400, "PUT", self._ann_path, token, body={"name": "A"})
            _same(refusal.body["details"][0]["field"], "name", "field")

    def _meet_somebody_else(self) -> None:
        with self._step("Bob signs up, confirms, signs in, creates his profile"):
            self.bob.sign_up()
            self.bob.confirm(self.bob.code_from_inbox())
            self.bob.sign_in()
            token = self.bob.access_token
            self._expect(201, "POST", "/profiles", token, body={"name": self.bob.name})
        with self._step("he sees the public fields of Ann's, no others"):
            seen = self._expect(200, "GET", self._ann_path, token)
            extra = set(seen.body["profile"]) - PUBLIC_FIELDS
            _same(extra, set(), "fields beyond the public ones")
        with self._step("he may not change or delete hers"):
            self._expect(403, "PUT", self._ann_path, token, body={"name": "Bob was here"})
            self._expect(403, "DELETE", self._ann_path, token)

    def _be_refused(self) -> None:
        with self._step("no token: refused"):
            self._expect(401, "GET", "/me", None)
        with self._step("an ID token: refused"):
            self._expect(401, "GET", "/me", self.ann.id_token)
        with self._step("an expired token: refused"), self._place.short_lived_client() as client:
            token = self.ann.sign_in_with(client)
            time.sleep(2.1)
            self._expect(401, "GET", "/me", token)
        with self._step("a foreign pool's token: refused"), self._place.foreign_pool() as foreign:
            self._expect(401, "GET", "/me", self._place.foreign_token(*foreign))
        with self._step("an unknown path is 404, a wrong method 405"):
            self._expect(404, "GET", "/no-such-thing", self.ann.access_token)
            self._expect(405, "PATCH", "/me", self.ann.access_token)
        with self._step("a request signed with her own AWS credentials is Ann's, too"):
            _same(self._signed_me().body["profile"]["userId"], self._ann_id, "userId")

    def _come_back(self) -> None:
        with self._step("her session is refreshed without a password"):
            before = self.ann.access_token
            self.ann.refresh()
            if self.ann.access_token == before:
                raise Surprise("the refreshed access token is the old one")
            self._expect(200, "GET", "/me", self.ann.access_token)

    def _leave(self) -> None:
        with self._step("Bob signs out everywhere; his refresh token is dead"):
            self.bob.sign_out()
            self._refused_by_cognito("NotAuthorizedException", self.bob.refresh)
        with self._step("Ann erases her profile: gone, and not to be made again"):
            token = self.ann.access_token
            self._expect(200, "DELETE", self._ann_path, token)
            self._expect(404, "GET", self._ann_path, token)
            self._expect(409, "POST", "/profiles", token, body={"name": self.ann.name})
        with self._step("her account at Cognito is deleted as well"):
            self._wait_until_deleted(self._ann_id)
        with self._step("Bob is erased as well: nobody is left behind"):
            token = self.bob.access_token
            bob_id = self._expect(200, "GET", "/me", token).body["profile"]["userId"]
            self._expect(200, "DELETE", f"/profiles/{bob_id}", token)
            self._wait_until_deleted(bob_id)

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        except Surprise as surprise:
            raise Surprise(f"{title}: {surprise}") from surprise
        except Exception as error:
            raise Surprise(f"{title}: {type(error).__name__}: {error}") from error
        self._report(title, time.perf_counter() - started)

    def _expect(
        self, status: int, method: str, path: str, token: str | None, **sent: Any
    ) -> Answer:
        answer = self._place.api(method, path, token, **sent)
        if answer.status != status:
            raise Surprise(
                f"{method} {path} answered {answer.status}, expected {status}: {answer.body}"
            )
        return answer

    def _refused_by_cognito(self, code: str, act: Callable[[], object]) -> None:
        try:
            act()
        except ClientError as refusal:
            _same(refusal.response["Error"]["Code"], code, "Cognito's refusal")
        else:
            raise Surprise(f"went through, expected {code}")

    def _listed(self, token: str) -> set[str]:
        """The fields of Ann's entry, looked for page by page."""
        path = "/profiles?limit=100"
        while True:
            page = self._expect(200, "GET", path, token).body
            for entry in page["profiles"]:
                if entry["userId"] == self._ann_id:
                    return set(entry)
            if "nextToken" not in page:
                raise Surprise("her profile is on no page of the list")
            path = f"/profiles?limit=100&nextToken={page['nextToken']}"

    def _signed_me(self) -> Answer:
        place = self._place
        pool = f"cognito-idp.{place.region}.amazonaws.com/{place.user_pool_id}"
        logins = {pool: self.ann.id_token}
        identity = place.operator("cognito-identity")
        found = identity.get_id(IdentityPoolId=place.identity_pool_id, Logins=logins)
        granted = identity.get_credentials_for_identity(
            IdentityId=found["IdentityId"], Logins=logins
        )["Credentials"]
        request = AWSRequest("GET", f"{place.signed_url}/me")
        credentials = Credentials(
            granted["AccessKeyId"], granted["SecretKey"], granted["SessionToken"]
        )
        SigV4Auth(credentials, "execute-api", place.region).add_auth(request)
        answer = call("GET", f"{place.signed_url}/me", headers=dict(request.headers.items()))
        _same(answer.status, 200, "status")
        return answer

    def _wait_until_deleted(self, user_id: str) -> None:
        cognito = self._place.operator("cognito-idp")
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                cognito.admin_get_user(UserPoolId=self._place.user_pool_id, Username=user_id)
            except cognito.exceptions.UserNotFoundException:
                return
            time.sleep(0.1)
        raise Surprise("the account is still there after 10 s")


def _same(seen: object, promised: object, what: str) -> None:
    if seen != promised:
        raise Surprise(f"{what} is {seen!r}, expected {promised!r}")


def _another(code: str) -> str:
    """A six-digit code that is certainly not the given one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
