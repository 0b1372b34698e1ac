"""Escaping for untrusted text: one function per output sink. Each is total and idempotent.

All of them first make visible what could act, hide or reorder (`core/text.py`). Idempotence has a price where a sink
has entities: an entity that we could have written is kept, so a raw `&#60;` is shown as `<`, as inert as any other
character.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from bo_sync.core.text import visible

_COMMAND: Final = re.compile(r"(?<![^ ])::|##(?=\w*\[)")
"""What a pipeline's log reads as a command: `::` at the start of a line (or of a word, which wrapping may put there),
and `##[`, `##vso[` and the like anywhere."""


def terminal(line: str) -> str:
    r"""`line` for a terminal or a pipeline's log: one line without effects. A newline becomes `\n`."""
    shown = visible(line)
    if "::" not in shown and "##" not in shown:  # true for most lines, and the search takes most of the time
        return shown
    return _COMMAND.sub(lambda found: r"\x3a:" if found.group() == "::" else r"#\x23", shown)


def json_text(document: Mapping[str, object] | Sequence[object]) -> str:
    """`document` as JSON in ASCII, without commands for a log: in `##`, one `#` is an escape."""
    return json.dumps(document, indent=2, ensure_ascii=True).replace("##", r"#\u0023") + "\n"


_SIGNS: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_FORMULA: Final = re.compile(rf"""(\A)(?= *[{_SIGNS}\t\r])|(;)(?=[ "]*[{_SIGNS}])""")
"""Where a formula would begin: at the start of a cell, or after what may be read as its end. In locales with decimal
commas, a spreadsheet splits cells at semicolons, where our quotation marks do not begin a cell and do nothing."""


def csv_cell(text: str) -> str:
    """`text` for a cell of a spreadsheet: never a formula. The CSV writer quotes the cell."""
    return visible(_FORMULA.sub(r"\g<0>'", text))


def _entities(characters: str, also: str = "") -> re.Pattern[str]:
    """Finds `characters`, what matches `also`, and the entities of any of these."""
    codes = "|".join(str(ord(character)) for character in f"{characters}.")
    return re.compile(f"&#(?:{codes});|[{re.escape(characters)}]{also}")


_HTML: Final = _entities("&<>\"'")
_NOTHING: Final = "<!---->"
_AT: Final = "&#64;"
_MARKDOWN: Final = re.compile(
    f"{_NOTHING}{_AT}|" + _entities("&<>\"'`|@*_~[]()!#\\:$", also=r"|(?<=[wW]{3})\.").pattern
)


def html(text: str) -> str:
    """`text` for an HTML text node or a quoted attribute."""
    return _HTML.sub(_entity, visible(text))


def markdown(text: str) -> str:
    """`text` for the inside of a `<code>` in Markdown, in a table too: no markup, mention, link or reference.

    GitHub's parser links an address within one piece of text, in a `<code>` and from entities too; an empty HTML
    comment splits it into two pieces.
    """
    return _MARKDOWN.sub(_inert, visible(text))


def _inert(found: re.Match[str]) -> str:
    entity = _entity(found)
    return f"{_NOTHING}{entity}" if entity == _AT else entity


def markdown_code(text: str) -> str:
    """`text` as a whole `<code>` element: the only form of untrusted text in our Markdown."""
    return f"<code>{markdown(text)}</code>"


def _entity(found: re.Match[str]) -> str:
    return found.group() if len(found.group()) > 1 else f"&#{ord(found.group())};"
