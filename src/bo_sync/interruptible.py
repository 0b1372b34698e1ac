"""Waits that Ctrl-C and SIGTERM can interrupt.

Python runs signal handlers in the main thread only, and the kernel may deliver the signal to another thread. A main
thread that waits without a limit would not wake up, so it waits in short intervals.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

T = TypeVar("T")

_MOMENT: Final = 0.1
"""Most seconds until a signal is noticed: short enough not to annoy, and ten wakes per second cost nothing."""


def until(is_over: Callable[[float], bool]) -> None:
    """Waits as long as needed; `is_over` waits at most the given seconds, and returns whether the end came."""
    while not is_over(_MOMENT):
        pass


def pause(seconds: float, stopped: Callable[[], bool], sleep: Callable[[float], object] = time.sleep) -> bool:
    """Waits in short steps until the seconds are over or `stopped` is true. Returns whether it waited to the end."""
    for _ in range(math.ceil(seconds / _MOMENT)):
        if stopped():
            return False
        sleep(_MOMENT)
    return not stopped()


def taken(queue: SimpleQueue[T]) -> T:
    """The next thing in a queue."""
    while True:
        try:
            return queue.get(timeout=_MOMENT)
        except Empty:
            continue


def finished(futures: Iterable[Future[T]]) -> Iterator[T]:
    """The results in the order of the futures, each when it is there. Raises what the call raised."""
    for future in futures:
        until(partial(_is_done, future))
        yield future.result()


def _is_done(future: Future[T], seconds: float) -> bool:
    return future.done() or bool(wait([future], seconds).done)
