"""A few threads that make calls for one caller, who alone keeps the state.

They are daemons, unlike those of `concurrent.futures`, which Python waits for when it exits: after Ctrl-C or an error a
read that nobody wants any more must not hold the process for the half minute that its timeout allows.
"""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from bo_sync.waiting import taken

ResultT = TypeVar("ResultT")


class Workers(Generic[ResultT]):
    """Runs calls in the order given, `count` at a time; `next` returns results in the order in which they are ready."""

    def __init__(self, count: int) -> None:
        self._calls: queue.SimpleQueue[Callable[[], ResultT] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[ResultT] | BaseException] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._outstanding = 0
        self.threads = [threading.Thread(target=self._run, name="hub-read", daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    @property
    def outstanding(self) -> int:
        """Calls that were submitted and whose results were not yet taken."""
        return self._outstanding

    def submit(self, call: Callable[[], ResultT]) -> None:
        """Queues a call. Only the thread that made the workers may do so."""
        self._outstanding += 1
        self._calls.put(call)

    def next(self) -> ResultT:
        """Waits for the next result. Raises what the call raised."""
        result = taken(self._results)
        self._outstanding -= 1
        if isinstance(result, BaseException):
            raise result
        return result[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drops what is still queued. What is in flight ends by itself, and nobody waits for it."""
        self._closed.set()
        for _ in self.threads:
            self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None and not self._closed.is_set():
            try:
                self._results.put((call(),))
            except BaseException as err:  # noqa: BLE001  # raised again by `next`, in the caller's thread
                self._results.put(err)
