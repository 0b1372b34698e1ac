"""Waits that Ctrl-C and SIGTERM can interrupt."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

T = TypeVar("T")

_MOMENT: Final = 0.1
"""Seconds until a signal is heard, at most: too short to be noticed, and ten wakes a second cost nothing."""


def until(is_over: Callable[[float], bool]) -> None:
    """Waits as long as it takes; `is_over` waits for so many seconds at most, and says whether the end came."""
    while not is_over(_MOMENT):
        pass


def pause(seconds: float, stopped: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> bool:
    """Waits a moment at a time, until the seconds are over or `stopped` says so. Whether it waited to the end."""
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
