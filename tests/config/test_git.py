"""Where git is asked at all: in a work tree that it and we find at the same place, and in no other."""

import os
import time
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from bo_sync.config.git import SECONDS, GitAnswer, NoHistory, Repository, repository
from bo_sync.config.git_revision import commit_of, read_revision, removals
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from tests.support.process import write
from tests.support.repository import git
from tests.support.repository import repository as made

JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
FOREIGN: Final = """#!/bin/sh
GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git} "$@"
"""


SHOWING: Final = """#!/bin/sh
printf '%s\\n' "$@" > {folder}/words
env | grep -E '^(GIT|BO_SYNC|LC_ALL=)' > {folder}/variables
cat > {folder}/fed
printf {out}
printf '%s\\n' {complaint} >&2
exit {code}
"""
WORDS: Final = """
-c safe.bareRepository=explicit
-c core.fsmonitor=false
-c core.hooksPath=/dev/null
-c core.sshCommand=false
-c core.alternateRefsCommand=false
-c core.warnAmbiguousRefs=true
-c credential.helper=
-c gc.auto=0
-c gpg.program=false
-c log.showSignature=false
-c maintenance.auto=false
-c protocol.allow=never
-c submodule.recurse=false
--no-pager --no-optional-locks
"""
VARIABLES: Final = (
    "BO_SYNCED=kept GITHUB_ADA=kept GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1 GIT_NO_REPLACE_OBJECTS=1 "
    "GIT_TERMINAL_PROMPT=0 LC_ALL=C"
)


def instead_of_git(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int = 0, complaint: str = "''", *, out: str = "out"
) -> Path:
    """A program in the place of git that writes down how it was called."""
    shim = (
        write(folder, {"bin/git": SHOWING.format(folder=folder, code=code, complaint=complaint, out=out)}) / "bin/git"
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_every_call_switches_off_what_git_could_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_SSH_COMMAND", "BO_SYNC_API_KEY"):
        monkeypatch.setenv(name, "planted")
    for name in ("GITHUB_ADA", "BO_SYNCED"):
        monkeypatch.setenv(name, "kept")
    instead_of_git(tmp_path, monkeypatch)
    found = Repository(tmp_path / "root").ask("rev-list", "HEAD", feed=b"fed")
    assert found == GitAnswer(b"out", Text(""), is_sound=True)
    words = (tmp_path / "words").read_text("utf-8").splitlines()
    assert words == [*WORDS.split(), "-C", str(tmp_path / "root"), "rev-list", "HEAD"]
    variables = (tmp_path / "variables").read_text("utf-8").split()
    assert sorted(each for each in variables if each.startswith("GIT_") or each in VARIABLES) == VARIABLES.split()
    assert not [each for each in variables if each.startswith("BO_SYNC_")]
    assert (tmp_path / "fed").read_bytes() == b"fed"
    Repository(tmp_path).ask("x")
    assert (tmp_path / "fed").read_bytes() == b""


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        pytest.param((1, "''"), GitAnswer(b"out", Text(""), is_sound=False), id="it fails without a word"),
        pytest.param(
            (128, "'  fatal: \u00e9' '  git gc' '  git config --global x' ' git config y'"),
            GitAnswer(b"out", Text("fatal: \u00e9"), is_sound=False, advice=Text("git config --global x")),
            id="the first line is the complaint, and the first `git config` the advice",
        ),
        pytest.param(
            (0, "x \"warning: refname 'main' is ambiguous.\" y"),
            GitAnswer(b"out", Text("x"), is_sound=True, ambiguous=Text("main")),
            id="a name of several refs",
        ),
        pytest.param(
            (0, "\"git config x warning: refname 'main' is ambiguous.\""),
            GitAnswer(b"out", Text("git config x warning: refname 'main' is ambiguous."), is_sound=True),
            id="neither inside of another line",
        ),
    ],
)
def test_what_git_says_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: tuple[int, str], expected: GitAnswer
) -> None:
    code, complaint = ending
    instead_of_git(tmp_path, monkeypatch, code, complaint)
    found = Repository(tmp_path).ask("x")
    assert found == expected
    assert found is not None
    assert found.line == ("" if code else "out")


@pytest.mark.parametrize(
    ("code", "out", "expected"),
    [
        pytest.param(0, "true", True, id="git answers true"),
        pytest.param(0, "false", False, id="git answers false"),
        pytest.param(1, "true", False, id="git fails"),
    ],
)
def test_a_clone_is_shallow_when_git_answers_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, out: str, *, expected: bool
) -> None:
    instead_of_git(tmp_path, monkeypatch, code, out=out)
    assert Repository(tmp_path).is_shallow() is expected
    assert (tmp_path / "words").read_text("utf-8").split()[-2:] == ["rev-parse", "--is-shallow-repository"]


def test_without_git_a_clone_is_not_shallow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Repository(tmp_path).is_shallow() is False


HINT: Final = "run this in a clone of the repository that holds the files"
UNREADABLE: Final = {
    "git names a command": (
        "'fatal: x' 'git config --global y'",
        NoHistory("git says: fatal: x", "if you trust it: git config --global y"),
    ),
    "git only complains": ("'fatal: x'", NoHistory("git says: fatal: x", HINT, is_absent=False)),
    "git complains of bytes": ("\"$(printf 'x\\377')\"", NoHistory("git says: x\ufffd", HINT)),
    "git says nothing": ("''", NoHistory("git cannot read the repository", HINT)),
}


