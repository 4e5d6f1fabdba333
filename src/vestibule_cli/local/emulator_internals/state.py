"""What a checkpoint keeps of the emulator, and how it is put back."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import copy
import json
import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.mail import mail_lists
from vestibule_cli.local.emulator_internals.names import part
from vestibule_cli.local.mails import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# What the emulator itself forgets is kept under this name, beside its services.
EXTRAS = "vestibule"


def save(*, alone: bool) -> dict[str, str]:
    """Everything worth keeping, as JSON texts by service. `alone`: in a process of its own."""
    encode = part("core.persistence")._json_default
    texts = {}
    with _uncopied() if alone else nullcontext():
        for name, state_of in part("app")._build_persistence_save_dict().items():
            state = _lean_state(name, state_of, alone=alone)
            if state is not None:
                texts[name] = json.dumps(state, default=encode)
    texts[EXTRAS] = json.dumps(_extras(), default=encode)
    return texts


@contextmanager
def _uncopied() -> Iterator[None]:
    """Services give a deep copy of their state, lest it change. Alone, it does not."""
    genuine = copy.deepcopy
    copy.deepcopy = lambda state, *_memo: state
    try:
        yield
    finally:
        copy.deepcopy = genuine


def restore(texts: Mapping[str, str]) -> None:
    """Put a saved state back. Nothing is touched when a part of it cannot be read."""
    app = part("app")
    decode = part("core.persistence")._json_object_hook
    states = {name: json.loads(text, object_hook=decode) for name, text in texts.items()}
    with _pollers_held():
        for name, service in app._state_map.items():
            if states.get(name):
                app._get_module(service).load_persisted_state(states[name])
        _restore_extras(states[EXTRAS])


def moved_to_port(texts: Mapping[str, str], old: int, new: int) -> dict[str, str]:
    """The texts with the emulator's own address changed where the emulator keeps it.

    Queues are kept by URL, and functions are told addresses in their environment.
    """
    address = re.compile(rf"127\.0\.0\.1:{old}(?!\d)")
    return {
        name: address.sub(f"127.0.0.1:{new}", text) if name in ("sqs", "lambda") else text
        for name, text in texts.items()
    }


def fingerprint() -> object:
    """Changes with what happens without a request: deliveries, receives, expiries, mails."""
    lambda_svc, dynamodb = part("services.lambda_svc"), part("services.dynamodb")
    waiting = [list(queue["messages"]) for queue in list(part("services.sqs")._queues.all_values())]
    return (
        dynamodb._stream_seq_counter,
        tuple(lambda_svc._dynamodb_stream_positions._data.items()),
        tuple((len(held), sum(m["receive_count"] for m in held)) for held in waiting),
        tuple(entries[-1]["MessageId"] for entries in mail_lists() if entries),
    )


def _lean_state(name: str, state_of: Callable[[], Any], *, alone: bool) -> Any:
    """Log lines and metrics are most of the bytes and none of the value."""
    if name == "cloudwatch_logs" and alone:
        _drop_lines(part("services.cloudwatch_logs"))
    state = state_of()
    if name == "cloudwatch":
        state["metrics"], state["alarm_history"] = {}, {}
    if name == "cloudwatch_logs":
        state["log_records"], state["queries"] = {}, {}
        for group in state["log_groups"].all_values():
            group["streams"] = {}
    return state


def _drop_lines(logs: Any) -> None:
    """Before they are copied, which costs more than everything else together."""
    for group in logs._log_groups.all_values():
        group["streams"] = {}
    logs._log_records, logs._queries = {}, {}


def _extras() -> dict[str, Any]:
    """The stream behind the positions that the emulator keeps, and the mails."""
    dynamodb, sent = part("services.dynamodb"), part("services.ses")._sent_emails
    kept, trimmed, recent = type(sent)(), type(sent)(), type(sent)()
    for (account, region, table), stream in dynamodb._stream_records.all_items():
        before = dynamodb._stream_trimmed.get_scoped(account, region, table, 0)
        read = min(max(_read_by_all(account, region, table) - before, 0), len(stream))
        kept.set_scoped(account, region, table, stream[read:])
        trimmed.set_scoped(account, region, table, before + read)
    for (account, region, key), entries in sent.all_items():
        recent.set_scoped(account, region, key, entries[-KEPT:])
    return {
        "stream_records": kept,
        "stream_trimmed": trimmed,
        "stream_seq_counter": dynamodb._stream_seq_counter,
        "mails": recent,
    }


def _read_by_all(account: str, region: str, table: str) -> int:
    """How far every mapping of this table has read; without one, nobody waits for anything."""
    lambda_svc = part("services.lambda_svc")
    positions = [
        lambda_svc._dynamodb_stream_positions.get_scoped(owner, place, mapping_id, 0)
        for (owner, place, mapping_id), mapped in lambda_svc._esms.all_items()
        if f":{region}:{account}:table/{table}/stream/" in mapped.get("EventSourceArn", "")
    ]
    return min(positions, default=2**62)


def _restore_extras(extras: Mapping[str, Any]) -> None:
    dynamodb = part("services.dynamodb")
    dynamodb._stream_records.update(extras["stream_records"])
    dynamodb._stream_trimmed.update(extras["stream_trimmed"])
    dynamodb._stream_seq_counter = extras["stream_seq_counter"]
    part("services.ses")._sent_emails.update(extras["mails"])


@contextmanager
def _pollers_held() -> Iterator[None]:
    lambda_svc = part("services.lambda_svc")
    genuine = lambda_svc._ensure_poller
    lambda_svc._ensure_poller = lambda: None
    try:
        yield
    finally:
        lambda_svc._ensure_poller = genuine


def code_references(texts: Mapping[str, str]) -> set[str]:
    """Names of the function code files that a saved state needs."""
    return set(re.findall(r'"code_blob_ref": "([0-9a-f]{64})"', texts.get("lambda", "")))
