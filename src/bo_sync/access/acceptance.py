"""`ignore`: findings that an entry accepts, with a reason and until a day. What is accepted is counted, never lost."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bo_sync.access.entry import Entry
from bo_sync.access.rules import ACCEPTED, IGNORE_ENDED, IGNORE_IDLE, RULES, Origin
from bo_sync.core.model import Ignore
from bo_sync.core.plan import Finding
from bo_sync.core.presets import has_ended
from bo_sync.core.text import Text

_LONGEST: Final = 40
"""Characters of somebody's word that a message repeats."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that is not shown, and what accepts it."""

    finding: Finding
    by: Ignore


def weigh(entry: Entry, found: Sequence[Finding]) -> tuple[list[Finding], list[Accepted]]:
    """What of an entry's own findings is left, with the findings about its `ignore`, and what it accepts.

    Who leaves has nothing left to accept but that, so idle acceptances of theirs are no finding.
    """
    ended = [ignore for ignore in entry.declaration.ignore if has_ended(ignore.until, entry.day)]
    holding = [ignore for ignore in entry.declaration.ignore if ignore not in ended]
    by_rule = {ignore.rule.raw: ignore for ignore in reversed(holding)}
    accepted = [Accepted(finding, by_rule[finding.rule]) for finding in found if finding.rule in by_rule]
    left = [finding for finding in found if finding.rule not in by_rule]
    if entry.user.departure is None:
        raised = {finding.rule for finding in found}
        left += _about(entry, ended, (ignore for ignore in holding if ignore.rule.raw not in raised))
    return left, accepted


def _about(entry: Entry, ended: Iterable[Ignore], idle: Iterable[Ignore]) -> Iterator[Finding]:
    email = entry.declaration.email
    for ignore in ended:
        told = f"the `ignore` of {_named(ignore.rule)} ended on {ignore.until}; take it out, or agree on a later day"
        yield IGNORE_ENDED.finding(told, email, ignore.source)
    for ignore in idle:
        yield IGNORE_IDLE.finding(_why_idle(ignore.rule), email, ignore.source)


def _why_idle(word: Text) -> str:
    rule = RULES.get(word.raw)
    if rule is None:
        known = [rule.id for rule in RULES.values() if rule.origin is Origin.PERSON]
        near = get_close_matches(word.raw[:_LONGEST].upper(), known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return f"the `ignore` of {_named(word)} accepts nothing: there is no such finding{meant}"
    if rule.origin is not Origin.PERSON:
        return f"the `ignore` of {rule.id} accepts nothing: that finding is about {rule.origin}, which no entry accepts"
    return f"the `ignore` of {rule.id} accepts nothing: this entry does not raise it; take it out"


def _named(word: Text) -> str:
    return word.raw if word.raw in RULES else f'"{Text(word.raw[:_LONGEST])}"'


def count(accepted: Sequence[Accepted]) -> Iterator[Finding]:
    """One finding that says how many findings are accepted, and which."""
    if accepted:
        times = Counter(entry.finding.rule for entry in accepted)
        rules = ", ".join(rule if number == 1 else f"{rule} ({number} times)" for rule, number in sorted(times.items()))
        verb = "finding is" if len(accepted) == 1 else "findings are"
        yield ACCEPTED.finding(f"{len(accepted)} {verb} accepted with `ignore`: {rules}")
