"""Every kind of change, against every kind of hub: apply, then nothing is left, and the hub holds just that."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.sandbox.behaviour import Behaviour, LargePages, NewUserRows, RefusalForm
from bo_sync.sandbox.population import Population, UserRecord
from tests.end_to_end.world import (
    CASES,
    FILES,
    TODAY,
    WIDE_GUARDRAILS,
    address_of,
    by_address,
    file,
    files,
    population,
    rows,
    seen,
    user,
)
from tests.support.process import Ran, bo_sync, served, write

HUBS = {
    "no rows for a new person": Behaviour(),
    "rows of NONE for a new person": Behaviour(new_user_rows=NewUserRows.NONE),
    "rows with the default access for a new person": Behaviour(new_user_rows=NewUserRows.DEFAULT),
    "one change a request": Behaviour(single_root_mutations=True),
    "pages clamped to three": Behaviour(max_page_size=3),
    "pages over twelve refused with HTTP 400": Behaviour(
        max_page_size=12, large_pages=LargePages.REFUSE, refusal=RefusalForm.HTTP_400
    ),
}


@dataclass(frozen=True, slots=True)
class Applied:
    """A plan before, an apply and a plan after, and the hub on both sides."""

    plan: Ran
    apply: Ran
    again: Ran
    before: dict[str, UserRecord]
    after: dict[str, UserRecord]


def apply_everything(folder: Path, texts: dict[str, str], live: Population, behaviour: Behaviour) -> Applied:
    root = write(folder / "files", texts)
    with served(folder, live, behaviour) as hub:
        before = hub.holds()
        plan, apply, again = (
            bo_sync(root, *arguments, "--today", TODAY, env=hub.env())
            for arguments in (
                ("plan", "--detailed-exitcode", "--format", "json"),
                ("apply", "--yes"),
                ("plan", "--detailed-exitcode"),
            )
        )
        return Applied(plan, apply, again, by_address(before), by_address(hub.holds()))


@pytest.mark.parametrize("behaviour", list(HUBS.values()), ids=list(HUBS))
def test_every_kind_of_change_is_pending_then_applied_then_gone(tmp_path: Path, behaviour: Behaviour) -> None:
    done = apply_everything(tmp_path, FILES, population(), behaviour)
    assert (done.plan.code, done.apply.code, done.again.code) == (2, 0, 0), done
    assert done.apply.err == "" == done.again.err
    assert json.loads(done.plan.out)["summary"] == {
        "create": 3,
        "update": 20,
        "delete": 2,
        "unchanged": 4,
        "unmanaged": 2,
        "unmanageable": 0,
        "grants": {"added": 5, "raised": 3, "lowered": 2, "revoked": 5, "duplicate": 2},
    }
    assert "25 people: 25 applied.\n" in done.apply.out
    assert "Nothing to do: the hub holds what the files say" in done.again.out
    check_the_hub(done)


def check_the_hub(done: Applied) -> None:
    """Everybody is as their case says, and nobody else is there; a failing test names the kind of change."""
    held = {case.kind: done.after.get(address_of(case)) for case in CASES}
    assert {kind: seen(user) if user else None for kind, user in held.items()} == {
        case.kind: case.after for case in CASES
    }
    untouched = [case for case in CASES if case.is_untouched]
    assert {case.kind: held[case.kind] for case in untouched} == {
        case.kind: done.before[address_of(case)] for case in untouched
    }
    assert set(done.after) == {address_of(case) for case in CASES if case.after}
    assert done.after["other-case@example.com"]["email"] == "Other-Case@Example.com"
    for kind in ("grant revoked", "wish where a NONE row stands"):  # the row stays, and tells who and when
        email = next(address_of(case) for case in CASES if case.kind == kind)
        before, after = ([row["id"] for row in hub[email]["roles"]] for hub in (done.before, done.after))
        assert after == before
    assert {row["access"] for row in done.after["grant-revoked@example.com"]["roles"]} == {"NONE"}


def test_unmanaged_delete_deletes_whoever_has_no_file_but_the_protected(tmp_path: Path) -> None:
    settings = f"{WIDE_GUARDRAILS}unmanaged: delete\nprotect: ['*@propeller.example']\n"
    live: Population = {
        "users": [
            user("kept@example.com", *rows(order="OWNER")),
            user("stranger@example.com", *rows(order="OWNER")),
            user("agent@propeller.example", *rows(role="OWNER", backoffice="OWNER")),
        ]
    }
    texts = files(file("kept@example.com", "modules: {order_data: owner}"), settings=settings)
    done = apply_everything(tmp_path, texts, live, Behaviour())
    assert (done.plan.code, done.apply.code, done.again.code) == (2, 0, 0)
    assert done.after == {email: done.before[email] for email in ("kept@example.com", "agent@propeller.example")}


def test_of_two_users_whose_addresses_differ_only_in_case_no_profile_is_touched(tmp_path: Path) -> None:
    live: Population = {"users": [user("ada@example.com"), user("Ada@example.com"), user("bob@example.com")]}
    texts = files(file("ada@example.com", "job: Poet"), file("bob@example.com", "job: Poet"))
    root = write(tmp_path / "files", texts)
    with served(tmp_path, live) as hub:
        before = hub.holds()["users"]
        done = bo_sync(root, "apply", "--yes", env=hub.env())
        after = hub.holds()["users"]
    assert done.code == 0
    assert "several users in the hub have this address" in done.out
    assert after[:2] == before[:2]
    assert seen(after[2]).profile["job"] == "Poet"
