"""`ignore`: what it accepts and until when, that it is counted, and what is said of one that accepts nothing."""

from datetime import date

import pytest

from tests.access.judging import DESK, jane, judged, rules
from tests.config.trees import JANE
from tests.support.hostile import HOSTILE
from tests.support.users import TODAY, YESTERDAY

EDITOR = "platform: {backoffice: true}\nmodules: {roles_permissions: editor}\n"
"""Raises BOS012, and nothing else."""


def ignore(*entries: tuple[str, date]) -> str:
    lines = [f"  - {{rule: {rule}, reason: agreed, until: {until}}}\n" for rule, until in entries]
    return "ignore:\n" + "".join(lines)


FAR = date(2099, 1, 1)
ROLES_EDITOR = "modules: {roles_permissions: editor}\n"

WEIGHED: dict[str, tuple[str, str]] = {
    "what is accepted is counted": (EDITOR + ignore(("BOS012", FAR)), "BOS017"),
    "on its last day it holds": (EDITOR + ignore(("BOS012", TODAY)), "BOS017"),
    "the day after it has ended, and the finding is back": (EDITOR + ignore(("BOS012", YESTERDAY)), "BOS012 BOS015"),
    "one that ended, of something that is gone": (DESK + ignore(("BOS012", YESTERDAY)), "BOS015"),
    "one that holds beside one that ended": (EDITOR + ignore(("BOS012", YESTERDAY), ("BOS012", FAR)), "BOS015 BOS017"),
    "another finding": (EDITOR + ignore(("BOS007", FAR)), "BOS012 BOS016"),
    "only the named finding": (ROLES_EDITOR + ignore(("BOS012", FAR)), "BOS011 BOS017"),
    "no such number": (EDITOR + ignore(("BOS999", FAR)), "BOS012 BOS016"),
    "not quite a number": (EDITOR + ignore(("bos012", FAR)), "BOS012 BOS016"),
    "the end of an account": (DESK + "until: 2026-06-14\n" + ignore(("BOS005", FAR)), "BOS017"),
    "an idle one of somebody who leaves": (DESK + "state: absent\n" + ignore(("BOS012", FAR)), ""),
    "an ended one of somebody who leaves": (DESK + "state: absent\n" + ignore(("BOS012", YESTERDAY)), ""),
}


@pytest.mark.parametrize(("lines", "expected"), WEIGHED.values(), ids=WEIGHED.keys())
def test_acceptances(lines: str, expected: str) -> None:
    assert rules(jane(lines)) == expected.split()


NO_SUCH, NO_ENTRY = "there is no such finding", "that finding is about {}, which no entry accepts"
IDLE: dict[str, tuple[str, str, str]] = {
    "one that this entry does not raise": ("BOS012", "BOS012", "this entry does not raise it; take it out"),
    "a word that is near a number": ("bos012", '"bos012"', f"{NO_SUCH}; did you mean BOS012?"),
    "a word that is near none": ("everything", '"everything"', NO_SUCH),
    "a long word is cut": ("x" * 60, f'"{"x" * 40}"', NO_SUCH),
    "one about presets": ("BOS013", "BOS013", NO_ENTRY.format("a preset")),
    "one about ignore itself": ("BOS015", "BOS015", NO_ENTRY.format("an ignore")),
    "one about the hub": ("BOS101", "BOS101", NO_ENTRY.format("the hub")),
}


@pytest.mark.parametrize(("rule", "shown", "why"), IDLE.values(), ids=IDLE.keys())
def test_why_one_accepts_nothing(rule: str, shown: str, why: str) -> None:
    (found,) = jane(DESK + ignore((rule, FAR))).findings
    expected = f"the `ignore` of {shown} accepts nothing: {why}"
    assert (found.message, str(found.source)) == (expected, "users/u.yaml:7:5")


def test_one_that_ended_is_told_at_its_place() -> None:
    (found,) = jane(DESK + ignore(("BOS012", YESTERDAY))).findings
    expected = "the `ignore` of BOS012 ended on 2026-06-14; take it out, or agree on a later day"
    assert (found.message, str(found.source)) == (expected, "users/u.yaml:7:5")


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_word_does_nothing(attack: str) -> None:
    written = "".join(f"\\U{ord(character):08x}" for character in attack if ord(character) < 0xD800)
    (found,) = jane(f'{DESK}ignore: [{{rule: "x{written}", reason: r, until: 2099-01-01}}]\n').findings
    assert found.rule == "BOS016"
    assert found.message.isprintable()


def test_all_that_is_accepted_is_counted_by_number_and_kept_with_what_accepts_it() -> None:
    files = {
        "users/a.yaml": JANE + "modules: {roles_permissions: editor}\n" + ignore(("BOS011", FAR), ("BOS012", FAR)),
        "users/b.yaml": "email: ben@example.com\nfirst_name: Ben\nlast_name: Vos\n" + EDITOR + ignore(("BOS012", FAR)),
    }
    found = judged(files)
    (count,) = found.findings
    assert count.message == "3 findings are accepted with `ignore`: BOS011, BOS012 (2 times)"
    assert (count.email, count.source) == (None, None)
    assert [(entry.finding.rule, str(entry.finding.email), str(entry.by.source)) for entry in found.accepted] == [
        ("BOS011", "jane@example.com", "users/a.yaml:6:5"),
        ("BOS012", "jane@example.com", "users/a.yaml:7:5"),
        ("BOS012", "ben@example.com", "users/b.yaml:7:5"),
    ]
