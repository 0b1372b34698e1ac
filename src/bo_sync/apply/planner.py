"""Make a plan from the files and a hub.

A plan is made from values only: the plan that is checked is the plan that is shown and run.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from itertools import chain
from queue import SimpleQueue
from threading import Thread
from typing import Final, TypeVar

from bo_sync.access.capabilities import Powers, effects, powers
from bo_sync.access.finding_codes import (
    AMBIGUOUS_ADDRESS,
    DEFAULT_ACCESS,
    MANY_EXPIRIES,
    MISSING_DEFINITION,
    NO_OWNER,
    OTHER_FORM,
    PROTECTED_DIFFERS,
    UNKNOWN_DEFINITION,
    UNMANAGEABLE_USER,
    UNMATCHED_PROTECTION,
)
from bo_sync.access.policies import AroundPlan, judge, unmatched_exceptions
from bo_sync.core.changes import DeleteUser, GrantChange, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import Diff, MissingDefinition, SharedAddress, diff
from bo_sync.core.guardrail_checks import Situation, is_role_owner
from bo_sync.core.guardrails import GuardrailResult, check
from bo_sync.core.live import LiveIndex, grants_of_unmanageable, identity_after, identity_of, index, mapped_away
from bo_sync.core.model import Access, DesiredUser, LiveState
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.policy import Policy, PolicyResult
from bo_sync.core.selection import Candidate, ChosenUsers, Claim, Selection, expired_only, path_of, without_blocked
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError, UsageError
from bo_sync.interruptible import taken
from bo_sync.ports import Addresses, HubReader, Progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desired:
    """What the files mean today. `today` decides which exceptions of `policies` apply.

    `set_aside` are entries of files with errors: their users stay unchanged in the hub.
    """

    users: tuple[DesiredUser, ...]
    settings: Settings
    facts: ConfigFacts
    policies: tuple[Policy, ...] = ()
    today: date = date.min
    findings: tuple[Finding, ...] = ()
    set_aside: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Which users a plan covers, and overrides of numeric guardrails.

    `only` and `expired` are those of a `Selection`; `expired` plans only the losses of expired access.
    `skip_blocked` leaves out users that a guardrail blocks; `expired` implies it.
    """

    only: tuple[Text, ...] = ()
    allowed: tuple[tuple[str, int], ...] = ()
    expired: bool = False
    skip_blocked: bool = False

    @property
    def leaves_out(self) -> bool:
        """Whether blocked users are left out."""
        return self.skip_blocked or self.expired

    @property
    def selection(self) -> Selection:
        return Selection(self.only, self.expired)


