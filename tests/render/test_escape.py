"""Each escaper is total, idempotent, and leaves nothing that its sink would act upon."""

import json
import re
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.render.escape import csv_cell, html, json_text, markdown, markdown_code, terminal
from tests.support.hostile import HOSTILE

ESCAPERS: Final[dict[str, Callable[[str], str]]] = {
    "terminal": terminal,
    "csv": csv_cell,
    "html": html,
    "markdown": markdown,
}
PIECES: Final = st.sampled_from(
    ["::", "##[", "##vso[", " ", "=", "@", "&", "&#38;", "&#x202e;", "\n", "\t", "'", "`", "|"]
)
ANY_TEXT: Final = st.one_of(
    st.text(st.characters()),
    st.lists(PIECES | st.text(st.characters(), max_size=3)).map("".join),
    st.sampled_from(sorted(HOSTILE.values())),
)


@pytest.mark.parametrize("escape", ESCAPERS.values(), ids=ESCAPERS)
@given(text=ANY_TEXT)
def test_escaping_is_total_visible_and_idempotent(escape: Callable[[str], str], text: str) -> None:
    escaped = escape(text)
    assert escaped.isprintable()
    assert escape(escaped) == escaped


@given(text=ANY_TEXT)
def test_no_line_for_a_terminal_or_any_word_of_it_is_a_command(text: str) -> None:
    escaped = terminal(text)
    assert not any(word.startswith("::") for word in escaped.split(" "))
    assert not re.search(r"##\w*\[", escaped)


@given(text=ANY_TEXT)
def test_no_cell_is_a_formula(text: str) -> None:
    assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", csv_cell(text))


@given(text=ANY_TEXT)
def test_html_has_no_tag_quote_or_entity_but_ours(text: str) -> None:
    assert not set(html(text)) & set("<>\"'")
    assert not re.search(r"&(?!#(?:38|60|62|34|39);)", html(text))


@given(text=ANY_TEXT)
def test_markdown_has_no_markup_mention_link_or_cell_boundary(text: str) -> None:
    bare = re.sub(r"(?:<!---->)?&#64;|&#\d+;", "", markdown(text))
    assert not set(bare) & set("&<>\"'`|@*_~[]()!#\\:$")
    assert "www." not in bare.lower()


PRINTED: Final = "".join(map(chr, range(0x20, 0x7F)))
"""All of ASCII that is drawn."""


def entities(characters: str) -> str:
    """ASCII with these characters, and no other, as entities."""
    return "".join(f"&#{ord(character)};" if character in characters else character for character in PRINTED)


IN_MARKDOWN: Final = entities("&<>\"'`|@*_~[]()!#\\:$").replace("&#64;", "<!---->&#64;")
PARTED: Final = "<!---->&#64;&#60;&#33;-- --&#62;"

