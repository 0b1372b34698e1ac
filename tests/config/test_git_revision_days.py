"""Which commit a day names: the last one of the first parents up to its end, by when it was committed."""

from datetime import date
from pathlib import Path

import pytest

from bo_sync.config.git_revision import commit_on, day_of
from bo_sync.errors import UsageError
from tests.support.repository import commit, git, repository

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
BEGINNING = "2026-03-01T12:00:00Z"
MARCH = [date(2026, 3, day) for day in range(1, 32)]


def begun(root: Path, when: str = BEGINNING) -> Path:
    return repository(root, {"users/jane.yaml": JANE}, when=when)


def later(root: Path, when: str, name: str = "jane") -> str:
    """A further commit."""
    return commit(root, {f"users/{name}.yaml": f"{JANE}job: {when}\n"}, when=when)


def test_a_day_names_the_last_commit_up_to_its_end(tmp_path: Path) -> None:
    root = begun(tmp_path)
    first = git(root, "rev-parse", "HEAD")
    later(root, "2026-03-03T08:00:00Z")
    third = later(root, "2026-03-03T09:00:00Z")
    fourth = later(root, "2026-03-05T09:00:00Z")
    named = [commit_on(root, day, "UTC") for day in MARCH[:7]]
    assert named == [first, first, third, third, fourth, fourth, fourth]


@pytest.mark.parametrize(
    ("when", "zone", "day"),
    [
        pytest.param("2026-03-10T23:59:59Z", "UTC", 10, id="the last second belongs to the day"),
        pytest.param("2026-03-11T00:00:00Z", "UTC", 11, id="midnight belongs to the next one"),
        pytest.param("2026-03-10T22:59:59Z", "Europe/Amsterdam", 10, id="a zone in front ends the day earlier"),
        pytest.param("2026-03-10T23:00:00Z", "Europe/Amsterdam", 11, id="and its midnight is the next day's"),
        pytest.param("2026-03-11T03:59:59Z", "America/New_York", 10, id="a zone behind ends the day later"),
        pytest.param("2026-03-11T04:00:00Z", "America/New_York", 11, id="and its midnight is the next day's, too"),
        pytest.param("2026-03-09T10:15:00Z", "Pacific/Kiritimati", 10, id="a zone a day ahead"),
        pytest.param("2026-03-10T23:30:00-0500", "UTC", 11, id="the committer's own zone does not matter"),
        pytest.param("2026-03-11T00:30:00+0200", "UTC", 10, id="nor in the other direction"),
        pytest.param("2026-03-29T21:59:59Z", "Europe/Amsterdam", 29, id="a day of 23 hours ends when its zone says"),
        pytest.param("2026-03-29T22:00:00Z", "Europe/Amsterdam", 30, id="and not later"),
        pytest.param("2026-03-28T22:59:59Z", "Europe/Amsterdam", 28, id="the day before it has 24"),
    ],
)
def test_the_day_ends_in_the_zone_of_the_settings(tmp_path: Path, when: str, zone: str, day: int) -> None:
    root = begun(tmp_path)
    first, second = git(root, "rev-parse", "HEAD"), later(root, when)
    assert commit_on(root, date(2026, 3, day), zone) == second
    assert commit_on(root, date(2026, 3, day - 1), zone) == first


def test_what_a_branch_said_counts_from_the_day_it_was_merged(tmp_path: Path) -> None:
    root = begun(tmp_path)
    first = git(root, "rev-parse", "HEAD")
    git(root, "switch", "--quiet", "-c", "branch")
    later(root, "2026-03-02T08:00:00Z", "branched")
    git(root, "switch", "--quiet", "main")
    second = later(root, "2026-03-03T08:00:00Z", "straight")
    git(root, "merge", "--quiet", "--no-edit", "--no-ff", "branch", when="2026-03-05T08:00:00Z")
    merged = git(root, "rev-parse", "HEAD")
    named = [commit_on(root, day, "UTC") for day in MARCH[:6]]
    assert named == [first, first, second, second, merged, merged]


