"""A run of the executor over a hub in memory: from the users whom the files want to the report."""

from dataclasses import replace

from bo_sync.apply.executor import Options, apply_plan
from bo_sync.apply.planner import Desired, Reading, make_plan
from bo_sync.core.apply_report import Report
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import DesiredUser, LiveState
from bo_sync.core.plan import ConfigFacts
from tests.support.hub_double import SILENT, InMemoryHub, hurried
from tests.support.users import SETTINGS


def reading_of(*desired: DesiredUser, live: LiveState, least: int | None = None) -> Reading:
    """The plan, without guardrails but for the `least` owners that must remain."""
    found = make_plan(Desired(desired, SETTINGS, ConfigFacts(len(desired), "sha256:0")), live, "https://hub.example/")
    limits = () if least is None else (GuardrailResult("min_role_owners", least, least, ok=True),)
    return replace(found, plan=replace(found.plan, guardrails=limits))


def run(hub: InMemoryHub, *desired: DesiredUser, options: Options | None = None, least: int | None = None) -> Report:
    reading = reading_of(*desired, live=hub.state, least=least)
    return apply_plan(reading, hub, options or hurried("run", concurrency=1), SILENT)


def outcomes(report: Report) -> dict[str, str]:
    """By the name before the `@`."""
    return {user.email.raw.partition("@")[0]: user.outcome.value for user in report.outcomes}


def errors(report: Report) -> dict[str, str | None]:
    return {user.email.raw.partition("@")[0]: user.error for user in report.outcomes if user.error}
