"""Every message about an argument, with hostile text in it: it shows, and does nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import bo_sync, bo_sync_process, write

JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
LONGEST: Final = 2000


def as_argument(attack: str) -> str:
    """`attack` as a process can be given it: without null, and with no surrogate but one that stands for a byte."""
    kept = (character for character in attack if character != "\0" and not "\ud800" <= character <= "\udbff")
    return "".join(kept)[:LONGEST]


ATTACKS: Final = {name: as_argument(attack) for name, attack in HOSTILE.items() if attack}
NO_FOLDER: Final = "users/jane.yaml"
"""A file, so that nothing can be made or found below it."""
MOST_LINES: Final = 3
"""Which hub it is, an error, and what to do next; no argument adds a line."""
HUB: Final = ("--hub", "sandbox:")
DAY: Final = ("--today", "2026-06-15")
REMOTE: Final = ("--hub", "https://hub.example.com/graphql")

Line = tuple[str, ...]
Given = tuple[Callable[[str], Line], str]
"""A command line with an attack, and the characters that the attack must do without to stand there as one piece."""
LINES: Final[dict[str, Given]] = {
    "a command": (lambda attack: (attack,), ""),
    "an option": (lambda attack: ("plan", f"--{attack}"), "="),
    "an argument too many": (lambda attack: ("pull", attack), ""),
    "an argument too many for fmt": (lambda attack: ("fmt", attack), ""),
    "an argument too many for demo": (lambda attack: ("demo", attack), ""),
    "the directory": (lambda attack: ("validate", "-C", f"{NO_FOLDER}/{attack}"), ""),
    "the day": (lambda attack: ("plan", "--today", attack), ""),
    "the format": (lambda attack: ("plan", "--format", attack), ""),
    "the format of an apply": (lambda attack: ("apply", "--yes", "--format", attack), ""),
    "the concurrency": (lambda attack: ("plan", "--concurrency", attack), ""),
    "the page size": (lambda attack: ("doctor", "--page-size", attack), ""),
    "the key's file": (lambda attack: ("plan", *REMOTE, "--api-key-file", f"{NO_FOLDER}/{attack}"), ""),
    "the person meant": (lambda attack: ("plan", *HUB, "--only", attack), ""),
    "the person meant by an apply": (lambda attack: ("apply", *HUB, "--yes", "--only", attack), ""),
    "the guardrail": (lambda attack: ("plan", "--allow", attack), "="),
    "the guardrail's number": (lambda attack: ("apply", "--yes", "--allow", f"max_user_deletes={attack}"), ""),
    "the plan to save": (lambda attack: ("plan", *HUB, "--out", f"{NO_FOLDER}/{attack}"), ""),
    "the saved plan": (lambda attack: ("apply", f"{NO_FOLDER}/{attack}", "--yes", *HUB), ""),
    "the column": (lambda attack: ("users", "--sort", attack), ""),
    "the kind of schema": (lambda attack: ("schema", attack), ""),
    "the run": (lambda attack: ("journal", attack), ""),
    "the folder of the people before": (lambda attack: ("journal", "latest", "--before", f"{NO_FOLDER}/{attack}"), ""),
    "the revision": (lambda attack: ("validate", "--base", attack), ""),
    "the base of a plan": (lambda attack: ("plan", *HUB, "--base", attack), ""),
    "the revision of a diff": (lambda attack: ("diff", "--", attack), ""),
    "when to exit with 2": (lambda attack: ("diff", "--exit-code-on", attack), ""),
    "a user to show": (lambda attack: ("show", *DAY, attack), ""),
    "a question": (lambda attack: ("who-can", *DAY, attack), ""),
    "a question after another": (lambda attack: ("needs", *DAY, "orderUpdate", attack), ""),
    "the other side of a matrix": (lambda attack: ("matrix", *DAY, "--diff-with", attack), ""),
    "a table": (lambda attack: ("catalogue", "diff", f"{NO_FOLDER}/{attack}"), ""),
    "a saved introspection": (lambda attack: ("catalogue", "refresh", "--from", f"{NO_FOLDER}/{attack}"), ""),
    "a catalogue's command": (lambda attack: ("catalogue", attack), ""),
    "a sandbox's command": (lambda attack: ("sandbox", attack), ""),
    "a sandbox's file": (lambda attack: ("sandbox", "reset", "--database", f"{NO_FOLDER}/{attack}"), ""),
    "a sandbox's people": (lambda attack: ("sandbox", "seed", attack), ""),
}
"""By what the attack is given as; each line ends in a complaint about it."""


def without(attack: str, characters: str) -> str:
    return "".join(character for character in attack if character not in characters)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration in which something was applied once, and which is then left as it is."""
    made = write(tmp_path_factory.mktemp("root"), {"users/jane.yaml": JANE})
    assert bo_sync(made, "apply", "--yes", *HUB).code == 0
    return made


@pytest.mark.parametrize("given", LINES.values(), ids=LINES)
def test_an_argument_shows_and_does_nothing(given: Given, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    line, dropped = given
    for attack in ATTACKS.values():
        kept = without(attack, dropped)
        ran = inside(*line(kept))
        assert ran.code in {1, 64}, ran
        assert len(ran.err.splitlines()) <= MOST_LINES
        check_inert(ran)
        check_shown(ran, kept)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_address_of_a_hub_shows_and_does_nothing(attack: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    for hub in (attack, f"https://{attack}/graphql", f"https://hub.example.com/{attack}", f"http://{attack}"):
        ran = inside("plan", "--hub", hub)
        assert ran.code == 64, ran
        assert ran.out == ""
        check_inert(ran)
        if not {"@", "?", "#"} & set(hub) and "is not an address" not in ran.err and "but no key" not in ran.err:
            check_shown(ran, attack.strip())


@pytest.mark.parametrize("name", ["OSC 52 clipboard", "GitHub command", "bidirectional override", "lone surrogates"])
def test_a_real_process_shows_it_too(name: str, root: Path) -> None:
    attack = ATTACKS[name]
    for given in (("plan", "--only", attack, *HUB), ("journal", attack), (attack,)):
        ran = bo_sync_process(root, *given)
        assert ran.code == 64
        check_inert(ran)
        check_shown(ran, attack)
