"""Retry policy: 5 attempts, 30 s each, gives up after 55 s without an answer."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from bo_sync.hub.graphql import HttpAnswer, Outcome, Silence

TRIES: Final = 5
LONGEST_WAIT: Final = 60.0
_FIRST_WAIT: Final = 0.5
_LONGEST_BACKOFF: Final = 8.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Clock, randomness and time limits, in seconds.

    `wait` pauses until the seconds are over or the event is set (then True). A hub without any answer for `silent`
    seconds counts as gone: under a minute, whatever the tries.
    """

    connect: float = 5.0
    request: float = 30.0
    silent: float = 55.0
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait

    def repeat(
        self,
        send: Callable[[float], Outcome],
        may_repeat: Callable[[Outcome], bool],
        *,
        retry_after: Callable[[HttpAnswer], str | None],
        stopped: threading.Event,
        before_again: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """The last outcome: one that may not be repeated, or that of the last try that time allows.

        `send` gets the most seconds for its try. Every wait ends when `stopped` is set, and no try follows it.
        """
        silent_since, tried = self.monotonic(), 0
        while True:
            outcome = send(max(0.1, min(self.request, self._left(silent_since))))
            tried += 1
            if tried == TRIES or not may_repeat(outcome):
                return outcome
            delay = self.backoff(tried, retry_after(outcome) if isinstance(outcome, HttpAnswer) else None)
            if isinstance(outcome, Silence) and not _is_worth_trying(outcome, self._left(silent_since) - delay):
                return outcome
            if self.wait(stopped, delay):
                return outcome
            before_again()
            silent_since = self.monotonic() if isinstance(outcome, HttpAnswer) else silent_since

    def _left(self, silent_since: float) -> float:
        return self.silent - (self.monotonic() - silent_since)

    def backoff(self, tried: int, retry_after: str | None) -> float:
        """Seconds before the next try, after `tried` tries: doubling, jittered, at least what the hub requested."""
        longest = min(_LONGEST_BACKOFF, _FIRST_WAIT * float(1 << (tried - 1)))
        jittered = longest * (0.5 + 0.5 * self.chance())
        return min(LONGEST_WAIT, max(jittered, self._asked(retry_after)))

    def _asked(self, retry_after: str | None) -> float:
        """`Retry-After` in seconds: a number of them, or an HTTP date. Zero for any other value."""
        if retry_after is None:
            return 0.0
        stripped = retry_after.strip()
        if stripped.isascii() and stripped.isdigit():
            return min(LONGEST_WAIT, float(stripped[:9]))
        try:
            return parsedate_to_datetime(stripped).timestamp() - self.wall()
        except (ValueError, OverflowError, TypeError):
            return 0.0


def _is_worth_trying(silence: Silence, left: float) -> bool:
    """Whether another try fits. One that could not connect takes its full time again, once per address."""
    return left > (1.0 if silence.sent else max(1.0, silence.seconds))
