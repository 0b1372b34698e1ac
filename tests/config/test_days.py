"""When a last day is over: where the settings say that days end, for grants and for users, up to the last second."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.settings import today
from bo_sync.core.model import Declaration, Departure, Role, State
from bo_sync.core.presets import resolve
from bo_sync.core.settings import Settings
from tests.support.strategies import World, worlds
from tests.support.users import TODAY, declares, override, preset, presets_of

LAST: Final = date(2026, 6, 15)
PRESETS: Final = presets_of(preset("base", pricing="viewer"))

INSTANTS: dict[str, tuple[str, str, bool]] = {
    "the last second of the day, where it ends at midnight UTC": ("UTC", "2026-06-15T23:59:59Z", True),
    "the first second of the next": ("UTC", "2026-06-16T00:00:00Z", False),
    "Amsterdam is two hours ahead in summer": ("Europe/Amsterdam", "2026-06-15T21:59:59Z", True),
    "and the day is over there first": ("Europe/Amsterdam", "2026-06-15T22:00:00Z", False),
    "in New York it lasts into the next of UTC": ("America/New_York", "2026-06-16T03:59:59Z", True),
    "until midnight in New York": ("America/New_York", "2026-06-16T04:00:00Z", False),
    "Kiritimati is the first to end it": ("Pacific/Kiritimati", "2026-06-15T10:00:00Z", False),
    "and Niue among the last": ("Pacific/Niue", "2026-06-16T10:59:59Z", True),
}


@pytest.mark.parametrize(("zone", "now", "holds"), INSTANTS.values(), ids=INSTANTS.keys())
def test_a_last_day_ends_where_the_settings_say(zone: str, now: str, holds: bool) -> None:
    settings = Settings(timezone=zone)
    day = today(settings, datetime.fromisoformat(now))
    entry = declares("jane@example.com", override("pricing", "owner", LAST), presets=("base",))
    (grant,) = resolve(entry, PRESETS, settings, day).grants
    assert grant.access.word == ("owner" if holds else "viewer")
    account = resolve(declares(until=LAST), PRESETS, settings, day)
    assert account.departure is (None if holds else Departure.UNTIL_PASSED)


def test_the_clock_that_goes_back_at_night_does_not_make_a_day_end_twice() -> None:
    """On 2026-10-25 Amsterdam lives the hour from 2 to 3 twice."""
    settings, start = Settings(timezone="Europe/Amsterdam"), datetime(2026, 10, 24, 20, tzinfo=UTC)
    days = [today(settings, start + timedelta(minutes=minute)) for minute in range(0, 40 * 60, 10)]
    assert days == sorted(days)
    assert days.count(date(2026, 10, 25)) == 25 * 6


@given(worlds(), st.sampled_from(range(-3, 4)))
def test_what_has_ended_is_read_as_if_it_were_not_there(world: World, distance: int) -> None:
    day = TODAY + timedelta(days=distance)
    for entry in world.declarations:
        dated = resolve(entry, world.presets, world.settings, day)
        undated = resolve(_without_days(entry, day), world.presets, world.settings, day)
        assert (dated.grants, dated.profile) == (undated.grants, undated.profile)
        assert (dated.departure is None) == (undated.departure is None)
        assert (
            {own.role for own in dated.expired} == _ended(entry, day) if dated.departure is None else not dated.expired
        )


def _ended(entry: Declaration, day: date) -> set[Role]:
    return {own.role for own in entry.overrides if own.until is not None and own.until < day}


def _without_days(entry: Declaration, day: date) -> Declaration:
    """The same entry, written on that day by somebody who knows no days."""
    own = tuple(replace(own, until=None) for own in entry.overrides if own.until is None or day <= own.until)
    is_over = entry.until is not None and entry.until < day
    return replace(entry, overrides=own, until=None, state=State.ABSENT if is_over else entry.state)
