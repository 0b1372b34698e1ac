"""The parts of a Markdown comment: cells, tables, folds, and less detail until it fits.

Foreign text is in a `<code>` element, as entities, where no forge looks for markup, mentions or links. A comment that
is too long loses detail step by step, never a count.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bo_sync.core.text import Text, visible
from bo_sync.render.escape import markdown, markdown_code
from bo_sync.render.layout import Pieces, Row

COMMENT_LIMIT: Final = 65_000
"""Bytes. GitHub accepts 65,536 characters in a comment."""
SUMMARY_LIMIT: Final = 950_000
"""Bytes. GitHub accepts 1 MiB in a step's summary, with its other text; GitLab a million characters in a note."""


@dataclass(frozen=True, slots=True)
class Detail:
    """Maximum number of rows of a table that needs attention, and of a folded one (None: all); and of untrusted
    characters in one cell, however much room there is.

    `grave` rows, of the gravest kinds, are kept longer than the others."""

    explain: bool = False
    rows: int | None = None
    folded: int | None = None
    cell: int = 2_000
    grave: int = 50

    def most(self, grave: int, rows: int | None) -> int | None:
        """Maximum rows of a table that begins with `grave` rows of the gravest kinds; `rows` limits the others."""
        return None if rows is None else max(rows, min(grave, self.grave))

    @property
    def blocked(self) -> int | None:
        """Maximum rows of one guardrail or policy that blocks: at least three while any grave row fits."""
        return self.most(3, self.rows)


_STEPS: Final = (
    Detail(),
    Detail(folded=100),
    Detail(folded=20),
    Detail(folded=0),
    Detail(folded=0, cell=500),
    *(Detail(folded=0, rows=rows, cell=200) for rows in (800, 600, 400, 300, 200, 150, 100)),
    Detail(folded=0, rows=40, cell=120),
    Detail(folded=0, rows=12, cell=80),
    Detail(folded=0, rows=3, cell=60),
    *(Detail(folded=0, rows=0, cell=40, grave=grave) for grave in (50, 25, 12, 6, 3, 0)),
)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines, and how many rows of how many they show."""

    lines: tuple[str, ...] = ()
    shown: int = 0
    rows: int = 0


Blocks = Iterable[Block]


def fitted(tell: Callable[[Detail], Blocks], limit: int, whole: str, *, explain: bool = False) -> str:
    """The text of `tell` in as much detail as `limit` bytes hold; `whole` names where all of it can be read.

    The note on left-out rows is below the first block.
    """
    text = ""
    for detail in (Detail(explain=True), *_STEPS) if explain else _STEPS:
        text = _written(list(tell(detail)), whole)
        if len(text.encode()) <= limit:
            break
    return text


def _written(blocks: Sequence[Block], whole: str) -> str:
    shown, rows = sum(block.shown for block in blocks), sum(block.rows for block in blocks)
    lines = list(blocks[0].lines)
    if shown < rows:
        lines += ["", f"{shown} of {rows} rows are shown, to fit; every count is of the whole. {prose(whole)}"]
    for block in blocks[1:]:
        lines += ["", *block.lines] if block.lines else []
    return "\n".join(lines) + "\n"


def said(*lines: str) -> Block:
    """Lines without a table."""
    return Block(lines)


def prose(words: str) -> str:
    """Our own sentence; text between backticks becomes code."""
    return "".join(
        markdown_code(part) if number % 2 else markdown(part) for number, part in enumerate(words.split("`"))
    )


def code(raw: str, detail: Detail) -> str:
    """Untrusted words, cut where there is no room for all of them; "" for none."""
    shown = visible(raw[: detail.cell + 1])
    if len(shown) > detail.cell:
        shown = shown[: detail.cell] + "…"
    return markdown_code(shown) if shown else ""


def sentence(pieces: Pieces, detail: Detail) -> str:
    """Our own words as prose, untrusted ones as code."""
    return "".join(code(piece.raw, detail) if isinstance(piece, Text) else prose(piece) for piece in pieces)


def effect(entry: Row, detail: Detail) -> str:
    """The effect in a row of a plan; without pieces all words count as untrusted."""
    topic = f"{markdown_code(entry.topic)} " if entry.topic else ""
    return topic + (sentence(entry.pieces, detail) if entry.pieces else code(entry.effect, detail))


def symbol(entry: Row) -> str:
    return entry.symbol if entry.symbol in "▲▼" else markdown_code(entry.symbol)


Cells = tuple[str, ...]


def table(head: Sequence[str], rows: Sequence[Callable[[], Cells]], most: int | None = None) -> Block:
    """A table of the first `most` rows, each made only if it is shown; empty columns are left out.

    Rows that are not shown are counted below.
    """
    made = [row() for row in rows[:most]]
    left = len(rows) - len(made)
    more = (f"{len(made)} of {len(rows)} rows are shown.",) if left else ()
    if not made:
        return Block(more, 0, len(rows))
    used = [number for number in range(len(head)) if any(cells[number] for cells in made)]
    lines = _table([head[number] for number in used], ([cells[number] for number in used] for cells in made))
    return Block((*lines, *(("", *more) if more else ())), len(made), len(rows))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)


def unfolded(title: str, block: Block) -> Block:
    """A block under a heading; `title` is our own or escaped."""
    return Block((f"#### {title}", "", *block.lines), block.shown, block.rows)


def folded(title: str, block: Block) -> Block:
    """A folded block; one line where none of its rows fits."""
    if block.rows and not block.shown:
        return Block((f"{title}: not shown here.",), 0, block.rows)
    lines = ("<details>", f"<summary>{title}</summary>", "", *block.lines, "", "</details>")
    return Block(lines, block.shown, block.rows)
