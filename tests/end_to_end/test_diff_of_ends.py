"""`diff` shows access that holds longer, ends sooner, or comes back when an `until` passes."""

import csv
import io
import json
from pathlib import Path
from typing import Final

import pytest

from tests.support.process import bo_sync
from tests.support.repository import commit, repository

TODAY: Final = ("--today", "2026-11-30")
BEN: Final = "email: ben@example.com\nfirst_name: Ben\nlast_name: Roe\nplatform: {backoffice: true}\n"
PRESETS: Final = {
    "presets/admin.yaml": "modules: {roles_permissions: owner, pricing: viewer}\n",
    "presets/clerk.yaml": "modules: {pricing: viewer}\n",
}
NOTHING: Final = "Nobody gains or loses access."


def pricing(until: str = "", level: str = "editor") -> str:
    end = f", until: {until}" if until else ""
    return f"{BEN}modules: {{pricing: {{access: {level}{end}}}}}\n"


def withheld(until: str, preset: str = "admin") -> str:
    return f"{BEN}preset: {preset}\nmodules: {{roles_permissions: {{access: none, until: {until}}}}}\n"


def changed(tmp_path: Path, before: str | None, after: str) -> Path:
    start = {**PRESETS, "users/zoe.yaml": BEN.replace("ben@", "zoe@"), "bo-sync.yaml": "unmanaged: report\n"}
    root = repository(tmp_path / "root", start if before is None else {**start, "users/ben.yaml": before})
    commit(root, {"users/ben.yaml": after})
    return root


def diff(root: Path, *more: str) -> tuple[int, str]:
    ran = bo_sync(root, "diff", "HEAD~1", "HEAD", *TODAY, *more)
    return ran.code, ran.out


NONE: Final = "roles_permissions none"
HIDES: Final = "none until 2026-12-20, then owner"
LONGER: Final[dict[str, tuple[str | None, str]]] = {
    "account until 2026-12-05 → without end": (f"{BEN}until: 2026-12-05\n", BEN),
    "account until 2026-12-05 → until 2099-12-05": (f"{BEN}until: 2026-12-05\n", f"{BEN}until: 2099-12-05\n"),
    "pricing editor until 2026-12-01 → editor without end": (pricing("2026-12-01"), pricing()),
    "pricing editor until 2026-12-01 → editor until 2099-12-01": (pricing("2026-12-01"), pricing("2099-12-01")),
    # a preset gives it for good, something afterwards, or what an entry withholds
    "pricing viewer until 2026-12-01 → viewer without end": (pricing("2026-12-01", "viewer"), f"{BEN}preset: clerk\n"),
    "pricing editor until 2026-12-01 → editor until 2026-12-01, then viewer": (
        *(pricing("2026-12-01"), f"{pricing('2026-12-01')}preset: clerk\n"),
    ),
    f"{NONE} without end → {HIDES}": (BEN, withheld("2026-12-20")),
    f"{NONE} without end →  {HIDES}": (withheld("2026-12-20", "clerk"), withheld("2026-12-20")),
    f"{NONE} until 2099-12-20, then owner → {HIDES}": (withheld("2099-12-20"), withheld("2026-12-20")),
    f"; {NONE} without end → {HIDES}": (None, withheld("2026-12-20")),  # of a user who joins
}


@pytest.mark.parametrize("told", LONGER)
def test_what_holds_longer_is_gained(tmp_path: Path, told: str) -> None:
    (before, after), told = LONGER[told], told.replace("  ", " ")
    root = changed(tmp_path, before, after)
    for alarm in ("gained", "any"):
        code, text = diff(root, "--exit-code-on", alarm)
        assert (code, told in text, NOTHING in text) == (2, True, False)
    assert told.removeprefix("; ") in diff(root, "--format", "markdown")[1].replace("&#95;", "_")
    (user,) = json.loads(diff(root, "--format", "json")[1])["users"]
    assert [(end["longer"], end["sooner"]) for end in user["ends"]] == [(True, False)]
    (row,) = (
        row for row in csv.DictReader(io.StringIO(diff(root, "--format", "csv")[1])) if "longer" in row["direction"]
    )
    assert told.endswith(f"{row['before']} → {row['after']}")


SOONER: Final = {
    "account without end → until 2026-12-05": (BEN, f"{BEN}until: 2026-12-05\n"),
    "pricing editor until 2099-12-01 → editor until 2026-12-01": (pricing("2099-12-01"), pricing("2026-12-01")),
    f"{NONE} until 2026-12-20, then owner → none until 2099-12-20, then owner": (
        *(withheld("2026-12-20"), withheld("2099-12-20")),
    ),
}


@pytest.mark.parametrize("told", SOONER)
def test_what_ends_sooner_is_lost(tmp_path: Path, told: str) -> None:
    before, after = SOONER[told]
    root = changed(tmp_path, before, after)
    assert diff(root, "--exit-code-on", "gained")[0] == 0
    code, text = diff(root, "--exit-code-on", "lost")
    assert (code, told in text.partition("Access lost")[2]) == (2, True)
    (user,) = json.loads(diff(root, "--format", "json")[1])["users"]
    assert [(end["longer"], end["sooner"]) for end in user["ends"]] == [(False, True)]
    assert ",ends sooner," in diff(root, "--format", "csv")[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(pricing("2099-12-01"), pricing("2099-12-01"), id="the same end"),
        pytest.param(
            f"{pricing('2026-12-20')}until: 2026-12-05\n",
            f"{pricing('2099-12-20')}until: 2026-12-05\n",
            id="a later end of a grant in an account that ends before",
        ),
        pytest.param(
            f"{BEN}preset: clerk\n",
            f"{BEN}preset: clerk\nmodules: {{pricing: {{access: viewer, until: 2026-12-05}}}}\n",
            id="an end after which a preset gives the same",
        ),
    ],
)
def test_an_end_that_changes_nothing_is_not_shown(tmp_path: Path, before: str, after: str) -> None:
    root = changed(tmp_path, before, f"# again\n{after}")
    assert diff(root, "--exit-code-on", "any")[0] == 0
    assert NOTHING in diff(root)[1]


def test_the_json_has_both_days_and_what_comes_after(tmp_path: Path) -> None:
    root = changed(tmp_path, f"{pricing('2026-12-01')}until: 2026-12-05\n", f"{pricing()}until: 2099-12-05\n")
    (user,) = json.loads(diff(root, "--format", "json")[1])["users"]
    account = [{"access": None, "until": f"{year}-12-05", "then": None} for year in (2026, 2099)]
    grant = [
        {"access": "editor", "until": until, "then": then} for until, then in (("2026-12-01", "none"), (None, "editor"))
    ]
    assert user["ends"] == [
        {"role": role, "before": before, "after": after, "longer": True, "sooner": False}
        for role, (before, after) in ((None, account), ("pricing", grant))
    ]
