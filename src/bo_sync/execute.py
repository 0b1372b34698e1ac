"""Running a plan: phase by phase, people of a phase side by side, and the truth about each of them afterwards.

A step sends only what the plan shows, and settles its own doubts (`sending.py`). One person's failure stops the later
steps of that person and of nobody else. A failure of our own lets nothing more begin, and is reported as it happened
too: the report is made from what happened, never from what was meant to.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import assert_never

from bo_sync.core.changes import Change, CreateUser, UpdateUser
from bo_sync.core.document import digest
from bo_sync.core.guardrails import role_owners
from bo_sync.core.model import Access
from bo_sync.core.order import HALVES, CreateStep, DeleteStep, GrantStep, Phase, ProfileStep, Step, steps
from bo_sync.core.plan import Plan, action_of
from bo_sync.core.report import Outcome, PersonOutcome, Report
from bo_sync.errors import HubError, HubFateUnknownError
from bo_sync.ownership import Standing, why_not_lose, why_not_touch
from bo_sync.ports import Hub, Progress
from bo_sync.reconcile import Reading
from bo_sync.sending import Target, create, delete, strip_defaults, update_profile, write_grants
from bo_sync.waiting import finished


@dataclass(frozen=True, slots=True)
class Options:
    """How an apply runs. `stopped` is asked before each step; once it says True nothing new begins."""

    run: str
    concurrency: int = 8
    fail_fast: bool = False
    stopped: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class _Run:
    """What one apply has learned so far, by folded address. The steps of one person never run at the same time."""

    hub: Hub
    reading: Reading
    options: Options
    ids: dict[str, int] = field(default_factory=dict)
    errors: dict[str, HubError] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    left: dict[str, str] = field(default_factory=dict)
    guarded: tuple[Step, ...] = ()
    in_limbo: set[int] = field(default_factory=set)
    defects: list[Exception] = field(default_factory=list)
    is_halted: bool = False

    def halted(self) -> bool:
        """Whether nothing new may begin; once so, always so."""
        self.is_halted |= bool(self.defects)
        self.is_halted |= self.options.stopped() or (self.options.fail_fast and bool(self.errors))
        return self.is_halted


class BrokenRunError(Exception):
    """bo-sync itself failed while it ran a plan. `report` says what was done all the same; the cause is the defect."""

    def __init__(self, report: Report) -> None:
        super().__init__("the run broke off")
        self.report = report


def apply_plan(reading: Reading, hub: Hub, options: Options, progress: Progress) -> Report:
    """Runs a plan that no guardrail and no policy refuses, and reports.

    Raises nothing that the hub does; see each outcome's `error`.
    Raises BrokenRunError, with the report in it, for what is nobody's fault but ours.
    """
    if reading.plan.refused or reading.plan.violated:
        raise ValueError("a refused plan cannot be run")
    state = _Run(hub, reading, options)
    phases = steps(reading.plan, role_owners(reading.live), reading.viewer)
    total = sum(len(found) for _, found in phases)
    done = count(1)
    for phase, found in phases:
        if phase is Phase.OWNERSHIP:
            state.guarded = found
        workers = 1 if phase is Phase.OWNERSHIP else options.concurrency
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="apply") as pool:
            for _ in finished([pool.submit(_run_step, state, step) for step in found]):
                progress.advance("steps", next(done), total)
    outcomes = tuple(_outcome(state, change) for change in reading.plan.changes)
    report = Report(options.run, digest(reading.plan), outcomes)
    if state.defects:
        raise BrokenRunError(report) from state.defects[0]
    return report


def unattempted(plan: Plan, why: str, moved: tuple[str, ...] = ()) -> Report:
    """The report of a plan that was not run, and why; `moved` as in `Report`."""
    outcomes = (PersonOutcome(change.email, action_of(change), Outcome.NOT_ATTEMPTED, why) for change in plan.changes)
    return Report("", digest(plan), tuple(outcomes), why, moved)


def _run_step(state: _Run, step: Step) -> None:
    key = step.change.email.folded
    if key in state.errors or key in state.left:
        return
    if state.halted():
        state.left[key] = ""
        return
    try:
        reason = _why_not(state, step)
        if reason:
            state.left[key] = reason
            return
        state.begun.add(key)
        _send(state, step)
    except HubError as error:
        state.errors[key] = error
        _note_limbo(state, step, error)
    except Exception as defect:  # noqa: BLE001 - the others' outcomes must be told, whatever we did wrong here
        state.defects.append(defect)
        state.errors[key] = _broken(step)


def _why_not(state: _Run, step: Step) -> str:
    """Why a step that takes ownership away, or may by now, must not be sent; "" for every other, and when it may."""
    if isinstance(step.change, CreateUser):
        return ""
    if step in state.guarded:
        return why_not_lose(state.hub, state.reading, Standing(state.ids, state.in_limbo), step.change)
    return why_not_touch(state.hub, state.reading, step.change) if _may_lessen(step) else ""


def _may_lessen(step: Step) -> bool:
    """Whether a step would take ownership from whoever became an owner since the plan was made.

    A raise is sent as the access that is to hold afterwards, so it takes from whoever holds more by then.
    """
    return isinstance(step, DeleteStep) or (
        isinstance(step, GrantStep) and any(grant.role in HALVES for grant in step.grants)
    )


def _note_limbo(state: _Run, step: Step, error: HubError) -> None:
    """A loss of ownership that nobody answered for may happen later: whoever it is about is no owner to count on."""
    in_doubt = isinstance(error, HubFateUnknownError) or isinstance(error.__cause__, HubFateUnknownError)
    if in_doubt and step in state.guarded and not isinstance(step.change, CreateUser):
        state.in_limbo.add(step.change.id)


def _broken(step: Step) -> HubFateUnknownError:
    message = "bo-sync itself failed at this person, so whether the last request happened is unknown"
    return HubFateUnknownError(message, operation=type(step).__name__, hint="run plan again: it shows what is left")


def _look_again(state: _Run, step: Step) -> None:
    """Between two tries others may have changed the hub too. Raises HubError when the second must not be sent."""
    reason = _why_not(state, step)
    if reason:
        message = f"an earlier try did not do it, then {reason}"
        raise HubError(message, operation="roles", hint="run plan again: it shows what is left")


def _send(state: _Run, step: Step) -> None:
    match step:
        case CreateStep(change):
            definitions = state.reading.live.definitions.values()
            state.ids[change.email.folded] = create(state.hub, change, definitions)
            if any(definition.default_access is not Access.NONE for definition in definitions):
                strip_defaults(state.hub, _target(state, change))
        case ProfileStep(change, fields):
            update_profile(state.hub, _target(state, change), fields)
        case GrantStep(change, grants):
            write_grants(state.hub, _target(state, change), grants, partial(_look_again, state, step))
        case DeleteStep(change):
            delete(state.hub, change, partial(_look_again, state, step))
        case unreachable:
            assert_never(unreachable)


def _target(state: _Run, change: CreateUser | UpdateUser) -> Target:
    definitions = {role: definition.id for role, definition in state.reading.live.definitions.items()}
    match change:
        case CreateUser():
            return Target(change.email, state.ids[change.email.folded], definitions)
        case UpdateUser():
            is_shared = len(state.reading.live.at(change.email)) > 1
            return Target(change.hub_email, change.id, definitions, is_shared)


def _outcome(state: _Run, change: Change) -> PersonOutcome:
    key = change.email.folded
    error = state.errors.get(key)
    if isinstance(error, HubFateUnknownError):
        return PersonOutcome(change.email, action_of(change), Outcome.UNKNOWN, error.message)
    if error is not None:
        return PersonOutcome(change.email, action_of(change), Outcome.FAILED, error.message)
    if key in state.left:
        return _left(change, state.left[key], begun=key in state.begun)
    return PersonOutcome(change.email, action_of(change), Outcome.APPLIED)


def _left(change: Change, reason: str, *, begun: bool) -> PersonOutcome:
    """Somebody of whom at least one step was not sent; `reason` is empty when everything was stopped."""
    if begun:
        why = f"partly done; {reason}" if reason else "stopped before everything was sent"
        return PersonOutcome(change.email, action_of(change), Outcome.FAILED, why)
    why = reason or "stopped before anything was sent"
    return PersonOutcome(change.email, action_of(change), Outcome.NOT_ATTEMPTED, why)
