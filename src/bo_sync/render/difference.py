"""Who gained and who lost what, as text: loosened guards, then the rows by risk, and one counted sentence.

Each row is one person's gain, or loss, as a whole: what several grants open together belongs to no single one of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bo_sync.access.difference import EndStep, GrantStep, PersonDifference
from bo_sync.access.place import Place
from bo_sync.core.diff import PROTECTED
from bo_sync.core.effect import Shift
from bo_sync.core.guards import Loosened
from bo_sync.core.model import Span
from bo_sync.render.escape import terminal
from bo_sync.render.gravity import Gravity, gravity_of_gain
from bo_sync.render.guards import guard_rows, guards_verdict
from bo_sync.render.layout import Page, Row, Tone, lay_out, measure, row
from bo_sync.render.meanings import DELICATE, has_ability, is_grave, meaning
from bo_sync.render.phrases import address, level, people, step
from bo_sync.render.sections import Section

_KEPT: Final = "!"
"""The symbol of what the files no longer give, and the hub keeps."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that is told of two sides: guards that the second one loosens, and people who differ."""

    base: Place
    head: Place
    loosened: tuple[Loosened, ...]
    people: tuple[PersonDifference, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One row before it is written: the user's gain, or loss; `grants` and `ends` are those that changed that way."""

    person: PersonDifference
    grants: tuple[GrantStep, ...]
    shift: Shift
    symbol: str
    ends: tuple[EndStep, ...] = ()

    @property
    def told(self) -> str:
        """`pricing viewer → editor`; who joins or leaves has only one level to tell."""
        person = self.person
        if person.kept is not None:
            rule = PROTECTED if person.kept == PROTECTED else f"`unmanaged: {person.kept}`"
            cause = "leaves the files" if person.kept == PROTECTED else "has no file any more"
            cause = cause if person.left else f"differs in the files ({self.steps})"
            return f"{cause}; the hub keeps the account and all access ({rule})"
        if self.symbol == _KEPT:
            return f"{self.steps} in the files; the hub keeps it, because the role is not managed any more"
        if not (person.joined or person.left):
            return self.steps
        ends = "".join(f"; {end_told(end)}" for end in self.ends)
        return f"{'joins with' if person.joined else 'leaves; loses'} {self.held}{ends}"

    @property
    def steps(self) -> str:
        """`pricing viewer → editor`, for each grant."""
        steps = (f"{grant.role} {step(grant.role, grant.before, grant.after)}" for grant in self.grants)
        return ", ".join((*steps, *map(end_told, self.ends))) or "the same grants"

    @property
    def gravity(self) -> Gravity:
        """How grave it is, by the same order as the changes of a plan."""
        roles = {grant.role for grant in self.grants} | {end.role for end in self.ends}
        is_delicate = is_grave(self.shift) or not roles.isdisjoint(DELICATE)
        if self.symbol == _KEPT or (self.person.left and self.symbol == "-"):
            return Gravity.DELETION
        if self.symbol in "+▲":
            after = {end.role: max(end.after.access, end.after.then) for end in self.ends if end.role is not None}
            after |= {grant.role: grant.after for grant in self.grants if grant.role not in after}
            return gravity_of_gain(after, is_delicate=is_delicate, has_capability=has_ability(self.shift))
        return Gravity.OWNERSHIP_LOST if is_delicate else Gravity.LOSS

    @property
    def held(self) -> str:
        """`pricing viewer, logistics owner`: all of somebody's grants, on the side where they are."""
        levels = (f"{grant.role} {level(grant.role, max(grant.before, grant.after))}" for grant in self.grants)
        return ", ".join(levels) or "no access"

    def means(self, *, explain: bool) -> str:
        """What it lets the person do, more or less; "" for who joins or leaves without access.

        Of somebody whom the hub keeps it is what the files gave last.
        """
        if self.person.kept is not None:
            return f"by the files it was {self.held}" if self.grants and self.person.left else ""
        is_move = (self.symbol != _KEPT and bool(self.grants)) or not self.shift.is_nothing
        return meaning(self.shift, explain=explain) if is_move else ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Every move, in the one place where it is shown; each list is by gravity, then in the order of the addresses."""

    delicate: tuple[Move, ...]
    gained: tuple[Move, ...]
    lost: tuple[Move, ...]
    idle: tuple[Move, ...]


def by_risk(differing: Sequence[PersonDifference]) -> Sorted:
    """First those who gain something about Roles & permissions or API keys, or anything else that is grave, and those
    who have no file any more and keep all that they have."""
    rises = [move for person in differing for move in _rises(person)]
    rest = [person for person in differing if not person.kept]
    return Sorted(
        delicate=_gravest_first(move for move in rises if _is_delicate(move)),
        gained=_gravest_first(move for move in rises if not _is_delicate(move)),
        lost=_gravest_first(_loss(person) for person in rest if person.loses),
        idle=tuple(_idle(person) for person in rest if not (person.gains or person.loses or person.kept_grants)),
    )


def _is_delicate(move: Move) -> bool:
    return move.gravity.is_change_to_review


def _gravest_first(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(sorted(moves, key=lambda move: move.gravity))


def _gain(person: PersonDifference) -> Move:
    shift = Shift(opened=person.shift.opened, gained=person.shift.gained)
    return Move(person, person.gained, shift, "+" if person.joined else "▲", person.longer)


def end_told(end: EndStep) -> str:
    """`pricing editor until 2026-12-01 → editor without end`, `account until 2026-12-05 → until 2099-12-05`."""
    return f"{end.role or 'account'} {span_told(end, end.before)} → {span_told(end, end.after)}"


def span_told(end: EndStep, span: Span) -> str:
    """`editor until 2026-12-01`, `none until 2026-12-20, then owner`; of an account the end only."""
    if end.role is None:
        return _until(span)
    then = f", then {level(end.role, span.then)}" if span.until and span.then else ""
    return f"{level(end.role, span.access)} {_until(span)}{then}"


def _until(span: Span) -> str:
    return f"until {span.until}" if span.until else "without end"


def _rises(person: PersonDifference) -> Iterator[Move]:
    """What is listed before the losses: what the hub keeps, and gains."""
    if person.kept is not None:
        yield Move(person, person.steps, Shift(), _KEPT, person.ends)
    if person.kept_grants:
        yield Move(person, person.kept_grants, Shift(), _KEPT)
    if person.gains:
        yield _gain(person)


def _loss(person: PersonDifference) -> Move:
    shift = Shift(closed=person.shift.closed, lost=person.shift.lost)
    return Move(person, person.lost, shift, "-" if person.left else "▼", person.sooner)


def _idle(person: PersonDifference) -> Move:
    return Move(person, (), Shift(), "+" if person.joined else "-")


def difference_text(found: Difference, *, width: int | None, color: bool, explain: bool = False) -> str:
    """The whole difference; `explain` names every menu item and operation. Without `width` each row is one line."""
    return "".join(f"{line}\n" for line in _lines(found, Page(width, color), explain=explain))


def _lines(found: Difference, page: Page, *, explain: bool) -> Iterator[str]:
    base, head = found.base, found.head
    header = f"Access from {base.name} ({base.facts}) to {head.name} ({head.facts})"
    yield from page.hang("", terminal(header))
    yield ""
    parts = list(_sections(found, explain=explain))
    columns = measure(entry for part in parts for entry in part.rows)
    for part in parts:
        yield page.paint(part.title, Tone.TITLE)
        yield from lay_out(part.rows, columns, page)
        yield ""
    yield from page.hang("", verdict(found))


def _sections(found: Difference, *, explain: bool) -> Iterator[Section]:
    moves = by_risk(found.people)
    titled = (
        ("Guards loosened", guard_rows(found.loosened)),
        ("Needs attention", _rows(moves.delicate, explain=explain)),
        ("Access gained", _rows(moves.gained, explain=explain)),
        ("Access lost", _rows(moves.lost, explain=explain)),
        ("No effect on access", _rows(moves.idle, explain=explain)),
    )
    yield from (Section(title, tuple(rows)) for title, rows in titled if rows)


def _rows(moves: Sequence[Move], *, explain: bool) -> list[Row]:
    return [_row(move, explain=explain) for move in moves]


def _row(move: Move, *, explain: bool) -> Row:
    person = move.person
    source = str(person.source.short) if person.source else ""
    return row(move.symbol, address(person.email), move.told, source=source, meaning=move.means(explain=explain))


def verdict(found: Difference) -> str:
    """`3 people differ: 2 gain access, 1 loses access; 1 joined. 1 guard is loosened.`"""
    return " ".join(filter(None, (_people_verdict(found.people), guards_verdict(len(found.loosened)))))


def _people_verdict(differing: Sequence[PersonDifference]) -> str:
    if not differing:
        return "Nobody gains or loses access."
    gain, lose = sum(person.gains for person in differing), sum(person.loses for person in differing)
    joined, left = sum(person.joined for person in differing), sum(person.left for person in differing)
    kept = sum(person.left and person.kept is not None for person in differing)
    protected = sum(not person.left and person.kept is not None for person in differing)
    unmanaged, left = sum(bool(person.kept_grants) for person in differing), left - kept
    moves = (
        kept and f"{kept} {'keeps' if kept == 1 else 'keep'} all access without a file",
        protected and f"{protected} {'keeps' if protected == 1 else 'keep'} all access as protected",
        unmanaged and f"{unmanaged} {'keeps' if unmanaged == 1 else 'keep'} access in an unmanaged role",
        gain and f"{gain} {'gains' if gain == 1 else 'gain'} access",
        lose and f"{lose} {'loses' if lose == 1 else 'lose'} access",
        joined and f"{joined} joined",
        left and f"{left} left",
    )
    differ = "differs" if len(differing) == 1 else "differ"
    return f"{people(len(differing))} {differ}: {', '.join(move for move in moves if move)}."
