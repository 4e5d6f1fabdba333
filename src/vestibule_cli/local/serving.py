"""HTTP servers that share one event loop, in a thread of this process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    import uvicorn

START_SECONDS = 20.0
STOP_SECONDS = 10.0
# Requests under way get this long when the stack stops.
GRACE_SECONDS = 3


class Servers:
    """Started by the first `add`, ended by `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="vestibule-servers", daemon=True)
        self._running: list[tuple[uvicorn.Server, concurrent.futures.Future[None]]] = []

    def add(self, app: Any, listener: socket.socket) -> None:
        """Serve an app on a listening socket; return when it answers. Raises RuntimeError."""
        if not self._thread.is_alive():
            self._thread.start()
        import uvicorn  # noqa: PLC0415 - commands that serve nothing must not pay for it

        server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                date_header=False,
                http="h11",
                log_config=None,
                # Nothing stands in front: what a client says of its address is its own word.
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ws="none",
            )
        )
        task = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listener]), self._loop)
        deadline = threading.Event()
        waited = 0.0
        while not server.started:
            if task.done() or waited > START_SECONDS:
                raise RuntimeError(f"the server did not start: {_reason(task)}")
            deadline.wait(0.002)
            waited += 0.002
        self._running.append((server, task))

    def on_loop(self, work: Callable[[], int]) -> int:
        """Run this between two steps of the event loop, and give its result back."""
        if not self._thread.is_alive():
            return work()
        done: concurrent.futures.Future[int] = concurrent.futures.Future()

        def step() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                done.set_exception(error)

        self._loop.call_soon_threadsafe(step)
        return done.result()

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        for server, _ in self._running:
            server.should_exit = True
        for _, task in self._running:
            concurrent.futures.wait([task], timeout=STOP_SECONDS)
        self._running.clear()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            if pending:
                self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.close()


def _reason(task: concurrent.futures.Future[None]) -> str:
    if not task.done():
        return f"no answer within {START_SECONDS:.0f} s"
    return repr(task.exception()) if task.exception() else "it ended"
