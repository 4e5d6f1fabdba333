"""A trigger function for tests: it records each event, and answers what it was told to."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# It runs on this machine, so it may write what it was asked into a file.
SOURCE = """
import json, os, time

def handler(event, context):
    folder = os.environ["FOLDER"]
    line = json.dumps({"event": event, "time": time.time()}) + "\\n"
    with open(folder + "/events", "a") as events:
        events.write(line)
    source = event["triggerSource"]
    print(source)
    try:
        with open(folder + "/answers") as answers:
            told = json.load(answers).get(source, {})
    except OSError:
        told = {}
    if "sleep" in told:
        time.sleep(told["sleep"])
        with open(folder + "/late", "a") as late:
            late.write(source + "\\n")
    if "refuse" in told:
        raise Exception(told["refuse"])
    if "exit" in told:
        os._exit(told["exit"])
    if "answer" in told:
        return told["answer"]
    if "part" in told:
        return {name: event[name] for name in told["part"]}
    event["response"].update(told.get("response", {}))
    return event
"""


class TriggerFunction:
    """What the function was asked, and what it shall answer from now on."""

    def __init__(self, folder: Path, arn: str) -> None:
        self._folder = folder
        self._read = 0
        self._answers: dict[str, Any] = {}
        self.arn = arn

    def answer(self, source: str, **told: Any) -> None:
        """`response`: merged into the event's; or `refuse`, `answer`, `part`, `sleep`, `exit`."""
        self._answers[source] = told
        self._write()

    def agree(self) -> None:
        """Answer every event unchanged again, and forget what was asked."""
        self._answers = {}
        self._write()
        self.events()

    def events(self) -> list[dict[str, Any]]:
        """What it was asked since it was looked at last."""
        try:
            lines = (self._folder / "events").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        fresh, self._read = lines[self._read :], len(lines)
        return [json.loads(line)["event"] for line in fresh]

    def sources(self) -> list[str]:
        return [event["triggerSource"] for event in self.events()]

    def late(self) -> int:
        """How many slow answers came in the end."""
        try:
            return len((self._folder / "late").read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            return 0

    def _write(self) -> None:
        fresh = self._folder / f"answers-{time.monotonic_ns()}"
        fresh.write_text(json.dumps(self._answers), encoding="utf-8")
        fresh.rename(self._folder / "answers")


TRIGGERS = (
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "CustomMessage",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "UserMigration",
)


def make(emulator: Any, name: str, folder: Path) -> TriggerFunction:
    folder.mkdir(parents=True, exist_ok=True)
    arn = emulator.function(name, SOURCE, Environment={"Variables": {"FOLDER": str(folder)}})
    emulator.client("lambda").add_permission(
        FunctionName=name,
        StatementId="pools",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
    )
    return TriggerFunction(folder, arn)


def configuration(arn: str, version: str = "V2_0") -> dict[str, Any]:
    """Every trigger of a pool on one function."""
    tokens = {"LambdaArn": arn, "LambdaVersion": version}
    return {**dict.fromkeys(TRIGGERS, arn), "PreTokenGenerationConfig": tokens}
