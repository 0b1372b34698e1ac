"""The parts of a Markdown comment: cells, tables, folds, and less detail until it fits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bo_sync.core.text import Text, visible
from bo_sync.render.escape import markdown, markdown_code
from bo_sync.render.layout import Pieces, Row

COMMENT_LIMIT: Final = 65_000
"""Bytes. GitHub takes 65,536 characters in a comment."""
SUMMARY_LIMIT: Final = 950_000
"""Bytes. GitHub takes 1 MiB in the summary of a step, with what else it says; GitLab a million characters in a note."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told: most rows of a table that needs attention, and of one that is folded (None is all of them);
    and most characters of somebody else's in one cell, however much room there is.

    `grave` are the rows of the gravest kinds that stay longer than the others."""

    explain: bool = False
    rows: int | None = None
    folded: int | None = None
    cell: int = 2_000
    grave: int = 50

    def most(self, grave: int, rows: int | None) -> int | None:
        """Most rows of a table that begins with `grave` rows of the gravest kinds; `rows` are for the others."""
        return None if rows is None else max(rows, min(grave, self.grave))

    @property
    def blocked(self) -> int | None:
        """Most rows of one thing that blocks: at least three while there is room for any grave row."""
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
    """Lines, and how many rows of how many stand in them."""

    lines: tuple[str, ...] = ()
    shown: int = 0
    rows: int = 0


Blocks = Iterable[Block]


def fitted(tell: Callable[[Detail], Blocks], limit: int, whole: str, *, explain: bool = False) -> str:
    """What `tell` says in as much detail as `limit` bytes hold; `whole` says where all of it can be read.

    The note on what is left out stands below the first block.
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
    """A sentence of ours; what stands between backticks becomes code."""
    return "".join(
        markdown_code(part) if number % 2 else markdown(part) for number, part in enumerate(words.split("`"))
    )


def code(raw: str, detail: Detail) -> str:
    """Somebody else's words, cut where there is no room for all of them; nothing for none."""
    shown = visible(raw[: detail.cell + 1])
    if len(shown) > detail.cell:
        shown = shown[: detail.cell] + "…"
    return markdown_code(shown) if shown else ""


def sentence(pieces: Pieces, detail: Detail) -> str:
    """Words of ours as prose, others' as code."""
    return "".join(code(piece.raw, detail) if isinstance(piece, Text) else prose(piece) for piece in pieces)


def effect(entry: Row, detail: Detail) -> str:
    """What happens in a row of a plan; without pieces nobody knows whose words these are."""
    topic = f"{markdown_code(entry.topic)} " if entry.topic else ""
    return topic + (sentence(entry.pieces, detail) if entry.pieces else code(entry.effect, detail))


def symbol(entry: Row) -> str:
    return entry.symbol if entry.symbol in "▲▼" else markdown_code(entry.symbol)


Cells = tuple[str, ...]


def table(head: Sequence[str], rows: Sequence[Callable[[], Cells]], most: int | None = None) -> Block:
    """A table of the first `most` rows, each made only if it is shown; columns that are empty all down are left out.

    What is not shown is counted below.
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
    """A block under a heading; `title` is ours, or escaped."""
    return Block((f"#### {title}", "", *block.lines), block.shown, block.rows)


def folded(title: str, block: Block) -> Block:
    """A block that opens with a click; one line where there was no room for any of its rows."""
    if block.rows and not block.shown:
        return Block((f"{title}: not shown here.",), 0, block.rows)
    lines = ("<details>", f"<summary>{title}</summary>", "", *block.lines, "", "</details>")
    return Block(lines, block.shown, block.rows)
