"""Whatever is committed, edited by others, hit by a fault or killed, in whatever order: the hub comes to no harm.

Hypothesis chooses the steps of each course; what a step does in detail follows from a number that it chooses. Over the
real client and the real sandbox, in process. `BO_SYNC_COURSES=4000` walks that many courses, other ones each time.
"""

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bo_sync.apply.planner import PlanRequest
from bo_sync.sandbox.interception import PassThrough
from tests.model.course import PASSED, Course
from tests.model.draws import some_faults
from tests.support.faults import Fault, FaultKind, InjectedFaults, KillClient, Nth, Rate, Stage

IS_SOAK: Final = "BO_SYNC_COURSES" in os.environ
PARTS: Final = 4 if IS_SOAK else 2
COURSES: Final = int(os.environ.get("BO_SYNC_COURSES", "60"))
FEWEST_STEPS: Final = 6
SHORT: Final = 8
"""About so many of hypothesis's courses have fewer steps, and do not count."""
NUMBERS: Final = st.integers(0, 2**32)
WHATS: Final = ("apply", "faults", "faults", "kill before", "kill after", "edit", "edit", "protected")
LIMITS: Final = st.sampled_from((PASSED, PASSED, PlanRequest()))


class Walk(RuleBasedStateMachine):
    """One course. Whatever a rule finds wrong ends it; otherwise it must settle."""

    tally: Counter[str]
    met: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.course: Course | None = None
        self.is_sound = False

    @initialize(number=NUMBERS)
    def found(self, number: int) -> None:
        self.course = Course(Random(number))
        self.is_sound = True

    @rule(number=NUMBERS, what=st.sampled_from(WHATS), limit=LIMITS, at=st.integers(1, 8), flag=st.booleans())
    def step(self, number: int, *, what: str, limit: PlanRequest, at: int, flag: bool) -> None:
        """One rule for all, because hypothesis leaves some rules out of a course, and each is to have every kind."""
        self.met.add(what)
        match what:
            case "apply":
                self._step(number, lambda it: it.run(PassThrough(), meanwhile=at % 5, limit=limit), commits=True)
            case "faults":
                self._step(
                    number, lambda it: it.run(some_faults(it.chance), from_plan=flag, meanwhile=at % 5), commits=at != 1
                )
            case "kill before" | "kill after":
                stage = Stage(what.removeprefix("kill "))
                self._step(number, lambda it: it.run(KillClient(at, stage)), commits=flag)
            case "edit":
                self._step(number, Course.edit)
            case _:
                self._step(number, Course.name_the_protected)

    def _step(self, number: int, step: Callable[[Course], object], *, commits: bool = False) -> None:
        """One step, which changes the files first when it `commits`."""
        assert self.course is not None
        self.is_sound = False
        self.course.chance = Random(number)
        if commits:
            self.course.commit()
        step(self.course)
        self.course.counts["steps"] += 1
        self.is_sound = True

    def teardown(self) -> None:
        if self.course is None:
            return
        try:
            if self.is_sound:
                self.course.settle()
                _count(self.tally, self.course.counts)
        finally:
            self.course.close()


def _count(tally: Counter[str], counts: Counter[str]) -> None:
    if counts["steps"] >= FEWEST_STEPS:
        tally["courses"] += 1
        tally["courses with a fault or a kill"] += bool(counts["kills"] or counts["faults"])
        tally += counts


@pytest.mark.parametrize("part", range(PARTS))
def test_no_course_doubles_or_sends_what_was_not_shown_and_each_settles(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    tally: Counter[str] = Counter()
    met: set[str] = set()
    walk = type("Walk", (Walk,), {"tally": tally, "met": met})
    run_state_machine_as_test(
        walk if IS_SOAK else seed(part)(walk),
        settings=settings(
            max_examples=COURSES // PARTS + SHORT,
            stateful_step_count=7,
            derandomize=False,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    for what, number in sorted(tally.items()):
        record_property(f"counted: {what}", number)
    assert tally["courses"] >= COURSES // PARTS
    assert met == {*WHATS}
    assert tally["courses with a fault or a kill"] >= tally["courses"] / 2
    assert tally["writes"] > 10 * tally["courses"]


EACH: Final = {
    **{f"fault {kind}": InjectedFaults([Fault(kind, Nth(1)), Fault(kind, Rate(0.5))]) for kind in FaultKind},
    **{f"kill {stage}": KillClient(8, stage) for stage in Stage},
}


@pytest.mark.parametrize("interceptor", EACH.values(), ids=EACH)
def test_courses_through_each_kind_of_fault_and_kill_settle(interceptor: InjectedFaults | KillClient) -> None:
    counts: Counter[str] = Counter()
    for number in range(2):
        course = Course(Random(number))
        try:
            for from_plan in (False, True):
                course.commit()
                course.run(interceptor, from_plan=from_plan)
            course.settle()
        finally:
            course.close()
        counts += course.counts
    assert counts["faults"] + counts["kills"] > 0