SHOWN = [
    ("all that is drawn stays on a terminal", terminal, PRINTED, PRINTED),
    ("all that is drawn stays in a cell", csv_cell, PRINTED, PRINTED),
    ("five characters act in HTML", html, PRINTED, entities("&<>\"'")),
    ("twenty characters act in Markdown", markdown, PRINTED, IN_MARKDOWN),
    ("an address in Markdown is in two pieces, each once", markdown, "a@b &#64;", "a<!---->&#64;b <!---->&#64;"),
    ("a comment in Markdown stays only where it parts an address", markdown, "<!---->&#64;<!-- -->", PARTED),
    ("our entities stay in HTML", html, "&#38;&#60;&#62;&#34;&#39;", "&#38;&#60;&#62;&#34;&#39;"),
    ("another entity in HTML is text", html, "&#40; &#x3c; &#60 &lt;", "&#38;#40; &#38;#x3c; &#38;#60 &#38;lt;"),
    ("a letter's entity in HTML is text", html, "&#88;", "&#38;#88;"),
    ("our entities stay in Markdown", markdown, "&#46;&#40;&#58;&#36;", "&#46;&#40;&#58;&#36;"),
    ("another entity in Markdown is text", markdown, "&#41x &#45;", "&#38;&#35;41x &#38;&#35;45;"),
    ("a host is no link in Markdown", markdown, "www.a.b WwW.c ww.d", "www&#46;a.b WwW&#46;c ww.d"),
    ("a tab is written out in HTML", html, "a\tb", r"a\tb"),
    ("a tab is written out in Markdown", markdown, "a\tb", r"a&#92;tb"),
    ("an old command may have a word", terminal, "##vso[x]", r"#\x23vso[x]"),
    ("what is no old command stays", terminal, "## [x] ##a-b[x] ##", "## [x] ##a-b[x] ##"),
    ("each command of a line is defused", terminal, "::a ::b ##[c] ##[d]", r"\x3a:a \x3a:b #\x23[c] #\x23[d]"),
    ("a letter begins none", csv_cell, 'X;X;"X', 'X;X;"X'),
    ("an equals sign begins a formula", csv_cell, "=1", "'=1"),
    ("a plus begins a formula", csv_cell, "+1", "'+1"),
    ("a minus begins a formula", csv_cell, "-1", "'-1"),
    ("an at begins a formula", csv_cell, "@a", "'@a"),
    ("a wide equals sign begins a formula", csv_cell, "\uff1d1", "'\uff1d1"),
    ("a wide plus begins a formula", csv_cell, "\uff0b1", "'\uff0b1"),
    ("a wide minus begins a formula", csv_cell, "\uff0d1", "'\uff0d1"),
    ("a wide at begins a formula", csv_cell, "\uff20a", "'\uff20a"),
    ("a formula after blanks gets an apostrophe before them", csv_cell, "  =1", "'  =1"),
    ("a return before a formula gets an apostrophe", csv_cell, "\r=1", r"'\r=1"),
    ("a sign within is no formula", csv_cell, "1+1", "1+1"),
    ("a formula behind a semicolon gets an apostrophe", csv_cell, "x;=1;+2;y", "x;'=1;'+2;y"),
    ("so does one behind blanks and quotation marks", csv_cell, 'x; "=1', "x;' \"=1"),
    ("so does a wide one", csv_cell, "x;\uff1d1", "x;'\uff1d1"),
    ("a semicolon before anything else stays", csv_cell, "a;b; c;1", "a;b; c;1"),
    ("what begins neither a formula nor with blanks stays", csv_cell, "tr,", "tr,"),
    ("blanks alone stay in a cell", csv_cell, "  a", "  a"),
    ("what is harmless stays as it is", terminal, "Zoë O'Neill (sales) ab::cd 山田", "Zoë O'Neill (sales) ab::cd 山田"),
    ("an address with an IPv6 host stays", terminal, "http://[::1]:8080/", "http://[::1]:8080/"),
    ("a newline is written out", terminal, "a\nb", r"a\nb"),
    ("a command at the beginning is defused", terminal, "::error::x", r"\x3a:error::x"),
    ("a command after blanks is defused", terminal, "a  ::error", r"a  \x3a:error"),
    ("an old command is defused anywhere", terminal, "x##[error]y", r"x#\x23[error]y"),
    ("an escape sequence is written out", terminal, "\x1b[31m", r"\x1b[31m"),
    ("a formula gets an apostrophe", csv_cell, "=1+1", "'=1+1"),
    ("a formula after a tab gets one too", csv_cell, "\t=1", r"'\t=1"),
    ("a name stays a name in a cell", csv_cell, "Jane = Doe", "Jane = Doe"),
    ("a tag becomes text in HTML", html, "<b>&", "&#60;b&#62;&#38;"),
    ("a hidden bidi entity is not let through", html, "&#8238;", "&#38;#8238;"),
    ("code in Markdown is one element", markdown_code, "a|b@c", "<code>a&#124;b<!---->&#64;c</code>"),
    ("no text can close the element", markdown_code, "</code>`", "<code>&#60;/code&#62;&#96;</code>"),
]


@pytest.mark.parametrize(("escape", "text", "shown"), [case[1:] for case in SHOWN], ids=[case[0] for case in SHOWN])
def test_escaped_text(escape: Callable[[str], str], text: str, shown: str) -> None:
    assert escape(text) == shown


def test_json_is_ascii_of_two_blanks_without_an_old_command() -> None:
    document = {"name": "Zo\u00eb ##[error]", "##": [1]}
    printed = json_text(document)
    assert printed == '{\n  "name": "Zo\\u00eb #\\u0023[error]",\n  "#\\u0023": [\n    1\n  ]\n}\n'
    assert json.loads(printed) == document
