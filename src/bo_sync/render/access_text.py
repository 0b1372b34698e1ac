"""Panels, answers and matrices as text, and matrices as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, assert_never

from bo_sync.access.capabilities import READ_KEYS, READ_TOKENS
from bo_sync.access.escalation import CREATE_KEY, LOG_IN, RAISE, WIDEN_KEY, CredentialStep, Step
from bo_sync.access.queries import Able, Needs, QueryAnswer, Reaching
from bo_sync.access.query_terms import Held, Question, ToHold, ToOpen, ToRun, spelled
from bo_sync.access.user_access import Contrast, Differing, Granted, Matrix, Opened, Panel, UserAccess
from bo_sync.core.model import PLATFORM, Access, DesiredUser, Preset, Role
from bo_sync.core.model import Departure as Leaving
from bo_sync.core.plan import Finding
from bo_sync.core.text import Text
from bo_sync.render.csv import csv_text, foreign
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.wording import address, counted, level, quoted, users


def answer_text(answer: QueryAnswer, where: str, page: Page, *, indirect: bool) -> str:
    """The question, the users who can with the grants, escalation paths, and notes."""
    lines = _answer_lines(answer, where, page, indirect=indirect)
    return "".join(f"{line}\n" for line in lines)


def _answer_lines(answer: QueryAnswer, where: str, page: Page, *, indirect: bool) -> Iterator[str]:
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


def _verdict(answer: QueryAnswer) -> str:
    if not answer.is_known:
        return "unknown"
    if not answer.by_grants:
        return "decided by no grant"
    return users(len(answer.able)) if answer.able else "nobody"


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
        yield row("=", address(able.user.email), told, topic=grant.role, source=place)


def origin(grant: Granted) -> str:
    """` from preset order-desk, until 2026-12-31, because "CHG-1"`: the grant's source and last day."""
    parts = [
        f" from preset {grant.preset}" if grant.preset else " from an own entry" if grant.source else "",
        f", until {grant.until}" if grant.until else "",
        f", because {quoted(grant.reason)!s}" if grant.reason else "",
    ]
    return "".join(parts)


def _reaching_row(entry: Reaching) -> Row:
    steps = ", then ".join(map(_told, entry.steps))
    possibly = "" if entry.is_certain else "possibly "
    return row("!", address(entry.user.email), f"{possibly}{steps}", source=_entry(entry.user))


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


def _entry(user: UserAccess) -> str:
    return str(user.source.short) if user.source else ""


