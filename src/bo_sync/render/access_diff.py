"""Access diffs as text, JSON and Markdown: weakened guards first, then rows by risk, then counts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bo_sync.access.access_diff import EndStep, GrantDifference, UserDifference
from bo_sync.access.provenance import Provenance
from bo_sync.core.changes import Shift
from bo_sync.core.diff import PROTECTED
from bo_sync.core.model import Span
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.escape import markdown, markdown_code, terminal
from bo_sync.render.guardrails import guard_rows, guards_verdict
from bo_sync.render.json import envelope
from bo_sync.render.layout import Page, Row, Tone, lay_out, measure, row
from bo_sync.render.markdown_blocks import COMMENT_LIMIT, Block, Cells, Detail, code, fitted, said, table
from bo_sync.render.markdown_checks import weakened_table
from bo_sync.render.sections import DELICATE, Gravity, Section, gravity_of_gain, has_ability, is_grave, meaning
from bo_sync.render.wording import address, level, step, users

_KEPT: Final = "!"
"""The symbol of access that the files no longer give, but the hub keeps."""


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """The difference between two sides: guards that the second one weakens, and users who differ."""

    base: Provenance
    head: Provenance
    weakened: tuple[Weakened, ...]
    users: tuple[UserDifference, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One row: the user's gain or loss; `grants` and `ends` are those that changed that way."""

    user: UserDifference
    grants: tuple[GrantDifference, ...]
    shift: Shift
    symbol: str
    ends: tuple[EndStep, ...] = ()

    @property
    def told(self) -> str:
        """`pricing viewer → editor`; a user who joins or leaves has only one level."""
        user = self.user
        if user.kept is not None:
            rule = PROTECTED if user.kept == PROTECTED else f"`unmanaged: {user.kept}`"
            cause = "leaves the files" if user.kept == PROTECTED else "has no file any more"
            cause = cause if user.left else f"differs in the files ({self.steps})"
            return f"{cause}; the hub keeps the account and all access ({rule})"
        if self.symbol == _KEPT:
            return f"{self.steps} in the files; the hub keeps it, because the role is not managed any more"
        if not (user.joined or user.left):
            return self.steps
        ends = "".join(f"; {end_told(end)}" for end in self.ends)
        return f"{'joins with' if user.joined else 'leaves; loses'} {self.held}{ends}"

    @property
    def steps(self) -> str:
        """`pricing viewer → editor`, for each grant."""
        steps = (f"{grant.role} {step(grant.role, grant.before, grant.after)}" for grant in self.grants)
        return ", ".join((*steps, *map(end_told, self.ends))) or "the same grants"

    @property
    def gravity(self) -> Gravity:
        """In the same order as the changes of a plan."""
        roles = {grant.role for grant in self.grants} | {end.role for end in self.ends}
        is_delicate = is_grave(self.shift) or not roles.isdisjoint(DELICATE)
        if self.symbol == _KEPT or (self.user.left and self.symbol == "-"):
            return Gravity.DELETION
        if self.symbol in "+▲":
            after = {end.role: max(end.after.access, end.after.then) for end in self.ends if end.role is not None}
            after |= {grant.role: grant.after for grant in self.grants if grant.role not in after}
            return gravity_of_gain(after, is_delicate=is_delicate, has_capability=has_ability(self.shift))
        return Gravity.OWNERSHIP_LOST if is_delicate else Gravity.LOSS

    @property
    def held(self) -> str:
        """`pricing viewer, logistics owner`: all grants of a user on one side."""
        levels = (f"{grant.role} {level(grant.role, max(grant.before, grant.after))}" for grant in self.grants)
        return ", ".join(levels) or "no access"

    def means(self, *, explain: bool) -> str:
        """Which capabilities the user gains or loses; "" for a user who joins or leaves without access.

        For a user that the hub keeps: what the files gave last.
        """
        if self.user.kept is not None:
            return f"by the files it was {self.held}" if self.grants and self.user.left else ""
        is_move = (self.symbol != _KEPT and bool(self.grants)) or not self.shift.is_nothing
        return meaning(self.shift, explain=explain) if is_move else ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Each move in the list that shows it; each list is by gravity, then by address."""

    delicate: tuple[Move, ...]
    gained: tuple[Move, ...]
    lost: tuple[Move, ...]
    idle: tuple[Move, ...]


def by_risk(differing: Sequence[UserDifference]) -> Sorted:
    """Sorts moves. First: grave gains, such as Roles & permissions or API keys, and users without a file who keep all
    access."""
    rises = [move for user in differing for move in _rises(user)]
    rest = [user for user in differing if not user.kept]
    return Sorted(
        delicate=_gravest_first(move for move in rises if _is_delicate(move)),
        gained=_gravest_first(move for move in rises if not _is_delicate(move)),
        lost=_gravest_first(_loss(user) for user in rest if user.loses),
        idle=tuple(_idle(user) for user in rest if not (user.gains or user.loses or user.kept_grants)),
    )


def _is_delicate(move: Move) -> bool:
    return move.gravity.is_change_to_review


def _gravest_first(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(sorted(moves, key=lambda move: move.gravity))


def _gain(user: UserDifference) -> Move:
    shift = Shift(opened=user.shift.opened, gained=user.shift.gained)
    return Move(user, user.gained, shift, "+" if user.joined else "▲", user.longer)


def end_told(end: EndStep) -> str:
    """`pricing editor until 2026-12-01 → editor without end`, `account until 2026-12-05 → until 2099-12-05`."""
    return f"{end.role or 'account'} {span_told(end, end.before)} → {span_told(end, end.after)}"


def span_told(end: EndStep, span: Span) -> str:
    """`editor until 2026-12-01`, `none until 2026-12-20, then owner`; for an account only the last day."""
    if end.role is None:
        return _until(span)
    then = f", then {level(end.role, span.then)}" if span.until and span.then else ""
    return f"{level(end.role, span.access)} {_until(span)}{then}"


def _until(span: Span) -> str:
    return f"until {span.until}" if span.until else "without end"


def _rises(user: UserDifference) -> Iterator[Move]:
    """The rows before the losses: access that the hub keeps, and gains."""
    if user.kept is not None:
        yield Move(user, user.steps, Shift(), _KEPT, user.ends)
    if user.kept_grants:
        yield Move(user, user.kept_grants, Shift(), _KEPT)
    if user.gains:
        yield _gain(user)


def _loss(user: UserDifference) -> Move:
    shift = Shift(closed=user.shift.closed, lost=user.shift.lost)
    return Move(user, user.lost, shift, "-" if user.left else "▼", user.sooner)


def _idle(user: UserDifference) -> Move:
    return Move(user, (), Shift(), "+" if user.joined else "-")


def difference_text(found: AccessDiff, *, width: int | None, color: bool, explain: bool = False) -> str:
    """The whole difference; `explain` names every menu item and operation. Without `width` each row is one line."""
    return "".join(f"{line}\n" for line in _lines(found, Page(width, color), explain=explain))


def _lines(found: AccessDiff, page: Page, *, explain: bool) -> Iterator[str]:
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


def _sections(found: AccessDiff, *, explain: bool) -> Iterator[Section]:
    moves = by_risk(found.users)
    titled = (
        ("Guards loosened", guard_rows(found.weakened)),
        ("Needs attention", _rows(moves.delicate, explain=explain)),
        ("Access gained", _rows(moves.gained, explain=explain)),
        ("Access lost", _rows(moves.lost, explain=explain)),
        ("No effect on access", _rows(moves.idle, explain=explain)),
    )
    yield from (Section(title, tuple(rows)) for title, rows in titled if rows)


def _rows(moves: Sequence[Move], *, explain: bool) -> list[Row]:
    return [_row(move, explain=explain) for move in moves]


def _row(move: Move, *, explain: bool) -> Row:
    user = move.user
    source = str(user.source.short) if user.source else ""
    return row(move.symbol, address(user.email), move.told, source=source, meaning=move.means(explain=explain))


def verdict(found: AccessDiff) -> str:
    """`3 users differ: 2 gain access, 1 loses access; 1 joined. 1 guard is weakened.`"""
    return " ".join(filter(None, (_users_verdict(found.users), guards_verdict(len(found.weakened)))))


def _users_verdict(differing: Sequence[UserDifference]) -> str:
    if not differing:
        return "Nobody gains or loses access."
    gain, lose = sum(user.gains for user in differing), sum(user.loses for user in differing)
    joined, left = sum(user.joined for user in differing), sum(user.left for user in differing)
    kept = sum(user.left and user.kept is not None for user in differing)
    protected = sum(not user.left and user.kept is not None for user in differing)
    unmanaged, left = sum(bool(user.kept_grants) for user in differing), left - kept
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
    return f"{users(len(differing))} {differ}: {', '.join(move for move in moves if move)}."


def difference_json(found: AccessDiff) -> str:
    """Both sides, the weakened guards, and all users who differ, by address, with every item and operation."""
    return envelope(
        {
            "base": found.base,
            "head": found.head,
            "loosened": found.weakened,
            "users": [_user(user) for user in found.users],
        }
    )


def _user(user: UserDifference) -> dict[str, object]:
    shift = user.shift
    return {
        "email": user.email,
        "source": user.source,
        "joined": user.joined,
        "left": user.left,
        "kept": user.kept is not None,
        "kept_grants": user.kept_grants,
        "gained": _moved(user.gained, shift.opened, shift.gained),
        "lost": _moved(user.lost, shift.closed, shift.lost),
        "ends": [_end(end) for end in user.ends],
    }


def _moved(grants: Sequence[GrantDifference], menu: Sequence[str], operations: Sequence[str]) -> dict[str, object]:
    return {"grants": grants, "menu": menu, "operations": operations}


def _end(end: EndStep) -> dict[str, object]:
    return {
        "role": end.role,
        "before": _span(end, end.before),
        "after": _span(end, end.after),
        "longer": end.is_gain,
        "sooner": end.is_loss,
    }


def _span(end: EndStep, span: Span) -> dict[str, object]:
    access, then = (span.access, span.then) if end.role else (None, None)
    return {"access": access, "until": span.until, "then": then}


_WHOLE: Final = "The whole difference is in the JSON, and in `bo-sync diff --format text`."
_HEAD: Final = ("", "who", "grants", "means", "where")


def difference_markdown(found: AccessDiff, *, explain: bool = False, limit: int = COMMENT_LIMIT) -> str:
    """A difference in at most `limit` bytes; rows that need no attention are folded. `explain` names every menu item
    and operation, while there is room."""
    return fitted(lambda detail: _blocks(found, detail), limit, _WHOLE, explain=explain)


def _blocks(found: AccessDiff, detail: Detail) -> Iterator[Block]:
    yield said(f"**{verdict(found)}**")
    moves = by_risk(found.users)
    if found.weakened:
        yield _unfolded("Guards loosened", weakened_table(found.weakened, detail))
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


def _place(place: Provenance) -> str:
    return f"{markdown_code(place.name) if place.revision else place.name} ({markdown(place.facts)})"


def _table(moves: Sequence[Move], detail: Detail, most: int | None) -> Block:
    return table(_HEAD, [partial(_cells, move, detail) for move in moves], most)


def _cells(move: Move, detail: Detail) -> Cells:
    user = move.user
    return (
        move.symbol if move.symbol in "▲▼" else markdown_code(move.symbol),
        code(user.email.raw, detail),
        markdown(move.told),
        markdown(move.means(explain=detail.explain)),
        code(user.source.short.raw, detail) if user.source else "",
    )
