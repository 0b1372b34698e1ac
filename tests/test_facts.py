"""What a test does without the facts, the cases or the golden files that it needs: it never passes in silence."""

from pathlib import Path

import pytest

from tests.support.discovered import discovered
from tests.support.facts import documentation, shared
from tests.support.golden import are_written

LACKING = "NOT CHECKED: there is no shared/hub/no-such.csv beside the repository"


def test_without_its_facts_a_test_is_skipped_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BO_SYNC_SHARED", raising=False)
    with pytest.raises(pytest.skip.Exception, match=LACKING):
        shared("no-such.csv")


def test_without_its_facts_a_test_fails_where_they_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_SHARED", "required")
    with pytest.raises(pytest.fail.Exception, match=LACKING):
        shared("no-such.csv")


def test_without_its_page_of_the_documentation_a_test_is_skipped_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BO_SYNC_SHARED", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT CHECKED: there is no shared/seeds/ page 'No such page'"):
        documentation("No such page")


def test_without_the_documentation_a_test_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_SHARED", "required")
    with pytest.raises(pytest.fail.Exception, match="there is no shared/seeds/ page 'No such page'"):
        documentation("No such page")


def test_a_search_that_finds_no_case_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing was found"):
        discovered(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize(
    ("golden", "ci", "told"),
    [("write", "true", "CI compares golden files"), ("wirte", "", "only `write` is known")],
    ids=["CI never writes golden files", "an unknown value is an error"],
)
def test_golden_files_are_compared_unless_a_developer_writes_them(
    golden: str, ci: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BO_SYNC_GOLDENS", golden)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(AssertionError, match=told):
        are_written()
