"""The play, step by step. Each step says what should happen and stops at the first surprise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from vestibule_cli.demo.calls import Answer, call
from vestibule_cli.demo.person import Person
from vestibule_cli.demo.stage import Stage, Surprise, another, same

if TYPE_CHECKING:
    from vestibule_cli.demo.place import Place
    from vestibule_cli.demo.stage import Report

PUBLIC_FIELDS = {"userId", "name", "bio", "createdAt"}


class Play(Stage):
    """Two people, Ann and Bob, and everything that should and should not work for them."""

    def __init__(self, place: Place, report: Report) -> None:
        super().__init__(place, report)
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
        self._be_suspended()
        self._come_back()
        self._leave()

    # Each act below is a list of steps: a title, what is done, what must be seen.

    def _arrive(self) -> None:
        with self.step("a throw-away address is refused before there is an account"):
            stranger = Person(self.place, "Eve", domain="mailinator.com")
            self.refused_by_cognito("UserLambdaValidationException", stranger.sign_up)
        with self.step("Ann signs up; a code is mailed to her"):
            self._ann_id = self.ann.sign_up()
            self._ann_path = f"/profiles/{self._ann_id}"
            code = self.ann.code_from_inbox()
        with self.step("a wrong code is refused"):
            self.refused_by_cognito(
                "CodeMismatchException", lambda: self.ann.confirm(another(code))
            )
        with self.step("she confirms with the code from her inbox"):
            self.ann.confirm(code)
        with self.step("she signs in by SRP; her tokens verify, and name her role"):
            self.ann.sign_in()
            same(self.ann.groups(), ["user"], "groups in the access token")

    def _keep_a_profile(self) -> None:
        token = self.ann.access_token
        with self.step("her profile was opened when she confirmed"):
            me = self.expect(200, "GET", "/me", token)
            same(me.body["profile"]["email"], self.ann.email, "email")
            if me.body["profile"]["onboardingCompleted"]:
                raise Surprise("it is complete before she has said anything")
        with self.step("she completes it"):
            sent = {"name": self.ann.name, "bio": "Likes doors."}
            made = self.expect(201, "POST", "/profiles", token, body=sent)
            same(made.body["profile"]["userId"], self._ann_id, "userId")
            same(made.body["profile"]["email"], self.ann.email, "email")
        with self.step("a second one is refused"):
            self.expect(409, "POST", "/profiles", token, body={"name": self.ann.name})
        with self.step("she reads it, and finds herself among the people"):
            own = self.expect(200, "GET", self._ann_path, token)
            same(own.body["profile"]["email"], self.ann.email, "email")
            same(self._listed(token), PUBLIC_FIELDS, "fields in the list")
        with self.step("she changes it"):
            changed = self.expect(
                200,
                "PUT",
                self._ann_path,
                token,
                body={"name": "Ann Changed", "bio": None},
                headers={"If-Match": f'"{own.body["profile"]["version"]}"'},
            )
            same(changed.body["profile"]["name"], "Ann Changed", "name")
        with self.step("a change based on what is no longer there is refused"):
            stale = {"If-Match": f'"{own.body["profile"]["version"]}"'}
            self.expect(412, "PUT", self._ann_path, token, body={"name": "Late"}, headers=stale)
        with self.step("a body that breaks a rule is refused, naming the field"):
            refusal = self.expect(400, "PUT", self._ann_path, token, body={"name": "A"})
            same(refusal.body["details"][0]["field"], "name", "field")

    def _meet_somebody_else(self) -> None:
        with self.step("Bob signs up, confirms, signs in, completes his profile"):
            self.bob.sign_up()
            self.bob.confirm(self.bob.code_from_inbox())
            self.bob.sign_in()
            token = self.bob.access_token
            self.expect(201, "POST", "/profiles", token, body={"name": self.bob.name})
        with self.step("he sees the public fields of Ann's, no others"):
            seen = self.expect(200, "GET", self._ann_path, token)
            extra = set(seen.body["profile"]) - PUBLIC_FIELDS
            same(extra, set(), "fields beyond the public ones")
        with self.step("he may not change or delete hers"):
            self.expect(403, "PUT", self._ann_path, token, body={"name": "Bob was here"})
            self.expect(403, "DELETE", self._ann_path, token)

    def _be_refused(self) -> None:
        with self.step("no token: refused"):
            self.expect(401, "GET", "/me", None)
        with self.step("an ID token: refused"):
            self.expect(401, "GET", "/me", self.ann.id_token)
        if not self.place.is_on_aws:  # where no token lives less than five minutes
            self._outlive_a_token()
        with self.step("a foreign pool's token: refused"), self.place.foreign_pool() as foreign:
            self.expect(401, "GET", "/me", self.place.foreign_token(*foreign))
        with self.step("an unknown path is 404, a wrong method 405"):
            self.expect(404, "GET", "/no-such-thing", self.ann.access_token)
            self.expect(405, "PATCH", "/me", self.ann.access_token)
        with self.step("a request signed with her own AWS credentials is Ann's, too"):
            same(self._signed_me().body["profile"]["userId"], self._ann_id, "userId")

    def _outlive_a_token(self) -> None:
        with self.step("an expired token: refused"), self.place.short_lived_client() as client:
            token = self.ann.sign_in_with(client)
            time.sleep(2.1)
            self.expect(401, "GET", "/me", token)

    def _be_suspended(self) -> None:
        path = f"/users/{self._ann_id}"
        with self.step("Bob becomes an admin, and suspends Ann: she may read, and change nothing"):
            token = self.bob.access_token
            self.expect(403, "POST", f"{path}/suspend", token)
            bob = self.expect(200, "GET", "/me", token).body["profile"]
            self.place.give_role(bob["userId"], "admin")
            self.expect(200, "POST", f"{path}/suspend", token)
            hers = self.ann.access_token
            self.expect(200, "GET", "/me", hers)
            self.expect(403, "PUT", self._ann_path, hers, body={"name": "Ann Again"})
        with self.step("her refresh token and her password are refused"):
            self.refused_by_cognito("NotAuthorizedException", self.ann.refresh)
            self.refused_by_cognito("UserLambdaValidationException", self.ann.sign_in)
        with self.step("reactivated, she signs in again"):
            self.expect(200, "POST", f"{path}/reactivate", token)
            self.ann.sign_in()
        with self.step("her activity tells what happened, newest first"):
            told = self.expect(200, "GET", "/me/activity", self.ann.access_token).body["activity"]
            kinds = [entry["type"] for entry in told]
            same(kinds[:3], ["login", "reactivation", "suspension"], "newest activity")
            same(kinds[-1], "signup", "oldest activity")

    def _come_back(self) -> None:
        with self.step("her session is refreshed without a password"):
            before = self.ann.access_token
            self.ann.refresh()
            if self.ann.access_token == before:
                raise Surprise("the refreshed access token is the old one")
            self.expect(200, "GET", "/me", self.ann.access_token)

    def _leave(self) -> None:
        with self.step("Bob signs out everywhere; his refresh token is dead"):
            self.bob.sign_out()
            self.refused_by_cognito("NotAuthorizedException", self.bob.refresh)
        with self.step("Ann erases her profile: gone, and not to be made again"):
            token = self.ann.access_token
            self.expect(200, "DELETE", self._ann_path, token)
            self.expect(404, "GET", self._ann_path, token)
            self.expect(409, "POST", "/profiles", token, body={"name": self.ann.name})
        with self.step("her account at Cognito is deleted as well"):
            self.wait_until_deleted(self._ann_id)
        with self.step("Bob is erased as well: nobody is left behind"):
            token = self.bob.access_token
            bob_id = self.expect(200, "GET", "/me", token).body["profile"]["userId"]
            # An admin is erased by another: nobody leaves a place without one by mistake.
            self.expect(409, "DELETE", f"/profiles/{bob_id}", token)
            self.place.give_role(bob_id, "user")
            self.expect(200, "DELETE", f"/profiles/{bob_id}", token)
            self.wait_until_deleted(bob_id)

    def _listed(self, token: str) -> set[str]:
        """The fields of Ann's entry, looked for page by page."""
        path = "/profiles?limit=100"
        while True:
            page = self.expect(200, "GET", path, token).body
            for entry in page["profiles"]:
                if entry["userId"] == self._ann_id:
                    return set(entry)
            if "nextToken" not in page:
                raise Surprise("her profile is on no page of the list")
            path = f"/profiles?limit=100&nextToken={page['nextToken']}"

    def _signed_me(self) -> Answer:
        place = self.place
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
        same(answer.status, 200, "status")
        return answer
