"""The reader: text stays text, everything has a position, and what could mislead is refused."""

import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.formatting import scalar
from bo_sync.config.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, read
from bo_sync.config.yaml_values import Items, YamlMapping
from bo_sync.core.text import Text
from tests.support.cases import told

F = Text("f")


def problems(data: str | bytes, *, pure: bool = False) -> list[str]:
    raw = data.encode() if isinstance(data, str) else data
    return [str(problem).removeprefix("f:") for problem in read(raw, F, pure=pure).problems]


FAULTS: Final = """
only a comment
    # x⏎
    1:1: error: the file is empty; expected a mapping of keys
an empty document
    ---⏎
    1:1: error: the file is empty; expected a mapping of keys
a lone null
    null⏎
    1:1: error: the file is empty; expected a mapping of keys
a key twice
    a: 1⏎b: 2⏎a: 3⏎
    3:1: error: key "a" is given twice; the first is at 1:1: keep one
keys without a value
    a:⏎b: {c: }⏎
    1:1: error: key "a" has no value; expected a value: write null to clear, "" for empty text
    2:5: error: key "c" has no value; expected a value: write null to clear, "" for empty text
an item without a value
    a:⏎  -⏎
    2:4: error: an item without a value; expected a value: write null to clear, "" for empty text
an anchor and an alias
    a: &x 1⏎b: *x⏎
    1:4: error: anchor "&x"; expected none: remove it
    2:4: error: alias "*x"; expected the value itself
an anchor at a key
    &k a: 1⏎
    1:1: error: anchor "&k"; expected none: remove it
a merge key
    <<: {a: 1}⏎
    1:1: error: merge key <<; expected the keys themselves
a tag that asks for code
    a: !!python/object/apply:os.system [x]⏎
    1:4: error: tag "tag:yaml.org,2002:python/object/apply:os.system"; expected none: text stays text, remove it
a version
    %YAML 1.1⏎---⏎a: b⏎
    1:1: error: directive "%YAML 1.1"; expected none: remove it
an unknown directive
    %RULES none⏎---⏎a: b⏎
    1:1: error: directive "%RULES none"; expected none: remove it
a version that no reader knows
    %YAML 3.0⏎---⏎a: b⏎
    1:1: error: directive "%YAML 3.0"; expected none: remove it
half a directive
    %
    1:1: error: directive "%"; expected none: remove it
a directive alone
    %YAML 1.1⏎---⏎
    1:1: error: directive "%YAML 1.1"; expected none: remove it
    1:1: error: the file is empty; expected a mapping of keys
a list as a key
    ? [a]⏎: b⏎
    1:3: error: a mapping, a list or an alias as a key; expected text
two documents
    a: 1⏎---⏎b: 2⏎
    2:1: error: a second document; expected one document a file
a reserved character
    a: @b⏎
    1:4: error: not YAML: text that starts with "@" needs quotes
"""


TOO_DEEP = f"1:{MAX_DEPTH + 1}: error: nested too deeply; expected at most {MAX_DEPTH} levels"
NOT_UTF_8 = "2:5: error: byte 0xe9 is not UTF-8; expected UTF-8: save the file as UTF-8"
OTHER_UTF = "1:1: error: the file is UTF-{}; expected UTF-8: save it as UTF-8"
CONTROL = "2:4: error: control character \\x1b; expected none: remove it"


