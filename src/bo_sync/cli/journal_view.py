"""Show runs for `bo-sync journal`: table, requests, JSON."""

from collections.abc import Iterator, Sequence
from typing import Final

from bo_sync.core.apply_report import Outcome
from bo_sync.core.model import PLATFORM
from bo_sync.core.text import Text
from bo_sync.journal.chain import Chain, Reason
from bo_sync.journal.reader import JournalRequest, Past
from bo_sync.journal.records import (
    Fate,
    Header,
    Intent,
    RowIntent,
    document,
)
from bo_sync.render.escape import terminal
from bo_sync.render.json import envelope
from bo_sync.render.layout import Page, cells
from bo_sync.render.wording import address, counted, level, listed, users, value

_ORDER: Final = (
    Outcome.APPLIED,
    Outcome.FAILED,
    Outcome.UNKNOWN,
    Outcome.UNCONFIRMED,
    Outcome.REVERSED,
    Outcome.NOT_ATTEMPTED,
)
_RUNS: Final = (
    "RUN",
    "STARTED",
    "WHO",
    "COMMIT",
    "PEOPLE",
    *(outcome.value.replace("_", " ").upper() for outcome in _ORDER),
    "ENDED",
)
_REQUESTS: Final = ("NO", "AT", "PERSON", "OUTCOME", "REQUEST")
_REASONS: Final = {
    Reason.MISSING: "is missing",
    Reason.ALTERED: "has another SHA-256",
    Reason.UNREADABLE: "cannot be read",
}
_NAMED: Final = 5
"""Maximum number of runs that the text names per fork."""
_MUTE: Final = "ended without a word"
_VERBS: Final = {
    "create_user": "create",
    "update_profile": "profile",
    "write_rows": "grants",
    "delete_user": "delete",
    "invite_user": "invite",
}


def runs_text(pasts: Sequence[Past], chain: Chain, width: int | None) -> str:
    """The table of runs, in the given order, and the problems in the chain of their journals."""
    if not pasts:
        return "No run has left a journal here.\n"
    table = _table([_RUNS, *map(_run_cells, pasts)], width)
    return _joined((*table, f"{counted(len(pasts), 'run')}.", *_chain(chain, Page(width))))


def _chain(chain: Chain, page: Page) -> Iterator[str]:
    """Each break and fork under a heading, or nothing."""
    if not (chain.breaks or chain.forks):
        return
    told = listed(((len(chain.breaks), "broken"), (len(chain.forks), "forked")))
    yield from ("", f"Chain of journals: {told}")
    for row in chain_rows(chain):
        yield from page.hang("  ! ", row)


def chain_rows(chain: Chain) -> Iterator[str]:
    """Each break and fork as a sentence, of run names and our own words."""
    for each in chain.breaks:
        yield f"run {each.run} follows run {each.previous}: the journal of that run {_REASONS[each.reason]}"
    for fork in chain.forks:
        more = f" and {len(fork.runs) - _NAMED} more" if len(fork.runs) > _NAMED else ""
        after = "no run" if fork.previous is None else f"run {fork.previous}"
        yield f"fork: runs {', '.join(fork.runs[:_NAMED])}{more} follow {after}"


def _run_cells(past: Past) -> tuple[str, ...]:
    header = past.header
    facts = (_shown(header.started), _who(header), _commit(header)) if header else ("-", "-", "-")
    counts = (str(past.count(outcome)) for outcome in _ORDER) if header or past.end else "-" * len(_ORDER)
    number = str(len(past.users)) if header else "-"
    return (past.run, *facts, number, *counts, _shown(past.end.at) if past.end else _MUTE)


def run_text(past: Past, chain: Chain, width: int | None) -> str:
    """One run: its facts, its requests, exactly what is unknown, and the problems of the chain about it."""
    page = Page(width)
    lines = [*_facts(past, page), ""]
    if past.requests:
        lines += [*_table([_REQUESTS, *(_request_cells(past, request) for request in past.requests)], width), ""]
    lines += _unknown(past, page)
    lines += _ending(past, page)
    lines += _chain(chain.about(past.run), page)
    return _joined(lines)


def _facts(past: Past, page: Page) -> Iterator[str]:
    header = past.header
    if header is None:
        yield from page.hang("", f"Run {past.run}: its first line, which says who ran what, cannot be read.")
        return
    by = f"{_shown(header.who.user)} on {_shown(header.who.host)}"
    by = f"{_address(header.who.viewer)} ({by})" if header.who.viewer else by
    yield from page.hang("", f"Run {past.run}, started {_shown(header.started)} by {by}")
    tenant = f", tenant {_shown(header.tenant)}" if header.tenant is not None else ""
    yield from page.hang("  ", f"hub     {_shown(header.hub)}, {_shown(header.identity)}{tenant}")
    yield from page.hang("  ", f"files   commit {_commit(header)}, {_shown(header.config.digest)}")
    yield from page.hang("  ", f"plan    {users(len(header.users))}, {_shown(header.digest)}")
    if header.previous is not None:
        yield from page.hang("  ", f"follows {header.previous.run}, {_shown(header.previous.digest)}")
    if header.allowed:
        allowed = ", ".join(f"{_shown(guardrail)}={number}" for guardrail, number in header.allowed)
        yield from page.hang("  ", f"allowed {allowed}")
    yield from page.hang("  ", f"tool    bo-sync {_shown(header.version)}")


