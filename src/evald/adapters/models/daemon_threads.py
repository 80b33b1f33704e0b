"""A few threads for foreign functions, which the process does not wait for at its end."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class DaemonThreads:
    """At most `limit` threads, each started when it is first needed.

    Not a ThreadPoolExecutor, whose threads the interpreter joins at its end: one foreign function
    that never returns would keep the process from ending.
    """

    def __init__(self, limit: int, *, name: str) -> None:
        self._limit = limit
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns, computed in one of the threads; `work` must not raise.

        Who is canceled while waiting is let go at once. A thread cannot be stopped, so the one
        that is at `work` then stays taken until it is done; work that was not begun is not done.
        """
        result: Future[T] = Future()

        def call() -> None:
            if result.set_running_or_notify_cancel():
                result.set_result(work())

        # First the call, then the thread for it: a thread that finds nothing to do counts as idle.
        self._calls.put(call)
        if not self._idle.acquire(blocking=False) and self._threads < self._limit:
            self._start()
        return await asyncio.wrap_future(result)

    def _start(self) -> None:
        self._threads += 1
        name = f"{self._name}-{self._threads}"
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                self._idle.release()
                call = self._calls.get()
            call()
