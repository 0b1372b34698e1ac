"""Runs as they are shown: exact text and JSON, and nothing in either that could act."""

import json
from typing import Final

import pytest

from bo_sync.cli.journal_view import run_json, run_text, runs_json, runs_text
from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.model import Access, FieldValue, Role
from bo_sync.core.text import Message, Text, visible
from bo_sync.journal.chain import Chain
from bo_sync.journal.reader import Past, read
from bo_sync.journal.records import End, Entry, Fate, Intent, JournalAnswer, Previous, RowIntent, Who, spell
from tests.journal.samples import ADA, BOB, CY, RUN, Clock, a_header, replaced
from tests.support.hostile import HOSTILE

CHAIN: Final = Chain()
CLOCK: Final = Clock()
KILLED: Final[tuple[Entry, ...]] = (
    a_header(),
    Intent(1, CLOCK(), "create_user", Text(ADA), None, (FieldValue("first_name", Text("Ada")),)),
    Intent(2, CLOCK(), "update_profile", Text(BOB), 7, (FieldValue("job", None),)),
    JournalAnswer(2, CLOCK(), Fate.FAILED, Text("the hub says that the key may not do this")),
    Intent(3, CLOCK(), "delete_user", Text(CY), 8),
    JournalAnswer(3, CLOCK(), Fate.UNKNOWN, Text("the connection was cut")),
)
ROWS: Final = Intent(
    4,
    CLOCK(),
    "write_rows",
    Text(BOB),
    7,
    rows=(
        RowIntent("update", Role("sales_hub"), Text("row-1"), Access.NONE),
        RowIntent("update", Role("pricing"), Text("row-2"), Access.NONE),
        RowIntent("create", Role("order_data"), None, Access.OWNER),
        RowIntent("delete", Role("pricing"), Text("row-3"), None),
        RowIntent("update", None, Text("row-4"), Access.NONE),
    ),
)
ENDED: Final[tuple[Entry, ...]] = (
    *KILLED,
    JournalAnswer(1, CLOCK(), Fate.APPLIED, id=11),
    ROWS,
    JournalAnswer(4, CLOCK(), Fate.APPLIED),
    End(
        CLOCK(),
        (
            UserOutcome(Text(ADA), "create", Outcome.APPLIED),
            UserOutcome(Text(BOB), "update", Outcome.FAILED, Message("no")),
            UserOutcome(Text(CY), "delete", Outcome.APPLIED),
        ),
    ),
)


def past(*entries: Entry, rest: bytes = b"") -> Past:
    return read(RUN, b"".join(map(spell, entries)) + rest)


FACTS: Final = """\
Run 20260615T080910Z-0a1b2c, started 2026-06-15T08:09:10.000Z by ci on runner-1
  hub     https://hub.example.com/v2/graphql, sha256:3f2c1ab03f2c1ab03f2c1ab03f2c1ab03f2c1ab03f2c1ab03f2c1ab03f2c1ab0
  files   commit 3f2c1ab, sha256:0000000000000000000000000000000000000000000000000000000000000000
  plan    3 people, {digest}
  allowed max_user_deletes=3
  tool    bo-sync {version}
"""


def facts() -> str:
    header = a_header()
    return FACTS.format(digest=str(header.digest), version=str(header.version))


def test_a_run_that_was_killed_says_exactly_what_is_unknown() -> None:
    assert run_text(past(*KILLED, rest=b'{"entry":"inte'), CHAIN, None) == facts() + (
        """
NO  AT                        PERSON           OUTCOME  REQUEST
1   2026-06-15T08:09:11.000Z  ada@example.com  unknown  create: first_name "Ada"; nothing was written after it was begun
2   2026-06-15T08:09:12.000Z  bob@example.com  failed   profile: job (empty); the hub says that the key may not do this
3   2026-06-15T08:09:14.000Z  cy@example.com   unknown  delete; the connection was cut

Unknown: 2 requests that may or may not have happened
  ! 1  ada@example.com  create: first_name "Ada"  (nothing was written after it was begun)
  ! 3  cy@example.com  delete  (the connection was cut)
bo-sync plan shows what of them is left to do.

The last line is torn: the run was cut off while it was written.
The run ended without a word: it was killed, or runs still; by its requests, 3 people: 1 failed, 2 unknown.
"""
    )


def test_a_run_that_ended_says_what_it_reported_and_settled() -> None:
    assert run_text(past(*ENDED), CHAIN, None) == facts() + (
        """
NO  AT                        PERSON           OUTCOME  REQUEST
1   2026-06-15T08:09:11.000Z  ada@example.com  applied  create: first_name "Ada"
2   2026-06-15T08:09:12.000Z  bob@example.com  failed   profile: job (empty); the hub says that the key may not do this
3   2026-06-15T08:09:14.000Z  cy@example.com   settled  delete; the connection was cut
4   2026-06-15T08:09:16.000Z  bob@example.com  applied  grants: sales_hub off, pricing none, order_data owner, \
pricing surplus row removed, a role unknown to us (row row-4) none

Ended 2026-06-15T08:09:19.000Z; 3 people: 2 applied, 1 failed.
"""
    )


