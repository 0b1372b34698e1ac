"""A journal is on the disk before anything else happens, for its owner alone, and never pretends to be whole."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.text import Text
from bo_sync.journal.directory import JournalError, journal_path, read_bytes, runs
from bo_sync.journal.reader import read
from bo_sync.journal.records import Fate
from bo_sync.journal.writer import IntentDraft, Journal, begun, now
from tests.journal.samples import BOB, CY, PHONE, RUN, Clock, a_header

DRAFT = IntentDraft("update_profile", Text(BOB), 7, PHONE)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_header_is_there_when_the_block_begins_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with begun(tmp_path, a_header(), Clock()):
        assert read(RUN, read_bytes(tmp_path, RUN)).header == a_header()
    assert mode(journal_path(tmp_path, RUN)) == 0o600
    assert mode(tmp_path / ".bo-sync" / "journal") == 0o700
    assert mode(tmp_path / ".bo-sync") == 0o700
    assert (tmp_path / ".bo-sync" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / ".bo-sync" / "journal").mkdir(parents=True, mode=0o755)
    with begun(tmp_path, a_header()):
        assert mode(tmp_path / ".bo-sync" / "journal") == 0o700


def test_each_line_is_there_when_its_call_returns_and_numbers_tie_them(tmp_path: Path) -> None:
    with begun(tmp_path, a_header(), Clock()) as journal:
        first = journal.intend(DRAFT)
        second = journal.intend(IntentDraft("delete_user", Text(CY), 8))
        past = read(RUN, read_bytes(tmp_path, RUN))
        assert [request.intent.seq for request in past.requests] == [first, second] == [1, 2]
        assert past.unknown == past.requests
        journal.answer(second, Fate.FAILED, error="not found")
        journal.answer(first, Fate.APPLIED)
        past = read(RUN, read_bytes(tmp_path, RUN))
        assert [request.fate for request in past.requests] == [Fate.APPLIED, Fate.FAILED]
        assert past.end is None
        outcomes = (UserOutcome(Text(BOB), "update", Outcome.APPLIED),)
        journal.end(Report(RUN, "sha256:0", outcomes))
        past = read(RUN, read_bytes(tmp_path, RUN))
        assert past.end is not None
        assert past.end.outcomes == outcomes
        assert not journal.is_broken


def test_many_threads_write_whole_lines_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    def request(journal: Journal) -> None:
        journal.answer(journal.intend(DRAFT), Fate.APPLIED)

    with begun(tmp_path, a_header()) as journal, ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(request, journal) for _ in range(200)]:
            done.result()
    past = read(RUN, read_bytes(tmp_path, RUN))
    assert not past.unreadable
    assert not past.is_torn
    assert [request.intent.seq for request in past.requests] == list(range(1, 201))
    assert {request.fate for request in past.requests} == {Fate.APPLIED}


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    with begun(tmp_path, a_header()):
        pass
    before = read_bytes(tmp_path, RUN)
    with pytest.raises(JournalError, match=r"^\.bo-sync/journal/.*\.jsonl cannot be written: File exists$"):
        begun(tmp_path, a_header()).__enter__()
    assert read_bytes(tmp_path, RUN) == before


def test_a_full_disk_breaks_the_journal_for_good_and_says_so() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        journal = Journal(descriptor, Text("the journal"))
        with pytest.raises(JournalError) as first:
            journal.intend(DRAFT)
        assert first.value.message == "the journal cannot be written: No space left on device"
        assert first.value.hint == "nothing was sent that the journal does not name; see to that disk, then apply again"
        assert journal.is_broken
        journal.answer(1, Fate.APPLIED)
        journal.end(Report(RUN, "sha256:0", ()))
        with pytest.raises(JournalError, match="No space left"):
            journal.intend(DRAFT)
        assert journal.trouble is not None
    finally:
        os.close(descriptor)


def test_a_journal_that_cannot_be_flushed_is_broken_too() -> None:
    reading, writing = os.pipe()  # takes what is written, but has no disk to put it on
    try:
        journal = Journal(writing, Text("the journal"))
        with pytest.raises(JournalError, match="the journal cannot be written: Invalid argument"):
            journal.intend(DRAFT)
        assert journal.is_broken
    finally:
        os.close(reading)
        os.close(writing)


def _folder(root: Path) -> None:
    (root / ".bo-sync").write_text("")


def _link(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / ".bo-sync").symlink_to(root / "elsewhere")


def _inner_link(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / ".bo-sync").mkdir()
    (root / ".bo-sync" / "journal").symlink_to(root / "elsewhere")


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        pytest.param(_folder, ".bo-sync cannot be made: it is a link or a file, and must be a folder", id="a file"),
        pytest.param(_link, ".bo-sync cannot be made: it is a link or a file, and must be a folder", id="a link"),
        pytest.param(
            _inner_link,
            ".bo-sync/journal cannot be made: it is a link or a file, and must be a folder",
            id="a link within",
        ),
    ],
)
def test_what_somebody_committed_in_our_folders_place_is_not_followed(
    tmp_path: Path, prepare: Callable[[Path], None], told: str
) -> None:
    prepare(tmp_path)
    with pytest.raises(JournalError) as refused:
        begun(tmp_path, a_header()).__enter__()
    assert refused.value.message == told
    assert refused.value.hint.startswith("nothing was sent; ")
    assert not (tmp_path / "elsewhere").exists() or list((tmp_path / "elsewhere").iterdir()) == []


def test_only_plain_files_with_a_runs_name_are_runs_newest_first(tmp_path: Path) -> None:
    assert runs(tmp_path) == ()
    folder = tmp_path / ".bo-sync" / "journal"
    folder.mkdir(parents=True)
    later = "20270615T080910Z-000000"
    for name in (f"{RUN}.jsonl", f"{later}.jsonl", "notes.jsonl", "..jsonl", f"{RUN}.json", f"{RUN}\x1b.jsonl"):
        (folder / name).write_bytes(b"")
    assert runs(tmp_path) == (later, RUN)
    (folder / f"{RUN}.jsonl").unlink()
    (folder / f"{RUN}.jsonl").symlink_to("/dev/zero")
    with pytest.raises(JournalError, match="cannot be read"):
        read_bytes(tmp_path, RUN)
    os.mkfifo(folder / "20250615T080910Z-000000.jsonl")
    with pytest.raises(JournalError, match="cannot be read: it is no plain file"):
        read_bytes(tmp_path, "20250615T080910Z-000000")


def test_moments_are_in_utc_and_sort_as_text() -> None:
    first, second = now(), now()
    assert first.raw.endswith("Z")
    assert len(first.raw) == len("2026-06-15T08:09:10.000Z")
    assert first <= second
