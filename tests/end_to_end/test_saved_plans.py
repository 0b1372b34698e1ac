"""A saved plan is a promise to do just that: it runs when nothing moved, and is refused in every other case."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bo_sync.sandbox.store import Store
from tests.end_to_end.world import file, files, rows, seen, user
from tests.support.process import Ran, Served, bo_sync, served, write

ROOT = files(
    file("ada@example.com", "job: Poet", "modules: {pricing: editor}", first="Adah"),
    file("new@example.com", "gender: female", first="Nora"),
)
LIVE = [
    user("ada@example.com", *rows(order="OWNER"), firstName="Adah"),
    user("bob@example.com", firstName="Bob"),
    user("owner@example.com", *rows(role="OWNER", backoffice="OWNER")),
]
ANEW = "next: make a new one with plan --out FILE, and have that one reviewed"
APPLY = ("apply", "plan.json", "--yes")


def saved(root: Path, hub: Served) -> Ran:
    done = bo_sync(root, "plan", "--out", "plan.json", "--detailed-exitcode", "--format", "json", env=hub.env())
    assert done.code == 2
    return done


def test_a_saved_plan_is_private_holds_what_was_shown_and_runs_once(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, {"users": LIVE}) as hub:
        shown = saved(root, hub)
        place = root / "plan.json"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert place.read_text("utf-8") == shown.out
        assert [path.name for path in root.iterdir() if path.name.startswith(".plan")] == []
        done = bo_sync(root, *APPLY, "--format", "json", env=hub.env())
        users = {user["email"]: seen(user) for user in hub.holds()["users"]}
        again = bo_sync(root, *APPLY, env=hub.env())
    assert done.code == 0
    assert json.loads(done.out)["digest"] == json.loads(shown.out)["digest"]
    assert dict(users["ada@example.com"].access) == {"pricing": "EDITOR"}
    assert users["new@example.com"].profile["gender"] == "F"
    assert (again.code, again.complaint) == (
        6,
        (
            "error: the saved plan is not what would be done now:",
            "  ada@example.com: was to be updated, now nothing of it is left to do",
            "  new@example.com: was to be created, now nothing of it is left to do",
            "next: plan again, and have that plan reviewed",
        ),
    )


def _other_grant(text: str) -> str:
    return text.replace('"after": "editor"', '"after": "owner"')


def _other_digest(text: str) -> str:
    return text.replace('"digest": "sha256:', '"digest": "sha256:0')


def _other_version(text: str) -> str:
    return text.replace('"format_version": 2', '"format_version": 1')


ALTERED = "the saved plan was altered: its content does not have the digest that it names"


@pytest.mark.parametrize(
    ("alter", "complaint"),
    [
        pytest.param(_other_grant, (f"error: {ALTERED}", ANEW), id="another access"),
        pytest.param(_other_digest, (f"error: {ALTERED}", ANEW), id="another digest"),
        pytest.param(
            _other_version,
            ("error: the saved plan's format version is 1; this bo-sync reads 2", ANEW),
            id="another version of the format",
        ),
        pytest.param(
            lambda _: "users: []",
            (
                "error: the saved plan is not the JSON of a plan: line 1, column 1",
                "next: make a new one with plan --out FILE",
            ),
            id="YAML",
        ),
        pytest.param(
            lambda _: "{}", ("error: the saved plan is malformed: `format_version` is missing", ANEW), id="other JSON"
        ),
        pytest.param(
            lambda _: "[" * 100_000,
            (
                "error: the saved plan is not the JSON of a plan: nested too deeply",
                "next: make a new one with plan --out FILE",
            ),
            id="absurd nesting",
        ),
    ],
)
def test_a_plan_that_somebody_altered_is_refused(
    quiet_hub: Served, tmp_path: Path, alter: Callable[[str], str], complaint: tuple[str, str]
) -> None:
    root = write(tmp_path, ROOT)
    saved(root, quiet_hub)
    text = (root / "plan.json").read_text("utf-8")
    assert alter(text) != text
    (root / "plan.json").write_text(alter(text), "utf-8")
    done = bo_sync(root, *APPLY, "--verbose", env=quiet_hub.env())
    assert (done.code, done.out, done.complaint) == (6, "", complaint)


def test_a_hub_that_moved_makes_the_plan_stale_and_it_is_told_who_and_how(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, {"users": LIVE}) as hub:
        saved(root, hub)
        with Store.open(hub.database) as store:
            moved = [
                user("ada@example.com", *rows(order="VIEWER", pricing="VIEWER"), job="Spy", firstName="Adah"),
                user("new@example.com", firstName="Nora"),
            ]
            store.load({"users": moved})
        before = hub.holds()
        done = bo_sync(root, *APPLY, env=hub.env())
        assert hub.holds() == before
    assert (done.code, done.out) == (6, "")
    assert done.complaint == (
        "error: the saved plan is not what would be done now:",
        '  ada@example.com: job: was to change (empty) → "Poet", now "Spy" → "Poet"',
        "  ada@example.com: pricing: was to change none → editor, now viewer → editor",
        "  ada@example.com: order_data: was to change owner → none, now viewer → none",
        "  new@example.com: was to be created, now would be updated",
        "next: plan again, and have that plan reviewed",
    )


def test_files_that_moved_make_the_plan_stale_too(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    saved(root, quiet_hub)
    (root / "users/1.yaml").unlink()
    done = bo_sync(root, *APPLY, env=quiet_hub.env())
    assert done.code == 6
    assert done.complaint[1] == "  new@example.com: was to be created, now nothing of it is left to do"


def test_a_plan_for_another_hub_is_refused(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, {"users": LIVE}) as other:
        saved(root, other)
    done = bo_sync(root, *APPLY, env=quiet_hub.env())
    assert (done.code, done.out) == (6, "")
    assert done.complaint[1] == f"  the saved plan is for {other.url}, this one for {quiet_hub.url}"


@pytest.mark.parametrize(("name", "reason"), [("nowhere.json", "No such file or directory"), (".", "Is a directory")])
def test_a_plan_that_is_not_there_is_a_mistake_in_the_command(
    quiet_hub: Served, tmp_path: Path, name: str, reason: str
) -> None:
    done = bo_sync(write(tmp_path, ROOT), "apply", name, "--yes", env=quiet_hub.env())
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (f"error: {name} cannot be read: {reason}", "next: make one with plan --out FILE")


def test_a_plan_that_cannot_be_saved_says_so_after_the_whole_result(quiet_hub: Served, tmp_path: Path) -> None:
    done = bo_sync(write(tmp_path, ROOT), "plan", "--out", "no/where.json", "--format", "json", env=quiet_hub.env())
    assert done.code == 64
    assert json.loads(done.out)["summary"]["create"] == 2
    assert done.complaint == (
        "error: no/where.json cannot be written: No such file or directory",
        "next: name a path that can be written",
    )
