"""What a web page of somebody else can do to a stack that runs while it is open: nothing."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.emulator]

ROOT = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ROLE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "forged", "AssumeRolePolicyDocument": TRUST},
        }
    }
}


class Page(http.server.BaseHTTPRequestHandler):
    body = b"<!doctype html><title>cats</title>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server of pages on this machine that is not ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


# A page on another site, and one on another port of the same site.
@pytest.fixture(params=["localhost", "127.0.0.1"])
def foreign(request: pytest.FixtureRequest, browser: Any, port: int) -> Iterator[Any]:
    page = browser.new_page()
    page.goto(f"http://{request.param}:{port}/")
    yield page
    page.close()


def root(stack: dict[str, Any], service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=stack["aws_endpoint_url"],
        region_name=stack["region"],
        **ROOT,
    )


def forged(stack: dict[str, Any], *, signed: bool) -> str:
    if signed:
        url: str = root(stack, "cloudformation").generate_presigned_url(
            "create_stack",
            Params={
                "StackName": "forged",
                "TemplateBody": json.dumps(ROLE),
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
            },
            HttpMethod="GET",
        )
        return url
    asked = {
        "Action": "CreateStack",
        "StackName": "forged",
        "TemplateBody": json.dumps(ROLE),
        "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
        "Version": "2010-05-15",
    }
    return f"{stack['aws_endpoint_url']}/?{urlencode(asked)}"


PATHS = {"inbox_url": ".json", "api_url": "/health"}
ASK = {
    "image": "url => new Promise(done => { const i = new Image(); "
    "i.onload = i.onerror = () => done(); i.src = url })",
    "fetch": "url => fetch(url, {mode: 'no-cors'}).then(() => {}, () => {})",
    "form": "url => { const f = document.createElement('form'); f.method = 'POST'; f.action = url; "
    "f.target = '_blank'; document.body.append(f); f.submit(); "
    "return new Promise(done => setTimeout(done, 500)) }",
    "window": "url => { open(url); return new Promise(done => setTimeout(done, 500)) }",
}


class Answers:
    """Statuses by URL, also of what the browser keeps from the page that asked for it."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._by_url: dict[str, int] = {}
        self._by_request: dict[str, int] = {}
        self._requests: dict[str, str] = {}
        page.context.on("response", self._answered)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.responseReceivedExtraInfo", self._kept_back)

    def of(self, url: str) -> int | None:
        """Waits for it: the page may go on before the browser tells what it was answered."""
        for _ in range(100):
            found = self._by_url.get(url) or self._by_request.get(self._requests.get(url, ""))
            if found:
                return found
            self._page.wait_for_timeout(50)
        return None

    def _answered(self, answer: Any) -> None:
        self._by_url[answer.url] = answer.status

    def _asked(self, event: dict[str, Any]) -> None:
        self._requests[event["request"]["url"]] = event["requestId"]

    def _kept_back(self, event: dict[str, Any]) -> None:
        self._by_request[event["requestId"]] = event["statusCode"]


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("way", ASK)
def test_it_cannot_drive_the_emulated_aws(
    foreign: Any, stack: dict[str, Any], way: str, *, signed: bool
) -> None:
    url, answers = forged(stack, signed=signed), Answers(foreign)

    foreign.evaluate(ASK[way], url)

    assert answers.of(url) == 403
    roles = root(stack, "iam").list_roles()["Roles"]
    assert "forged" not in {role["RoleName"] for role in roles}


@pytest.mark.parametrize("name", PATHS)
def test_it_gets_nothing_of_the_site_by_an_image(
    foreign: Any, stack: dict[str, Any], name: str
) -> None:
    url, answers = f"{stack[name]}{PATHS[name]}", Answers(foreign)

    foreign.evaluate(ASK["image"], url)

    assert answers.of(url) == 403


def test_a_link_on_it_leads_to_the_inbox(foreign: Any, stack: dict[str, Any]) -> None:
    foreign.evaluate("url => { location = url }", stack["inbox_url"])
    foreign.wait_for_url(stack["inbox_url"])

    assert foreign.get_by_role("heading", level=1).inner_text() == "Inbox"
