"""A saved plan is a promise to do just that: it runs when nothing moved, and is refused word by word otherwise."""

import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from bo_sync.core.plan_digest import Json
from bo_sync.sandbox.population import UserRecord
from tests.end_to_end.hubs import observed
from tests.end_to_end.refusals import State, lives, one
from tests.end_to_end.test_guardrails import run, writes
from tests.end_to_end.world import TODAY, rows, seen
from tests.support.builders import resealed_digest
from tests.support.process import Served, bo_sync, write

APPLY: Final = ("apply", "plan.json", "--yes")
ANEW: Final = "next: plan again, and have that plan reviewed"
ANOTHER: Final = "next: make a new one with plan --out FILE, and have that one reviewed"
STALE: Final = "error: the saved plan is not what would be done now:"
START: Final = State(
    {
        "users/ann.yaml": one("ann", "job: Poet", "modules: {pricing: editor}"),
        "users/ben.yaml": one("ben", "gender: female"),
        "users/cat.yaml": "email: cat@example.com\nstate: absent\n",
        "users/dan.yaml": one("dan"),
    },
    (lives("ann", *rows(order="OWNER")), lives("cat", *rows(shop="VIEWER")), lives("dan"), lives("eve")),
)


NOTHING_LEFT: Final = (
    "ann@example.com: was to be updated, now nothing of it is left to do",
    "ben@example.com: was to be created, now nothing of it is left to do",
    "cat@example.com: was to be deleted, now nothing of it is left to do",
)


def test_a_saved_plan_is_private_holds_what_was_shown_and_runs_once(tmp_path: Path) -> None:
    root = write(tmp_path, START.files)
    with observed(START.population) as hub:
        shown = run(root, hub, START, "plan", "--out", "plan.json", "--detailed-exitcode", "--format", "json")
        place = root / "plan.json"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert place.read_text("utf-8") == shown.out
        assert [path.name for path in root.iterdir() if path.name.startswith(".plan")] == []
        done = run(root, hub, START, *APPLY, "--format", "json")
        users = {user["email"]: seen(user) for user in hub.holds()["users"]}
        again = run(root, hub, START, *APPLY)
    assert (shown.code, done.code) == (2, 0)
    assert json.loads(done.out)["digest"] == json.loads(shown.out)["digest"]
    assert dict(users["ann@example.com"].access) == {"pricing": "EDITOR"}
    assert users["ben@example.com"].profile["gender"] == "F"
    assert (again.code, again.err.splitlines()) == (6, [STALE, *(f"  {line}" for line in NOTHING_LEFT), ANEW])


@pytest.mark.parametrize(("name", "reason"), [("nowhere.json", "No such file or directory"), (".", "Is a directory")])
def test_a_plan_that_is_missing_is_a_usage_error(quiet_hub: Served, tmp_path: Path, name: str, reason: str) -> None:
    done = bo_sync(write(tmp_path, START.files), "apply", name, "--yes", env=quiet_hub.env())
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (f"error: {name} cannot be read: {reason}", "next: make one with plan --out FILE")


def test_a_plan_that_cannot_be_saved_says_so_after_the_whole_result(quiet_hub: Served, tmp_path: Path) -> None:
    done = bo_sync(
        write(tmp_path, START.files), "plan", "--out", "no/where.json", "--format", "json", env=quiet_hub.env()
    )
    assert done.code == 64
    assert json.loads(done.out)["summary"]["create"] == 3
    assert done.complaint == (
        "error: no/where.json cannot be written: No such file or directory",
        "next: name a path that can be written",
    )


@dataclass(frozen=True, slots=True)
class Move:
    """What moves between plan and apply, in the files (None: removed) or the hub, and who is said to have moved how."""

    told: tuple[str, ...]
    files: Mapping[str, str | None] = field(default_factory=dict)
    live: tuple[UserRecord, ...] | None = None


def but(place: int, *instead: UserRecord) -> tuple[UserRecord, ...]:
    return (*START.live[:place], *instead, *START.live[place + 1 :])