def _request_cells(past: Past, request: JournalRequest) -> tuple[str, ...]:
    intent = request.intent
    why = _why(request)
    asked = f"{_asked(intent)}; {why}" if why else _asked(intent)
    is_settled = request.fate is Fate.UNKNOWN and request not in past.unknown
    return (
        str(intent.seq),
        _shown(intent.at),
        _address(intent.email),
        "settled" if is_settled else request.fate.value,
        terminal(asked),
    )


def _why(request: JournalRequest) -> str:
    """What the sender recorded for a request that was not simply applied."""
    if request.answer is None:
        return "nothing was written after it was begun"
    if request.answer.error is not None:
        return str(request.answer.error)
    return "no sound answer came" if request.fate is Fate.UNKNOWN else ""


def _asked(intent: Intent) -> str:
    parts = [f"{entry.field} {value(entry.value)!s}" for entry in intent.profile]
    parts += [_row(row) for row in intent.rows]
    verb = _VERBS[intent.operation]
    return f"{verb}: {', '.join(parts)}" if parts else verb


def _row(row: RowIntent) -> str:
    role = row.role or f"a role unknown to us (row {row.row or 'new'!s})"
    if row.access is None:
        return f"{role} surplus row removed"
    return f"{role} {level(row.role, row.access) if row.role in PLATFORM else row.access.word}"


def _unknown(past: Past, page: Page) -> Iterator[str]:
    doubtful = past.unknown
    if not doubtful:
        return
    one = len(doubtful) == 1
    yield from page.hang("", f"Unknown: {counted(len(doubtful), 'request')} that may or may not have happened")
    for request in doubtful:
        intent = request.intent
        told = f"{_address(intent.email)}  {terminal(_asked(intent))}  ({terminal(_why(request))})"
        yield from page.hang(f"  ! {intent.seq}  ", told)
    if not all(request.is_invitation for request in doubtful):
        yield from page.hang("", f"bo-sync plan shows what of {'it' if one else 'them'} is left to do.")
    yield ""


def _ending(past: Past, page: Page) -> Iterator[str]:
    if past.is_torn:
        yield from page.hang("", "The last line is torn: the run was cut off while it was written.")
    if past.unreadable:
        named = ", ".join(map(str, past.unreadable[:10])) + (", …" if len(past.unreadable) > 10 else "")
        yield from page.hang("", f"Lines that are no entries of a journal, and are left out: {named}.")
    told = listed((past.count(outcome), outcome.value.replace("_", " ")) for outcome in _ORDER)
    counts = f"{users(len(past.outcomes))}: {told}" if told else "nobody"
    if past.end:
        yield from page.hang("", f"Ended {_shown(past.end.at)}; {counts}.")
    else:
        yield from page.hang("", f"The run {_MUTE}: it was killed, or runs still; by its requests, {counts}.")


def _who(header: Header) -> str:
    if header.who.viewer:
        return _address(header.who.viewer)
    return _address(Text(f"{header.who.user.raw}@{header.who.host.raw}"))


def _commit(header: Header) -> str:
    if header.config.commit is None:
        return "-"
    return terminal(str(header.config.commit) + ("+" if header.config.dirty else ""))


def _address(email: Text) -> str:
    return terminal(str(address(email)))


def _shown(text: Text) -> str:
    return terminal(str(text))


def _table(table: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Columns; where they are wider than `width`, one block per row, with each cell under its head."""
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        for line in table:
            padded = (cell + " " * (wide - cells(cell)) for cell, wide in zip(line, widths, strict=True))
            yield "  ".join(padded).rstrip()
        return
    head, *rows = table
    for row in rows:
        first, *rest = zip(head[1:], row[1:], strict=True)
        yield from Page(width).hang(f"{row[0]}  ", first[1])
        for name, cell in rest:
            yield from Page(width).hang(f"    {name.lower()}  ", cell)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def runs_json(pasts: Sequence[Past], chain: Chain) -> str:
    """The runs, in the given order; null where a journal lacks a value."""
    return envelope({"runs": [_run_document(past) for past in pasts], "chain": chain})


def _run_document(past: Past) -> dict[str, object]:
    header = document(past.header) if past.header else {}
    facts = {
        key: header.get(key) for key in ("started", "who", "hub", "config", "digest", "previous", "allowed", "tool")
    }
    return {
        "run": past.run,
        **facts,
        "users": len(past.users) if past.header else None,
        "summary": {outcome.value: past.count(outcome) for outcome in Outcome},
        "unknown": [request.intent.seq for request in past.unknown],
        "ended": past.end.at if past.end else None,
        "torn": past.is_torn,
        "unreadable_lines": past.unreadable,
    }


def run_json(past: Past, chain: Chain) -> str:
    """One run as in the list of runs, with its requests and its users: outcomes and state before."""
    before = document(past.header).get("users") if past.header else None
    return envelope(
        {
            **_run_document(past),
            "users": before,
            "outcomes": past.outcomes,
            "requests": [_request_document(past, request) for request in past.requests],
            "chain": chain.about(past.run),
        }
    )


def _request_document(past: Past, request: JournalRequest) -> dict[str, object]:
    """The intent and its outcome; `outcome` is null where none was recorded."""
    answer = request.answer
    intent = {key: found for key, found in document(request.intent).items() if key != "entry"}
    return {
        **intent,
        "outcome": answer.fate if answer else None,
        "error": answer.error if answer else None,
        "unknown": request in past.unknown,
    }
