"""One user's blocked row does not hold up the others: `--skip-blocked`, `--expired`, and the command that a blocked run
ends with."""

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.population import UserRecord, baseline_population
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import TODAY, by_address, file, rows, user
from tests.support.inside import inside
from tests.support.process import Ran, write

LEAVER: Final = "leaver@example.com"
EXPIRED: Final = "expired@example.com"
GLASS: Final = "break-glass@example.com"
ENDS: Final = file(LEAVER, first="Lee", last="Ver")
ENDED: Final = file(EXPIRED, "modules: {pricing: {access: owner, until: 2026-06-14}}", first="Ex", last="Pired")
HINT: Final = "hint: to leave out the blocked users and apply the changes of the other "


@dataclass(frozen=True, slots=True)
class Blocked:
    """What blocks the run, beside a leaver and an expired grant, and the users that a run without it leaves as they
    are."""

    guardrail: str
    files: Mapping[str, str]
    live: tuple[UserRecord, ...]
    kept: tuple[str, ...] = ()
    settings: str = ""
    not_created: tuple[str, ...] = ()


def throw_away(number: int) -> UserRecord:
    return user(f"tmp{number:02}@example.net", firstName=f"Tmp{'abcdefghijkl'[number]}", lastName="Away")


UNMANAGED: Final = "unmanaged: delete\nprotect: [{}@example.com]\n"
BOSS: Final = "protect: [boss@example.com]\n"
HIRE: Final = {"hire": file("new.hire@example.com", "language: en", first="New", last="Hire")}
OTHER: Final = user("other@example.com", firstName="New", lastName="Hire")
ANN: Final = file(
    "ann@example.com",
    "platform: {backoffice: true}",
    "modules: {roles_permissions: {access: owner, until: 2026-06-14}}",
    first="An",
    last="Na",
)


def blocked_by(
    guardrail: str, files: Mapping[str, str], *live: UserRecord, settings: str = "", new: str = ""
) -> Blocked:
    """The users of the hub, other than those who are new, stay as they are."""
    kept = tuple(each["email"] for each in live)
    return Blocked(guardrail, files, live, kept, settings, (new,) if new else ())


BLOCKED: Final = {
    "an end date of a protected user": blocked_by(
        "protected",
        {"boss": file("boss@example.com", "until: 2026-06-14", first="Bo", last="Ss")},
        user("boss@example.com", *rows(pricing="OWNER"), firstName="Bo", lastName="Ss"),
        settings=BOSS,
    ),
    "state: absent of a protected user": blocked_by(
        "protected",
        {"boss": "email: boss@example.com\nstate: absent\n"},
        user("boss@example.com", firstName="Bo", lastName="Ss"),
        settings=BOSS,
    ),
    "a namesake of a new hire": blocked_by("email_change", HIRE, OTHER, new="new.hire@example.com"),
    "a namesake who would be deleted without a file": blocked_by(
        "email_change", HIRE, OTHER, settings=UNMANAGED.format("break-glass"), new="new.hire@example.com"
    ),
    "an id that is another user's": blocked_by(
        "email_change",
        {"jane": file("jane@example.com", "id: 1", first="Ja", last="Ne")},
        user("jane@example.com", *rows(pricing="OWNER"), firstName="Ja", lastName="Ne"),
    ),
    "eleven throw-away accounts": blocked_by(
        "max_user_deletes", {}, *map(throw_away, range(11)), settings=UNMANAGED.format("break-glass")
    ),
    "an expired ownership that leaves too few owners": blocked_by(
        "min_role_owners",
        {"ann": ANN},
        user("ann@example.com", *rows(role="OWNER", backoffice="OWNER"), firstName="An", lastName="Na"),
        settings="protect: [break-glass@example.com]\n",
    ),
    "a protect entry that protects no user": blocked_by(
        "protected", {}, throw_away(1), settings=UNMANAGED.format("breakglass")
    ),
}


