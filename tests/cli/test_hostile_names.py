"""Every message about a file or a commit, where its name is hostile: it shows, and does nothing."""

import os
from pathlib import Path
from typing import Final

import pytest

from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import Ran, write
from tests.support.repository import commit, git, repository

LONGEST: Final = 60
_NAMES: Final = {
    name: "".join(character for character in attack[:LONGEST] if character not in "\0/\ud800")
    for name, attack in HOSTILE.items()
    if attack
}
NAMES: Final = tuple(f"n{number}{attack}" for number, attack in enumerate(_NAMES.values()))
"""Names that a file can have, all different also where they are cut."""
HUB: Final = ("--hub", "sandbox:")
WIDE: Final = {"bo-sync.yaml": "guardrails: {max_grant_losses: 500}\n"}


def user(number: int, lines: str = "") -> str:
    return f"email: p{number}@example.com\nfirst_name: P{number}\nlast_name: Doe\n{lines}"


def check(ran: Ran, names: tuple[str, ...] = NAMES) -> None:
    check_inert(ran)
    for name in names:
        check_shown(ran, name[: LONGEST // 2])


TEXTS: Final[dict[str, tuple[str, ...]]] = {
    "empty": ("users/{}.yaml", ""),
    "another suffix": ("users/{}.YAML", user(0)),
    "a folder": ("users/{}/x.yaml", "- x\n"),
    "broken": ("users/{}.yml", "a: [\n"),
    "a hidden break": ("users/{}.yml", "a: b\u2028c\n"),
    "a preset": ("presets/{}.yaml", "- x\n"),
    "twins": ("users/{}.yaml", user(0), "users/{}2.yaml", user(0)),
}
FAULTY: Final = (*TEXTS, "not UTF-8", "a link away", "a link nowhere", "a pipe")


def make(kind: str, root: Path, name: str, number: int) -> None:
    place = write(root, {"users/.keep": ""}) / f"users/{name}.yaml"
    match kind:
        case "not UTF-8":
            place.write_bytes(b"\xff")
        case "a link away":
            place.symlink_to("/etc/passwd")
        case "a link nowhere":
            place.symlink_to(f"{name}.gone")
        case "a pipe":
            os.mkfifo(place)
        case _:
            told = TEXTS[kind]
            texts = {
                path.format(name): text.replace("0", str(number))
                for path, text in zip(told[::2], told[1::2], strict=True)
            }
            write(root, texts)


@pytest.mark.parametrize("kind", FAULTY)
def test_a_complaint_about_a_file_shows_its_name(kind: str, tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        make(kind, tmp_path, name, number)
    check(inside("validate", "-C", str(tmp_path)))
    check(inside("plan", "-C", str(tmp_path), *HUB))
    check_inert(inside("fmt", "-C", str(tmp_path), "--check"))
    assert inside("validate", "-C", str(tmp_path), "--format", "json").out.isascii()


def test_what_is_planned_formatted_and_pulled_names_the_files(tmp_path: Path) -> None:
    users = {f"users/{name}.yaml": f"job: x\n{user(number)}" for number, name in enumerate(NAMES)}
    root = write(tmp_path, {**users, **WIDE})
    check(inside("fmt", "-C", str(root), "--check"))
    check(inside("plan", "-C", str(root), *HUB))
    check(inside("fmt", "-C", str(root)))
    assert inside("apply", "-C", str(root), "--yes", *HUB).code == 0
    write(root, {f"users/{name}.yaml": user(number, "job: y\n") for number, name in enumerate(NAMES)})
    check(inside("pull", "-C", str(root), "--update", *HUB))


def test_a_folder_of_a_hostile_name_shows(tmp_path: Path) -> None:
    root = write(tmp_path / "files", {"users/a.yaml": user(1)})
    assert inside("apply", "-C", str(root), "--yes", *HUB).code == 0
    for name in NAMES:
        place = write(tmp_path / name, {"users/a.yaml": user(1)})
        check(inside("plan", "-C", str(place), *HUB), (name,))
        check(inside("journal", "latest", "-C", str(root), "--before", str(place)), (name,))
        check(inside("journal", "latest", "-C", str(root), "--before", str(place / "new")), (name,))


def test_a_removed_or_changed_user_of_the_base_is_named_with_the_file(tmp_path: Path) -> None:
    gone, changed = NAMES[::2], NAMES[1::2]
    files = {f"users/{name}.yaml": user(number) for number, name in enumerate((*gone, *changed))}
    root = repository(tmp_path, {**files, "users/stays.yaml": user(999)})
    other = {f"users/{name}.yaml": user(number + 500) for number, name in enumerate(changed)}
    commit(root, {**{f"users/{name}.yaml": None for name in gone}, **other})
    check(inside("validate", "-C", str(root), "--base", "HEAD~1"))
    shown = inside("validate", "-C", str(root), "--base", "HEAD~1", "--format", "json")
    assert shown.out.isascii()


def test_a_faulty_base_is_told_with_its_names(tmp_path: Path) -> None:
    files = {f"users/{name}.yaml": "a: [\n" for name in NAMES[::2]}
    root = repository(tmp_path, files)
    for name in NAMES[1::4]:
        (root / f"users/{name}.yaml").symlink_to("/etc/passwd")
    sha = git(root, "rev-parse", "HEAD")
    for name in NAMES[3::4]:
        git(root, "update-index", "--add", "--cacheinfo", f"160000,{sha},users/{name}")
    git(root, "add", "users")
    git(root, "commit", "--quiet", "--message", "\x1b[2J::error::x")
    check(inside("validate", "-C", str(root), "--base", "HEAD"), (*NAMES[::2], *NAMES[1::4]))


def test_users_whom_a_commit_removed_are_planned_with_the_file_that_they_had(tmp_path: Path) -> None:
    files = {f"users/{name}.yaml": user(number) for number, name in enumerate(NAMES)}
    root = repository(tmp_path, {**files, "users/stays.yaml": user(999)})
    assert inside("apply", "-C", str(root), "--yes", *HUB).code == 0
    commit(root, dict.fromkeys(files))
    check(inside("plan", "-C", str(root), *HUB))


def test_a_revision_of_a_hostile_name_shows(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/stays.yaml": user(999)})
    for name in NAMES:
        ran = inside("validate", "-C", str(root), "--base", name)
        assert ran.code == 64
        check(ran, (name,))
