"""How long a request waits before it is tried again."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from bo_sync.hub.time_limits import Pace

NOW = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)


def pace(chance: float) -> Pace:
    return Pace(wall=NOW.timestamp, chance=lambda: chance)


def test_an_answer_has_30_seconds_and_a_hub_is_silent_for_55_at_most() -> None:
    assert (Pace().connect, Pace().request, Pace().silent) == (5, 30, 55)


def test_waits_double_up_to_a_bound_and_chance_takes_off_at_most_half() -> None:
    assert [pace(1.0).backoff(tried, None) for tried in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert [pace(0.0).backoff(tried, None) for tried in range(1, 8)] == [0.25, 0.5, 1, 2, 4, 4, 4]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        pytest.param("12", 12.0, id="seconds"),
        pytest.param(" 12 ", 12.0, id="seconds with white space"),
        pytest.param("61", 60.0, id="more than a minute"),
        pytest.param("9" * 500, 60.0, id="absurdly many seconds"),
        pytest.param("0", 0.5, id="none, which still backs off"),
        pytest.param(format_datetime(NOW.replace(second=20), usegmt=True), 20.0, id="a date"),
        pytest.param(format_datetime(NOW.replace(year=2025), usegmt=True), 0.5, id="a date that is past"),
        pytest.param(format_datetime(NOW.replace(year=2126), usegmt=True), 60.0, id="a date far away"),
        pytest.param("soon", 0.5, id="a word"),
        pytest.param("-5", 0.5, id="a negative number"),
        pytest.param("٣", 0.5, id="other digits"),
        pytest.param("Sun, 99 May 2026 12:00:00 GMT", 0.5, id="a date that does not exist"),
        pytest.param("", 0.5, id="nothing"),
    ],
)
def test_the_hub_may_ask_for_more_time_as(asked: str, seconds: float) -> None:
    assert pace(1.0).backoff(1, asked) == seconds
