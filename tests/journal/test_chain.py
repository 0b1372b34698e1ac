"""Each journal names the newest finished run before it; what differs is reported and fails no command."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.text import Text
from bo_sync.journal.chain import Chain, Fork, chain_of, link_of, newest_finished, read_chain
from bo_sync.journal.directory import journal_path, read_bytes, runs
from bo_sync.journal.reader import read
from bo_sync.journal.records import Header, Previous, spell
from bo_sync.journal.writer import begun
from tests.journal.samples import BOB, replaced
from tests.support.inside import inside
from tests.support.process import write

FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"2026061{day}T080910Z-0a1b2c" for day in range(1, 6))
DONE: Final = Report(FIRST, "sha256:0", (UserOutcome(Text(BOB), "update", Outcome.APPLIED),))


def ran(root: Path, run: str, *, is_killed: bool = False) -> None:
    """A run that left its journal; a killed one wrote no end."""
    with begun(root, replaced(run=Text(run))) as journal:
        if not is_killed:
            journal.end(DONE)


def killed(root: Path, run: str) -> None:
    ran(root, run, is_killed=True)


def previous_of(root: Path, run: str) -> Previous | None:
    header = read(run, read_bytes(root, run)).header
    assert header is not None
    return header.previous


def named(root: Path, run: str) -> Previous:
    """What a header says that names `run` as it is now, computed with no code of ours."""
    return Previous(run, Text(f"sha256:{sha256(journal_path(root, run).read_bytes()).hexdigest()}"))


def keep(root: Path) -> None:
    del root


def cut_the_end(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.write_bytes(path.read_bytes()[:-9])


def spoil_the_header(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.write_bytes(b"what?" + path.read_bytes())


def state_an_older_format(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.write_bytes(path.read_bytes().replace(b'"format_version":2', b'"format_version":1'))


def delete(root: Path) -> None:
    journal_path(root, SECOND).unlink()


def put_a_link(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.rename(root / "elsewhere.jsonl")
    path.symlink_to(root / "elsewhere.jsonl")


def put_a_folder(root: Path) -> None:
    delete(root)
    journal_path(root, SECOND).mkdir()


def put_a_pipe(root: Path) -> None:
    delete(root)
    os.mkfifo(journal_path(root, SECOND))


def name_it_as_a_later_run(root: Path) -> None:
    journal_path(root, SECOND).rename(journal_path(root, FIFTH))


def name_it_as_no_run(root: Path) -> None:
    journal_path(root, SECOND).rename(journal_path(root, f"{SECOND}.copy"))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(keep, SECOND, id="the newest of two"),
        pytest.param(cut_the_end, FIRST, id="a run without an end is not a predecessor"),
        pytest.param(spoil_the_header, SECOND, id="a broken header does not hide that the run ended"),
        pytest.param(state_an_older_format, SECOND, id="a journal of an older format is hashed as it is"),
        pytest.param(delete, FIRST, id="a deleted journal"),
        pytest.param(put_a_link, FIRST, id="a symbolic link is never followed"),
        pytest.param(put_a_folder, FIRST, id="a folder"),
        pytest.param(put_a_pipe, FIRST, id="a named pipe is never waited for"),
        pytest.param(name_it_as_a_later_run, FIRST, id="a journal with a later name"),
        pytest.param(name_it_as_no_run, FIRST, id="a file whose name is not a run"),
    ],
)
def test_a_run_names_the_newest_finished_run_before_it(
    change: Callable[[Path], None], found: str, tmp_path: Path
) -> None:
    ran(tmp_path, FIRST)
    ran(tmp_path, SECOND)
    change(tmp_path)
    ran(tmp_path, THIRD)
    assert previous_of(tmp_path, FIRST) is None
    assert previous_of(tmp_path, THIRD) == named(tmp_path, found)


def test_a_folder_whose_journals_cannot_be_listed_has_no_predecessor(tmp_path: Path) -> None:
    ran(tmp_path, FIRST)
    (tmp_path / ".bo-sync").rename(tmp_path / "elsewhere")
    (tmp_path / ".bo-sync").symlink_to(tmp_path / "elsewhere")
    assert newest_finished(tmp_path, SECOND) is None


def journal(root: Path, *arguments: str) -> tuple[list[str], dict[str, object]]:
    """The rows about the chain, and its JSON: both of a command that passes without a message."""
    text = inside("journal", *arguments, "-C", str(root))
    document = inside("journal", *arguments, "-C", str(root), "--format", "json")
    assert (text.code, text.err, document.code, document.err) == (0, "", 0, "")
    head, _, rows = text.out.partition("\nChain of journals: ")
    assert "\n  ! run" not in head
    return rows.splitlines(), json.loads(document.out)["chain"]


def alter(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.write_bytes(path.read_bytes().replace(b'"outcome":"applied"', b'"outcome":"failed"'))


def append(root: Path) -> None:
    path = journal_path(root, SECOND)
    path.write_bytes(path.read_bytes() + b"\n")


def empty(root: Path) -> None:
    journal_path(root, SECOND).write_bytes(b"")


def swap(root: Path) -> None:
    shutil.copy(journal_path(root, FIRST), journal_path(root, SECOND))


def forget_the_key(root: Path) -> None:
    """As in a journal of the same format from before the key."""
    path = journal_path(root, THIRD)
    path.write_bytes(re.sub(rb'"previous":\{[^}]*\},', b"", path.read_bytes()))


BROKEN: Final = f"  ! run {THIRD} follows run {SECOND}: the journal of that run"


def chain(reason: str = "", *fork: str) -> dict[str, object]:
    """The JSON of a chain in which the third run finds the second for a reason, or runs follow none."""
    breaks = [{"run": THIRD, "previous": SECOND, "reason": reason}] if reason else []
    return {"breaks": breaks, "forks": [{"previous": None, "runs": list(fork)}] if fork else []}


@pytest.mark.parametrize(
    ("change", "rows", "found"),
    [
        pytest.param(keep, [], chain(), id="untouched"),
        pytest.param(delete, ["1 broken", f"{BROKEN} is missing"], chain("missing"), id="deleted"),
        pytest.param(alter, ["1 broken", f"{BROKEN} has another SHA-256"], chain("altered"), id="an outcome altered"),
        pytest.param(append, ["1 broken", f"{BROKEN} has another SHA-256"], chain("altered"), id="a byte appended"),
        pytest.param(empty, ["1 broken", f"{BROKEN} has another SHA-256"], chain("altered"), id="emptied"),
        pytest.param(cut_the_end, ["1 broken", f"{BROKEN} has another SHA-256"], chain("altered"), id="its end cut"),
        pytest.param(
            spoil_the_header, ["1 broken", f"{BROKEN} has another SHA-256"], chain("altered"), id="its header broken"
        ),
        pytest.param(
            swap,
            ["1 broken, 1 forked", f"{BROKEN} has another SHA-256", f"  ! fork: runs {SECOND}, {FIRST} follow no run"],
            chain("altered", SECOND, FIRST),
            id="replaced by an older one",
        ),
        pytest.param(
            forget_the_key,
            ["1 forked", f"  ! fork: runs {THIRD}, {FIRST} follow no run"],
            chain("", THIRD, FIRST),
            id="the key taken out of a header",
        ),
    ],
)
def test_a_journal_that_changed_is_reported_in_the_list(
    change: Callable[[Path], None], rows: list[str], found: dict[str, object], tmp_path: Path
) -> None:
    for run in (FIRST, SECOND, THIRD):
        ran(tmp_path, run)
    change(tmp_path)
    assert journal(tmp_path) == (rows, found)


@pytest.mark.parametrize(
    ("change", "reason", "row"),
    [
        pytest.param(delete, "missing", "is missing", id="deleted"),
        pytest.param(alter, "altered", "has another SHA-256", id="altered"),
        pytest.param(put_a_link, "unreadable", "cannot be read", id="a symbolic link"),
        pytest.param(put_a_folder, "unreadable", "cannot be read", id="a folder"),
        pytest.param(put_a_pipe, "unreadable", "cannot be read", id="a named pipe"),
    ],
)
def test_a_run_is_shown_with_what_is_wrong_beside_it(
    change: Callable[[Path], None], reason: str, row: str, tmp_path: Path
) -> None:
    for run in (FIRST, SECOND, THIRD, FOURTH):
        ran(tmp_path, run)
    change(tmp_path)
    assert journal(tmp_path, THIRD) == (["1 broken", f"{BROKEN} {row}"], chain(reason))
    for run in (FIRST, FOURTH):  # neither names the changed one
        assert journal(tmp_path, run) == ([], chain())


def test_an_altered_run_that_is_shown_says_so_itself(tmp_path: Path) -> None:
    for run in (FIRST, SECOND, THIRD):
        ran(tmp_path, run)
    alter(tmp_path)
    rows, _ = journal(tmp_path, SECOND)
    assert rows == ["1 broken", f"{BROKEN} has another SHA-256"]


def test_users_restored_from_an_altered_run_come_with_a_warning(tmp_path: Path) -> None:
    for run in (FIRST, SECOND, THIRD):
        ran(tmp_path, run)
    arguments = ("journal", SECOND, "-C", str(tmp_path), "--before")
    sound = inside(*arguments, str(tmp_path / "sound"))
    alter(tmp_path)
    altered = inside(*arguments, str(tmp_path / "altered"))
    assert (sound.code, altered.code, altered.out.replace("altered", "sound")) == (0, 0, sound.out)
    assert altered.err == f"warning: {BROKEN.removeprefix('  ! ')} has another SHA-256\n{sound.err}"
    assert "SHA-256" not in inside(*arguments, str(tmp_path / "quiet"), "--quiet").err


def test_a_journal_that_cannot_be_read_fails_the_list_as_before(tmp_path: Path) -> None:
    for run in (FIRST, SECOND, THIRD):
        ran(tmp_path, run)
    put_a_link(tmp_path)
    assert inside("journal", "-C", str(tmp_path)).code == 1


def two_machines(root: Path, other: Path) -> None:
    """The journals of two working copies that began alike, copied together."""
    for run in (FIRST, SECOND):
        ran(root, run)
    shutil.copytree(root / ".bo-sync", other / ".bo-sync")
    ran(root, THIRD)
    ran(other, FOURTH)
    shutil.copy(journal_path(other, FOURTH), journal_path(root, FOURTH))


def two_beginnings(root: Path, other: Path) -> None:
    ran(root, FIRST)
    ran(other, SECOND)
    shutil.copy(journal_path(other, SECOND), journal_path(root, SECOND))


def a_run_that_was_killed(root: Path, _: Path) -> None:
    killed(root, FIRST)
    ran(root, SECOND)
    killed(root, THIRD)
    ran(root, FOURTH)


def a_run_in_progress(root: Path, _: Path) -> None:
    ran(root, FIRST)
    ran(root, SECOND)
    killed(root, THIRD)


@pytest.mark.parametrize(
    ("happened", "rows", "forks"),
    [
        pytest.param(
            two_machines,
            ["1 forked", f"  ! fork: runs {FOURTH}, {THIRD} follow run {SECOND}"],
            [{"previous": SECOND, "runs": [FOURTH, THIRD]}],
            id="two machines that went on from one run",
        ),
        pytest.param(
            two_beginnings,
            ["1 forked", f"  ! fork: runs {SECOND}, {FIRST} follow no run"],
            [{"previous": None, "runs": [SECOND, FIRST]}],
            id="two machines with nothing in common",
        ),
        pytest.param(a_run_that_was_killed, [], [], id="killed runs are named by none and make no fork"),
        pytest.param(a_run_in_progress, [], [], id="a run that still runs"),
    ],
)
def test_runs_that_name_the_same_run_are_a_fork(
    happened: Callable[[Path, Path], None], rows: list[str], forks: list[object], tmp_path: Path
) -> None:
    root, other = (write(tmp_path / name, {"bo-sync.yaml": ""}) for name in ("root", "other"))
    happened(root, other)
    assert journal(root) == (rows, {"breaks": [], "forks": forks})
    for fork in forks:
        assert isinstance(fork, dict)
        for run in filter(None, (fork["previous"], *fork["runs"])):
            assert journal(root, run) == (rows, {"breaks": [], "forks": [fork]})


def test_a_fork_of_many_names_five_in_text_and_all_in_json(tmp_path: Path) -> None:
    names = [f"20260611T0809{second:02}Z-0a1b2c" for second in range(8)]
    for number, run in enumerate(names):
        ran(write(tmp_path / str(number), {"bo-sync.yaml": ""}), run)
        write(tmp_path, {f".bo-sync/journal/{run}.jsonl": read_bytes(tmp_path / str(number), run).decode()})
    newest_first = names[::-1]
    rows, found = journal(tmp_path)
    assert rows == ["1 forked", f"  ! fork: runs {', '.join(newest_first[:5])} and 3 more follow no run"]
    assert found == chain("", *newest_first)


HEADERS: Final = {
    "a predecessor that is not the name of a run": b'"previous":{"run":"../../etc/passwd","digest":"sha256:0"}',
    "a predecessor that is a word": b'"previous":"first"',
    "a predecessor without a digest": b'"previous":{"run":"20260611T080910Z-0a1b2c"}',
    "a digest that is a number": b'"previous":{"run":"20260611T080910Z-0a1b2c","digest":7}',
    "a predecessor that hides the screen": b'"previous":{"run":"\\u001b[2J","digest":"sha256:0"}',
}


@pytest.mark.parametrize("spelled", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_with_another_shape_is_not_read_and_makes_no_fork(spelled: bytes, tmp_path: Path) -> None:
    ran(tmp_path, FIRST)
    ran(tmp_path, SECOND)
    path = journal_path(tmp_path, SECOND)
    path.write_bytes(re.sub(rb'"previous":\{[^}]*\}', lambda _: spelled, path.read_bytes()))
    assert journal(tmp_path) == ([], chain())
    assert json.loads(inside("journal", "-C", str(tmp_path), "--format", "json").out)["runs"][0]["previous"] is None


def test_a_run_names_its_predecessor_in_text_and_json(tmp_path: Path) -> None:
    ran(tmp_path, FIRST)
    ran(tmp_path, SECOND)
    previous = named(tmp_path, FIRST)
    told = {"run": FIRST, "digest": previous.digest.raw}
    assert f"\n  follows {FIRST}, {previous.digest.raw}\n" in inside("journal", SECOND, "-C", str(tmp_path)).out
    assert "follows" not in inside("journal", FIRST, "-C", str(tmp_path)).out
    assert json.loads(inside("journal", SECOND, "-C", str(tmp_path), "--format", "json").out)["previous"] == told
    listed = json.loads(inside("journal", "-C", str(tmp_path), "--format", "json").out)["runs"]
    assert [run["previous"] for run in listed] == [told, None]


def test_redacted_runs_keep_the_chain_and_hide_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_REDACT_KEY", "a key of at least sixteen bytes")
    for run in (FIRST, SECOND, THIRD):
        ran(tmp_path, run)
    before = named(tmp_path, SECOND).digest.raw
    alter(tmp_path)
    for arguments in ((), (THIRD,)):
        shown = inside("journal", *arguments, "-C", str(tmp_path), "--redact")
        assert f"{BROKEN} has another SHA-256\n" in shown.out
        assert before not in inside("journal", *arguments, "-C", str(tmp_path), "--redact", "--format", "json").out


def test_applies_make_a_chain_that_a_killed_run_does_not_break(tmp_path: Path) -> None:
    user = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\nphone: '{}'\n"
    for number in range(3):
        write(tmp_path, {"users/jane.yaml": user.format(number)})
        assert inside("apply", "--yes", "--hub", "sandbox:", "-C", str(tmp_path)).code == 0
        time.sleep(0.05)  # a run's name tells sixteen microseconds
        if number == 1:
            path = journal_path(tmp_path, runs(tmp_path)[0])
            path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    third, second, first = runs(tmp_path)
    assert previous_of(tmp_path, first) is None
    assert previous_of(tmp_path, second) == previous_of(tmp_path, third) == named(tmp_path, first)
    assert journal(tmp_path) == ([], chain())


def test_one_file_is_read_for_a_new_run_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"20260611T08{number // 60:02}{number % 60:02}Z-0a1b2c" for number in range(2_000)]
    ran(tmp_path, names[0])
    for name in names[1:]:
        shutil.copy(journal_path(tmp_path, names[0]), journal_path(tmp_path, name))
    opened: list[str] = []
    real = os.open

    def counted(path: str, *rest: int) -> int:
        opened.append(str(path))
        return real(path, *rest)

    with monkeypatch.context() as watched:
        watched.setattr(os, "open", counted)
        assert newest_finished(tmp_path, "20270101T000000Z-000000") == named(tmp_path, names[-1])
        assert len(opened) == 1
        opened.clear()
        found = read_chain(tmp_path)
        assert len(opened) == len(names)
    assert found == Chain(forks=(Fork(None, tuple(reversed(names))),))


def test_links_are_made_of_any_bytes() -> None:
    header: Header = replace(replaced(run=Text(FIRST)), previous=Previous(FIRST, Text("\ud800\x1b")))
    for journal_bytes in (b"", b"\n\n", b"\xff" * 9, b"[" * 100_000, spell(header)):
        chain_of([link_of(FIRST, journal_bytes)])
