"""Judging policies: which users match, by which of their grants, and which are exempted today.

`can` counts what grants allow by themselves. An operation that the hub does not annotate, or that something other than
a grant opens, matches no user. The reader of the files warns about a policy that names one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple, assert_never

from bo_sync.access.capabilities import Powers
from bo_sync.access.catalogue import Levels
from bo_sync.access.finding_codes import UNMATCHED_EXCEPTION
from bo_sync.access.user_access import UserAccess
from bo_sync.core.changes import Change, CreateUser, DeleteUser, Direction
from bo_sync.core.live import GrantsByAddress
from bo_sync.core.model import PLATFORM, ROLES, Access, DesiredUser, Role, Severity, Source
from bo_sync.core.plan import Finding
from bo_sync.core.policy import Can, Clause, Exemption, Has, Opens, Policy, PolicyResult, PolicyRow, weighed
from bo_sync.core.text import Message, Text

SHOWN: Final = 3
"""Most operations of one clause that a row names; the others are only counted."""
_RANKS: Final[Mapping[str, int]] = {role: rank for rank, role in enumerate(ROLES)}


class Subject(NamedTuple):
    """One user to be judged. `source` is their place in a file, None for users without one."""

    email: Text
    held: Levels
    source: Source | None = None


def subjects(users: Iterable[UserAccess]) -> tuple[Subject, ...]:
    """Users of the files, or of the hub, in the form that policies judge."""
    return tuple(Subject(user.email, user.held, user.source) for user in users)


def evaluate(
    policies: Iterable[Policy], users: Iterable[Subject], powers: Powers, today: date
) -> tuple[PolicyResult, ...]:
    """Every policy's result, in the given order, passed ones included; users by address."""
    everybody = sorted(users, key=lambda user: (user.email.folded, user.email))
    return tuple(_evaluate(policy, everybody, powers, today) for policy in policies)


def on_files(
    policies: Iterable[Policy], users: Sequence[Subject], powers: Powers, today: date
) -> tuple[PolicyResult, ...]:
    """Every policy's result for the users of the files, while the other users of the hub are unknown.

    So too few users are a warning, and an exception for a user without a file is not reported.
    """
    known = {user.email.folded for user in users}
    results = evaluate(policies, users, powers, today)
    return tuple(
        replace(
            result,
            policy=replace(result.policy, severity=Severity.WARNING) if result.is_too_few else result.policy,
            notes=tuple(note for note in result.notes if note.email.folded in known),
        )
        for result in results
    )


def _evaluate(policy: Policy, users: Sequence[Subject], powers: Powers, today: date) -> PolicyResult:
    spelled = Counter(user.email.folded for user in users)
    exempted = {exemption.email.folded: exemption for exemption in policy.exemptions}
    reasons: dict[frozenset[tuple[Role, Access]], str] = {}
    met: dict[str, Subject] = {}
    rows, excepted = [], []
    for user in users:
        key = frozenset(user.held.items())
        if key not in reasons:  # companies have few different sets of grants
            reasons[key] = _reason(policy, user.held, powers)
        if reasons[key]:
            met[user.email.folded] = user
            exemption = exempted.get(user.email.folded)
            if exemption and spelled[user.email.folded] > 1 and exemption.email != user.email:
                exemption = None  # the exception is for one user, and the spelling shows which
            if exemption is None or exemption.until < today:
                rows.append(_row(user, reasons[key], exemption))
            else:
                message = Message("excepted until {}: {}", exemption.until, exemption.reason)
                excepted.append(PolicyRow(user.email, message, exemption.source))
    known = {user.email.folded for user in users}
    notes = (_note(exemption, met, known, today) for exemption in policy.exemptions)
    told_of = sorted((note for note in notes if note), key=lambda row: (row.email.folded, row.message))
    is_over = any(exemption.email.folded in met and exemption.until < today for exemption in policy.exemptions)
    return PolicyResult(policy, tuple(rows), tuple(excepted), tuple(told_of), has_expired=is_over)


def _row(user: Subject, reason: str, expired: Exemption | None) -> PolicyRow:
    """One user who counts."""
    message = f"{reason}; the exception expired on {expired.until}" if expired else reason
    return PolicyRow(user.email, Message(message), user.source)


def _note(exemption: Exemption, met: Collection[str], known: Collection[str], today: date) -> PolicyRow | None:
    """The message about an exemption that has expired, or whose user does not match."""
    is_over = exemption.until < today
    if exemption.email.folded in met:
        if not is_over:
            return None
        message = Message(
            "the exception ({}) expired on {}: end the access, or prolong it", exemption.reason, exemption.until
        )
    else:
        who = "does not match" if exemption.email.folded in known else "is nobody who is known here"
        expired = f", and it expired on {exemption.until}" if is_over else ""
        message = Message(f"has an exception, but {who}{expired}: drop it if it is over")
    return PolicyRow(exemption.email, message, exemption.source)


