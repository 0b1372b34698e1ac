"""Guards that a change to the files weakens: `protect`, guardrail limits, policies, suppressed findings.

Weakening is allowed, since the settings are reviewed like every file. It is shown first. Tightening is not listed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from bo_sync.core.model import Access, Declaration, Ignore, Severity
from bo_sync.core.policy import Can, Clause, Exemption, Has, Match, Opens, Policy
from bo_sync.core.settings import LIMITS, Limit, Settings, Unmanaged
from bo_sync.core.text import Message, Text


@dataclass(frozen=True, slots=True)
class Weakened:
    """One guard, named as in bo-sync.yaml, or `policies.ID` and a key of the policy, or `ignore`.

    None before: there was no such entry; None after: it is gone.
    """

    guard: str
    before: Message | None
    after: Message | None


def _of(text: Text | None) -> Message | None:
    return None if text is None else Message.of((text,))


@dataclass(frozen=True, slots=True)
class GuardComparison:
    """The guards of the files compared with those of a revision: `revision` as requested, and the compared commit.

    `tip` is the commit that the revision names, if another one was compared: the last that HEAD also has.
    """

    revision: Text
    commit: str
    weakened: tuple[Weakened, ...] = ()
    tip: str | None = None


def weakened(before: Settings, after: Settings) -> tuple[Weakened, ...]:
    """Every guard that `after` weakens, in the order of the documented settings.

    A raised limit, fewer owners, an address that is no longer protected, `unmanaged` turned to `delete` (deletes users)
    or to `ignore` (reports none), another domain or hub allowed, another time zone (an end may come later), another
    catalogue, and a role name that is new, is gone, or means another role of the hub.
    """
    return (
        *_unmanaged(before, after),
        *_protect(before, after),
        *_email_domains(before, after),
        *_timezone(before, after),
        *_hub_host(before, after),
        *_hub_identity(before, after),
        *_catalogue(before, after),
        *_guardrails(before, after),
        *_role_definitions(before, after),
    )


def _unmanaged(before: Settings, after: Settings) -> Iterator[Weakened]:
    if after.unmanaged is not before.unmanaged and after.unmanaged is not Unmanaged.REPORT:
        yield Weakened("unmanaged", Message(before.unmanaged.value), Message(after.unmanaged.value))


def _protect(before: Settings, after: Settings) -> Iterator[Weakened]:
    """Patterns that are gone, except plain addresses that another pattern protects now."""
    kept = {pattern.folded for pattern in after.protect}
    for pattern in before.protect:
        is_address = not set("*?[") & set(pattern.raw)
        if pattern.folded not in kept and not (is_address and after.is_protected(pattern)):
            yield Weakened("protect", _of(pattern), None)


def _email_domains(before: Settings, after: Settings) -> Iterator[Weakened]:
    """Domains that are allowed in addition. Without a list all were allowed, so nothing can be weakened."""
    allowed = {domain.folded for domain in before.email_domains}
    if allowed and not after.email_domains:
        yield Weakened("email_domains", Message.of(before.email_domains, ", "), None)
    for domain in after.email_domains if allowed else ():
        if domain.folded not in allowed:
            yield Weakened("email_domains", None, _of(domain))


def _timezone(before: Settings, after: Settings) -> Iterator[Weakened]:
    if after.timezone != before.timezone:
        yield Weakened("timezone", Message(before.timezone), Message(after.timezone))


def _hub_host(before: Settings, after: Settings) -> Iterator[Weakened]:
    is_same = (
        after.hub_host is not None and before.hub_host is not None and before.hub_host.folded == after.hub_host.folded
    )
    if before.hub_host is not None and not is_same:
        yield Weakened("hub_host", _of(before.hub_host), _of(after.hub_host))


def _hub_identity(before: Settings, after: Settings) -> Iterator[Weakened]:
    if before.hub_identity is not None and before.hub_identity != after.hub_identity:
        yield Weakened("hub_identity", _of(before.hub_identity), _of(after.hub_identity))


def _catalogue(before: Settings, after: Settings) -> Iterator[Weakened]:
    """Any other table: policies judge users by its operations that are not built in."""
    if before.catalogue != after.catalogue:
        then = before.catalogue.path if before.catalogue else None
        now = after.catalogue.path if after.catalogue else None
        is_edited = then is not None and then == now
        yield Weakened("catalogue", _of(then), Message("{}, changed", then) if is_edited else _of(now))


def _guardrails(before: Settings, after: Settings) -> Iterator[Weakened]:
    then, now = before.guardrails, after.guardrails
    for name in LIMITS:
        yield from _limit(f"guardrails.{name}", then.of(name), now.of(name))
    if now.min_role_owners < then.min_role_owners:
        yield _number("guardrails.min_role_owners", then.min_role_owners, now.min_role_owners)


def _limit(guardrail: str, before: Limit, after: Limit) -> Iterator[Weakened]:
    """Each number that is raised. The population decides which of the three is the limit, so each can raise it."""
    if after.percent > before.percent:
        yield _number(f"{guardrail}.percent", before.percent, after.percent)
    if after.floor > before.floor:
        yield _number(f"{guardrail}.floor", before.floor, after.floor)
    if after.cap > before.cap:
        yield _number(f"{guardrail}.cap", before.cap, after.cap)


def _number(guard: str, before: int, after: int) -> Weakened:
    return Weakened(guard, Message(str(before)), Message(str(after)))


def _role_definitions(before: Settings, after: Settings) -> Iterator[Weakened]:
    then, now = dict(before.role_definitions), dict(after.role_definitions)
    for role in dict.fromkeys((*then, *now)):
        if now.get(role) != then.get(role):
            yield Weakened(f"role_definitions.{role}", _of(then.get(role)), _of(now.get(role)))


def weakened_ignores(before: Iterable[Declaration], after: Iterable[Declaration], today: date) -> tuple[Weakened, ...]:
    """Every `ignore` of a user that is new, or holds longer than before, by address and finding.

    One that has already expired suppresses nothing.
    """
    then, now = _ignores(before), _ignores(after)
    return tuple(
        Weakened("ignore", _suppressed(then[key]) if key in then else None, _suppressed(now[key]))
        for key in sorted(now)
        if now[key][1].until >= today and (key not in then or now[key][1].until > then[key][1].until)
    )


_Ignored = tuple[Text, Ignore]
"""A suppressed finding, and the address of its user."""


def _ignores(users: Iterable[Declaration]) -> dict[tuple[str, str], _Ignored]:
    """The longest of each, by folded address and finding."""
    found: dict[tuple[str, str], _Ignored] = {}
    for user in users:
        for entry in user.ignore:
            key = (user.email.folded, entry.rule.folded)
            if key not in found or entry.until > found[key][1].until:
                found[key] = (user.email, entry)
    return found


def _suppressed(ignored: _Ignored) -> Message:
    email, entry = ignored
    return Message("{} of {} until {}: {}", entry.rule, email, entry.until, entry.reason)


def weakened_policies(before: Iterable[Policy], after: Iterable[Policy]) -> tuple[Weakened, ...]:
    """Every policy that `after` lacks or weakens, by id.

    Weaker is: a warning in place of an error, more users allowed or fewer required, another or longer exemption, and a
    match that may let pass a user who was caught before. A policy under another id is a new one.
    """
    now = {policy.id: policy for policy in after}
    return tuple(
        entry
        for policy in sorted(before, key=lambda policy: policy.id)
        for entry in _weakened(policy, now.get(policy.id))
    )


def _weakened(before: Policy, after: Policy | None) -> Iterator[Weakened]:
    guard = f"policies.{before.id}"
    if after is None:
        yield Weakened(guard, _of(before.title), None)
        return
    if before.severity is Severity.ERROR and after.severity is not Severity.ERROR:
        yield Weakened(f"{guard}.severity", Message(before.severity.value), Message(after.severity.value))
    if not _is_within(before, after):
        yield Weakened(f"{guard}.match", Message(spelled(before.match)), Message(spelled(after.match)))
    if before.at_most is not None and (after.at_most is None or after.at_most > before.at_most):
        yield Weakened(f"{guard}.at_most", _count(before.at_most), _count(after.at_most))
    if before.at_least is not None and (after.at_least is None or after.at_least < before.at_least):
        yield Weakened(f"{guard}.at_least", _count(before.at_least), _count(after.at_least))
    yield from _exemptions(f"{guard}.except", before, after)


def _count(number: int | None) -> Message | None:
    return None if number is None else Message(str(number))


def _is_within(before: Policy, after: Policy) -> bool:
    """Whether the match of `after` is certainly as strict as that of `before`.

    An upper limit keeps its strength if the match catches no fewer users, a lower limit if it catches no more.
    """
    catches_no_fewer = before.at_most is None or _catches(after.match, before.match)
    catches_no_more = before.at_least is None or _catches(before.match, after.match)
    return catches_no_fewer and catches_no_more


def _catches(wide: Match, narrow: Match) -> bool:
    """Whether `wide` certainly catches every user that `narrow` catches, clause by clause."""
    if wide.is_all and narrow.is_all:
        return all(any(_implies(one, other) for one in narrow.clauses) for other in wide.clauses)
    if not wide.is_all and not narrow.is_all:
        return all(any(_implies(one, other) for other in wide.clauses) for one in narrow.clauses)
    judged = [_implies(one, other) for one in narrow.clauses for other in wide.clauses]
    return all(judged) if wide.is_all else any(judged)


def _implies(one: Clause, other: Clause) -> bool:
    """Whether every user who meets `one` certainly meets `other`."""
    match one, other:
        case Can(fewer), Can(more):
            return set(fewer) <= set(more)
        case Has(given), Has(asked):
            held = dict(given)
            return all(held.get(role, Access.NONE) >= least for role, least in asked)
        case _:
            return one == other


def _exemptions(guard: str, before: Policy, after: Policy) -> Iterator[Weakened]:
    """An exception takes a user out of the count: that weakens an upper limit, and tightens a lower one."""
    then, now = ({entry.email.folded: entry for entry in policy.exemptions} for policy in (before, after))
    for key in sorted(then.keys() | now.keys()):
        was, is_ = then.get(key), now.get(key)
        if (before.at_most is not None and _lasts_longer(is_, was)) or (
            before.at_least is not None and _lasts_longer(was, is_)
        ):
            yield Weakened(guard, _excepted(was), _excepted(is_))


def _lasts_longer(one: Exemption | None, other: Exemption | None) -> bool:
    return one is not None and (other is None or one.until > other.until)


def _excepted(entry: Exemption | None) -> Message | None:
    return None if entry is None else Message("{} until {}: {}", entry.email, entry.until, entry.reason)


def spelled(match: Match) -> str:
    """A match in one line, as its file could spell it."""
    clauses = ", ".join(sorted(_spelled(clause) for clause in match.clauses))
    return f"{'all_of' if match.is_all else 'any_of'}: [{clauses}]"


def _spelled(clause: Clause) -> str:
    match clause:
        case Has(grants):
            return f"has {', '.join(f'{role} {access.word}' for role, access in grants)}"
        case Can(operations):
            return f"can {' or '.join(operations)}"
        case Opens(item):
            return f"menu {item}"
