"""One person's panel as text: platform areas, modules, the menu, operations by module, findings."""

from collections.abc import Iterator
from typing import Final

from bo_sync.access.panel import Opened, Panel
from bo_sync.core.model import PLATFORM, Access, DesiredUser, Preset, Role
from bo_sync.core.model import Departure as Leaving
from bo_sync.core.plan import Finding
from bo_sync.render.answers import origin
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, lay_out, measure, row
from bo_sync.render.phrases import address, counted, level, quoted

_HAS: Final = "="
_LACKS: Final = "-"


def panel_text(panel: Panel, where: str, page: Page) -> str:
    """The panel; every row stands by itself where nothing is wrapped. `where` says whose word it is."""
    return "".join(f"{line}\n" for line in _lines(panel, where, page))


def _lines(panel: Panel, where: str, page: Page) -> Iterator[str]:
    place = f" ({panel.person.source.short})" if panel.person.source else ""
    yield from _title(f"{address(panel.person.email)}{place}: {_preset(panel)}, by {where}", page)
    if panel.leaves is not None:
        yield from page.hang("  ", terminal(_leaves(panel.leaves)))
    if panel.is_protected:
        yield from page.hang("  ", "protected: bo-sync never changes or deletes this person")
    for title, lines in _sections(panel, page):
        yield ""
        yield from _title(title, page)
        yield from lines


def _title(title: str, page: Page) -> Iterator[str]:
    yield from (page.paint(line, Tone.TITLE) for line in page.hang("", terminal(title)))


def _preset(panel: Panel) -> str:
    if panel.leaves is not None:
        return "leaves"
    return "Custom" if panel.preset is None else f"preset {_named(panel.preset)}"


def _named(preset: Preset) -> str:
    return f"{preset.name} {quoted(preset.label)}" if preset.label else preset.name


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
    grant = panel.person.grant(role)
    if grant is None:
        return row(_LACKS, "", level(role, Access.NONE), topic=role)
    place = str(grant.source.short) if grant.source else ""
    return row(_HAS, "", level(role, grant.access) + origin(grant), topic=role, source=place)


def _items(panel: Panel) -> str:
    return f"Menu: {len(panel.open)} of {counted(len(panel.open) + len(panel.closed), 'item')} open"


def _menu(panel: Panel, page: Page) -> Iterator[str]:
    """The items that open, then the closed ones; their names are ours, and all fit their column."""
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
    return row("!", "", f"{finding.rule} {finding.severity}: {finding.message}", source=place)