def needs_text(found: Needs, where: str, page: Page) -> str:
    """The minimal grants, each alternative, and what no grant opens; sets as a file spells them.

    `where` is the provenance of the role names.
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
    """The reason why no grant opens an operation."""
    if not isinstance(question, ToRun) or not question.operation.is_annotated:
        return "unknown: the hub's annotations do not say who may run it"
    operation = question.operation
    foreign = ", ".join(f"{name}:{least.word}" for name, least in operation.alternatives)
    ways = (
        f"by {foreign}, without a name in `role_definitions`" if foreign else "",
        f"by a system role of the hub ({', '.join(operation.system)})" if operation.system else "",
        f"when the hub finds {quoted(Text(operation.when))!s}" if operation.when else "",
    )
    return f"opened only {' or '.join(filter(None, ways))}"


_HAS: Final = "="
_LACKS: Final = "-"


def panel_text(panel: Panel, where: str, page: Page) -> str:
    """The panel; each row is complete by itself where nothing is wrapped. `where` is the provenance."""
    return "".join(f"{line}\n" for line in _lines(panel, where, page))


def _lines(panel: Panel, where: str, page: Page) -> Iterator[str]:
    place = f" ({panel.user.source.short!s})" if panel.user.source else ""
    yield from _title(f"{address(panel.user.email)!s}{place}: {_preset(panel)}, by {where}", page)
    if panel.leaves is not None:
        yield from page.hang("  ", terminal(_leaves(panel.leaves)))
    if panel.is_protected:
        yield from page.hang("  ", "protected: bo-sync never changes or deletes this person")
    for title, lines in _sections(panel, page):
        yield ""
        yield from _title(title, page)
        yield from lines


def _preset(panel: Panel) -> str:
    if panel.leaves is not None:
        return "leaves"
    return "Custom" if panel.preset is None else f"preset {_named(panel.preset)}"


def _named(preset: Preset) -> str:
    return f"{preset.name} {quoted(preset.label)!s}" if preset.label else preset.name


def _leaves(user: DesiredUser) -> str:
    why = "the last day (`until`) has passed" if user.departure is Leaving.UNTIL_PASSED else "of `state: absent`"
    return f"to be deleted, because {why}; no access is meant to stay"


def _sections(panel: Panel, page: Page) -> Iterator[tuple[str, Iterator[str]]]:
    areas = [_role(panel, role) for role in panel.roles if role in PLATFORM]
    modules = [_role(panel, role) for role in panel.roles if role not in PLATFORM]
    columns = measure((*areas, *modules))
    yield "Platform access", lay_out(areas, columns, page)
    yield "Modules", lay_out(modules, columns, page)
    yield _items(panel), _menu(panel, page)
    operations = [entry for opened in panel.by_role for entry in _operations(opened)]
    yield _counts(panel), lay_out(operations, measure(operations), page)
    if panel.findings:
        findings = [_finding(finding) for finding in panel.findings]
        yield "Findings", lay_out(findings, measure(findings), page)


def _role(panel: Panel, role: Role) -> Row:
    grant = panel.user.grant(role)
    if grant is None:
        return row(_LACKS, "", level(role, Access.NONE), topic=role)
    place = str(grant.source.short) if grant.source else ""
    return row(_HAS, "", level(role, grant.access) + origin(grant), topic=role, source=place)


def _items(panel: Panel) -> str:
    return f"Menu: {len(panel.open)} of {counted(len(panel.open) + len(panel.closed), 'item')} open"


def _menu(panel: Panel, page: Page) -> Iterator[str]:
    """The items that open, then the closed ones; their names are ours and fit the column."""
    told = [(_HAS, item.name, "open") for item in panel.open]
    told += [(_LACKS, entry.item.name, f"closed, missing {', '.join(entry.missing)}") for entry in panel.closed]
    widest = max(len(name) for _, name, _ in told)
    for symbol, name, state in told:
        yield from page.hang(f"  {symbol} {name:<{widest}}  ", state)


def _counts(panel: Panel) -> str:
    reads = len({name for opened in panel.by_role for name in opened.reads})
    acts = len(panel.allowed) - reads
    return (
        f"Operations: {len(panel.allowed)} allowed ({reads} to read, {acts} to act), {len(panel.conditional)} "
        f"conditional on more than grants, {len(panel.unknown)} unknown"
    )


def _operations(opened: Opened) -> Iterator[Row]:
    held = level(opened.role, opened.access)
    for verb, names in (("reads", opened.reads), ("acts", opened.acts)):
        if names:
            yield row(_HAS, "", f"{held} {verb} {len(names)}: {', '.join(names)}", topic=opened.role)


def _finding(finding: Finding) -> Row:
    place = str(finding.source.short) if finding.source else ""
    return row("!", "", f"{finding.rule} {finding.severity}: {finding.message!s}", source=place)


_NOTHING: Final = "-"


def matrix_text(matrix: Matrix, where: str, page: Page) -> str:
    """One line per user, under the names of the roles; one block per user where that is wider than the page.

    `where` is the provenance.
    """
    table = [("EMAIL", *matrix.roles), *(_cells(user, matrix.roles) for user in matrix.users)]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    if page.width is None or sum(widths) + 2 * (len(widths) - 1) <= page.width:
        lines: Iterable[str] = (_line(entry, widths) for entry in table)
    else:
        lines = (line for user in matrix.users for line in _block(user, page))
    counted = terminal(f"{users(len(matrix.users))}, by {where}.")
    return _joined((*lines, *page.hang("", counted)))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _cells(user: UserAccess, roles: Sequence[Role]) -> tuple[str, ...]:
    held = ((role, user.held.get(role, Access.NONE)) for role in roles)
    return (
        terminal(address(user.email)),
        *(level(role, access) if access is not Access.NONE else _NOTHING for role, access in held),
    )


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (wide - cells(cell)) for cell, wide in zip(line, widths, strict=True)).rstrip()


def _block(user: UserAccess, page: Page) -> Iterator[str]:
    yield page.paint(terminal(address(user.email)), Tone.TITLE)
    yield from page.hang("  ", _held((grant.role, grant.access) for grant in user.grants))


def matrix_csv(matrix: Matrix) -> str:
    """One row per user: the address, and the access in each role; no cell is a formula."""
    return csv_text(
        ("email", *matrix.roles),
        (
            (
                foreign(user.email.raw),
                *(level(role, user.held.get(role, Access.NONE)) for role in matrix.roles),
            )
            for user in matrix.users
        ),
    )


def contrast_text(contrast: Contrast, page: Page) -> str:
    """The users who differ, one row per cell, and how many do not."""
    return _joined(_contrast_lines(contrast, page))


def _contrast_lines(contrast: Contrast, page: Page) -> Iterator[str]:
    differ = f"{users(len(contrast.users))} {'differs' if len(contrast.users) == 1 else 'differ'}"
    title = f"{contrast.here.told} (here) compared with {contrast.there!s} (there): {differ}, {contrast.same} the same"
    yield from (page.paint(line, Tone.TITLE) for line in page.hang("", terminal(title)))
    rows = [entry for user in contrast.users for entry in _differing(user)]
    yield from lay_out(rows, measure(rows), page)


def _differing(user: Differing) -> Iterator[Row]:
    email = address(user.email)
    if not user.is_there:
        yield row("+", email, f"only here: {_held((cell.role, cell.here) for cell in user.cells)}")
        return
    if not user.is_here:
        yield row("-", email, f"only there: {_held((cell.role, cell.there) for cell in user.cells)}")
        return
    for cell in user.cells:
        here, there = level(cell.role, cell.here), level(cell.role, cell.there)
        yield row("~", email, f"{here} here, {there} there", topic=cell.role)


def _held(grants: Iterable[tuple[Role, Access]]) -> str:
    return ", ".join(f"{role} {level(role, access)}" for role, access in grants) or "no access"


def contrast_csv(contrast: Contrast) -> str:
    """One row per differing cell; a user who is on one side only has a first row without a role."""
    head = ("email", "role", foreign(contrast.here.short), foreign(contrast.there.raw))
    return csv_text(head, (line for user in contrast.users for line in _csv_lines(user)))


def _csv_lines(user: Differing) -> Iterator[tuple[str, str, str, str]]:
    email = foreign(user.email.raw)
    if not (user.is_here and user.is_there):
        yield email, "", _presence(is_there=user.is_here), _presence(is_there=user.is_there)
    for cell in user.cells:
        yield email, cell.role, level(cell.role, cell.here), level(cell.role, cell.there)


def _presence(*, is_there: bool) -> str:
    return "present" if is_there else "missing"
