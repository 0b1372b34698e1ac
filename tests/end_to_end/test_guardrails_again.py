"""The guardrails are checked again before the first write: a plan that none refused is refused once the world has
moved.

Each saved plan here would do the same now as when it was made, so it is not stale; only what the guardrails look at
moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.population import UserRecord
from tests.end_to_end.hubs import observed
from tests.end_to_end.refusals import OWNER, SESSION, State, lives, many, one, printed
from tests.end_to_end.test_guardrails import not_sent, refusal_of, run, writes
from tests.end_to_end.world import file, rows, user
from tests.support.process import write

NAMES: Final = ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "ivy")
ABSENT: Final = "email: {}@example.com\nstate: absent\n"
LOST: Final = "! ann@example.com  would no longer own Roles & permissions with Backoffice on  users/ann.yaml:1"


@dataclass(frozen=True, slots=True)
class Moved:
    """A state in which a plan passes, what moves then, and what refuses it afterwards."""

    state: State
    said: tuple[str, ...]
    live: tuple[UserRecord, ...] | None = None
    files: Mapping[str, str | None] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


MOVED: Final = {
    "max_user_deletes, when somebody else deleted people meanwhile": Moved(
        State(
            {"users/ann.yaml": ABSENT.format("ann"), "users/ben.yaml": ABSENT.format("ben")}, tuple(map(lives, NAMES))
        ),
        (
            "  REFUSED  max_user_deletes   2 deletions, limit 1 (20 % of 9 is 1)",
            "! ann@example.com  would be deleted: state: absent  users/ann.yaml:1",
            "! ben@example.com  would be deleted: state: absent  users/ben.yaml:1",
            "way past: if this is meant, pass --allow max_user_deletes=2",
        ),
        live=tuple(map(lives, NAMES[:-1])),
    ),
    "max_grant_losses, when somebody else took grants meanwhile": Moved(
        State(
            {"bo-sync.yaml": "guardrails: {max_grant_losses: {percent: 15, floor: 0}}\n", "users/ann.yaml": one("ann")},
            (lives("ann", *rows(order="OWNER", pricing="VIEWER")), lives("ben", *rows(shop="OWNER"))),
        ),
        (
            "  REFUSED  max_grant_losses   2 grants lowered or revoked, limit 1 (15 % of 13 is 1)",
            "! ann@example.com  pricing viewer → none  users/ann.yaml:1",
            "! ann@example.com  order_data owner → none  users/ann.yaml:1",
            "way past: if this is meant, pass --allow max_grant_losses=2",
        ),
        live=(lives("ann", *rows(order="OWNER", pricing="VIEWER")), lives("ben")),
    ),
    "min_role_owners, when somebody else lowered an owner meanwhile": Moved(
        State(
            {"users/ann.yaml": one("ann", "platform: {backoffice: true}")}, (lives("ann", *OWNER), lives("ben", *OWNER))
        ),
        (
            "  REFUSED  min_role_owners    1 owner of Roles & permissions left, at least 2",
            LOST,
            "way past: if this is meant, pass --allow min_role_owners=1",
        ),
        live=(lives("ann", *OWNER), lives("ben", *rows(backoffice="OWNER", role="EDITOR"))),
    ),
    "email_change, when a namesake appeared meanwhile": Moved(
        State({"users/ann.yaml": file("ann.smith@example.com", first="Ann", last="Smith")}),
        (
            "  REFUSED  email_change       1 uncertain identity, none allowed",
            (
                "! ann.smith@example.com  has the same first and last name as ann@example.com (id 1002), who "
                "is in the hub without a file; an address cannot change: add a file for ann@example.com with "
                "`state: absent`, beside the one for ann.smith@example.com; are they two people, give ann@example.com "
                "a file of their own  users/ann.yaml:1"
            ),
            "way past: nothing passes this guardrail; each row says what to do",
        ),
        live=(lives("ann"),),
    ),
    "protected, when the settings protect somebody now": Moved(
        State({"users/ann.yaml": ABSENT.format("ann"), "users/ben.yaml": one("ben")}, (lives("ann"), lives("ben"))),
        (
            "  REFUSED  protected          1 protected person changed, none allowed",
            "! ann@example.com  is protected, yet would be deleted  users/ann.yaml:1",
            (
                "way past: nothing passes this guardrail: correct the file, or the entry of `protect` in bo-sync.yaml, "
                "in a reviewed change"
            ),
        ),
        files={"bo-sync.yaml": "protect: [ann@example.com]\n"},
    ),
    "self, when the person who runs it is the one who loses": Moved(
        State(
            {
                "bo-sync.yaml": "guardrails: {min_role_owners: 1}\n",
                "users/me.yaml": "email: break-glass@example.com\nstate: absent\n",
            },
            (lives("ann", *OWNER),),
        ),
        (
            "  REFUSED  self               1 loss of whoever runs this, none allowed",
            ("! break-glass@example.com  is the person whose session runs, and would be deleted  users/me.yaml:1"),
            "way past: nothing passes this guardrail: let somebody else, or an API key, run it",
        ),
        env=SESSION,
    ),
    "empty, when the files went away": Moved(
        State(
            {
                "bo-sync.yaml": "unmanaged: delete\nprotect: [break-glass@example.com]\n",
                "users/gone.yaml": "email: gone@example.com\nstate: absent\n",
            },
            (lives("ann"),),
        ),
        (
            "  REFUSED  empty              0 people in the files, at least 1",
            "way past: add at least one file to users/; to remove people, give their files `state: absent`",
        ),
        files={"users/gone.yaml": None},
    ),
}


@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED.keys())
def test_a_saved_plan_that_no_guardrail_refused_is_refused_before_the_first_write(tmp_path: Path, moved: Moved) -> None:
    root = write(tmp_path, moved.state.files)
    with observed(moved.state.population) as hub:
        plan = run(root, hub, moved.state, "plan", "--out", "plan.json")
        assert (plan.code, "Guardrails: none refuses\n" in plan.out) == (0, True)
        if moved.live is not None:
            hub.hub.store.load(State({}, moved.live).population)
        write(root, {path: text for path, text in moved.files.items() if text is not None})
        for path in (path for path, text in moved.files.items() if text is None):
            (root / path).unlink()
        before = hub.holds()
        hub.traffic.clear()
        now = State({}, session=bool(moved.env))
        apply = run(root, hub, now, "apply", "plan.json", "--yes")
        assert (writes(hub), hub.holds()) == ([], before)
        assert hub.traffic.count > 0
    assert apply.code == 4
    assert refusal_of(apply) == printed(moved.said)
    assert "Nothing was sent: refused by " in apply.err


def test_a_stale_plan_is_told_before_the_guardrail_that_refuses_it_too(tmp_path: Path) -> None:
    state = State({"users/ann.yaml": ABSENT.format("ann"), "users/team.yaml": many("ben")}, (lives("ann"),))
    root = write(tmp_path, state.files)
    with observed(State({}, (lives("ann"), lives("ben"))).population) as hub:
        assert run(root, hub, state, "plan", "--out", "plan.json").code == 0
        write(root, {"bo-sync.yaml": "protect: ['*@example.com']\n", "users/team.yaml": ABSENT.format("ben")})
        hub.traffic.clear()
        apply = run(root, hub, state, "apply", "plan.json", "--yes")
        assert (writes(hub), len(hub.holds()["users"])) == ([], 3)
    assert (apply.code, apply.out) == (6, "")
    assert apply.err == (
        "error: the saved plan is not what would be done now:\n"
        "  ben@example.com: was not in that plan, now would be deleted\n"
        "next: plan again, and have that plan reviewed\n"
    )


def test_a_direct_apply_judges_the_hub_of_its_own_moment(tmp_path: Path) -> None:
    """What a pull request's plan passed does not bind the apply after it: the hub is read, and judged, anew."""
    state = State({"users/ann.yaml": one("ann")}, (lives("ann", *OWNER), lives("ben", *OWNER)))
    root = write(tmp_path, state.files)
    with observed(state.population) as hub:
        assert run(root, hub, state, "plan").code == 0
        hub.hub.store.load(State({}, (lives("ann", *OWNER), user("ben@example.com"))).population)
        hub.traffic.clear()
        apply = run(root, hub, state, "apply", "--yes")
        assert writes(hub) == []
    assert (apply.code, apply.err) == (4, not_sent("min_role_owners"))
    assert refusal_of(apply)[:2] == printed(
        ("  REFUSED  min_role_owners    1 owner of Roles & permissions left, at least 2", LOST)
    )
