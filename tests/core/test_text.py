"""Text that is not ours: harmless wherever it is formatted, exact where it is asked for."""

import copy
import pickle
import re
import sys
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mypy.api import run

from bo_sync.core.model import Source
from bo_sync.core.text import NO_WORDS, Message, Text, id_name, is_id_name, normal_form, visible
from tests.support.hostile import HOSTILE

# Unicode's DerivedCoreProperties.txt, Default_Ignorable_Code_Point: what is to be drawn as nothing.
DRAWN_AS_NOTHING = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)

any_text = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(sorted(HOSTILE.values()))

SHOWN = {
    "plain text stays": ("Zoë van der Berg", "Zoë van der Berg"),
    "a new line": ("a\nb\rc\td", "a\\nb\\rc\\td"),
    "an escape sequence": ("\x1b[31m", "\\x1b[31m"),
    "a C1 control": ("\x9b31m", "\\x9b31m"),
    "a text turned round": ("a\u202eb", "a\\u202eb"),
    "a zero-width space": ("a\u200bb", "a\\u200bb"),
    "a space that is not one": ("a\u00a0b", "a\\xa0b"),
    "a filler": ("a\u3164b", "a\\u3164b"),
    "the braille blank": ("a\u2800b", "a\\u2800b"),
    "a tag character": ("a\U000e0041b", "a\\U000e0041b"),
    "half a surrogate pair": ("a\ud800b", "a\\ud800b"),
    "a backslash stays, so that showing twice changes nothing": ("\\x1b", "\\x1b"),
}


PLAIN = {
    "all of ASCII that is drawn": "".join(map(chr, range(0x20, 0x7F))),
    "what follows the variation selectors": "\ufe10",
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
def test_what_is_drawn_stays(text: str) -> None:
    assert visible(text + "\x1b") == text + "\\x1b"


@pytest.mark.parametrize(("raw", "shown"), SHOWN.values(), ids=SHOWN.keys())
def test_visible(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_everything_that_is_drawn_as_nothing_is_shown() -> None:
    hidden = [
        hex(code)
        for first, last in DRAWN_AS_NOTHING
        for code in range(first, last + 1)
        if visible(chr(code)) == chr(code)
    ]
    assert hidden == []


def test_no_character_acts_once_it_is_visible() -> None:
    acting = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    left = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if any(unicodedata.category(character) in acting for character in visible(chr(code)))
    ]
    assert left == []


@given(any_text)
def test_visible_is_total_and_idempotent(raw: str) -> None:
    shown = visible(raw)
    assert shown.isprintable()
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(any_text)
def test_a_text_prints_itself_harmlessly_and_keeps_what_was_written(raw: str) -> None:
    text = Text(raw)
    assert str(text) == visible(raw)
    assert text.raw == raw


@pytest.mark.parametrize("held", [Text("a\x1b"), Message("a {}", Text("b"))], ids=["a text", "a message"])
def test_no_string_swallows_a_text(held: Text | Message) -> None:
    told = "a Text or Message in an f-string would forget what is whose: use Message, or str() for output"
    for template in ("{}", "{:>8}"):
        with pytest.raises(TypeError, match=f"^{re.escape(told)}$"):
            template.format(held)  # type: ignore[misc]  # what mypy reports too


SWALLOWED: Final = """
from bo_sync.core.text import Message, Text
def said(text: Text, message: Message, several: list[Message], either: Text | None) -> list[str]:
    return [
        f"{text}",
        f"of {message}",
        f"{either or 'nobody'}",
        "{}".format(text),
        ", ".join(several),
        f"{text!s}",
        f"{text.raw}",
        ", ".join(map(str, several)),
    ]
"""


def test_mypy_finds_the_strings_that_would_swallow_a_text(tmp_path: Path) -> None:
    module = tmp_path / "said.py"
    module.write_text(SWALLOWED.lstrip(), encoding="utf-8")
    found, errors, _ = run(
        [f"--config-file={Path(__file__).parents[2] / 'pyproject.toml'}", f"--cache-dir={tmp_path}", str(module)]
    )
    assert errors == ""
    assert re.findall(r"said\.py:(\d+): error: others' words in a string of ours", found) == list("45678"), found


def test_a_message_is_a_string_that_knows_its_texts() -> None:
    email, inner = Text("j\x1b@example.com"), Message("is {}", Text("in {} here"))
    message = Message("{} {}, since {}: {}", email, inner, date(2026, 1, 31), 3)
    assert message == str(message) == r"j\x1b@example.com is in {} here, since 2026-01-31: 3"
    assert [part for part in message.parts if isinstance(part, Text)] == [email, Text("in {} here")]
    hidden = message.replaced(lambda text: Text(text.raw.upper()))
    assert hidden == r"J\x1b@EXAMPLE.COM is IN {} HERE, since 2026-01-31: 3"


def test_a_message_stays_one_where_words_or_messages_are_added() -> None:
    texts = [Text("a"), Text("b")]
    listed = "of " + Message.of(texts, ", ") + ": {}"
    assert (listed, [part for part in listed.parts if isinstance(part, Text)]) == ("of a, b: {}", texts)
    assert Message(listed) is listed
    assert Message.of(()) == Message() == NO_WORDS == ""
    assert Message.of(texts).parts == tuple(texts)
    assert Message("{} to {}", Text("a\x1b"), "b").raw == "a\x1b to b"


def _pickled(held: Message) -> Message:
    found: Message = pickle.loads(pickle.dumps(held))  # noqa: S301  # our own
    return found


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, _pickled])
def test_a_copy_of_a_message_knows_its_texts(copied: Callable[[Message], Message]) -> None:
    message = Message("a {} b", Text("{}"))
    assert (copied(message), copied(message).parts) == (message, message.parts)


