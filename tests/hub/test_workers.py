"""Calls made by a few threads for one caller."""

import subprocess
import sys
import threading

import pytest

from bo_sync.hub.reader import Workers

pytestmark = pytest.mark.timeout(10)  # a result that never comes fails a test soon


def test_every_result_comes_back_once() -> None:
    with Workers[int](3) as workers:
        for number in range(20):
            workers.submit(lambda number=number: number * number)  # type: ignore[misc]
        found = [workers.next() for _ in range(workers.outstanding)]
    assert sorted(found) == [number * number for number in range(20)]
    assert workers.outstanding == 0
    assert [(thread.name, thread.daemon) for thread in workers.threads] == [("hub-read", True)] * 3


def test_what_a_call_raises_is_raised_for_the_caller() -> None:
    def fail() -> int:
        raise LookupError("nothing there")

    with Workers[int](1) as workers:
        workers.submit(fail)
        with pytest.raises(LookupError, match="nothing there"):
            workers.next()


def test_calls_that_nobody_waits_for_any_more_are_not_made() -> None:
    begun, release, made = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        release.wait(5)

    with Workers[None](1) as workers:
        workers.submit(first)
        workers.submit(lambda: made.append("second"))
        begun.wait(5)
    release.set()
    for thread in workers.threads:
        thread.join(5)
    assert made == []


def test_a_process_ends_though_a_call_is_still_running() -> None:
    program = (
        "import threading, time\n"
        "from bo_sync.hub.reader import Workers\n"
        "begun = threading.Event()\n"
        "with Workers(2) as workers:\n"
        "    workers.submit(lambda: begun.set() or time.sleep(60))\n"
        "    begun.wait()\n"
        "    raise KeyboardInterrupt\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20, check=False)
    assert b"KeyboardInterrupt" in ended.stderr