MOVES: Final = {
    "the hub: somebody edited the profile and the grants of a person": Move(
        (
            '  ann@example.com: job: was to change (empty) → "Poet", now "Spy" → "Poet"',
            "  ann@example.com: pricing: was to change none → editor, now owner → editor",
            "  ann@example.com: order_data: was to change owner → none, now would not",
            "  ann@example.com: logistics: was not to change, now would: viewer → none",
        ),
        live=but(0, lives("ann", *rows(pricing="OWNER", logistics="VIEWER"), job="Spy")),
    ),
    "the hub: somebody made the person who was to be created": Move(
        ("  ben@example.com: was to be created, now would be updated",), live=(*START.live, lives("ben"))
    ),
    "the hub: somebody deleted the person who was to be deleted": Move(
        ("  cat@example.com: was to be deleted, now nothing of it is left to do",), live=but(1)
    ),
    "the hub: a person was deleted and made anew": Move(
        (
            "  ann@example.com: had id 1002 in the hub, now has 1005",
            "  cat@example.com: had id 1003 in the hub, now has 1002",
        ),
        live=(*START.live[1:], START.live[0]),
    ),
    "the hub: somebody who was as the files say no longer is": Move(
        ("  dan@example.com: was not in that plan, now would be updated",),
        live=but(2, lives("dan", *rows(user="OWNER"))),
    ),
    "the hub: a second row for one role": Move(
        ("  ann@example.com: order_data: was to change owner → none, now owner → none and a duplicate viewer → owner",),
        live=but(0, lives("ann", *rows(order="OWNER"), *rows(order="VIEWER"))),
    ),
    "the files: another access": Move(
        ("  ann@example.com: pricing: was to change none → editor, now none → owner",),
        files={"users/ann.yaml": one("ann", "job: Poet", "modules: {pricing: owner}")},
    ),
    "the files: another person": Move(
        ("  fay@example.com: was not in that plan, now would be created",), files={"users/fay.yaml": one("fay")}
    ),
    "the files: a file less": Move(
        ("  cat@example.com: was to be deleted, now nothing of it is left to do",), files={"users/cat.yaml": None}
    ),
    "the files: another end": Move(
        ("  dan@example.com: was not in that plan, now would be deleted",),
        files={"users/dan.yaml": one("dan", "until: 2026-06-14")},
    ),
    "the files: another meaning of those without a file": Move(
        ("  eve@example.com: was not in that plan, now would be deleted",),
        files={
            "bo-sync.yaml": (
                "unmanaged: delete\nprotect: [break-glass@example.com]\nguardrails: {max_user_deletes: {floor: 9}}\n"
            )
        },
    ),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_who_moved_and_how_is_said_before_any_write(tmp_path: Path, move: Move) -> None:
    root = write(tmp_path, START.files)
    with observed(START.population) as hub:
        assert run(root, hub, START, "plan", "--out", "plan.json").code == 0
        if move.live is not None:
            hub.hub.store.load(replace(START, live=move.live).population)
        write(root, {path: text for path, text in move.files.items() if text is not None})
        for path in (path for path, text in move.files.items() if text is None):
            (root / path).unlink()
        before = hub.holds()
        done = run(root, hub, START, *APPLY)
        assert (writes(hub), hub.holds()) == ([], before)
    assert (done.code, done.out) == (6, "")
    assert done.err.splitlines() == [STALE, *move.told, ANEW]
    assert not (root / ".bo-sync/journal").exists()


def test_a_plan_for_another_hub_names_both_and_whoever_differs(tmp_path: Path) -> None:
    root = write(tmp_path, START.files)
    with observed(START.population) as there:
        assert run(root, there, START, "plan", "--out", "plan.json").code == 0
    with observed(START.population) as here:
        same = run(root, here, START, *APPLY)
        here.hub.store.load(replace(START, live=but(2, lives("dan", job="Spy", phone="1"))).population)
        write(root, {"users/dan.yaml": one("dan", "phone: null")})
        other = run(root, here, START, *APPLY)
        assert writes(here) == []
    foreign = f"  the saved plan is for {there.url}, this one for {here.url}"
    assert (same.code, same.out, other.code, other.out) == (6, "", 6, "")
    assert same.err.splitlines() == [STALE, foreign, ANEW]
    assert other.err.splitlines() == [
        STALE,
        foreign,
        "  dan@example.com: was not in that plan, now would be updated",
        ANEW,
    ]


def _edited(edit: Callable[[dict[str, Json]], None], *, seal: bool = False) -> Callable[[str], str]:
    """A saved plan with an edit, and, where it is sealed, with the digest that its content now has."""

    def edited(text: str) -> str:
        document = json.loads(text)
        edit(document)
        if seal:
            document["digest"] = resealed_digest(document)
        return json.dumps(document)

    return edited


def _delete_eve(document: dict[str, Json]) -> None:
    empty: dict[str, Json] = {"source": None, "profile": [], "grants": [], "duplicates": []}
    changes = document["changes"]
    assert isinstance(changes, list)
    changes.append({"email": "eve@example.com", "id": 1005, "action": "delete", **empty})


def _leave_cat(document: dict[str, Json]) -> None:
    changes = document["changes"]
    assert isinstance(changes, list)
    changes[:] = [entry for entry in changes if isinstance(entry, dict) and entry["email"] != "cat@example.com"]


def _version(number: Json) -> Callable[[dict[str, Json]], None]:
    return lambda document: document.update(format_version=number)


ALTERED: Final = "error: the saved plan was altered: its content does not have the digest that it names"
NO_PLAN: Final = "error: the saved plan is not the JSON of a plan: {}"
MAKE: Final = "next: make a new one with plan --out FILE"
EDITED: Final = {
    "another access": (lambda text: text.replace('"after": "editor"', '"after": "owner"'), (ALTERED, ANOTHER)),
    "another digest": (lambda text: text.replace('"digest": "sha256:', '"digest": "sha256:0'), (ALTERED, ANOTHER)),
    "one person more": (_edited(_delete_eve), (ALTERED, ANOTHER)),
    "one person less": (_edited(_leave_cat), (ALTERED, ANOTHER)),
    "one person more, and the digest made to fit": (
        _edited(_delete_eve, seal=True),
        (STALE, "  eve@example.com: was to be deleted, now nothing of it is left to do", ANEW),
    ),
    "one person less, and the digest made to fit": (
        _edited(_leave_cat, seal=True),
        (STALE, "  cat@example.com: was not in that plan, now would be deleted", ANEW),
    ),
    "another version of the format, and the digest made to fit": (
        _edited(_version(1), seal=True),
        ("error: the saved plan's format version is 1; this bo-sync reads 2", ANOTHER),
    ),
    "a version of the format that is no number": (
        _edited(_version("1")),
        ("error: the saved plan's format version is no number; this bo-sync reads 2", ANOTHER),
    ),
    "half of it": (lambda text: text[: len(text) // 2], (NO_PLAN.format("line "), MAKE)),
    "a key twice": (
        lambda text: text.replace('"digest"', '"digest": "x", "digest"'),
        (NO_PLAN.format("a key appears twice"), MAKE),
    ),
    "YAML": (lambda _: "users: []", (NO_PLAN.format("line 1, column 1"), MAKE)),
    "other JSON": (lambda _: "{}", ("error: the saved plan is malformed: `format_version` is missing", ANOTHER)),
    "absurd nesting": (lambda _: "[" * 100_000, (NO_PLAN.format("nested too deeply"), MAKE)),
}


@pytest.mark.parametrize(("edit", "told"), EDITED.values(), ids=EDITED.keys())
def test_an_edited_plan_writes_nothing(tmp_path: Path, *, edit: Callable[[str], str], told: tuple[str, ...]) -> None:
    root = write(tmp_path, START.files)
    with observed(START.population) as hub:
        assert run(root, hub, START, "plan", "--out", "plan.json").code == 0
        text = (root / "plan.json").read_text("utf-8")
        write(root, {"plan.json": edit(text)})
        assert (root / "plan.json").read_text("utf-8") != text
        before = hub.holds()
        done = run(root, hub, START, *APPLY)
        assert (writes(hub), hub.holds()) == ([], before)
    assert (done.code, done.out) == (6, "")
    lines = done.err.splitlines()
    assert (lines[0].startswith(told[0]), tuple(lines[1:])) == (True, told[1:])


def test_a_digest_never_turns_writing_on(tmp_path: Path) -> None:
    root = write(tmp_path, START.files)
    with observed(START.population) as hub:
        assert run(root, hub, START, "plan", "--out", "plan.json").code == 0
        hub.traffic.clear()
        piped = bo_sync(root, "apply", "plan.json", "--today", TODAY, env=hub.env(), typed="yes\n")
        assert (hub.traffic.count, len(hub.holds()["users"])) == (0, 5)
    assert (piped.code, piped.out) == (64, "")
    assert piped.err.splitlines() == [
        "error: apply asks before it writes, and there is nobody to ask",
        "next: give --yes if this is meant to run",
    ]


def test_what_the_digest_leaves_out_may_move(tmp_path: Path) -> None:
    """Another commit, another file for the same entry, a comment: the same would be done, so the plan holds."""
    root = write(tmp_path, START.files)
    with observed(START.population) as hub:
        assert run(root, hub, START, "plan", "--out", "plan.json").code == 0
        (root / "users/ben.yaml").rename(root / "users/moved.yaml")
        write(root, {"users/dan.yaml": f"# unchanged\n{one('dan')}"})
        done = run(root, hub, START, *APPLY)
        assert writes(hub) != []
    assert done.code == 0
