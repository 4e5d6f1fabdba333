"""The people this service knows, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    cognito_sub TEXT PRIMARY KEY,
    facts TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
    idempotency_key TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    status INTEGER NOT NULL,
    content TEXT NOT NULL
);
"""
FACTS = ("cognitoSub", "email", "fullName", "status", "role", "createdBy", "updatedBy")
MOST_ANSWERS = 100_000


class Answer:
    def __init__(self, status: int, content: dict[str, Any], *, replayed: bool = False) -> None:
        self.status = status
        self.content = content
        self.replayed = replayed


class Users:
    """One thread at a time; each change is one transaction, on disk when it returns."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(SCHEMA)

    def add(self, person: dict[str, Any], key: str) -> Answer:
        """Add somebody once: by the key of the request, and by the sub whatever its key."""
        question = json.dumps(person, sort_keys=True)
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                answer = self._replayed(key, question) or self._added(person)
                if key and not answer.replayed and answer.status == 201:
                    self._keep(key, question, answer)
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            return answer

    def remove(self, sub: str) -> bool:
        with self._lock:
            removed = self._database.execute("DELETE FROM users WHERE cognito_sub = ?", (sub,))
            # What was answered says who they were.
            self._database.execute(
                "DELETE FROM answers WHERE json_extract(question, '$.cognitoSub') = ?", (sub,)
            )
            return removed.rowcount > 0

    def newest(self, most: int) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._database.execute(
                "SELECT facts, created_at FROM users ORDER BY rowid DESC LIMIT ?", (most,)
            ).fetchall()
        return [{**json.loads(facts), "createdAt": at} for facts, at in rows]

    def find(self, sub: str) -> dict[str, Any] | None:
        with self._lock:
            row = self._database.execute(
                "SELECT facts, created_at FROM users WHERE cognito_sub = ?", (sub,)
            ).fetchone()
        return {**json.loads(row[0]), "createdAt": row[1]} if row else None

    def count(self) -> int:
        with self._lock:
            (total,) = self._database.execute("SELECT count(*) FROM users").fetchone()
        return int(total)

    def close(self) -> None:
        self._database.close()

    def _replayed(self, key: str, question: str) -> Answer | None:
        row = self._database.execute(
            "SELECT question, status, content FROM answers WHERE idempotency_key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        if row[0] != question:
            return Answer(422, {"error": "this key came with another body before"}, replayed=True)
        return Answer(row[1], json.loads(row[2]), replayed=True)

    def _added(self, person: dict[str, Any]) -> Answer:
        facts = {name: person.get(name) for name in FACTS}
        at = datetime.now(UTC).isoformat()
        try:
            self._database.execute(
                "INSERT INTO users VALUES (?, ?, ?)", (facts["cognitoSub"], json.dumps(facts), at)
            )
        except sqlite3.IntegrityError:
            return Answer(409, {"error": "this person is here already"})
        return Answer(201, {**facts, "createdAt": at})

    def _keep(self, key: str, question: str, answer: Answer) -> None:
        self._database.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?)",
            (key, question, answer.status, json.dumps(answer.content)),
        )
        self._database.execute(
            "DELETE FROM answers WHERE rowid <= (SELECT max(rowid) FROM answers) - ?",
            (MOST_ANSWERS,),
        )
