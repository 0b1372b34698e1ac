"""Run a plan, phase by phase, and report the outcome of each user.

A step sends only what the plan shows and settles its own doubts (`writes.py`). A failure stops only the later steps
of the same user. A defect of bo-sync stops all new steps and is still reported: the report states what happened.
"""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from shlex import quote
from threading import Lock
from typing import assert_never

from bo_sync.apply.confirm import Confirmation, Sent, confirm
from bo_sync.apply.owner_guard import OwnerGuard, can_be_given_back, owners_after
from bo_sync.apply.planner import Reading
from bo_sync.apply.writes import Target, create, delete, strip_defaults, update_profile, write_grants
from bo_sync.core.apply_report import Outcome, OwnersLeft, Report, UserOutcome
from bo_sync.core.changes import Change, CreateUser, GrantChange, UpdateUser
from bo_sync.core.guardrail_checks import role_owners
from bo_sync.core.live import key_of
from bo_sync.core.model import Access
from bo_sync.core.plan import Plan, action_of
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Message, Text
from bo_sync.core.write_order import HALVES, ONE_BY_ONE, CreateStep, DeleteStep, ProfileStep, Step, WriteGrants, steps
from bo_sync.errors import HubError, HubFateUnknownError, HubUnconfirmedError
from bo_sync.interruptible import finished, pause
from bo_sync.ports import Hub, Progress, UpdateRow


@dataclass(frozen=True, slots=True)
class Options:
    """How an apply runs. `stopped` is called before each step and during each wait; after True nothing begins."""

    run: str
    concurrency: int = 8
    fail_fast: bool = False
    stopped: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Run:
    """What one apply has learned so far, by folded address. The steps of one user never run at the same time."""

    hub: Hub
    reading: Reading
    options: Options
    guard: OwnerGuard
    ids: dict[str, int]
    moments: dict[str, Text] = field(default_factory=dict)
    errors: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    left: dict[str, str] = field(default_factory=dict)
    lowered: list[tuple[UpdateUser, tuple[GrantChange, ...]]] = field(default_factory=list)
    guarded: tuple[Step, ...] = ()
    verdicts: dict[str, Confirmation] = field(default_factory=dict)
    reversals: dict[str, str] = field(default_factory=dict)
    owners: OwnersLeft | None = None
    defects: list[Exception] = field(default_factory=list)
    is_halted: bool = False
    lock: Lock = field(default_factory=Lock)

    def halted(self) -> bool:
        """Whether nothing new may begin. It never becomes False again."""
        self.is_halted |= bool(self.defects)
        self.is_halted |= self.options.stopped() or (self.options.fail_fast and bool(self.errors))
        return self.is_halted


def _run_of(hub: Hub, reading: Reading, options: Options) -> _Run:
    wait = partial(pause, stopped=options.stopped, sleep=options.sleep)
    ids: dict[str, int] = {}
    return _Run(hub, reading, options, OwnerGuard(hub, reading, wait, ids), ids)


class BrokenRunError(Exception):
    """bo-sync itself failed while it ran a plan. `report` has what was done until then; the cause is the defect."""

    def __init__(self, report: Report) -> None:
        super().__init__("the run broke off")
        self.report = report


def apply_plan(reading: Reading, hub: Hub, options: Options, progress: Progress) -> Report:
    """Runs a plan that no guardrail or policy blocks, and reports.

    Raises no HubError; see each outcome's `error`. Raises BrokenRunError, with the report, for a defect of bo-sync.
    """
    if reading.plan.refused or reading.plan.violated:
        raise ValueError("a refused plan cannot be run")
    state = _run_of(hub, reading, options)
    phases = steps(reading.plan, role_owners(reading.live), reading.viewer)
    total = sum(len(found) for _, found in phases)
    done = count(1)
    for phase, found in phases:
        if phase in ONE_BY_ONE:
            state.guarded = found
        workers = 1 if phase in ONE_BY_ONE else options.concurrency
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="apply") as pool:
            for _ in finished([pool.submit(_run_step, state, step) for step in found]):
                progress.advance("steps", next(done), total)
    for look in (_look_after, _confirm):
        _noting(state, partial(look, state))
    outcomes = tuple(_outcome(state, change) for change in reading.plan.changes)
    report = Report(options.run, digest(reading.plan), outcomes, owners=state.owners)
    if state.defects:
        raise BrokenRunError(report) from state.defects[0]
    return report


def _look_after(state: _Run) -> None:
    """Checks the owners after the last loss of ownership. While too few remain, the last loss is given back.

    Then they are read again, since a hub may answer success and store nothing.
    """
    guard = state.guard
    if not guard.lost:
        return
    try:
        owners = guard.remaining()
        _give_back(state, len(owners))
        if state.reversals:
            owners = guard.remaining()
    except HubError as error:
        _unread_owners(state, error)
        return
    _check_returns(state, owners)
    if len(owners) < guard.least:
        state.owners = OwnersLeft(len(owners), guard.least, _makes_owner(state, owners))


