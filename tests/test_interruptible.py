"""A main thread that waits hears the signal that another thread was given."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue

import pytest

from bo_sync.interruptible import finished, taken, until

SECONDS = 5


@contextmanager
def interrupted_elsewhere() -> Iterator[threading.Event]:
    """Another thread than this one is sent Ctrl-C in a while; the event comes much later, and ends all waits then."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    over = threading.Event()

    def hear() -> None:
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        over.wait(SECONDS)
        over.set()

    thread = threading.Thread(target=hear)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()


def take(over: threading.Event) -> None:
    queue: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=lambda: queue.put(over.wait(SECONDS))).start()
    taken(queue)


def wait(over: threading.Event) -> None:
    until(over.wait)


def finish(over: threading.Event) -> None:
    with ThreadPoolExecutor(1) as pool:
        try:
            list(finished([pool.submit(over.wait, SECONDS)]))
        finally:
            over.set()


@pytest.mark.parametrize("waits", [take, wait, finish])
def test_ctrl_c_that_another_thread_was_given_ends_the_wait(waits: Callable[[threading.Event], None]) -> None:
    begun = time.monotonic()
    with interrupted_elsewhere() as over, pytest.raises(KeyboardInterrupt):
        waits(over)
    assert time.monotonic() - begun < SECONDS / 2


def test_what_is_waited_for_comes_in_order_and_an_error_is_raised_in_its_place() -> None:
    def late() -> int:
        time.sleep(0.25)
        return 1

    with ThreadPoolExecutor(2) as pool:
        results = finished([pool.submit(late), pool.submit(int, "2"), pool.submit(int, "three")])
        assert (next(iter(results)), next(iter(results))) == (1, 2)
        with pytest.raises(ValueError, match="three"):
            next(iter(results))


def test_a_queue_is_waited_for_as_long_as_it_takes() -> None:
    queue: SimpleQueue[str] = SimpleQueue()
    threading.Timer(0.25, partial(queue.put, "late")).start()
    assert taken(queue) == "late"
