"""The emulator is loaded without the HTTP server that it brings along."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from vestibule_cli.local.emulator_internals import part, server

with server.left_out():
    app = part("app")
assert callable(app.app)
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"h2", "hypercorn", "wsproto"}, loaded

from hypercorn.protocol.h11 import H11Protocol
assert hasattr(H11Protocol, "initiate"), "a stand-in was left behind"
"""


def test_it_stays_out_and_whoever_wants_it_later_gets_the_genuine_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
