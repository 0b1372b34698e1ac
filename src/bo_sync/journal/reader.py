"""A run as its journal shows it: which requests it sent, the outcome of each, and what is unknown.

A journal may be cut off or edited: each line is an entry of ours or none, and nothing in it can raise. A killed process
leaves a last line without an end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.changes import Direction
from bo_sync.journal.records import End, Fate, Header, Intent, JournalAnswer, PlannedUser, parse


@dataclass(frozen=True, slots=True)
class JournalRequest:
    """A request that was about to be sent, and what its sender learned; None when nothing was written any more."""

    intent: Intent
    answer: JournalAnswer | None

    @property
    def fate(self) -> Fate:
        """What is known from these two lines alone."""
        return self.answer.fate if self.answer else Fate.UNKNOWN

    @property
    def is_invitation(self) -> bool:
        """Whether it asked for a mail: no part of the plan, and no read can settle what became of it."""
        return self.intent.operation == "invite_user"


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its journal tells it. `unreadable` are numbers of lines, from 1, that hold no entry of ours."""

    run: str
    header: Header | None
    requests: tuple[JournalRequest, ...]
    end: End | None
    is_torn: bool = False
    unreadable: tuple[int, ...] = ()

    @property
    def users(self) -> tuple[PlannedUser, ...]:
        return self.header.users if self.header else ()

    @property
    def unknown(self) -> tuple[JournalRequest, ...]:
        """The requests of which it is not known whether they happened.

        These are the ones without a sound answer, but for those whose user was read again afterwards: then the run's
        own report, if it came to one, calls that user anything but unknown. No read settles an invitation.
        """
        settled = {entry.email.folded for entry in self._reported if entry.outcome is not Outcome.UNKNOWN}
        return tuple(
            request
            for request in self.requests
            if request.fate is Fate.UNKNOWN and (request.is_invitation or request.intent.email.folded not in settled)
        )

    @property
    def _reported(self) -> tuple[UserOutcome, ...]:
        return self.end.outcomes if self.end else ()

    @property
    def outcomes(self) -> tuple[UserOutcome, ...]:
        """What became of each user: as the run reported it, or as its requests show where it ended without a word."""
        return self._reported if self.end else tuple(self._inferred(user) for user in self.users)

    def _inferred(self, user: PlannedUser) -> UserOutcome:
        requests = [request for request in self.requests_of(user) if not request.is_invitation]
        outcome = Outcome.FAILED
        if not requests:
            outcome = Outcome.NOT_ATTEMPTED
        elif any(request.fate is Fate.UNKNOWN for request in requests):
            outcome = Outcome.UNKNOWN
        elif _planned(user) <= {part for request in requests for part in _done(request)}:
            outcome = Outcome.APPLIED
        return UserOutcome(user.email, user.action, outcome)

    def requests_of(self, user: PlannedUser) -> tuple[JournalRequest, ...]:
        return tuple(request for request in self.requests if request.intent.email.folded == user.email.folded)

    def count(self, outcome: Outcome) -> int:
        """How many users came to that outcome."""
        return sum(user.outcome is outcome for user in self.outcomes)


def _planned(user: PlannedUser) -> set[tuple[str, ...]]:
    """What had to be done for the user, in parts that a request does or does not do."""
    if user.action == "delete":
        return {("delete",)}
    fields = {("field", change.field) for change in user.profile}
    rows = {
        ("surplus", grant.role) if grant.direction is Direction.DUPLICATE else ("grant", grant.role, grant.after.word)
        for grant in user.grants
    }
    return rows | ({("create",)} if user.action == "create" else fields)


def _done(request: JournalRequest) -> Iterator[tuple[str, ...]]:
    """The parts that a request certainly did."""
    if request.fate is not Fate.APPLIED:
        return
    match request.intent.operation:
        case "create_user":
            yield ("create",)
        case "update_profile":
            yield from (("field", entry.field) for entry in request.intent.profile)
        case "write_rows":
            for row in request.intent.rows:
                role = row.role or ""
                yield ("grant", role, row.access.word) if row.access is not None else ("surplus", role)
        case "delete_user":
            yield ("delete",)
        case "invite_user":
            return


def read(run: str, journal: bytes) -> Past:
    """The run that the bytes of its journal tell of. Raises nothing."""
    *lines, rest = journal.split(b"\n")
    found = _Found()
    for number, line in enumerate(lines, start=1):
        found.take(number, line)
    is_torn = bool(rest) and not found.take(len(lines) + 1, rest)
    unreadable = found.unreadable[:-1] if is_torn else found.unreadable
    requests = tuple(JournalRequest(intent, found.answers.get(seq)) for seq, intent in sorted(found.intents.items()))
    return Past(run, found.header, requests, found.end, is_torn, tuple(unreadable))


class _Found:
    """What the lines have told so far. The first of several that say the same counts."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.intents: dict[int, Intent] = {}
        self.answers: dict[int, JournalAnswer] = {}
        self.end: End | None = None
        self.unreadable: list[int] = []

    def take(self, number: int, line: bytes) -> bool:
        """Whether the line holds an entry that has its place in a journal."""
        is_placed = self._place(line)
        if not is_placed:
            self.unreadable.append(number)
        return is_placed

    def _place(self, line: bytes) -> bool:
        match parse(line):
            case Header() as header if self.header is None:
                self.header = header
            case Intent(seq=seq) as intent if seq not in self.intents:
                self.intents[seq] = intent
            case JournalAnswer(seq=seq) as answer if seq in self.intents and seq not in self.answers:
                self.answers[seq] = answer
            case End() as end if self.end is None:
                self.end = end
            case _:
                return False
        return True


def created_id(past: Past, user: PlannedUser) -> int | None:
    """The hub's id of a user whom the run created, as far as it came to know it."""
    for request in reversed(past.requests_of(user)):
        known = request.intent.id if request.answer is None else request.answer.id or request.intent.id
        if known is not None:
            return known
    return None


def is_changed(past: Past, user: PlannedUser) -> bool:
    """Whether the run changed the user, or may have.

    A request that failed changed nothing, but for role rows: of several, those before the failing one took effect.
    """
    return not _made_nobody(past, user) and any(
        request.fate is not Fate.FAILED or request.intent.operation == "write_rows"
        for request in past.requests_of(user)
    )


def _made_nobody(past: Past, user: PlannedUser) -> bool:
    """Whether a user was to be created whom the run, which looked after each doubt, never came to know.

    Then whoever is there by now is somebody else's work, and not to be taken back.
    """
    outcomes = past.end.outcomes if past.end else ()
    has_failed = any(each.email.folded == user.email.folded and each.outcome is Outcome.FAILED for each in outcomes)
    return (
        user.action == "create"
        and has_failed
        and all(request.fate is not Fate.APPLIED and request.intent.id is None for request in past.requests_of(user))
    )
