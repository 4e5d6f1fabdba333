"""The end-to-end suite on a stack of this machine, as `make e2e-aws` runs it on AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAIL_DOMAIN = "mail.example.com"
MAIL_SECONDS = 1.0
"""On its way for so long: nobody may take an older mail for the one that is still coming."""
_SUITE = Path(__file__).parents[1] / "e2e"
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-rs", "--no-cov", "-p", "no:cacheprovider")


def run(
    environment: Mapping[str, str], queue: str, *options: str, name: str
) -> subprocess.CompletedProcess[str]:
    """Test the deployment of this name, whose mails to MAIL_DOMAIN the queue hears of."""
    return subprocess.run(
        [*_PYTEST, str(_SUITE), *options],
        env={
            **os.environ,
            **environment,
            "E2E_ENVIRONMENT": name,
            "E2E_MAIL_QUEUE": queue,
            "E2E_MAIL_DOMAIN": MAIL_DOMAIN,
        },
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@contextmanager
def received_mails(sqs: Any, inbox_url: str) -> Iterator[str]:
    """SES that receives: a queue that is told, by SNS, of what goes to MAIL_DOMAIN."""
    queue = sqs.create_queue(QueueName=f"received-{time.time_ns()}")["QueueUrl"]
    stop = threading.Event()
    thread = threading.Thread(target=_forward, args=(sqs, queue, f"{inbox_url}.json", stop))
    thread.start()
    try:
        yield queue
    finally:
        stop.set()
        thread.join()
        sqs.delete_queue(QueueUrl=queue)


def _forward(sqs: Any, queue: str, inbox: str, stop: threading.Event) -> None:
    told: set[str] = set()
    come: dict[str, float] = {}
    while not stop.is_set():
        with urllib.request.urlopen(inbox) as answer:  # noqa: S310 - the stack's own inbox
            mails = json.loads(answer.read())["mails"]
        for mail in reversed(mails):
            if mail["id"] in told or not mail["to"][0].endswith(f"@{MAIL_DOMAIN}"):
                continue
            if time.monotonic() >= come.setdefault(mail["id"], time.monotonic() + MAIL_SECONDS):
                told.add(mail["id"])
                sqs.send_message(QueueUrl=queue, MessageBody=_notice(mail))
        time.sleep(0.05)


def _notice(mail: Mapping[str, Any]) -> str:
    content = f"To: {mail['to'][0]}\r\nSubject: x\r\n\r\nYour code: {mail['code']}\r\n"
    told = {"destination": mail["to"], "messageId": mail["id"], "timestamp": mail["time"]}
    notice = {"mail": told, "content": content}
    return json.dumps({"Type": "Notification", "Message": json.dumps(notice)})
