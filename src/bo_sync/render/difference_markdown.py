"""Who gained and who lost what, as Markdown for a pull request: the verdict, then what nobody may overlook, unfolded.

Whatever is not ours stands in a `<code>` element, as entities: neither markup nor a mention, and no cell breaks.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from bo_sync.access.place import Place
from bo_sync.render.comment import COMMENT_LIMIT, Block, Cells, Detail, code, fitted, said, table
from bo_sync.render.difference import Difference, Move, by_risk, verdict
from bo_sync.render.escape import markdown, markdown_code
from bo_sync.render.markdown_checks import loosened_table

_WHOLE: Final = "The whole difference is in the JSON, and in `bo-sync diff --format text`."
_HEAD: Final = ("", "who", "grants", "means", "where")


def difference_markdown(found: Difference, *, explain: bool = False, limit: int = COMMENT_LIMIT) -> str:
    """A difference in at most `limit` bytes; what needs no attention is folded. `explain` names every menu item and
    operation, while there is room."""
    return fitted(lambda detail: _blocks(found, detail), limit, _WHOLE, explain=explain)


def _blocks(found: Difference, detail: Detail) -> Iterator[Block]:
    yield said(f"**{verdict(found)}**")
    moves = by_risk(found.people)
    if found.loosened:
        yield _unfolded("Guards loosened", loosened_table(found.loosened, detail))
    if moves.delicate:
        yield _unfolded(
            "Needs attention", _table(moves.delicate, detail, detail.most(len(moves.delicate), detail.rows))
        )
    sections = (("Access gained", moves.gained), ("Access lost", moves.lost), ("No effect on access", moves.idle))
    for title, rows in sections:
        if rows:
            grave = sum(move.gravity.is_change_to_review for move in rows)
            yield _folded(f"{title} ({len(rows)})", _table(rows, detail, detail.most(grave, detail.folded)))
    yield said(f"From {_place(found.base)} to {_place(found.head)}.")


def _unfolded(title: str, rows: Block) -> Block:
    return Block((f"**{title}**", "", *rows.lines), rows.shown, rows.rows)


def _folded(title: str, rows: Block) -> Block:
    if not rows.shown:
        return Block((f"{title}: not shown here.",), 0, rows.rows)
    lines = (f"<details><summary>{title}</summary>", "", *rows.lines, "", "</details>")
    return Block(lines, rows.shown, rows.rows)


def _place(place: Place) -> str:
    return f"{markdown_code(place.name) if place.revision else place.name} ({markdown(place.facts)})"


def _table(moves: Sequence[Move], detail: Detail, most: int | None) -> Block:
    return table(_HEAD, [partial(_cells, move, detail) for move in moves], most)


def _cells(move: Move, detail: Detail) -> Cells:
    person = move.person
    return (
        move.symbol if move.symbol in "▲▼" else markdown_code(move.symbol),
        code(person.email.raw, detail),
        markdown(move.told),
        markdown(move.means(explain=detail.explain)),
        code(person.source.short.raw, detail) if person.source else "",
    )
