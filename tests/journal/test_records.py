"""What is written is what is read back, in ASCII, a line each; and nothing that is read can raise."""

import json
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.changes import Direction, FieldChange
from bo_sync.core.model import PROFILE_FIELDS, Access, FieldValue, Profile, ProfileField, Role
from bo_sync.core.plan_digest import Json, PlannedGrant
from bo_sync.core.text import Message, Text
from bo_sync.hub.secrets import Credentials, Secret
from bo_sync.journal import records
from bo_sync.journal.records import (
    Before,
    Config,
    End,
    Entry,
    Fate,
    Header,
    Intent,
    JournalAnswer,
    Operation,
    OtherGrant,
    PlannedUser,
    Previous,
    RowIntent,
    Who,
    parse,
    spell,
)
from tests.journal.samples import a_header
from tests.support.hostile import HOSTILE

texts = st.one_of(st.sampled_from(sorted(HOSTILE.values())), st.text(st.characters(), max_size=30)).map(Text)
maybe_texts = st.none() | texts
numbers = st.integers()
accesses = st.sampled_from(Access)
roles = st.sampled_from([Role("pricing"), Role("sales_hub"), Role("returns_2")])
names: st.SearchStrategy[ProfileField] = st.sampled_from(PROFILE_FIELDS)
profiles: st.SearchStrategy[Profile] = st.lists(st.builds(FieldValue, names, maybe_texts), max_size=3).map(tuple)
befores = st.builds(
    Before,
    texts,
    profiles,
    st.dictionaries(roles, accesses).map(lambda held: tuple(held.items())),
    st.lists(st.builds(OtherGrant, texts, accesses), max_size=2).map(tuple),
)
grants = st.builds(PlannedGrant, roles, accesses, accesses, st.sampled_from(Direction))
users = st.builds(
    PlannedUser,
    texts,
    st.sampled_from(["create", "update", "delete"]),
    st.none() | numbers,
    st.lists(st.builds(FieldChange, names, maybe_texts, maybe_texts), max_size=2).map(tuple),
    st.lists(grants, max_size=2).map(tuple),
    st.none() | befores,
)
headers = st.builds(
    Header,
    run=texts,
    version=texts,
    started=texts,
    who=st.builds(Who, maybe_texts, texts, texts),
    hub=texts,
    config=st.builds(Config, texts, maybe_texts, st.none() | st.booleans()),
    digest=texts,
    allowed=st.dictionaries(texts, numbers, max_size=2).map(lambda held: tuple(held.items())),
    users=st.lists(users, max_size=2).map(tuple),
    previous=st.none() | st.builds(Previous, st.just("20260614T080910Z-0a1b2c"), texts),
)
rows = st.builds(
    RowIntent, st.sampled_from(["create", "update", "delete"]), st.none() | roles, maybe_texts, st.none() | accesses
)
intents = st.builds(
    Intent,
    numbers,
    texts,
    st.sampled_from(get_args(Operation)),
    texts,
    st.none() | numbers,
    profiles,
    st.lists(rows, max_size=2).map(tuple),
)
answers = st.builds(JournalAnswer, numbers, texts, st.sampled_from(Fate), maybe_texts, st.none() | numbers)
outcomes = st.builds(
    UserOutcome,
    texts,
    st.sampled_from(["create", "update", "delete"]),
    st.sampled_from(Outcome),
    st.none() | st.text("abc ", min_size=1),
)
ends = st.builds(End, texts, st.lists(outcomes, max_size=3).map(tuple))


@given(st.one_of(headers, intents, answers, ends))
def test_an_entry_is_one_line_of_ascii_that_reads_back_as_the_same_entry(entry: Entry) -> None:
    line = spell(entry)
    assert line.isascii()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert all(byte >= 0x20 for byte in line[:-1])
    assert parse(line) == entry


@given(st.binary())
def test_no_bytes_raise(line: bytes) -> None:
    parse(line)


anything: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data(), anything, st.sampled_from(["header", "intent", "outcome", "end"]))
def test_no_entry_raises_in_which_anything_was_put_for_something(data: st.DataObject, other: Json, kind: str) -> None:
    known: dict[str, Entry] = {"header": a_header(), "intent": INTENT, "outcome": ANSWER, "end": END}
    entry = known[kind]
    document: Json = json.loads(spell(entry))
    assert isinstance(document, dict)
    held: dict[str, Json] = document
    while True:
        key = data.draw(st.sampled_from(sorted(held)))
        below = held[key]
        if isinstance(below, dict) and below and data.draw(st.booleans()):
            held = below
            continue
        held[key] = other
        break
    parse(json.dumps(document).encode())


INTENT = Intent(1, Text("now"), "update_profile", Text("bob@example.com"), 7, (FieldValue("phone", Text("2")),))
ANSWER = JournalAnswer(1, Text("now"), Fate.FAILED, Text("no"))
END = End(Text("now"), (UserOutcome(Text("bob@example.com"), "update", Outcome.FAILED, Message("no")),))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"entry": "epilogue"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"entry": ' + b"9" * 5000 + b"}",
        spell(a_header()).replace(b'"format_version":2', b'"format_version":1'),
        spell(a_header()).replace(b'"format_version":2', b'"format_version":true'),
        spell(a_header()).replace(b'"role":"pricing"', b'"role":"Pricing\\u001b"'),
        spell(INTENT).replace(b'"seq":1', b'"seq":true'),
        spell(INTENT).replace(b'"field":"phone"', b'"field":"shoe_size"'),
        spell(INTENT)[:-20],
    ],
    ids=[
        "nothing",
        "null",
        "a list",
        "an empty object",
        "an unknown kind",
        "no text",
        "absurdly nested",
        "an absurd number",
        "a later format",
        "a format that is no number",
        "a role that is no name",
        "a number that is none",
        "an unknown field",
        "a cut line",
    ],
)
def test_a_line_that_spells_no_entry_is_none(line: bytes) -> None:
    assert parse(line) is None


def test_no_entry_has_a_place_for_a_secret() -> None:
    """The types that stand in an entry, all the way down, are ours and plain; and JSON refuses a secret as well."""
    seen: set[object] = set()
    waiting: list[object] = [Header, Intent, JournalAnswer, End]
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        waiting.extend(get_args(kind))
        if isinstance(kind, type) and is_dataclass(kind):
            hints = get_type_hints(kind, vars(records))
            waiting.extend(hints[entry.name] for entry in fields(kind))
    assert {Text, PlannedUser, Before, RowIntent, FieldValue} <= seen
    assert not {Secret, Credentials, object} & seen
    with pytest.raises(TypeError):
        json.dumps({"error": Secret("some-key")})
