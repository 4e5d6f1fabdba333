# Usage: python -I -S repeat.py FOLDER MODULE EVENT FD CALLS
# The warm handler: its table, boto3's or ours, replaced by one that answers with plain values from
# memory, it is called CALLS times. Writes the microseconds of processor time that a call took to
# the file descriptor FD: it waits for nothing, so what else the machine does need not count.
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

calls = int(sys.argv.pop())
sys.path.insert(0, str(Path(__file__).parent))

import answer  # noqa: E402 -- found only now
import table  # noqa: E402

item = dict(table.PROFILE)
# Without a parameter the policy is in memory from the first call on.
os.environ.pop("POLICY_PARAMETER", None)


def stub_ours() -> None:
    from vestibule.platform.table import Table  # noqa: PLC0415 -- only one variant has it

    def get_many(_table: Table, keys: Any, **_: Any) -> Any:
        return {key: {"pk": key[0], "sk": key[1], **item} for key in keys if key[1] == "PROFILE"}

    def find_nobody(_table: Table, _keys: Any, **_: Any) -> Any:
        return {}

    Table.get_many = find_nobody if is_trigger else get_many  # type: ignore[method-assign]
    Table.transact = lambda _table, *_operations: None  # type: ignore[method-assign]


def stub_boto3(module: Any) -> None:
    item["version"] = Decimal(1)  # as boto3 gives any number
    module.table.get_item = lambda **asked: {"Item": {**asked["Key"], **item}}
    module.table.put_item = lambda **_asked: {}


request = json.loads(Path(answer.event).read_bytes())
is_trigger = "triggerSource" in request
module = __import__(answer.module, fromlist=["handler"])
if answer.module.startswith("vestibule."):
    stub_ours()
else:
    stub_boto3(module)

for _ in range(200):
    answer.invoke(module.handler, request)
started = time.process_time()
for _ in range(calls):
    answer.invoke(module.handler, request)
taken = time.process_time() - started
os.write(int(answer.report), f"{taken / calls * 1e6}\n".encode())