def tree(blocked: Blocked) -> dict[str, str]:
    users = {"leaver": ENDS, "expired": ENDED, **blocked.files}
    return {"bo-sync.yaml": blocked.settings or "{}\n", **{f"users/{name}.yaml": text for name, text in users.items()}}


@contextmanager
def hub_of(blocked: Blocked, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    live = (
        user(LEAVER, *rows(pricing="OWNER"), firstName="Lee", lastName="Ver"),
        user(EXPIRED, *rows(pricing="OWNER"), firstName="Ex", lastName="Pired"),
        *blocked.live,
    )
    start = baseline_population()
    with observed({**start, "users": [*start["users"], *live]}) as hub:
        for name, value in hub.env().items():
            monkeypatch.setenv(name, value)
        yield hub


def access(hub: ObservedHub, email: str) -> list[str]:
    return [row["definition"] for row in by_address(hub.holds())[email].get("roles", []) if row["access"] != "NONE"]


def run(root: Path, *words: str) -> Ran:
    return inside(words[0], "-C", str(root), "--today", TODAY, *words[1:])


@pytest.mark.parametrize("blocked", BLOCKED.values(), ids=BLOCKED.keys())
def test_with_the_option_the_leaver_loses_access_and_the_blocked_users_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocked: Blocked
) -> None:
    root = write(tmp_path, tree(blocked))
    with hub_of(blocked, monkeypatch) as hub:
        held, before = hub.holds(), by_address(hub.holds())
        without = run(root, "apply", "--yes")
        assert (without.code, hub.holds()) == (4, held)
        assert f"refused by {blocked.guardrail}" in without.err
        done = run(root, "apply", "--yes", "--skip-blocked", "--format", "json")
        after = by_address(hub.holds())
        assert (access(hub, LEAVER), access(hub, EXPIRED)) == ([], [])
    assert done.code == 4
    assert [after.get(email) for email in (*blocked.kept, GLASS)] == [before[email] for email in (*blocked.kept, GLASS)]
    assert not set(blocked.not_created) & after.keys()
    report = json.loads(done.out)
    assert (report["summary"]["failed"], report["summary"]["not_attempted"], report["not_run"]) == (0, 0, None)
    assert {LEAVER, EXPIRED} <= {entry["email"] for entry in report["outcomes"]}
    (skipped,) = [found for found in report["guardrails"] if not found["ok"]]
    assert (skipped["guardrail"], skipped["skipped"]) == (blocked.guardrail, True)
    assert skipped["rows"]
    assert not {row["email"] for row in skipped["rows"]} & {entry["email"] for entry in report["outcomes"]}


@pytest.mark.parametrize("blocked", BLOCKED.values(), ids=BLOCKED.keys())
def test_expired_access_ends_anyway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocked: Blocked) -> None:
    root = write(tmp_path, tree(blocked))
    with hub_of(blocked, monkeypatch) as hub:
        before = by_address(hub.holds())
        done = run(root, "apply", "--yes", "--expired")
        after = by_address(hub.holds())
        assert (access(hub, LEAVER), access(hub, EXPIRED)) == (["pricing"], [])
    assert done.code == (4 if "until" in "".join(blocked.files.values()) else 0)
    assert [after.get(email) for email in (*blocked.kept, GLASS)] == [before[email] for email in (*blocked.kept, GLASS)]


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("blocked", BLOCKED.values(), ids=BLOCKED.keys())
def test_a_blocked_run_ends_with_the_command_that_runs_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocked: Blocked, command: str
) -> None:
    root = write(tmp_path / "a folder", tree(blocked))
    yes = ["--yes"] if command == "apply" else []
    with hub_of(blocked, monkeypatch) as hub:
        done = run(root, command, "--page-size", "7", "--allow", "max_grant_losses=9", *yes)
        last = done.err.splitlines()[-1]
        assert done.code == 4
        assert last.startswith(HINT)
        words = shlex.split(last.partition(": bo-sync ")[2])
        assert words == [
            *("apply", "-C", str(root), "--page-size", "7", "--today", TODAY),
            *("--allow", "max_grant_losses=9", "--skip-blocked", "--yes"),
        ]
        assert inside(*words).code == 4
        assert (access(hub, LEAVER), access(hub, EXPIRED)) == ([], [])