def test_on_a_terminal_nothing_is_wider_than_it_but_a_digest() -> None:
    shown = run_text(past(*ENDED), CHAIN, 60)
    assert [line for line in shown.splitlines() if len(line) > 60 and "sha256:" not in line] == []
    assert "3  2026-06-15T08:09:14.000Z\n    person  cy@example.com\n    outcome  settled\n" in shown
    assert max(map(len, runs_text([past(*ENDED)], CHAIN, 60).splitlines())) <= 60


OUTCOMES = "APPLIED  FAILED  UNKNOWN  UNCONFIRMED  REVERSED  NOT ATTEMPTED"


def test_the_table_of_runs_has_them_in_the_given_order() -> None:
    shown = runs_text([past(*ENDED), past(*KILLED), read(RUN, b"{")], CHAIN, None).splitlines()
    facts = f"{RUN}  2026-06-15T08:09:10.000Z  ci@runner-1  3f2c1ab"
    assert [line.rpartition("  ")[0].rstrip() for line in shown] == [
        f"RUN{22 * ' '}STARTED{19 * ' '}WHO          COMMIT   PEOPLE  {OUTCOMES}",
        f"{facts}  3       2        1       0        0            0         0",
        f"{facts}  3       0        1       2        0            0         0",
        f"{RUN}  -{25 * ' '}-            -        -       -        -       -        -            -         -",
        "",
    ]
    ends = ["ENDED", "2026-06-15T08:09:19.000Z", "ended without a word", "ended without a word", "3 runs."]
    assert [line.rpartition("  ")[2] for line in shown] == ends
    assert runs_text([], CHAIN, None) == "No run has left a journal here.\n"


def test_the_user_whose_session_it_was_is_who_ran_it() -> None:
    header = replaced(who=Who(Text("boss@example.com"), Text("ci"), Text("runner-1")))
    assert "by boss@example.com (ci on runner-1)\n" in run_text(past(header), CHAIN, None)
    assert "  boss@example.com  3f2c1ab  " in runs_text([past(header)], CHAIN, None)


def test_a_journal_that_somebody_was_at_says_which_lines_do_not_count() -> None:
    shown = run_text(read(RUN, b"x\n" * 12), CHAIN, None)
    assert shown.startswith(f"Run {RUN}: its first line, which says who ran what, cannot be read.\n")
    assert "Lines that are no entries of a journal, and are left out: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ….\n" in shown
    assert "by its requests, nobody.\n" in shown


def test_json_says_the_same_and_what_everybody_was_before() -> None:
    found = json.loads(run_json(past(*KILLED, rest=b"{"), CHAIN))
    assert (found["format_version"], found["run"], found["ended"], found["torn"]) == (2, RUN, None, True)
    nothing = dict.fromkeys(("applied", "not_attempted", "unconfirmed", "reversed"), 0)
    assert found["summary"] == {**nothing, "failed": 1, "unknown": 2}
    assert found["unknown"] == [1, 3]
    assert found["unreadable_lines"] == []
    assert [(asked["seq"], asked["outcome"], asked["unknown"]) for asked in found["requests"]] == [
        (1, None, True),
        (2, "failed", False),
        (3, "unknown", True),
    ]
    assert found["users"][1]["before"]["grants"] == {"pricing": "viewer", "order_data": "owner"}
    assert found["who"] == {"viewer": None, "user": "ci", "host": "runner-1"}
    assert found["config"]["commit"] == "3f2c1ab"
    listed = json.loads(runs_json([past(*ENDED), read(RUN, b"")], CHAIN))
    assert [(run["users"], run["ended"]) for run in listed["runs"]] == [(3, "2026-06-15T08:09:19.000Z"), (None, None)]
    assert json.loads(run_json(read(RUN, b""), CHAIN))["users"] is None


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_in_a_journal_can_act_on_whoever_reads_it(raw: str) -> None:
    text = Text(raw)
    intent = Intent(1, text, "update_profile", text, 7, (FieldValue("job", text),))
    rows = Intent(2, text, "write_rows", text, 7, rows=(RowIntent("update", None, text, Access.NONE),))
    header = replaced(
        who=Who(text, text, text),
        hub=text,
        digest=text,
        started=text,
        version=text,
        allowed=((text, 1),),
        previous=Previous("20260614T080910Z-0a1b2c", text),
    )
    end = End(text, (UserOutcome(text, "update", Outcome.UNKNOWN, Message(visible(raw))),))
    hostile = past(header, intent, JournalAnswer(1, text, Fate.UNKNOWN, text), rows, end)
    assert len(hostile.requests) == 2
    for width in (None, 60):
        for shown in (run_text(hostile, CHAIN, width), runs_text([hostile], CHAIN, width)):
            for line in shown.splitlines():
                assert visible(line) == line
                assert not line.lstrip().startswith(("::", "##["))
                assert "##[" not in line
    for document in (run_json(hostile, CHAIN), runs_json([hostile], CHAIN)):
        assert document.isascii()
        assert all(character.isprintable() or character == "\n" for character in document)