def _give_back(state: _Run, left: int) -> None:
    """Gives ownership back, the last loss first, until `left` owners are enough by the hub's answers."""
    for change, grants in reversed(state.lowered):
        if left >= state.guard.least:
            return
        if can_be_given_back(change, state.reading):
            left += _given_back(state, change, grants, left)


def _check_returns(state: _Run, owners: Collection[int]) -> None:
    """Makes a user unconfirmed whose ownership was given back, but who is not among the `owners` read since."""
    message = "ownership given back, but the hub still shows the user as not an owner"
    for change, _ in state.lowered:
        if change.email.folded in state.reversals and change.id not in owners:
            state.errors[change.email.folded] = Outcome.UNCONFIRMED, message


def _unread_owners(state: _Run, error: HubError) -> None:
    """The owners are unknown: nothing more is given back, and no loss or return of ownership is reported as applied."""
    message = Message("who still owns Roles & permissions could not be read: {}", error.message)
    for change in state.reading.plan.changes:
        is_lost = not isinstance(change, CreateUser) and change.id in state.guard.lost
        if is_lost or change.email.folded in state.reversals:
            state.errors.setdefault(change.email.folded, (Outcome.UNKNOWN, message))


def _given_back(state: _Run, change: UpdateUser, grants: Sequence[GrantChange], left: int) -> int:
    """Asks the hub to give this ownership back. Returns the number of added owners: 1 or 0."""
    before = {row.id: row.access for row in state.reading.live.by_id[change.id].user.rows}
    writes = [UpdateRow(edit.row_id, before[edit.row_id]) for edit in grants if edit.row_id in before]
    try:
        state.hub.write_rows(change.id, writes)
    except HubError as error:
        state.errors[change.email.folded] = _fate(error)
        return 0
    state.guard.note_return(change.id)
    state.reversals[change.email.folded] = (
        f"ownership given back: {left} would own Roles & permissions with Backoffice on, "
        f"and at least {state.guard.least} must"
    )
    return 1


def _makes_owner(state: _Run, owners: Collection[int]) -> Message:
    """How to get an owner: the command for a user who is an owner only in the files, or else what to do."""
    wanted = owners_after(state.reading)
    for change in state.reading.plan.changes:
        user_id = state.ids.get(change.email.folded) if isinstance(change, CreateUser) else change.id
        if key_of(change, wanted) in wanted and user_id not in owners:
            return Message("bo-sync apply --only {}", Text(quote(str(change.email))))
    return Message(
        "bo-sync apply --only ADDRESS, of a user whose file has backoffice: true and roles_permissions: owner"
    )


def _confirm(state: _Run) -> None:
    """Reads the changes of each user again, where all of them were sent."""
    sent = [
        Sent(change, state.ids[key] if isinstance(change, CreateUser) else change.id, state.moments.get(key))
        for change in state.reading.plan.changes
        if (key := change.email.folded) in state.begun
        and key not in state.errors
        and key not in state.left
        and key not in state.reversals
    ]
    state.verdicts = confirm(state.hub, sent, state.reading.live.definitions, state.guard.pause)


def unattempted(plan: Plan, why: str, moved: tuple[Message, ...] = ()) -> Report:
    """The report of a plan that was not applied, and why; `moved` as in `Report`."""
    reason = Message(why)
    outcomes = (UserOutcome(change.email, action_of(change), Outcome.NOT_ATTEMPTED, reason) for change in plan.changes)
    return Report("", digest(plan), tuple(outcomes), reason, moved)


def _noting(state: _Run, work: Callable[[], None]) -> bool:
    """Does `work`. Returns whether it ended without a defect of ours, which is noted for the report."""
    try:
        work()
    except Exception as defect:  # noqa: BLE001 - the others' outcomes must be told, whatever we did wrong here
        state.defects.append(defect)
        return False
    return True


def _run_step(state: _Run, step: Step) -> None:
    key = step.change.email.folded
    if key in state.errors or key in state.left:
        return
    if state.halted():
        state.left[key] = ""
    elif not _noting(state, partial(_take_step, state, step)):
        why = "bo-sync itself failed at this person, so whether the last request happened is unknown"
        state.errors[key] = Outcome.UNKNOWN, why


def _take_step(state: _Run, step: Step) -> None:
    """Sends a step, unless something prevents it, and notes the outcome."""
    key = step.change.email.folded
    try:
        if reason := _why_not(state, step):
            state.left[key] = reason
            return
        state.begun.add(key)
        _send(state, step)
        _note_ownership(state, step)
    except HubError as error:
        state.errors[key] = _fate(error)
        _note_limbo(state, step, error)


def _why_not(state: _Run, step: Step) -> str:
    """Why a step that takes ownership away, or could by now, must not be sent; "" where it may be sent."""
    if isinstance(step.change, CreateUser):
        return ""
    if step in state.guarded:
        return state.guard.why_not_lose(step.change)
    return state.guard.why_not_touch(step.change) if _may_lessen(step) else ""


def _may_lessen(step: Step) -> bool:
    """Whether a step would take ownership from a user who became an owner since the plan was made.

    A raise sends the access to hold afterwards, so it lowers a user who has more by then.
    """
    return isinstance(step, DeleteStep) or (
        isinstance(step, WriteGrants) and any(grant.role in HALVES for grant in step.grants)
    )