def test_a_saved_plan_is_run_with_the_option_of_its_making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, saved = write(tmp_path, tree(BLOCKED["a namesake of a new hire"])), str(tmp_path / "plan.json")
    with hub_of(BLOCKED["a namesake of a new hire"], monkeypatch) as hub:
        whole = run(root, "plan", "--out", saved)
        assert run(root, "apply", saved, "--yes", "--skip-blocked").code == 6, "it holds the blocked user"
        plan, apply = whole.err.splitlines()[-1].partition(": bo-sync ")[2].split(" && bo-sync ")
        assert inside(*shlex.split(plan)).code == 4
        assert run(root, "apply", saved, "--yes").code == 6, "it does not hold the blocked user"
        assert access(hub, LEAVER) == ["pricing"]
        assert inside(*shlex.split(apply)).code == 4
        assert access(hub, LEAVER) == []


BOTH: Final = {
    **tree(BLOCKED["state: absent of a protected user"]),
    "bo-sync.yaml": "protect: [boss@example.com]\nguardrails: {max_grant_losses: 1}\n",
}


def test_guardrails_of_the_run_block_the_others_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, {**BOTH, "users/expired.yaml": file(EXPIRED, first="Ex", last="Pired")})
    with hub_of(BLOCKED["state: absent of a protected user"], monkeypatch) as hub:
        before = hub.holds()
        plain = run(root, "apply", "--yes")
        skipping = run(root, "apply", "--yes", "--skip-blocked")
        assert hub.holds() == before
    assert (plain.code, skipping.code) == (4, 4)
    assert HINT not in plain.err + skipping.err
    assert "refused by max_grant_losses" in skipping.err


def test_without_another_change_nothing_is_named_or_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = BLOCKED["state: absent of a protected user"]
    files = {
        name: text for name, text in tree(blocked).items() if name not in {"users/leaver.yaml", "users/expired.yaml"}
    }
    root = write(tmp_path, files)
    with hub_of(blocked, monkeypatch) as hub:
        before = hub.holds()
        plain = run(root, "apply", "--yes")
        skipping = run(root, "apply", "--yes", "--skip-blocked")
        assert hub.holds() == before
    assert (plain.code, skipping.code) == (4, 4)
    assert HINT not in plain.err + skipping.err
    assert "blocked by protected" in skipping.err


def test_pseudonyms_hide_addresses_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = BLOCKED["state: absent of a protected user"]
    root = write(tmp_path, tree(blocked))
    with hub_of(blocked, monkeypatch):
        done = run(root, "plan", "--redact", "--only", LEAVER, "--only", "boss@example.com")
    assert done.code == 4
    assert LEAVER not in done.out + done.err


@pytest.mark.parametrize("form", ["text", "markdown", "github", "junit", "sarif"])
def test_every_form_names_who_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    blocked = BLOCKED["a namesake of a new hire"]
    root = write(tmp_path, tree(blocked))
    with hub_of(blocked, monkeypatch):
        done = run(root, "plan", "--skip-blocked", "--format", form)
    assert done.code == 4
    assert "new.hire@example.com" in unescape(done.out).replace("<!---->", "")
    assert "email_change" in unescape(done.out)


def test_a_drift_of_a_protected_user_blocks_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = user("boss@example.com", *rows(pricing="OWNER"), firstName="Bo", lastName="Ss")
    blocked = Blocked(
        "",
        {"boss": file("boss@example.com", "modules: {pricing: viewer}", first="Bo", last="Ss")},
        (boss,),
        settings="protect: [boss@example.com]\n",
    )
    root = write(tmp_path, tree(blocked))
    with hub_of(blocked, monkeypatch) as hub:
        done = run(root, "apply", "--yes")
        assert (access(hub, LEAVER), access(hub, "boss@example.com")) == ([], ["pricing"])
    assert done.code == 0
    assert "BOS109" in done.out