EVERYBODY: Final = PlanRequest()


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan, and the live state from which it was made, which its run needs.

    `departing` are the folded addresses of users that the files mark absent or expired: a run gives them nothing back.
    `others` counts the users that a blocked plan would change without the blocked ones.
    """

    plan: Plan
    live: LiveIndex
    viewer: Text | None = None
    departing: frozenset[str] = frozenset()
    others: int = 0


def read_both(
    load: Callable[[], T], hub: HubReader, progress: Progress, addresses: Callable[[T], Iterable[Text]]
) -> tuple[T, LiveState]:
    """Loads the files while the hub is read. An error of `load` precedes one of the hub, and does not wait for it.

    Nor does Ctrl-C: the thread is a daemon. An executor's thread would hold the process until a silent hub times out.
    At its end, the read asks for the `addresses` of what was loaded.
    """
    loaded: Future[T] = Future()
    answer: SimpleQueue[LiveState | BaseException] = SimpleQueue()

    def read() -> None:
        answer.put(_read_live(hub, progress, lambda: addresses(loaded.result())))

    Thread(target=read, name="read", daemon=True).start()
    try:
        loaded.set_result(load())
    finally:
        loaded.cancel()  # if nothing was loaded, the thread must not wait for it
    live = taken(answer)
    if isinstance(live, BaseException):
        raise live
    return loaded.result(), live


def _read_live(hub: HubReader, progress: Progress, wanted: Addresses) -> LiveState | BaseException:
    """What the hub holds, or why it is unknown, as a value that another thread can raise.

    Any BaseException counts, such as a panic in Rust: otherwise the waiting thread would never end.
    """
    try:
        return hub.read_all(progress, wanted)
    except BaseException as err:  # noqa: BLE001 - raised again by whoever waits
        return err


def make_plan(desired: Desired, live: LiveState, hub_url: str, request: PlanRequest = EVERYBODY) -> Reading:
    """The plan, its guardrails and policies checked.

    Raises FilesError when files or settings do not fit the hub's role definitions.
    """
    settings = desired.settings
    live_index = _index(live, settings)
    chosen = _chosen(request.selection, desired.users, live)
    whole = _but_set_aside(diff(desired.users, live_index, settings), desired.set_aside, live_index)
    difference, left_out = _narrowed(whole, chosen, desired, request)
    if difference.missing:
        raise _missing_definitions(difference.missing, live)
    situation = Situation(
        difference, whole, live_index, settings, desired.facts.users, viewer=live.viewer, allowed=dict(request.allowed)
    )
    results, known = check(situation), powers(settings)
    others = 0 if request.leaves_out else _others(situation, results, desired, known)
    if request.leaves_out:
        situation, results = without_blocked(situation, results)
        difference = situation.difference
    plan = Plan(
        hub=_hub_facts(hub_url, live, live_index, difference),
        config=desired.facts,
        changes=difference.changes,
        unchanged=len(difference.unchanged),
        unmanaged=difference.unmanaged,
        unmanageable=difference.unmanageable,
        findings=(
            *_about(chosen, desired),
            *_findings(situation, live),
            *_of_everyone(desired, live_index),
        ),
        guardrails=results,
        effects=effects(difference.changes, live_index.held, situation.after, known),
        policies=_judged(desired, situation, known),
        left_out=left_out,
    )
    departing = frozenset(user.email.folded for user in desired.users if user.departure is not None)
    return Reading(plan, live_index, live.viewer, departing, others)


def _others(situation: Situation, results: Sequence[GuardrailResult], desired: Desired, known: Powers) -> int:
    """How many users a plan changes without the blocked ones; 0 where nothing is blocked, or everything is."""
    if all(result.ok for result in results):
        return 0
    rest, left = without_blocked(situation, results)
    if any(result.blocks for result in left) or any(each.is_violated for each in _judged(desired, rest, known)):
        return 0
    return len(rest.difference.changes)


def _hub_facts(url: str, live: LiveState, live_index: LiveIndex, difference: Diff) -> HubFacts:
    identity = identity_of(live.definitions, live.users)
    after = identity_after(live, {change.id for change in difference.changes if isinstance(change, DeleteUser)})
    return HubFacts(
        url,
        len(live.users),
        live_index.grant_count,
        identity,
        live.tenant,
        identity_after=after if after != identity else None,
    )


def _judged(desired: Desired, situation: Situation, known: Powers) -> tuple[PolicyResult, ...]:
    if not desired.policies:
        return ()
    fixed = grants_of_unmanageable(situation.live)
    before, after = {**situation.live.held, **fixed}, {**situation.after, **fixed}
    around = AroundPlan(before, after, situation.difference.changes, desired.users)
    return judge(desired.policies, around, known, desired.today)


def _chosen(selection: Selection, users: Sequence[DesiredUser], live: LiveState) -> frozenset[str] | None:
    """The folded addresses of the chosen users; None for all.

    Raises UsageError for a pattern that matches no user.
    """
    if selection.is_everyone:
        return None
    candidates = (
        *(Candidate(user.email, user.source.path, user.is_expired) for user in users),
        *(Candidate(user.email) for user in live.users),
    )
    check_matched(selection.unmatched(candidates), candidates)
    return selection.chosen(candidates)


def check_matched(unmatched: Sequence[Text], candidates: Iterable[Candidate]) -> None:
    """Raises UsageError for the first pattern without a match."""
    for pattern in unmatched:
        is_path = path_of(pattern) is not None
        known = {each.path.raw if is_path and each.path else each.email.folded for each in candidates}
        near = get_close_matches(pattern.folded, sorted(known), n=1)
        raise UsageError(
            Message("--only {} matches no user in the files or in the hub", pattern),
            hint=Message("did you mean {}?", Text(near[0])) if near else _PATTERNS,
        )


_PATTERNS: Final = 'give an address, a glob over addresses as in "*@example.com", or a path below users/'


def _but_set_aside(whole: Diff, set_aside: Sequence[Claim], live: LiveIndex) -> Diff:
    """`whole` without unmanaged users that an entry with an error can be about."""
    if not set_aside:
        return whole
    addresses = frozenset(claim.email.folded for claim in set_aside)
    kept = ChosenUsers.of(Selection(), addresses, frozenset(claim.id for claim in set_aside if claim.id is not None))

    def is_kept(email: Text) -> bool:
        return any(kept.may_be(Claim(each.user.email, each.user.id)) for each in live.by_address[email.folded])

    return replace(
        whole,
        changes=tuple(
            change
            for change in whole.changes
            if not (isinstance(change, DeleteUser) and change.source is None and is_kept(change.hub_email))
        ),
        unmanaged=tuple(each for each in whole.unmanaged if not is_kept(each.email)),
    )


def select(difference: Diff, chosen: Collection[str] | None) -> Diff:
    """The part of `difference` about users with the folded addresses `chosen`; all of it for None."""
    if chosen is None:
        return difference
    return Diff(
        changes=tuple(change for change in difference.changes if change.email.folded in chosen),
        unchanged=tuple(email for email in difference.unchanged if email.folded in chosen),
        unmanaged=tuple(user for user in difference.unmanaged if user.email.folded in chosen),
        conflicts=tuple(conflict for conflict in difference.conflicts if conflict.email.folded in chosen),
        shared=tuple(shared for shared in difference.shared if shared.email.folded in chosen),
        missing=tuple(missing for missing in difference.missing if missing.email.folded in chosen),
        unmanageable=tuple(user for user in difference.unmanageable if user.email.folded in chosen),
        notes=tuple(note for note in difference.notes if note.email.folded in chosen),
        protected=tuple(change for change in difference.protected if change.email.folded in chosen),
        ending=tuple(user for user in difference.ending if user.email.folded in chosen),
    )


def _narrowed(whole: Diff, chosen: Collection[str] | None, desired: Desired, request: PlanRequest) -> tuple[Diff, int]:
    """The planned part of `whole`, and how many changes of chosen users `--expired` leaves out."""
    difference = select(whole, chosen)
    if not request.expired:
        return difference, 0
    return expired_only(difference, {user.email.folded for user in desired.users if user.expired_on is not None})


def _index(live: LiveState, settings: Settings) -> LiveIndex:
    """Raises FilesError when the settings map a documented role to an unusual definition."""
    if mapped := mapped_away(live.definitions, settings):
        role, other, usual = mapped
        raise FilesError(
            Message("`role_definitions` maps {} to {}, but the hub has {} too", role, other, usual),
            hint=f"remove `{role}` from `role_definitions` in bo-sync.yaml, or rename the hub's unused definition",
        )
    return index(live, settings)


def _missing_definitions(missing: Sequence[MissingDefinition], live: LiveState) -> FilesError:
    names = Message.of(sorted(definition.name for definition in live.definitions), ", ") or "none"
    return FilesError(
        f"the hub lacks the role definition of {len(missing)} grant{'' if len(missing) == 1 else 's'} in the files",
        lines=tuple(
            Message(
                "{}: error: {} is granted {}, but the hub has no role definition named {}",
                entry.source.text,
                entry.email,
                entry.role,
                entry.hub_name,
            )
            for entry in sorted(missing, key=lambda entry: entry.source)
        ),
        hint=Message("the hub has: {}; put the right name under `role_definitions` in bo-sync.yaml", names),
    )


def _about(chosen: Collection[str] | None, desired: Desired) -> tuple[Finding, ...]:
    """The findings of the files about users with the folded addresses `chosen`; all for None."""
    findings = desired.findings
    return tuple(found for found in findings if chosen is None or (found.email and found.email.folded in chosen))


def _findings(situation: Situation, live: LiveState) -> Iterator[Finding]:
    difference, settings = situation.difference, situation.settings
    yield from _user_findings(difference, situation.live)
    for pattern, place in settings.unmatched([user.email for user in live.users]):
        yield UNMATCHED_PROTECTION.finding(Message("`protect`: {} matches no user in the hub", pattern), source=place)
    for change in difference.protected:
        told = f"protected, and differs from the file in {_differing(change)}; nothing of it is changed"
        yield PROTECTED_DIFFERS.finding(told, change.email, change.source)
    yield from _definition_findings(live, situation.live, settings)
    yield from _without_owner(situation)


def _without_owner(situation: Situation) -> Iterator[Finding]:
    """The finding for a hub where no user can give access, unless the plan makes an owner."""
    everybody = chain(situation.live.held.values(), situation.after.values())
    if not any(is_role_owner(held, situation.live.definitions) for held in everybody):
        least = situation.settings.guardrails.least_role_owners
        told = f"no user owns Roles & permissions with Backoffice on, and min_role_owners is {least}"
        yield NO_OWNER.finding(f"{told}: make a user an owner in the hub, or check `role_definitions`")


def _of_everyone(desired: Desired, live: LiveIndex) -> Iterator[Finding]:
    """Findings that need the files and the hub, whichever users the plan covers."""
    emails = [user.email for user in desired.users] + [user.user.email for user in live.users]
    yield from unmatched_exceptions(desired.policies, emails)
    limit = desired.settings.guardrails.max_expiries.of(len(live.users))
    for day, number in sorted(_expiries(desired, live).items()):
        if number > limit and 0 <= (day - desired.today).days <= desired.settings.expiring_within:
            told = f"{number} accounts and grants expire after {day}, and max_expiries is {limit}"
            yield MANY_EXPIRIES.finding(f"{told}: that run needs --allow max_expiries={number}, or other dates")


def _expiries(desired: Desired, live: LiveIndex) -> Counter[date]:
    """How many accounts and grants of users in the hub expire on each day; a grant that expires with its account
    counts once.

    A grant that a preset gives again counts too: the day itself decides that.
    """
    found: Counter[date] = Counter()
    for user in desired.users:
        ends = [grant.until for grant in user.grants if grant.until is not None]
        if user.until is not None:
            ends = [user.until, *(end for end in ends if end < user.until)]
        if ends and user.departure is None and user.email.folded in live.by_address:
            found.update(ends)
    return found


def _differing(change: UpdateUser) -> str:
    """What an update changes, without values: `job, pricing (owner → viewer)`."""
    grants = (f"{edit.role} ({_difference(edit)})" for edit in change.grants)
    return ", ".join((*(edit.field for edit in change.profile), *grants))


def _difference(edit: GrantChange) -> str:
    if isinstance(edit, RemoveDuplicate):
        return "a duplicate role row"
    return f"{edit.before.word} → {edit.after.word}"


def _user_findings(difference: Diff, live: LiveIndex) -> Iterator[Finding]:
    for shared in difference.shared:
        yield AMBIGUOUS_ADDRESS.finding(_shared(shared), shared.email, shared.source)
    for user in difference.unmanageable:
        odd = live.odd.get(user.id)
        if odd is not None:
            held = f"{len(odd.grants)} grant{'' if len(odd.grants) == 1 else 's'}"
            message = f"user id {user.id} has {user.reason}: it is never changed or deleted, and keeps {held}"
            yield UNMANAGEABLE_USER.finding(message)
    for note in difference.notes:
        message = (
            f"{note.field} holds text in the hub that no file can hold, so the whole profile stays as it is"
            if note.is_odd
            else f"{note.field} differs from the hub only in form, which is not a change"
        )
        yield OTHER_FORM.finding(message, note.email, note.source)


def _shared(shared: SharedAddress) -> str:
    ids = ", ".join(f"id {number}" for number in shared.ids)
    several = f"several users in the hub have this address ({ids})"
    if shared.chosen is None:
        return f"{several}; none of them is changed"
    rest = "; the deletion is blocked" if shared.blocked else ""
    if shared.kept:
        rest = f"; the profile stays as it is, though {', '.join(shared.kept)} should change"
    return f"{several}; only grants of id {shared.chosen} are changed{rest}"


def _left_alone(grants: int) -> str:
    match grants:
        case 0:
            return "nobody holds it"
        case 1:
            return "the one grant of it is left alone"
        case _:
            return f"the {grants} grants of it are left alone"


def _definition_findings(live: LiveState, live_index: LiveIndex, settings: Settings) -> Iterator[Finding]:
    unknown = {each.id for each in live.definitions} - {each.id for each in live_index.definitions.values()}
    users = live.users if unknown else ()
    rows = Counter(row.definition_id for user in users for row in user.rows if row.access is not Access.NONE)
    for definition in sorted(live.definitions, key=lambda definition: (definition.name, definition.id)):
        if definition.id in unknown:
            message = Message(
                "role definition {} is not in `role_definitions` of bo-sync.yaml: {}",
                definition.name,
                _left_alone(rows[definition.id]),
            )
            yield UNKNOWN_DEFINITION.finding(message)
        if definition.default_access is not Access.NONE:
            gives = Message("role definition {} gives {} by default", definition.name, definition.default_access.word)
            yield DEFAULT_ACCESS.finding(
                Message("unknown {}: a user whom apply creates may keep that access", gives)
                if definition.id in unknown
                else Message("{}: a person whom apply creates is taken back to exactly what the file gives", gives)
            )
    for role, name in settings.role_definitions:
        if role not in live_index.definitions:
            message = Message("the hub has no role definition named {}, so {} cannot be granted", name, role)
            yield MISSING_DEFINITION.finding(message)
