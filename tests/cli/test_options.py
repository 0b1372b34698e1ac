"""Words of the command line that become values."""

from datetime import date

import click
import pytest

from bo_sync.cli.options import Allowance, Day
from tests.support.inside import inside


def test_a_day_is_read_and_a_day_that_is_read_already_stays() -> None:
    assert Day().convert("2026-06-15", None, None) == date(2026, 6, 15) == Day().convert(date(2026, 6, 15), None, None)


@pytest.mark.parametrize("given", ["20260615", "2026-W25-1", "2026-02-30", "15-06-2026", "today", ""])
def test_what_is_no_day_is_refused(given: str) -> None:
    with pytest.raises(click.BadParameter, match="YYYY-MM-DD"):
        Day().convert(given, None, None)


def test_an_allowance_is_a_guardrail_and_a_number() -> None:
    assert Allowance().convert("max_user_deletes=7", None, None) == ("max_user_deletes", 7)
    assert Allowance().convert("max_grant_losses=0", None, None) == ("max_grant_losses", 0)
    assert Allowance().convert("min_role_owners=1", None, None) == ("min_role_owners", 1)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "=7",
        "self=1",
        "max_user_deletes",
        "max_user_deletes=",
        "max_user_deletes= 7",
        "max_user_deletes=\u0667",
        "max_user_deletes=1e3",
        "max_user_deletes=99999999",
        "min_role_owners=0",
    ],
)
def test_what_is_no_allowance_is_refused(given: str) -> None:
    with pytest.raises(click.BadParameter):
        Allowance().convert(given, None, None)


def test_a_guardrail_is_allowed_one_number_and_not_two() -> None:
    ran = inside("plan", "--allow", "max_user_deletes=7", "--allow", "max_user_deletes=1")
    assert ran.code == 64
    assert "--allow names max_user_deletes twice: name one number for a guardrail" in ran.err


@pytest.mark.parametrize("words", [("fmt",), ("doctor",), ("schema", "user"), ("journal",), ("sandbox", "reset")])
def test_where_every_day_is_the_same_none_can_be_given(words: tuple[str, ...]) -> None:
    ran = inside(*words, "--today", "2026-01-01")
    assert ran.code == 64
    assert "error: No such option '--today'." in ran.err