def _reason(policy: Policy, held: Levels, powers: Powers) -> str:
    """The grants by which a user matches, and what these open among the policy's words; "" for no match."""
    met = [clause for clause in policy.match.clauses if _meets(clause, held, powers)]
    if not met or (policy.match.is_all and len(met) < len(policy.match.clauses)):
        return ""
    grants = {role: held[role] for clause in met for role in _roles(clause, held, powers)}
    named = ", ".join(f"{role} {_level(role, grants[role])}" for role in sorted(grants, key=_rank))
    opened = [message for clause in met if (message := _opened(clause, held, powers))]
    return named + (f": {'; '.join(opened)}" if opened else "")


def _rank(role: Role) -> tuple[int, str]:
    return _RANKS.get(role, len(ROLES)), role


def _level(role: Role, access: Access) -> str:
    return "on" if role in PLATFORM else access.word


def _meets(clause: Clause, held: Levels, powers: Powers) -> bool:
    match clause:
        case Has(grants):
            return all(held.get(role, Access.NONE) >= least for role, least in grants)
        case Can(operations):
            return not powers.of(held).operations.isdisjoint(operations)
        case Opens(item):
            return item in powers.of(held).menu
        case unreachable:
            assert_never(unreachable)


def _roles(clause: Clause, held: Levels, powers: Powers) -> Iterator[Role]:
    """The roles because of which a clause is met."""
    match clause:
        case Has(grants):
            yield from (role for role, _ in grants)
        case Can(operations):
            for name in operations:
                ways = powers.operation(name).ways(powers.names)
                yield from (role for role, least in ways if held.get(role, Access.NONE) >= least)
        case Opens(item):
            yield from powers.item(item).roles
        case unreachable:
            assert_never(unreachable)


def _opened(clause: Clause, held: Levels, powers: Powers) -> str:
    match clause:
        case Has():
            return ""
        case Can(operations):
            allowed = powers.of(held).operations
            names = [name for name in operations if name in allowed]
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            return ", ".join(names[:SHOWN]) + more
        case Opens(item):
            return item
        case unreachable:
            assert_never(unreachable)


class AroundPlan(NamedTuple):
    """What every user holds today and after a plan, by the hub's spelling of the address; the plan's changes; and the
    users of the files."""

    before: GrantsByAddress
    after: GrantsByAddress
    changes: Sequence[Change]
    users: Sequence[DesiredUser]


def judge(policies: Sequence[Policy], around: AroundPlan, powers: Powers, today: date) -> tuple[PolicyResult, ...]:
    """Every policy on the state after a plan: all users in the hub, with or without a file."""
    files = {user.email.folded: user for user in around.users}
    before = evaluate(policies, _subjects(around.before, files), powers, today)
    after = evaluate(policies, _subjects(around.after, files), powers, today)
    takes = only_takes(around.changes)
    raised = _raised(around)
    return tuple(weighed(then, now, only_takes=takes, raised=raised) for then, now in zip(before, after, strict=True))


def _raised(around: AroundPlan) -> frozenset[str]:
    """The folded addresses of users who hold more after the plan, in any role."""
    return frozenset(
        Text(email).folded
        for email, held in around.after.items()
        if any(access > around.before.get(email, {}).get(role, Access.NONE) for role, access in held.items())
    )


def _subjects(held: GrantsByAddress, files: Mapping[str, DesiredUser]) -> Iterator[Subject]:
    """Every user by the file's spelling and place; users whose addresses differ only in case by the hub's spelling."""
    shared = Counter(Text(email).folded for email in held)
    for email, grants in held.items():
        address = Text(email)
        user = files.get(address.folded) if shared[address.folded] == 1 else None
        yield Subject(user.email, grants, user.source) if user else Subject(address, grants)


def only_takes(changes: Iterable[Change]) -> bool:
    """Whether changes take access and give none; profiles do not matter."""
    directions: set[Direction] = set()
    for change in changes:
        match change:
            case CreateUser() if change.grants:
                directions.add(Direction.ADDED)
            case DeleteUser():
                directions.add(Direction.REVOKED)
            case _:
                directions.update(grant.direction for grant in change.grants)
    return any(it.takes for it in directions) and not any(it.gives for it in directions)


def unmatched_exceptions(policies: Iterable[Policy], emails: Iterable[Text]) -> Iterator[Finding]:
    """Exceptions for none of the users with these addresses, most likely a typo: the policy counts the user meant."""
    exempted = [(policy.id, entry) for policy in policies for entry in policy.exemptions]
    known = {email.folded for email in emails} if exempted else ()
    for policy_id, entry in exempted:
        if entry.email.folded not in known:
            message = Message("policy {}: the exception matches no user", Text(policy_id))
            yield UNMATCHED_EXCEPTION.finding(message, entry.email, entry.source)
