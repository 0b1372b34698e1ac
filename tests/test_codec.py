"""The codec takes what it wrote, and nothing else: a misfit is refused and its place is named."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.codec import Codec, MisfitError, Shape, Via, read_json, spelled
from bo_sync.core.changes import Direction
from bo_sync.core.model import Access, Role, Source
from bo_sync.core.plan_digest import Json
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Inner:
    role: Role
    access: Access
    until: date | None


@dataclass(frozen=True, slots=True)
class Outer:
    name: Text
    number: int
    flag: bool
    kind: Literal["a", 2]
    word: Annotated[str, spelled(str.islower, "a lower-case word")]
    rows: tuple[Inner, ...]
    pairs: tuple[tuple[Role, int], ...]
    counts: Mapping[Direction, int]
    source: Source | None
    complex_number: complex
    note: Text | None = None
    unsaved: str = ""

    @property
    def size(self) -> int:
        return len(self.rows)


CODEC = Codec(
    {
        Outer: Shape(
            "number=count name flag kind word size rows pairs counts source complex_number note", left_out="note"
        ),
        complex: Via(int, lambda value: int(value.real), complex),
    }
)
ONE = Outer(
    Text("a\ud800"),
    1,
    True,
    2,
    "x",
    (Inner(Role("pricing"), Access.OWNER, date(2026, 1, 31)),),
    ((Role("pricing"), 3),),
    {Direction.ADDED: 1},
    Source(Text("a:b.yaml"), 3),
    4 + 0j,
)
DOCUMENT: dict[str, Json] = {
    "count": 1,
    "name": "a\ud800",
    "flag": True,
    "kind": 2,
    "word": "x",
    "size": 1,
    "rows": [{"role": "pricing", "access": "owner", "until": "2026-01-31"}],
    "pairs": {"pricing": 3},
    "counts": {"added": 1},
    "source": "a:b.yaml:3",
    "complex_number": 4,
}


def test_the_document_of_a_value_is_its_shape() -> None:
    assert list(CODEC.document(ONE).items()) == list(DOCUMENT.items())
    assert CODEC.document(replace(ONE, note=Text("n"))) == {**DOCUMENT, "note": "n"}
    assert CODEC.document({"all": (ONE, None), "access": Access.NONE}) == {"all": [DOCUMENT, None], "access": "none"}


outers = st.builds(
    Outer,
    st.text(st.characters()).map(Text),
    word=st.sampled_from(["a", "bc"]),
    rows=st.lists(st.builds(Inner, st.just(Role("pricing")), st.sampled_from(Access), st.none() | st.dates())).map(
        tuple
    ),
    pairs=st.dictionaries(st.just(Role("pricing")), st.integers()).map(lambda held: tuple(held.items())),
    counts=st.dictionaries(st.sampled_from(Direction), st.integers()),
    source=st.none() | st.builds(Source, st.text(st.characters()).map(Text), st.integers(0, 999_999_999)),
    complex_number=st.integers(0, 99).map(complex),
    note=st.none() | st.text().map(Text),
    unsaved=st.just(""),
)


@given(outers)
def test_what_was_written_is_read_back(value: Outer) -> None:
    assert CODEC.read(Outer, dict(CODEC.document(value))) == value


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"count": True}, "count: expected a whole number, found true", id="true for 1"),
        pytest.param({"count": "1"}, 'count: expected a whole number, found "1"', id="1 in quotes"),
        pytest.param({"count": None}, "count: expected a whole number, found null", id="null for a number"),
        pytest.param({"name": [1]}, "name: expected text, found a list", id="a list for text"),
        pytest.param({"flag": 1}, "flag: expected true or false, found 1", id="1 for true"),
        pytest.param({"kind": "2"}, 'kind: expected one of a, 2, found "2"', id="2 in quotes for a literal"),
        pytest.param({"kind": True}, "kind: expected one of a, 2, found true", id="true for a literal"),
        pytest.param({"word": "X\x1b"}, r'word: expected a lower-case word, found "X\x1b"', id="another form"),
        pytest.param({"rows": "abc"}, 'rows: expected a list, found "abc"', id="text for a list"),
        pytest.param({"rows": {"a": 1}}, "rows: expected a list, found an object", id="an object for a list"),
        pytest.param({"rows": [[]]}, "rows[0]: expected an object, found a list", id="a list for an object"),
        pytest.param({"rows": [{}]}, "rows[0]: `role` is missing", id="a missing key"),
        pytest.param({"note": "n", "nota": 1}, 'unknown key "nota"', id="an unknown key"),
        pytest.param({"unsaved": ""}, 'unknown key "unsaved"', id="a field that is not in the document"),
        pytest.param({"pairs": {"X": 1}}, 'pairs.X: expected the name of a role, found "X"', id="another key of pairs"),
        pytest.param({"pairs": [["a", 1]]}, "pairs: expected an object, found a list", id="pairs as lists"),
        pytest.param({"counts": {"added": "1"}}, 'counts.added: expected a whole number, found "1"', id="a value"),
        pytest.param({"source": "a"}, 'source: expected a file and line, found "a"', id="a file without a line"),
        pytest.param({"source": "x" * 99}, f'source: expected a file and line, found "{"x" * 39}…"', id="a long text"),
    ],
)
def test_a_misfit_is_refused_with_its_place(change: dict[str, Json], told: str) -> None:
    with pytest.raises(MisfitError) as refused:
        CODEC.read(Outer, {**DOCUMENT, **change})
    assert str(refused.value) == told


def test_other_keys_may_be_ignored() -> None:
    tolerant = Codec({}, ignores_other_keys=lambda kind: kind is Inner)
    assert tolerant.read(Inner, {"role": "a", "access": "none", "until": None, "more": [0]}) == Inner(
        Role("a"), Access.NONE, None
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('{"a": 1, "a": 1}', "a key appears twice", id="a key twice"),
        pytest.param("[1.0]", "1.0 is not a whole number", id="a fraction"),
        pytest.param("[-Infinity]", "-Infinity is not a whole number", id="no number"),
        pytest.param("[" * 100_000, "nested too deeply", id="nested"),
        pytest.param("[1,]", "line 1, column ", id="no JSON"),
        pytest.param("9" * 5000, "Exceeds the limit", id="a huge number"),
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused(text: str, told: str) -> None:
    with pytest.raises(MisfitError) as refused:
        read_json(text)
    assert str(refused.value).startswith(told)
