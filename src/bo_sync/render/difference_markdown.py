"""Who gained and who lost what, as Markdown for a pull request: the verdict, then what nobody may overlook, unfolded.

Whatever is not ours stands in a `<code>` element, as entities: neither markup nor a mention, and no cell breaks.
"""

from collections.abc import Iterable, Iterator, Sequence

from bo_sync.access.place import Place
from bo_sync.core.guards import Loosened
from bo_sync.render.difference import Difference, Move, by_risk, verdict
from bo_sync.render.escape import markdown, markdown_code
from bo_sync.render.guards import after_of, before_of


def difference_markdown(found: Difference, *, explain: bool = False) -> str:
    """The whole difference; what needs no attention is folded. `explain` names every menu item and operation."""
    return "\n".join(_lines(found, explain=explain)) + "\n"


def _lines(found: Difference, *, explain: bool) -> Iterator[str]:
    yield f"**{verdict(found)}**"
    moves = by_risk(found.people)
    if found.loosened:
        yield from ("", "**Guards loosened**", "", *_table(("guard", "before", "after"), _guards(found.loosened)))
    if moves.delicate:
        yield from ("", "**Needs attention**", "", *_rows(moves.delicate, explain=explain))
    folded = (("Access gained", moves.gained), ("Access lost", moves.lost), ("No effect on access", moves.idle))
    for title, rows in folded:
        if rows:
            yield from ("", f"<details><summary>{title} ({len(rows)})</summary>", "")
            yield from (*_rows(rows, explain=explain), "", "</details>")
    yield from ("", f"From {_place(found.base)} to {_place(found.head)}.")


def _place(place: Place) -> str:
    return f"{markdown_code(place.name) if place.revision else place.name} ({markdown(place.facts)})"


def _guards(loosened: Iterable[Loosened]) -> Iterator[tuple[str, ...]]:
    for entry in loosened:
        yield tuple(map(markdown_code, (entry.guard, before_of(entry), after_of(entry))))


def _rows(moves: Sequence[Move], *, explain: bool) -> Iterator[str]:
    return _table(("", "who", "grants", "means", "where"), (_cells(move, explain=explain) for move in moves))


def _cells(move: Move, *, explain: bool) -> tuple[str, ...]:
    person = move.person
    return (
        move.symbol if move.symbol in "▲▼" else markdown_code(move.symbol),
        markdown_code(person.email.raw),
        markdown(move.told),
        markdown(move.means(explain=explain)),
        markdown_code(person.source.short.raw) if person.source else "",
    )


def _table(head: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)
