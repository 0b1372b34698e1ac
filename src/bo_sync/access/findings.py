"""What an auditor or a reviewer wants to know about the files, from the files alone: `judge` gathers every finding.

Each kind is numbered and explained in docs/findings.md; the table of them is in `access/rules.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from bo_sync.access.acceptance import Accepted, count, weigh
from bo_sync.access.catalogue import kept
from bo_sync.access.endings import account_findings, grant_findings
from bo_sync.access.entry import Declared, Entry, entries
from bo_sync.access.powers import Powers, powers
from bo_sync.access.rules import BUILT_IN_KEPT
from bo_sync.access.shapes import access_findings, preset_findings, style_findings
from bo_sync.core.model import Source
from bo_sync.core.plan import Finding
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text

_SHOWN: Final = 3
"""Operations that a message names."""


@dataclass(frozen=True, slots=True)
class Judged:
    """All findings, in the order of the files and of their numbers, and those that are accepted instead of shown."""

    findings: tuple[Finding, ...]
    accepted: tuple[Accepted, ...]

    def of(self, email: Text) -> tuple[Finding, ...]:
        """The findings about one person."""
        return tuple(found for found in self.findings if found.email and found.email.folded == email.folded)


def judge(declared: Declared, day: date) -> Judged:
    """Every finding on `day`; the same for every order of the files."""
    known = powers(declared.settings)
    people = entries(declared, day)
    staying = [entry for entry in people if entry.user.departure is None]
    findings = [*_settings_findings(declared.settings)]
    if people:
        findings += preset_findings(declared, staying, known)
    accepted: list[Accepted] = []
    for entry in people:
        left, let_be = weigh(entry, list(_about(entry, declared, known)))
        findings += left
        accepted += let_be
    ordered = (*sorted(findings, key=_place), *count(accepted))
    return Judged(ordered, tuple(sorted(accepted, key=lambda entry: _place(entry.finding))))


def _settings_findings(settings: Settings) -> Iterator[Finding]:
    """About the table of operations that the settings name."""
    added = settings.catalogue
    names = kept(added) if added else ()
    if added and names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        told = f"built-in operations keep their lowest level: {', '.join(names[:_SHOWN])}{more}"
        yield BUILT_IN_KEPT.finding(told, source=Source(added.path, 1))


def _about(entry: Entry, declared: Declared, known: Powers) -> Iterator[Finding]:
    within = declared.settings.expiring_within
    yield from account_findings(entry, within)
    if entry.user.departure is None:
        yield from grant_findings(entry, within)
        yield from access_findings(entry, known)
        yield from style_findings(entry, declared.presets)


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.source, finding.rule, finding.message, finding.email or Text(""))
