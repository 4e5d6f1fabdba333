"""The command line's AWS calls against a server that loses answers."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.credentials import Credentials
from vestibule_cli.aws import Aws, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

XML = "<A xmlns='urn:x'><Name>x</Name></A>"


class Service(socketserver.ThreadingTCPServer):
    """Does all that it is told, and hangs up instead of answering while `loses` is set."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.done: list[str] = []
        self.loses = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Exchange(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):
            while line := self.rfile.readline():
                if not self.answered(line.decode()):
                    return

    def answered(self, line: str) -> bool:
        service: Any = self.server
        headers = {}
        while header := self.rfile.readline().decode().strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0))).decode()
        is_query = "urlencoded" in headers["content-type"]
        service.done.append(headers.get("x-amz-target") or (body if is_query else line))
        if service.loses:
            service.loses -= 1
            return False
        content = XML if is_query else json.dumps({"ok": True})
        self.wfile.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n".encode())
        self.wfile.write(content.encode())
        return True


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        yield service
        service.shutdown()
        thread.join()


@pytest.fixture
def aws(service: Service) -> Aws:
    """With a connection that has been used in each of the three ways."""
    aws = Aws(service.url, "us-east-1", Credentials("key", "secret"))
    for read in READS.values():
        read(aws)
    service.done.clear()
    return aws


READS: dict[str, Callable[[Aws], Any]] = {
    "json": lambda aws: aws.json("cognito-idp", "DescribeUserPool", UserPoolId="x"),
    "rest": lambda aws: aws.rest("lambda", "GET", "/functions/x"),
    "query": lambda aws: aws.query("iam", "GetRole", RoleName="x"),
}
WRITES: dict[str, Callable[[Aws], Any]] = {
    "json": lambda aws: aws.json("cognito-idp", "CreateUserPool", PoolName="x"),
    "rest": lambda aws: aws.rest("lambda", "POST", "/functions", {"FunctionName": "x"}),
    "query": lambda aws: aws.query("iam", "CreateRole", RoleName="x"),
}


@pytest.mark.parametrize("way", WRITES)
def test_a_change_whose_answer_is_lost_is_not_made_a_second_time(
    service: Service, aws: Aws, way: str
) -> None:
    service.loses = 1

    with pytest.raises(AwsUnavailable):
        WRITES[way](aws)

    assert len(service.done) == 1


@pytest.mark.parametrize("way", READS)
def test_a_read_whose_answer_is_lost_is_read_again(service: Service, aws: Aws, way: str) -> None:
    service.loses = 1

    READS[way](aws)

    assert len(service.done) == 2


@pytest.mark.parametrize("way", WRITES)
def test_a_change_is_made_though_kept_connections_have_ended(
    service: Service, aws: Aws, way: str
) -> None:
    service.loses = 3
    with suppress(AwsUnavailable):
        READS[way](aws)
    service.loses = 0

    WRITES[way](aws)
