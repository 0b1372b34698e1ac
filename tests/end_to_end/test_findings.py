"""Findings on the command line: told, counted, an exit code only when asked for; and ends that have passed."""

import json
from pathlib import Path
from typing import Final

import pytest

from bo_sync.exit_codes import ExitCode
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import file, rows, user
from tests.support.inside import inside
from tests.support.process import Ran, write

DESK: Final = "platform: {backoffice: true}\nmodules: {order_data: editor}\n"
ENDED: Final = "{access: owner, until: 2026-06-14}"
FILES: Final = {
    "bo-sync.yaml": "guardrails: {max_grant_losses: 1}\n",
    "presets/desk.yaml": DESK,
    "users/ann.yaml": file("ann@example.com", "preset: desk", f"modules: {{pricing: {ENDED}}}", first="Ann"),
    "users/ben.yaml": file("ben@example.com", "preset: desk", f"modules: {{order_data: {ENDED}}}", first="Ben"),
    "users/cas.yaml": file(
        "cas@example.com", "preset: desk", "modules: {order_data: {access: none, until: 2026-06-14}}", first="Cas"
    ),
    "users/dee.yaml": file("dee@example.com", "preset: desk", "until: 2026-06-14", first="Dee"),
}
LIVE: Final = [
    user("ann@example.com", *rows(backoffice="OWNER", order="EDITOR", pricing="OWNER"), firstName="Ann"),
    user("ben@example.com", *rows(backoffice="OWNER", order="OWNER"), firstName="Ben"),
    user("cas@example.com", *rows(backoffice="OWNER"), firstName="Cas"),
    user("dee@example.com", *rows(backoffice="OWNER", order="EDITOR"), firstName="Dee"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def run(root: Path, command: str, *more: str, day: str = "2026-06-15") -> Ran:
    return inside(command, "-C", str(root), "--today", day, *more)


def plan(root: Path, *more: str, day: str = "2026-06-15") -> Ran:
    with Store.open(root / ".bo-sync/sandbox.db") as store:
        store.load({"users": LIVE})
    return run(root, "plan", "--hub", "sandbox:", "--quiet", *more, day=day)


TOLD: Final = (
    ("users/ann.yaml:5:11: info: ann@example.com: `pricing: owner` ended on 2026-06-14 and is read as if ", "(BOS001)"),
    ("users/ben.yaml:5:11: info: ben@example.com: `order_data: owner` ended on 2026-06-14 and is ", "(BOS001)"),
    ("users/cas.yaml:5:11: warning: cas@example.com: `order_data: none` ended on 2026-06-14, so ", "(BOS002)"),
    ("users/dee.yaml:1:1: warning: dee@example.com: the account ended on 2026-06-14, so apply ", "(BOS005)"),
    ("2 warnings, 2 notes.", ""),
)
"""How each line begins and ends. The whole sentences are held where they are made."""


def test_validate_tells_each_finding_on_a_line_and_counts_them(root: Path) -> None:
    done = run(root, "validate")
    lines = done.out.splitlines()
    assert len(lines) == len(TOLD)
    for line, (begin, end) in zip(lines, TOLD, strict=True):
        assert line.startswith(begin)
        assert line.endswith(end)
    assert done.code == ExitCode.OK


def test_what_would_be_found_on_another_day(root: Path) -> None:
    assert run(root, "validate", day="2026-05-01").out.endswith("(BOS023)\n1 warning.\n")
    ahead = run(root, "validate", "--format", "json", day="2026-06-10")
    found = json.loads(ahead.out)["findings"]
    assert [(each["rule"], each["source"]) for each in found] == [
        ("BOS003", "users/ann.yaml:5"),
        ("BOS003", "users/ben.yaml:5"),
        ("BOS003", "users/cas.yaml:5"),
        ("BOS023", "users/cas.yaml:5"),
        ("BOS004", "users/dee.yaml:1"),
    ]


STRICT: dict[str, tuple[dict[str, str | None], str, ExitCode]] = {
    "a warning": ({}, "2026-06-15", ExitCode.REFUSED),
    "only notes": ({"users/cas.yaml": None, "users/dee.yaml": None}, "2026-06-15", ExitCode.OK),
    "nothing": ({"users/cas.yaml": None}, "2026-05-01", ExitCode.OK),
    "access that a preset will give": ({}, "2026-05-01", ExitCode.REFUSED),
    "a warning about a file": (
        {"presets/desk.yaml": DESK + "extends: []\n", "users/cas.yaml": None},
        "2026-05-01",
        ExitCode.OK,
    ),
    "a warning about what a preset cannot do": (
        {"presets/desk.yaml": DESK.replace("}\n", ", sales_hub: false}\n", 1)},
        "2026-05-01",
        ExitCode.REFUSED,
    ),
    "an error, which goes before": ({"users/eve.yaml": "email: eve\n"}, "2026-06-15", ExitCode.INVALID),
}


@pytest.mark.parametrize(("changed", "day", "code"), STRICT.values(), ids=STRICT.keys())
def test_strict_refuses(root: Path, changed: dict[str, str | None], day: str, code: ExitCode) -> None:
    for path, text in changed.items():
        if text is None:
            (root / path).unlink()
        else:
            write(root, {path: text})
    assert run(root, "validate", "--strict", day=day).code == code
    assert run(root, "validate", day=day).code == (ExitCode.INVALID if code is ExitCode.INVALID else ExitCode.OK)


def test_files_with_errors_are_not_judged(root: Path) -> None:
    write(root, {"users/eve.yaml": "email: eve@example.com\n"})
    assert json.loads(run(root, "validate", "--format", "json").out)["findings"] is None
    assert "BOS" not in run(root, "validate").out


def test_a_plan_says_which_changes_only_an_end_makes(root: Path) -> None:
    write(root, {"bo-sync.yaml": "guardrails: {max_expiries: 2}\n"})
    done = plan(root)
    assert done.code == ExitCode.REFUSED
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    for begin in (
        "▼ ann@example.com pricing owner → none: its `until` has passed",
        "▼ ben@example.com order_data owner → editor: its `until` has passed",
        "▲ cas@example.com order_data none → editor: its `until` has passed",
        "- dee@example.com deleted, because the file's `until` has passed",
        "! ann@example.com pricing owner → none: its `until` has passed users/ann.yaml:1",
        "! ben@example.com order_data owner → editor: its `until` has passed users/ben.yaml:1",
        "! dee@example.com would be deleted: its `until` has passed users/dee.yaml:1",
        "REFUSED max_expiries 3 expired accounts and grants, limit 2",
        "way past: if this is meant, pass --allow max_expiries=3",
    ):
        assert any(line.startswith(begin) for line in lines), (begin, done.out)


def test_a_plan_shows_warnings_first_and_notes_at_its_end(root: Path) -> None:
    lines = plan(root).out.splitlines()
    attention, gained = lines.index("Needs attention"), lines.index("Access gained")
    untouched = lines.index("Not touched")
    places = {
        rule: [number for number, line in enumerate(lines) if f"({rule})" in line] for rule in ("BOS001", "BOS002")
    }
    assert all(attention < number < gained for number in places["BOS002"])
    assert all(number > untouched for number in places["BOS001"])
    assert {rule: len(found) for rule, found in places.items()} == {"BOS001": 2, "BOS002": 1}


def test_a_plan_for_one_user_has_the_findings_of_that_user(root: Path) -> None:
    document = json.loads(plan(root, "--only", "CAS@example.com", "--format", "json").out)
    found = [(each["rule"], each["email"]) for each in document["findings"] if each["rule"] < "BOS100"]
    assert found == [("BOS002", "cas@example.com")]


def test_findings_and_ends_change_no_digest(root: Path) -> None:
    """The same changes, asked for by an end that has passed and by hand."""
    by_end = json.loads(plan(root, "--format", "json").out)["digest"]
    ann, ben = (FILES[f"users/{name}.yaml"].partition("modules")[0] for name in ("ann", "ben"))
    cas = FILES["users/cas.yaml"].partition("modules")[0]
    write(root, {"users/ann.yaml": ann, "users/ben.yaml": ben, "users/cas.yaml": cas})
    write(root, {"users/dee.yaml": "email: dee@example.com\nstate: absent\n"})
    assert json.loads(plan(root, "--format", "json").out)["digest"] == by_end
    assert "has passed" not in plan(root).out