@pytest.mark.parametrize("values", [(), (1,), (1, 2, 3)])
def test_each_place_of_a_template_takes_one_value(values: tuple[int, ...]) -> None:
    if values:
        with pytest.raises(ValueError, match="zip"):
            Message("{} and {}", *values)
    else:
        assert Message("{} and {}").parts == ("{} and {}",)


def test_a_message_takes_nothing_whose_texts_it_would_not_find() -> None:
    with pytest.raises(TypeError, match="Source in a message"):
        Message("at {}", Source(Text("users/a.yaml"), 1))


def test_addresses_are_compared_without_regard_to_the_case_of_a_to_z() -> None:
    assert Text("Jane@EXAMPLE.com").folded == Text("jane@example.COM").folded == "jane@example.com"


@pytest.mark.parametrize(
    ("theirs", "ours"), [("jac\u212a@", "jack@"), ("stra\u00dfe@", "strasse@"), ("o\ufb03ce@", "office@")]
)
def test_an_address_of_other_letters_is_another_address(theirs: str, ours: str) -> None:
    assert theirs.casefold() == ours
    assert Text(theirs).folded != Text(ours).folded
    assert Text(f"ABYZ{theirs}").folded == Text(f"abyz{theirs}").folded
    assert Text("Jane@example.com") != Text("jane@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("jose\u0301@example.com", "jos\u00e9@example.com", id="a letter and its accent"),
        pytest.param("H\u0331an@example.com", "\u1e96an@example.com", id="a capital that has no composed form"),
        pytest.param("a\u0323\u0307@example.com", "a\u0307\u0323@example.com", id="two accents in another order"),
        pytest.param("\u212bsa@example.com", "\u00c5sa@example.com", id="a sign that stands for a letter"),
        pytest.param("\uac00@example.com", "\u1100\u1161@example.com", id="a syllable and its parts"),
    ],
)
def test_addresses_that_unicode_calls_equal_are_one_address(one: str, other: str) -> None:
    assert Text(one).folded == Text(other).folded


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        pytest.param("Jos\u0301e", "Jo\u015be", id="a letter and its accent are composed"),
        pytest.param("  Jane ", "Jane", id="outer spaces go"),
        pytest.param("\tJane\n", "Jane", id="outer tabs and line breaks go"),
        pytest.param("van  der   Berg", "van der Berg", id="several spaces are one"),
        pytest.param("van\u00a0der\u202fBerg", "van der Berg", id="no-break spaces are spaces"),
        pytest.param("van\u2007der", "van der", id="a figure space is a space"),
        pytest.param("\u00a0\u2007 ", "", id="white space alone is nothing"),
        pytest.param("a\tb", "a\tb", id="an inner tab is not a space"),
        pytest.param("a\ud800 ", "a\ud800", id="a lone surrogate stays"),
    ],
)
def test_the_normal_form_of_a_text(raw: str, normal: str) -> None:
    assert normal_form(raw) == normal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("id 7", True, id="one digit"),
        pytest.param("id 1234567890", True, id="all digits"),
        pytest.param("id 123456789012345678", True, id="18 digits"),
        pytest.param("id 1234567890123456789", False, id="19 digits"),
        pytest.param("id ", False, id="no digit"),
        pytest.param("id x", False, id="a letter"),
        pytest.param("id 7@example.com", False, id="an address"),
        pytest.param("id7", False, id="no space"),
    ],
)
def test_a_name_of_an_id_is_not_an_address(name: str, *, expected: bool) -> None:
    assert is_id_name(Text(name)) is expected


def test_a_user_without_a_usable_address_is_called_by_the_id() -> None:
    assert id_name(7) == Text("id 7")


@given(any_text)
def test_the_normal_form_is_total_and_idempotent(raw: str) -> None:
    assert normal_form(normal_form(raw)) == normal_form(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("a-\x1b", True, id="characters that have an encoding"),
        pytest.param("a\ud7ff", True, id="the last before the surrogates"),
        pytest.param("a\ud800b", False, id="the first surrogate"),
        pytest.param("a\udabcb", False, id="a surrogate"),
        pytest.param("a\udfff", False, id="the last surrogate"),
        pytest.param("a\ue000", True, id="the first after the surrogates"),
    ],
)
def test_a_text_with_a_lone_surrogate_cannot_be_written(raw: str, *, expected: bool) -> None:
    assert Text(raw).is_writable is expected


@given(any_text)
def test_a_text_is_writable_exactly_when_a_file_can_hold_it(raw: str) -> None:
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        assert not Text(raw).is_writable
    else:
        assert Text(raw).is_writable


def test_texts_have_an_order_and_a_hash_of_their_characters() -> None:
    assert sorted([Text("b"), Text("a")]) == [Text("a"), Text("b")]
    assert len({Text("a"), Text("a"), Text("b")}) == 2
