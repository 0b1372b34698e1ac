"""Guards in the code that only unusual input reaches, each through the command line."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.inside import inside
from tests.support.process import write
from tests.support.repository import commit, repository

ADA, BOB = "ada@example.com", "bob@example.com"
OWNER = "platform: {backoffice: true}\nmodules: {roles_permissions: owner}\n"


def user(email: str, *lines: str) -> str:
    return f"email: {email}\nfirst_name: Ada\nlast_name: Lovelace\n" + "".join(f"{line}\n" for line in lines)


USERS = {"users/ada.yaml": user(ADA) + OWNER, "users/bob.yaml": user(BOB) + OWNER}


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif", "gitlab-codequality"])
def test_a_removed_protected_address_is_reported_by_its_pseudonym(form: str, tmp_path: Path) -> None:
    root = repository(tmp_path, {**USERS, "bo-sync.yaml": "protect: [break-glass@example.com]\n"})
    commit(root, {"bo-sync.yaml": "protect: []\n"})
    ran = inside("validate", "--base", "HEAD~1", "--redact", f"--format={form}", "-C", str(root))
    assert (ran.code, ran.err, "protect" in ran.out, "break-glass" in ran.out) == (0, "", True, False)


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write(tmp_path_factory.mktemp("applied"), USERS)
    assert inside("apply", "--yes", "-C", str(root)).code == 0
    return root


@pytest.mark.parametrize("seq", ['"1"', "1.5", "1.0", "[1]", "true", "null", "{}"])
@pytest.mark.parametrize("kind", ["intent", "outcome"])
def test_a_journal_line_with_another_seq_than_a_whole_number_is_unreadable(kind: str, seq: str, applied: Path) -> None:
    (journal,) = applied.glob(".bo-sync/journal/*.jsonl")
    text = journal.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    of_first = [number for number, line in enumerate(lines) if '"seq":1,' in line]
    (damaged,) = (number for number in of_first if json.loads(lines[number])["entry"] == kind)
    lines[damaged] = lines[damaged].replace('"seq":1,', f'"seq":{seq},')
    journal.write_text("".join(lines), encoding="utf-8")
    ran = inside("journal", "latest", "--format=json", "-C", str(applied))
    journal.write_text(text, encoding="utf-8")
    told = json.loads(ran.out)
    assert (ran.code, told["requests"][0]["seq"]) == (0, 1 if kind == "outcome" else 2)
    assert told["unreadable_lines"] == [1 + number for number in of_first if number >= damaged]


def test_an_entry_that_cannot_be_edited_keeps_no_other_entry_from_an_update(applied: Path, tmp_path: Path) -> None:
    fixed = "? phone\n: '1'\n"
    settings = {"bo-sync.yaml": "protect: [break-glass@example.com]\n"}
    root = shutil.copytree(applied, tmp_path / "root")
    write(root, {**settings, **USERS, "users/ada.yaml": USERS["users/ada.yaml"] + "phone: '2'\n"})
    assert inside("apply", "--yes", "-C", str(root)).code == 0
    write(
        root,
        {"users/ada.yaml": USERS["users/ada.yaml"] + fixed, "users/bob.yaml": USERS["users/bob.yaml"] + "job: Poet\n"},
    )
    ran = inside("pull", "--update", "-C", str(root))
    assert (ran.code, ran.out) == (0, "updated users/bob.yaml\n")
    assert (
        f"left alone: {ADA}: users/ada.yaml: the entry of {ADA} is laid out so that phone cannot be changed" in ran.err
    )
    assert (root / "users/ada.yaml").read_text(encoding="utf-8").endswith(fixed)
    assert "job: null" in (root / "users/bob.yaml").read_text(encoding="utf-8")


FOLDERS = ("users", "presets", "policies", "schemas", ".github/workflows", ".github/actions", "ci")


@pytest.mark.parametrize("last", ["bo-sync.yaml", "users/jane.doe.yaml", "policies/api-keys.yaml", "schemas/user.json"])
def test_a_failed_init_leaves_empty_folders_as_before(
    last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    opened = os.open

    def full(path: str | Path, *how: int, dir_fd: int | None = None) -> int:
        if str(path).endswith(last):
            raise OSError(28, "No space left on device")
        return opened(path, *how, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", full)
    ran = inside("init", "--github", "--gitlab", "-C", str(tmp_path))
    assert (ran.code, ran.complaint[0]) == (3, f"error: {last} cannot be written: No space left on device")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("folder", ["new", "there", "there/new"])
def test_an_init_without_a_key_leaves_just_the_folders_that_were_there(folder: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    ran = inside("init", folder, "--from-hub", "--hub=http://127.0.0.1:1/", "-C", str(tmp_path))
    assert (ran.code, list(tmp_path.rglob("*"))) == (64, [tmp_path / "there"])