def _note_limbo(state: _Run, step: Step, error: HubError) -> None:
    """A loss of ownership without an answer may still happen, so its user is not counted as an owner."""
    in_doubt = isinstance(error, HubFateUnknownError) or isinstance(error.__cause__, HubFateUnknownError)
    if in_doubt and step in state.guarded and not isinstance(step.change, CreateUser):
        state.guard.lost.add(step.change.id)


def _note_ownership(state: _Run, step: Step) -> None:
    """Notes what the hub answered about the ownership of its roles."""
    match step:
        case WriteGrants(change=UpdateUser() as change) if step in state.guarded:
            state.guard.lost.add(change.id)
            state.lowered.append((change, step.grants))
        case WriteGrants(change, grants) if any(edit.role in HALVES and edit.direction.gives for edit in grants):
            state.guard.note_raise(change, _target(state, change).id)
        case DeleteStep(change) if step in state.guarded:
            state.guard.lost.add(change.id)


def _fate(error: HubError) -> tuple[Outcome, str]:
    """The outcome of a user whose request ended with `error`."""
    match error:
        case HubUnconfirmedError():
            return Outcome.UNCONFIRMED, error.message
        case HubFateUnknownError():
            return Outcome.UNKNOWN, error.message
        case _:
            return Outcome.FAILED, error.message


def _look_again(state: _Run, step: Step) -> None:
    """Others may have changed the hub between two attempts. Raises HubError when the second must not be sent."""
    reason = _why_not(state, step)
    if reason:
        message = Message("an earlier try did not do it, then {}", reason)
        raise HubError(message, operation="roles", hint="run plan again: it shows what is left")


def _send(state: _Run, step: Step) -> None:
    match step:
        case CreateStep(change):
            definitions = state.reading.live.definitions.values()
            made = create(state.hub, change, definitions, state.reading.live.by_id)
            _note_moment(state, change, made.moment)
            is_claimed = _claim(state, change, made.id)
            if is_claimed and any(definition.default_access is not Access.NONE for definition in definitions):
                strip_defaults(state.hub, _target(state, change))
        case ProfileStep(change, fields):
            _note_moment(state, change, update_profile(state.hub, _target(state, change), fields))
        case WriteGrants(change, grants):
            moment = write_grants(state.hub, _target(state, change), grants, partial(_look_again, state, step))
            _note_moment(state, change, moment)
        case DeleteStep(change):
            delete(state.hub, change, partial(_look_again, state, step))
        case unreachable:
            assert_never(unreachable)


def _claim(state: _Run, change: CreateUser, made: int) -> bool:
    """Notes the id of a new user. If the hub answered two creations with it, both failed."""
    with state.lock:
        other = next((key for key, user_id in state.ids.items() if user_id == made), None)
        if other is None:
            state.ids[change.email.folded] = made
        else:
            message = Message(
                "adminUserCreate of {}: the hub answers two creations with the same id ({})", change.email, made
            )
            state.errors |= dict.fromkeys((other, change.email.folded), (Outcome.FAILED, message))
    return other is None


def _note_moment(state: _Run, change: Change, moment: Text | None) -> None:
    key = change.email.folded
    if moment is not None:
        state.moments[key] = max(moment, state.moments.get(key, moment))


def _target(state: _Run, change: CreateUser | UpdateUser) -> Target:
    definitions = {role: definition.id for role, definition in state.reading.live.definitions.items()}
    match change:
        case CreateUser():
            return Target(change.email, state.ids[change.email.folded], definitions)
        case UpdateUser():
            is_shared = len(state.reading.live.at(change.email)) > 1
            return Target(change.hub_email, change.id, definitions, is_shared)


def _outcome(state: _Run, change: Change) -> UserOutcome:
    outcome, why = _outcome_and_reason(state, change.email.folded)
    return UserOutcome(change.email, action_of(change), outcome, None if why is None else Message(why))


def _outcome_and_reason(state: _Run, key: str) -> tuple[Outcome, str | None]:
    if key in state.errors:
        return state.errors[key]
    if key in state.left:
        return _left(state.left[key], begun=key in state.begun)
    if key in state.reversals:
        return Outcome.REVERSED, state.reversals[key]
    return _confirmed(state.verdicts.get(key))


def _confirmed(verdict: Confirmation | None) -> tuple[Outcome, str | None]:
    """The outcome where everything was sent and answered: applied only if a read showed it."""
    if verdict is None:
        return Outcome.UNCONFIRMED, "sent and answered, but it was not read again"
    match verdict.kind:
        case "applied" | "later":
            return Outcome.APPLIED, verdict.told or None
        case "unconfirmed":
            return Outcome.UNCONFIRMED, verdict.told


def _left(reason: str, *, begun: bool) -> tuple[Outcome, str]:
    """The outcome where at least one step was not sent; `reason` is empty when the run was stopped."""
    if begun:
        return Outcome.FAILED, Message("partly done; {}", reason) if reason else "stopped before everything was sent"
    return Outcome.NOT_ATTEMPTED, reason or "stopped before anything was sent"