def test_a_branch_that_is_merged_fast_is_a_line_of_its_own_commits(tmp_path: Path) -> None:
    root = begun(tmp_path)
    git(root, "switch", "--quiet", "-c", "branch")
    branched = later(root, "2026-03-02T08:00:00Z", "branched")
    git(root, "switch", "--quiet", "main")
    git(root, "merge", "--quiet", "--ff-only", "branch", when="2026-03-05T08:00:00Z")
    assert commit_on(root, date(2026, 3, 3), "UTC") == branched


def test_the_commit_counts_and_not_when_its_author_wrote_it(tmp_path: Path) -> None:
    root = begun(tmp_path)
    first = git(root, "rev-parse", "HEAD")
    (root / "users/jane.yaml").write_text(f"{JANE}job: Poet\n", encoding="utf-8")
    git(root, "commit", "-qam", "rebased", "--date=2026-03-02T08:00:00Z", when="2026-03-08T08:00:00Z")
    git(root, "commit", "-q", "--amend", "--no-edit", "--date=2026-03-02T08:00:00Z", when="2026-03-08T08:00:00Z")
    assert git(root, "log", "-1", "--format=%aI").startswith("2026-03-02")
    assert commit_on(root, date(2026, 3, 7), "UTC") == first
    assert commit_on(root, date(2026, 3, 8), "UTC") == git(root, "rev-parse", "HEAD")


def test_it_is_the_branch_at_hand_that_is_asked(tmp_path: Path) -> None:
    root = begun(tmp_path)
    first = git(root, "rev-parse", "HEAD")
    later(root, "2026-03-02T08:00:00Z")
    git(root, "switch", "--quiet", "--detach", first)
    assert commit_on(root, date(2026, 3, 9), "UTC") == first


@pytest.mark.parametrize(
    "day",
    [date(2026, 2, 28), date(1970, 1, 1), date(1969, 12, 31), date(1900, 1, 1), date.min],
    ids=["the day before the first commit", "the first day that git knows", "one before it", "long ago", "the first"],
)
def test_a_day_before_the_first_commit_names_none(tmp_path: Path, day: date) -> None:
    root = begun(tmp_path)
    with pytest.raises(UsageError) as caught:
        commit_on(root, day, "Europe/Amsterdam")
    assert caught.value.message == f"the files of {day} cannot be read: git knows no commit up to that day here"
    assert caught.value.hint == "name a later day, or fetch the whole history, with `git fetch --unshallow`"


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2099, 12, 31), date.max])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_day_to_come_names_the_last_commit(tmp_path: Path, day: date, zone: str) -> None:
    root = begun(tmp_path)
    assert commit_on(root, day, zone) == git(root, "rev-parse", "HEAD")


def test_a_shallow_clone_knows_only_its_own_days_and_a_repository_without_a_commit_none(tmp_path: Path) -> None:
    source = begun(tmp_path / "source")
    last = later(source, "2026-03-05T08:00:00Z")
    git(tmp_path, "clone", "--quiet", "--depth=1", source.as_uri(), "clone")
    assert commit_on(tmp_path / "clone", date(2026, 3, 5), "UTC") == last
    with pytest.raises(UsageError, match="git knows no commit up to that day here") as caught:
        commit_on(tmp_path / "clone", date(2026, 3, 4), "UTC")
    assert "git fetch --unshallow" in caught.value.hint
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(UsageError, match="git knows no revision HEAD here"):
        commit_on(tmp_path / "empty", date(2026, 3, 4), "UTC")


def test_a_day_is_written_in_one_way() -> None:
    assert [day_of(revision) for revision in ("@2026-03-01", "@0001-01-01")] == [date(2026, 3, 1), date.min]
    others = ("@", "main", "@2026-3-1", "@2026-03-01 ", "@2026-03-01\n", "2026-03-01", "@٢٠٢٦-03-01", "@{2026-03-01}")
    for revision in others:
        assert day_of(revision) is None, revision
    for revision in ("@2026-02-30", "@2026-13-01", "@0000-01-01"):
        with pytest.raises(UsageError) as caught:
            day_of(revision)
        assert caught.value.message == f"{revision} is not a day of the calendar"
        assert caught.value.hint == "write it as in @2026-03-01"
