"""Comments as a forge shows them: read by GitHub's own parser and, independently, by another one that links eagerly."""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from html.parser import HTMLParser
from importlib import import_module
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

GITHUB: Final = import_module("cmarkgfm")  # it has no types
RAW_HTML: Final[int] = import_module("cmarkgfm.cmark").Options.CMARK_OPT_UNSAFE
OURS: Final = frozenset(
    ("code", "details", "summary", "sub", "strong", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td")
)
"""The elements that a comment is made of."""


@dataclass
class Page(HTMLParser):
    """What an HTML page shows: its elements, what is prose, and what stands in a `<code>` each."""

    elements: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)
    prose: str = ""
    code: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    is_code: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "code":
            self.is_code = True
            self.code.append("")
        elif tag == "tr":
            self.rows.append(0)
        elif tag in {"td", "th"}:
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self.is_code = False
        self.prose += "" if tag == "code" else "\n"

    def handle_data(self, data: str) -> None:
        if self.is_code:
            self.code[-1] += data
        else:
            self.prose += data

    def handle_comment(self, data: str) -> None:
        self.comments += [data] if data else []


def as_github_shows(markdown: str) -> Page:
    """The comment through GitHub's parser, raw HTML kept."""
    return _page(GITHUB.github_flavored_markdown_to_html(markdown, RAW_HTML))


def as_others_show(markdown: str) -> Page:
    """The comment through markdown-it, with tables, raw HTML and links."""
    return _page(_other().renderer.render(_parsed(markdown), _other().options, {}))


@lru_cache(maxsize=16)
def _parsed(markdown: str) -> list[Token]:
    return _other().parse(markdown)


@cache
def _other() -> MarkdownIt:
    """markdown-it, but that it links no bare host such as `policies.ad`, as no forge does."""
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})
    return reader


def _page(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page


def tokens(markdown: str) -> list[Token]:
    """Every token of markdown-it, those within lines too."""
    return [token for outer in _parsed(markdown) for token in (outer, *(outer.children or ()))]


def check_comment(markdown: str) -> None:
    """Only our own elements; one marker; nothing that a forge would link, mention, load or take for a command."""
    _check_page(as_github_shows(markdown))
    if len(markdown) < _LONG:
        _check_page(as_others_show(markdown))
        kinds = {token.type for token in tokens(markdown)}
        assert not kinds & {"link_open", "image", "code_block", "fence"}, kinds


_LONG: Final = 100_000
"""So much the other parser would read for minutes."""


def _check_page(page: Page) -> None:
    assert page.elements <= OURS, page.elements - OURS
    assert page.attributes <= {"style", "align"}, page.attributes
    assert len(page.comments) == 1
    assert not re.search(r"@|://|www\.|(?<!\w)#\d|:\w+:", page.prose), page.prose
