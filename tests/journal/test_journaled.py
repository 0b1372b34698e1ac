"""A journalled hub behaves as the hub does, and nothing reaches the hub that is not on the disk before."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bo_sync.apply.executor import apply_plan
from bo_sync.apply.planner import Reading
from bo_sync.core.apply_report import Outcome
from bo_sync.core.model import Access, LiveUser, Role
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.journal.directory import read_bytes
from bo_sync.journal.reader import Past, read
from bo_sync.journal.records import Fate, RowIntent
from bo_sync.journal.writer import Journal, Journaled, begun
from bo_sync.ports import CreateRow, DeleteRow, UpdateRow
from tests.journal.samples import ADA, BOB, CY, PHONE, RUN, Clock, a_header, a_hub, a_plan, live_index
from tests.support.hub_double import (
    CUT,
    SILENT,
    Event,
    InMemoryHub,
    denied,
    hurried,
    moved,
    refused,
    unknown,
    unreachable,
)

EMAIL = Text(BOB)


@dataclass(frozen=True, slots=True)
class Scene:
    root: Path
    hub: InMemoryHub
    journalled: Journaled

    def past(self) -> Past:
        return read(RUN, read_bytes(self.root, RUN))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    hub = a_hub()
    with begun(tmp_path, a_header(), Clock()) as journal:
        yield Scene(tmp_path, hub, Journaled(hub, journal, live_index()))


def test_reads_pass_through_and_leave_no_line(scene: Scene) -> None:
    hub, plain = scene.journalled, scene.hub
    assert hub.url == plain.url
    assert hub.read_all(SILENT) == plain.state
    assert hub.read_user(EMAIL) == plain.user(BOB)
    assert hub.read_user(Text("nobody@example.com")) is None
    assert hub.read_rows(7) == plain.user(BOB).rows
    assert hub.read_rows_of([7]) == {7: plain.user(BOB).rows}
    assert scene.past().requests == ()


def test_each_write_names_who_and_what_before_it_is_sent_and_what_became_of_it(scene: Scene) -> None:
    seen: list[Past] = []
    look = Event(meanwhile=lambda _: seen.append(scene.past()))
    scene.hub.script("create_user", ADA, look).script("update_profile", BOB, look)
    scene.hub.script("write_rows", BOB, look).script("delete_user", CY, look)

    made = scene.journalled.create_user(Text(ADA), PHONE).id
    scene.journalled.update_profile(EMAIL, PHONE)
    scene.journalled.write_rows(
        7, [UpdateRow("row-pricing", Access.EDITOR), CreateRow("definition-logistics", Access.VIEWER)]
    )
    scene.journalled.delete_user(Text(CY))

    assert [past.requests[-1].answer for past in seen] == [None] * 4
    assert [
        (i.operation, i.email.raw, i.id, i.profile) for i in (request.intent for request in scene.past().requests)
    ] == [
        ("create_user", ADA, None, PHONE),
        ("update_profile", BOB, 7, PHONE),
        ("write_rows", BOB, 7, ()),
        ("delete_user", CY, 8, ()),
    ]
    assert scene.past().requests[2].intent.rows == (
        RowIntent("update", Role("pricing"), Text("row-pricing"), Access.EDITOR),
        RowIntent("create", Role("logistics"), None, Access.VIEWER),
    )
    answers = [request.answer for request in scene.past().requests]
    assert [(answer.fate, answer.id) for answer in answers if answer] == [
        (Fate.APPLIED, made),
        (Fate.APPLIED, None),
        (Fate.APPLIED, None),
        (Fate.APPLIED, None),
    ]


def test_rows_that_are_removed_or_of_no_role_of_ours_are_named_as_far_as_they_are_known(scene: Scene) -> None:
    with pytest.raises(HubError):
        scene.journalled.write_rows(7, [DeleteRow("row-pricing"), DeleteRow("row-elsewhere")])
    assert scene.past().requests[0].intent.rows == (
        RowIntent("delete", Role("pricing"), Text("row-pricing"), None),
        RowIntent("delete", None, Text("row-elsewhere"), None),
    )


def test_a_user_who_was_found_by_reading_again_is_known_by_name(scene: Scene) -> None:
    scene.hub.put(LiveUser(12, Text(ADA)))
    scene.journalled.read_user(Text(ADA))
    scene.journalled.write_rows(12, [CreateRow("definition-pricing", Access.VIEWER)])
    scene.journalled.read_rows(12)
    scene.journalled.write_rows(12, [UpdateRow("made-1", Access.NONE)])
    assert [(request.intent.email.raw, request.intent.rows[0].role) for request in scene.past().requests] == [
        (ADA, "pricing"),
        (ADA, "pricing"),
    ]


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        pytest.param(unknown, Fate.UNKNOWN, id="no sound answer"),
        pytest.param(moved, Fate.FAILED, id="moved meanwhile"),
        pytest.param(denied, Fate.FAILED, id="denied"),
        pytest.param(unreachable, Fate.FAILED, id="not sent"),
        pytest.param(refused, Fate.FAILED, id="refused"),
    ],
)
def test_an_error_is_recorded_with_its_sentence_and_raised_as_it_was(
    scene: Scene, error: Callable[[], HubError], fate: Fate
) -> None:
    scene.hub.script("update_profile", BOB, Event(error))
    with pytest.raises(type(error())) as raised:
        scene.journalled.update_profile(EMAIL, PHONE)
    answer = scene.past().requests[0].answer
    assert answer is not None
    assert (answer.fate, answer.error) == (fate, Text(raised.value.message))


class TornDownError(BaseException):
    """A thread that ends in the middle of a request."""


def test_a_thread_that_is_torn_down_leaves_no_outcome(scene: Scene) -> None:
    def tear(_: InMemoryHub) -> None:
        raise TornDownError

    scene.hub.script("delete_user", CY, Event(meanwhile=tear))
    with pytest.raises(TornDownError):
        scene.journalled.delete_user(Text(CY))
    assert [request.answer for request in scene.past().requests] == [None]


@contextmanager
def full_disk() -> Iterator[Journal]:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        yield Journal(descriptor, Text("the journal"))
    finally:
        os.close(descriptor)


def test_what_cannot_be_written_down_is_not_sent() -> None:
    hub = a_hub()
    with full_disk() as journal:
        journalled = Journaled(hub, journal, live_index())
        with pytest.raises(HubError) as raised:
            journalled.delete_user(Text(CY))
    assert raised.value.message == "the journal cannot be written: No space left on device, so this was not sent"
    assert hub.log == []


def test_a_run_whose_journal_breaks_begins_nothing_new_and_reports_the_truth() -> None:
    hub = a_hub()
    with full_disk() as journal:
        options = hurried(RUN, concurrency=1, stopped=lambda: journal.is_broken)
        reading = Reading(a_plan(), live_index())
        report = apply_plan(reading, Journaled(hub, journal, live_index()), options, SILENT)
    assert [user.outcome for user in report.outcomes] == [
        Outcome.FAILED,
        Outcome.NOT_ATTEMPTED,
        Outcome.NOT_ATTEMPTED,
    ]
    assert hub.calls("create_user", "update_profile", "write_rows", "delete_user") == {}


def test_a_whole_run_over_it_does_what_it_does_without(scene: Scene, tmp_path: Path) -> None:
    plain = a_hub()
    reading = Reading(a_plan(), live_index())
    scene.hub.script("write_rows", BOB, CUT)
    plain.script("write_rows", BOB, CUT)
    report = apply_plan(reading, scene.journalled, hurried(RUN, concurrency=1), SILENT)
    assert report == apply_plan(reading, plain, hurried(RUN, concurrency=1), SILENT)
    assert scene.hub.state == plain.state
    assert scene.hub.log == plain.log
    assert [request.fate.value for request in scene.past().requests].count("unknown") == 1
    assert len(scene.past().requests) == len([o for o, _ in plain.log if not o.startswith("read")])