@pytest.mark.parametrize(("complaint", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_repository_that_git_cannot_read_has_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, expected: NoHistory
) -> None:
    (tmp_path / ".git").mkdir()
    instead_of_git(tmp_path, monkeypatch, 128, complaint)
    assert repository(tmp_path) == expected


@pytest.mark.parametrize(
    "named", [pytest.param("/missing", id="a folder that does not exist"), pytest.param("'a\\0b'", id="not a path")]
)
def test_a_work_tree_that_cannot_be_compared_has_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (tmp_path / ".git").mkdir()
    instead_of_git(tmp_path, monkeypatch, out=named)
    assert repository(tmp_path) == NoHistory(f"git names another work tree than {tmp_path}, which has .git", HINT)


def test_git_reads_nothing_of_our_own_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_git(write(tmp_path, {"typed": "typed"}), monkeypatch)
    kept = os.dup(0)
    try:
        with (tmp_path / "typed").open("rb") as typed:
            os.dup2(typed.fileno(), 0)
        Repository(tmp_path).ask("x")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
    assert (tmp_path / "fed").read_bytes() == b""


@pytest.mark.parametrize("names", ["HEAD", "HEAD objects", "HEAD refs", "objects refs", "commondir"])
def test_files_of_which_some_are_named_as_gits_do_not_end_the_search(tmp_path: Path, names: str) -> None:
    root = made(tmp_path, {"access/users/jane.yaml": JANE}) / "access"
    write(root, dict.fromkeys(names.split(), ""))
    assert repository(root) == Repository(root)


def test_a_folder_outside_of_every_work_tree_has_no_history(tmp_path: Path) -> None:
    assert repository(tmp_path) == NoHistory("this folder is not in a git work tree", HINT, is_absent=True)


def test_without_git_there_is_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository(tmp_path) == NoHistory("git does not answer", "install git, and try again")


def test_a_git_that_hangs_or_cannot_be_called_is_given_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = write(tmp_path, {"bin/git": "#!/bin/sh\nexec sleep 30\n"}) / "bin/git"
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    started = time.monotonic()
    assert Repository(tmp_path).ask("x", seconds=0.2) is None
    assert time.monotonic() - started < SECONDS / 2
    assert Repository(tmp_path).ask("a\0b") is None
    assert SECONDS == 20
    shim.write_text("#!/missing\n", encoding="ascii")
    assert Repository(tmp_path).ask("x") is None


def test_the_line_of_an_answer_is_stripped_and_holds_no_bytes() -> None:
    assert GitAnswer(b" \xffx\n", Text(""), is_sound=True).line == "\ufffdx"
    assert GitAnswer(b"x", Text(""), is_sound=False).line == ""


def plain(top: Path) -> Path:
    return top / "access"


def below(top: Path) -> Path:
    (top / "access/sub").mkdir()
    return top / "access/sub"


def with_commondir(top: Path) -> Path:
    (top / "access/objects").rename(top / "objects")
    (top / "access/refs").rename(top / "refs")
    write(top, {"access/commondir": ".."})
    return top / "access"


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(plain, id="the configuration lies in it"),
        pytest.param(below, id="the configuration lies below it"),
        pytest.param(with_commondir, id="its objects are elsewhere"),
    ],
)
def test_tracked_files_that_look_like_a_bare_repository_end_the_search(tmp_path: Path, layout: object) -> None:
    assert callable(layout)
    top = made(tmp_path, {"README.md": "x"})
    write(top, {"access/HEAD": "ref: refs/heads/main\n", "access/objects/x": "", "access/refs/x": ""})
    write(top, {"access/config": "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n"})
    root = layout(top)
    found = repository(root)
    assert isinstance(found, NoHistory)
    hint = "remove the files HEAD, objects and refs there, or name another folder with -C"
    assert found == NoHistory(f"{top / 'access'} looks like a bare git repository", hint)
    assert commit_of(root) is None
    assert removals(root, []).doubt == found
    with pytest.raises(UsageError) as caught:
        read_revision(root, "HEAD")
    assert caught.value.message == f"the revision HEAD cannot be read: {found.reason!s}"


def test_a_bare_repository_is_not_a_work_tree(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare")
    assert isinstance(repository(tmp_path), NoHistory)


def test_a_work_tree_that_git_finds_elsewhere_is_not_asked(tmp_path: Path) -> None:
    made(tmp_path / "other", {"users/jane.yaml": JANE})
    root = made(tmp_path / "files", {"users/jane.yaml": JANE})
    git(root, "config", "core.worktree", str(tmp_path / "other"))
    assert repository(root) == NoHistory(f"git names another work tree than {root}, which has .git", HINT)


def test_an_empty_folder_named_as_gits_is_not_passed_over(tmp_path: Path) -> None:
    top = made(tmp_path, {"access/users/jane.yaml": JANE})
    (top / "access/.git").mkdir()
    assert isinstance(repository(top / "access"), NoHistory)
    assert isinstance(repository(top), Repository)


def foreign(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on git takes everything for another user's."""
    shim = write(root.parent, {"bin/git": FOREIGN.format(git=which("git"))}) / "bin/git"
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(root.parent))


def test_a_checkout_of_another_user_gets_gits_own_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path / "files", {"users/jane.yaml": JANE})
    foreign(root, monkeypatch)
    found = repository(root)
    assert isinstance(found, NoHistory)
    assert found == NoHistory(
        f"git says: fatal: detected dubious ownership in repository at '{root}'",
        f"if you trust it: git config --global --add safe.directory {root}",
    )
    write(root.parent, {".gitconfig": f"[safe]\ndirectory = {root}\n"})
    assert isinstance(repository(root), Repository)


def test_git_is_never_taken_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path, {"users/jane.yaml": JANE})
    planted = write(root, {"git": f"#!/bin/sh\ntouch {tmp_path}/ran\n"}) / "git"
    planted.chmod(0o755)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    assert isinstance(repository(root), Repository)
    assert not (tmp_path / "ran").exists()
