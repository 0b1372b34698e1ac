"""Who can, and what it takes, as text: one row a grant, each with where it comes from."""

from collections.abc import Iterator
from typing import Final, assert_never

from bo_sync.access.capabilities import READ_KEYS, READ_TOKENS
from bo_sync.access.escalation import CREATE_KEY, LOG_IN, RAISE, WIDEN_KEY, CredentialStep, Step
from bo_sync.access.needs import Needs
from bo_sync.access.people import Granted, Person
from bo_sync.access.questions import Able, Answer, Reaching
from bo_sync.access.words import Held, Question, ToHold, ToOpen, ToRun, spelled
from bo_sync.core.model import PLATFORM, Access
from bo_sync.core.text import Text
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, lay_out, measure, row
from bo_sync.render.phrases import address, counted, level, people, quoted


def answer_text(answer: Answer, where: str, page: Page, *, indirect: bool) -> str:
    """The question, who can and by which grants, who could give it to themselves, and what else is to be said."""
    lines = _answer_lines(answer, where, page, indirect=indirect)
    return "".join(f"{line}\n" for line in lines)


def _answer_lines(answer: Answer, where: str, page: Page, *, indirect: bool) -> Iterator[str]:
    yield from _title(f"{asked(answer.question)}: {_verdict(answer)}, by {where}", page)
    rows = [found for able in answer.able for found in _able_rows(able, answer.question)]
    more = [_reaching_row(entry) for entry in answer.reaching]
    columns = measure((*rows, *more))
    yield from lay_out(rows, columns, page)
    if indirect and (answer.by_grants or more):
        yield ""
        yield from _title(f"Escalation paths: {counted(len(more), 'user') if more else 'none'}", page)
        yield from lay_out(more, columns, page)
    if answer.notes:
        yield ""
        for note in answer.notes:
            yield from page.hang("  note: ", terminal(note))


def _title(title: str, page: Page) -> Iterator[str]:
    yield from (page.paint(line, Tone.TITLE) for line in page.hang("", terminal(title)))


def _verdict(answer: Answer) -> str:
    if not answer.is_known:
        return "unknown"
    if not answer.by_grants:
        return "decided by no grant"
    return people(len(answer.able)) if answer.able else "nobody"


def asked(question: Question) -> str:
    """`Who can run orderUpdate`, without a question mark."""
    match question:
        case ToRun(operation):
            kind = "mutation" if operation.is_mutation else "query"
            return f"Who can run {operation.name} ({kind})"
        case ToOpen(item):
            return f"For whom {item.name} opens, and all that it takes"
        case ToHold(role, _) if role in PLATFORM:
            return f"Who has {role} on"
        case ToHold(role, least):
            return f"Who has {role} {least.word}{'' if least is Access.OWNER else ' or more'}"


def _able_rows(able: Able, question: Question) -> Iterator[Row]:
    also = "" if isinstance(question, ToOpen) else " (enough by itself too)"
    for number, grant in enumerate(able.because):
        told = f"{level(grant.role, grant.access)}{origin(grant)}{also if number else ''}"
        place = str(grant.source.short) if grant.source else ""
        yield row("=", address(able.person.email), told, topic=grant.role, source=place)


def origin(grant: Granted) -> str:
    """` from preset order-desk, until 2026-12-31, because "CHG-1"`: where a grant comes from, and how long it holds."""
    parts = [
        f" from preset {grant.preset}" if grant.preset else " from an own entry" if grant.source else "",
        f", until {grant.until}" if grant.until else "",
        f", because {quoted(grant.reason)}" if grant.reason else "",
    ]
    return "".join(parts)


def _reaching_row(entry: Reaching) -> Row:
    steps = ", then ".join(map(_told, entry.steps))
    possibly = "" if entry.is_certain else "possibly "
    return row("!", address(entry.person.email), f"{possibly}{steps}", source=_entry(entry.person))


_WITH_CREDENTIALS: Final = {
    CREATE_KEY: "creates an API key with the roles and acts with it",
    WIDEN_KEY: "gives an API key the roles",
    LOG_IN: "logs in as its contact or customer",
    **dict.fromkeys(READ_KEYS, "reads the value of an API key and acts with it"),
    **dict.fromkeys(READ_TOKENS, "reads a login token"),
}


def _told(step: Step | CredentialStep) -> str:
    match step:
        case CredentialStep(operation):
            return f"{_WITH_CREDENTIALS[operation]} ({operation})"
        case Step(operation, role, access) if operation == RAISE:
            return f"raises their own {role} to {level(role, access)} ({operation})"
        case Step(operation, role, access):
            return f"adds {role} {level(role, access)} ({operation})"
        case unreachable:
            assert_never(unreachable)


def _entry(person: Person) -> str:
    return str(person.source.short) if person.source else ""


def needs_text(found: Needs, where: str, page: Page) -> str:
    """The least grants, each other minimal set, and what no grant opens; sets as a file spells them.

    `where` says whose names of the roles they are.
    """
    lines = (*_needs_lines(found, page), "", *page.hang("", terminal(f"Roles are named as in {where}.")))
    return "".join(f"{line}\n" for line in lines)


def _needs_lines(found: Needs, page: Page) -> Iterator[str]:
    least, *others = found.minimal
    if least:
        yield from _title(f"The least that opens all: {counted(len(least), 'grant')}", page)
        yield from _as_in_files(least, page)
    for grants in others:
        yield ""
        yield from _title(f"Or: {counted(len(grants), 'grant')}, and none of them less", page)
        yield from _as_in_files(grants, page)
    if found.unanswered:
        if least:
            yield ""
        yield from _title("Opened by no grant that is known", page)
        for question in found.unanswered:
            yield from page.hang(f"  {spelled(question)}  ", terminal(_unanswered(question)))
    if found.deprecated:
        yield ""
        for question in found.deprecated:
            yield from page.hang("  note: ", f"{spelled(question)} is deprecated in the hub")


def _as_in_files(grants: Held, page: Page) -> Iterator[str]:
    areas = [f"{role}: true" for role, _ in grants if role in PLATFORM]
    modules = [f"{role}: {least.word}" for role, least in grants if role not in PLATFORM]
    for key, entries in (("platform", areas), ("modules", modules)):
        if entries:
            yield from page.hang("  ", f"{key}: {{{', '.join(entries)}}}")


def _unanswered(question: Question) -> str:
    """Why no grant opens an operation."""
    if not isinstance(question, ToRun) or not question.operation.is_annotated:
        return "unknown: the hub's annotations do not say who may run it"
    operation = question.operation
    foreign = ", ".join(f"{name}:{least.word}" for name, least in operation.alternatives)
    ways = (
        f"by {foreign}, without a name in `role_definitions`" if foreign else "",
        f"by a system role of the hub ({', '.join(operation.system)})" if operation.system else "",
        f"when the hub finds {quoted(Text(operation.when))}" if operation.when else "",
    )
    return f"opened only {' or '.join(filter(None, ways))}"