@pytest.mark.parametrize("pure", [False, True], ids=["by libyaml", "by the pure parser"])
class TestValues:
    @pytest.mark.parametrize(
        ("data", "value"),
        [
            pytest.param(b"a: no", {"a": "no"}, id="no is Norwegian"),
            pytest.param(b"a: 0031", {"a": "0031"}, id="a number keeps its zeros"),
            pytest.param(b"a: 1_000", {"a": "1_000"}, id="a number with a line in it is text"),
            pytest.param(b"a: 2099-12-31", {"a": "2099-12-31"}, id="a date is text"),
            pytest.param(b"a: ~", {"a": "~"}, id="a tilde is text"),
            pytest.param(
                b"a: Null\nb: TRUE\nc: yes", {"a": "Null", "b": "TRUE", "c": "yes"}, id="other spellings are text"
            ),
            pytest.param(
                b"a: null\nb: true\nc: false", {"a": None, "b": True, "c": False}, id="three plain words are special"
            ),
            pytest.param(b"a: 'null'\nb: \"true\"", {"a": "null", "b": "true"}, id="in quotes they are text"),
            pytest.param(b"a: ''", {"a": ""}, id="empty text in quotes is a value"),
            pytest.param(
                b"a: '100\n%b'\nc: |\n  %d\n", {"a": "100 %b", "c": "%d\n"}, id="a percent sign inside is no directive"
            ),
            pytest.param(
                b"a: [1, null, {b: c}]\nd: {}", {"a": ["1", None, {"b": "c"}], "d": {}}, id="flow and nesting"
            ),
            pytest.param(b"a: |\n  x\n  y\n", {"a": "x\ny\n"}, id="a block of text"),
            pytest.param(b"\xef\xbb\xbfa: b", {"a": "b"}, id="the mark of UTF-8 is no fault"),
            pytest.param(b"---\na: b\n...\n", {"a": "b"}, id="the marks of one document are no fault"),
            pytest.param(b"a: b\r\nc: d\r\n", {"a": "b", "c": "d"}, id="lines may end as on Windows"),
            pytest.param(b'a: "\\x1b"', {"a": "\x1b"}, id="an escape is the character that it names"),
            pytest.param(b"word", "word", id="a lone word"),
        ],
    )
    def test_what_is_written_is_what_is_read(self, data: bytes, value: object, *, pure: bool) -> None:
        reading = read(data, F, pure=pure)
        assert not reading.problems
        assert reading.value == value

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            *told(FAULTS),
            pytest.param(b"", ["1:1: error: the file is empty; expected a mapping of keys"], id="an empty file"),
            pytest.param(
                b"\xef\xbb\xbf# why\n\n%YAML 1.2\r\n%TAG ! tag:x,2000:\n---\na: !b c\n",
                [
                    '3:1: error: directive "%YAML 1.2"; expected none: remove it',
                    '4:1: error: directive "%TAG ! tag:x,2000:"; expected none: remove it',
                    '6:4: error: tag "tag:x,2000:b"; expected none: text stays text, remove it',
                ],
                id="directives below a comment, and a tag",
            ),
            pytest.param(b"[" * 1000, [TOO_DEEP], id="absurd nesting"),
            pytest.param(b"a: b\nc: d\xe9\n", [NOT_UTF_8], id="another encoding"),
            pytest.param("a: b".encode("utf-16"), [OTHER_UTF.format(16)], id="UTF-16"),
            pytest.param("a: b".encode("utf-32"), [OTHER_UTF.format(32)], id="UTF-32"),
            pytest.param(b"a: b\nc: \x1b[31m\n", [CONTROL], id="a control character"),
            pytest.param(b"\ta: b\n", ["1:1: error: not YAML: a tab; indent with spaces"], id="a tab as indentation"),
        ],
    )
    def test_a_fault_is_named_at_its_place(self, data: str | bytes, expected: list[str], *, pure: bool) -> None:
        assert problems(data, pure=pure) == expected

    def test_every_key_and_every_value_has_a_position(self, *, pure: bool) -> None:
        value = read(b"a: 1\nb:\n  c: x\n  d: [y,  z]\n", F, pure=pure).value
        assert isinstance(value, YamlMapping)
        inner = value.mapping("b")
        items = inner.listing("d")
        marks = [value.key_at("b"), value.value_at("a"), inner.key_at("d"), inner.value_at("d"), *items.values_at]
        assert [(mark.line + 1, mark.column + 1) for mark in marks] == [(2, 1), (1, 4), (4, 3), (4, 6), (4, 7), (4, 11)]


ADVICE: Final = r"""
a file that was cut off
    email: x⏎first_na
    3:1: error: not YAML: could not find expected ':'; expected `key: value`
a colon in plain text
    a: b: c⏎
    1:5: error: not YAML: mapping values are not allowed in this context; text that holds ": " needs quotes around it
an open quote
    a: 'b⏎
    2:1: error: not YAML: found unexpected end of stream; a quote is opened and never closed
a value without a key
    {? : b}⏎
    1:4: error: a value without a key; expected `key: value`
half of a character
    a: "\ud800"⏎
    1:7: error: not YAML: found invalid Unicode character escape code
"""


@pytest.mark.parametrize(("data", "expected"), told(ADVICE))
def test_where_the_text_stops_being_yaml_is_told_with_advice(data: str, expected: list[str]) -> None:
    assert problems(data) == expected


