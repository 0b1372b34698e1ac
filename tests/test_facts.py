"""What a test does without the facts that it needs: it never passes in silence."""

import pytest

from tests.support.facts import documentation, shared

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