HIDDEN_BREAKS = ("\r", "\x85", "\u2028", "\u2029")
HIDDEN = (
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\xad\u180e\u200b\u2060\u2064\u206f\ufeff\ufff9\U000e0001\U000e007f",
)


@pytest.mark.parametrize("pure", [False, True], ids=["by libyaml", "by the pure parser"])
@pytest.mark.parametrize("character", HIDDEN_BREAKS, ids=ascii)
def test_a_line_break_that_a_reviewer_cannot_see_is_refused(character: str, *, pure: bool) -> None:
    escape = Text(character)
    advice = f"expected none: remove it, or write it as an escape inside double quotes: {escape!s}"
    for before, after in (("# note", "api_keys: owner\n"), ('b: "x', ' y"\n'), ("b: x", "")):
        data = f"a: 1\r\n{before}{character}{after}".encode()
        assert problems(data, pure=pure) == [
            f"2:{len(before) + 1}: error: a hidden line break, U+{ord(character):04X}; {advice}"
        ]


@pytest.mark.parametrize("character", HIDDEN, ids=ascii)
def test_a_character_that_reorders_or_hides_is_refused_unless_it_is_escaped(character: str) -> None:
    escape = Text(character)
    advice = f"expected none: remove it, or write it as an escape inside double quotes: {escape!s}"
    found = f"a hidden character, U+{ord(character):04X}; {advice}"
    assert problems(f"a: é\nb: x{character}y # {character}\n".encode()) == [
        f"2:5: error: {found}",
        f"2:10: error: {found}",
    ]


@pytest.mark.parametrize("character", [*HIDDEN_BREAKS, *HIDDEN], ids=ascii)
def test_what_is_refused_raw_can_be_written_as_an_escape_and_is_so_by_us(character: str) -> None:
    raw = f"a{character}b"
    assert scalar(raw) == f'"a{Text(character)!s}b"'
    assert read(f"k: {scalar(raw)}\n".encode(), F).value == {"k": raw}


@pytest.mark.parametrize("character", "\u200c\u200d")
def test_the_joiners_with_which_names_are_spelled_are_let_through(character: str) -> None:
    assert read(f"k: a{character}b\n".encode(), F).value == {"k": f"a{character}b"}


def test_of_a_file_full_of_hidden_characters_a_hundred_are_named() -> None:
    assert len(problems("\u200b".encode() * 101)) == 100


def test_a_position_outlives_the_key_that_was_taken_out() -> None:
    value = read(b"a: 1\nb: 2\n", F).value
    assert isinstance(value, YamlMapping)
    value.take_out("a")
    assert value == {"b": "2"}
    assert value.had("a")
    assert not value.had("c")
    assert [mark.line for mark in value.keys_at()] == [1]
    assert value.key_at("a").line == 0


def test_a_very_large_file_is_refused_unread() -> None:
    [problem] = read(b"a" * (MAX_BYTES + 1), F).problems
    assert str(problem) == "f:1:1: error: the file holds 16,777,217 bytes; expected at most 16,777,216: split it"


def test_a_file_full_of_faults_stops_after_a_hundred() -> None:
    found = problems(b"".join(b"k%d: !t x\n" % number for number in range(5000)))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == "100:6: error: 100 problems up to here; the rest of the file was not read"


def test_a_yaml_bomb_is_refused_at_once() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c, *%c, *%c, *%c]\n" % (c, c, c - 1, c - 1, c - 1, c - 1, c - 1)
        for c in range(ord("b"), ord("z"))
    )
    started = time.perf_counter()
    assert len(problems(bomb)) > MAX_PROBLEMS
    assert time.perf_counter() - started < 5  # nothing is expanded: this is a guard against hanging, not a measurement


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_the_reader_fail(data: bytes) -> None:
    for pure in (False, True):
        reading = read(data, F, pure=pure)
        assert reading.problems or isinstance(reading.value, str | bool | YamlMapping | Items)


@given(st.text(alphabet="ab:-?&*!|>'\"%@`{}[],# \n\t~<\\ux0é", max_size=60))
def test_what_looks_like_yaml_reads_the_same_with_both_parsers(text: str) -> None:
    quick, pure = read(text.encode(), F), read(text.encode(), F, pure=True)
    if not quick.problems and not pure.problems:
        assert quick.value == pure.value
