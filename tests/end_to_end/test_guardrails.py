"""Each guardrail through the real commands and a real socket: the whole text, the exit code, and what the hub was
sent."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bo_sync.sandbox.population import baseline_population, first_user
from bo_sync.sandbox.resolvers import MUTATIONS
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.refusals import ABSOLUTE, NUMBERED, REFUSALS, Refusal, State, printed
from tests.end_to_end.world import TODAY, file, files, rows, user
from tests.support.process import Ran, Served, bo_sync, served, write


def not_sent(guardrail: str) -> str:
    """What is said beside a plan that one guardrail refuses."""
    return f"Nothing was sent: refused by {guardrail}.\n"


LIMITS = ("max_user_deletes=999", "max_grant_losses=999", "max_expiries=999", "min_role_owners=1")
WIDE = tuple(word for limit in LIMITS for word in ("--allow", limit))


@contextmanager
def unchanged_hub(state: State) -> Iterator[ObservedHub]:
    """A hub that must have been asked for nothing but reads, and hold to the last row what it held."""
    with observed(state.population) as hub:
        before = hub.holds()
        yield hub
        assert writes(hub) == []
        assert hub.traffic.count > 0
        assert hub.holds() == before


def writes(hub: ObservedHub) -> list[tuple[str, ...]]:
    return [request.roots for request in hub.traffic.requests if set(request.roots) & set(MUTATIONS)]


def run(root: Path, hub: ObservedHub, state: State, *words: str) -> Ran:
    """What a command says; without the hint about the users who are not blocked, which has its own tests."""
    done = bo_sync(root, *words, "--today", TODAY, env={**hub.env(), **state.env})
    kept = [
        line for line in done.err.splitlines(keepends=True) if not line.startswith("hint: to leave out the blocked")
    ]
    return replace(done, err="".join(kept))


def guardrails_of(done: Ran) -> str:
    """The block of guardrails, which is the last that a plan prints."""
    return done.out[done.out.rindex("\nGuardrails: ") + 1 :]


def refusal_of(done: Ran) -> tuple[str, ...]:
    """The lines of the only guardrail that refuses, from its name to the way past it."""
    lines = guardrails_of(done).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("  REFUSED  "))
    last = next(number for number, line in enumerate(lines) if line.startswith("           way past: "))
    assert sum(line.startswith("  REFUSED  ") for line in lines) == 1
    return tuple(lines[first : last + 1])


@pytest.mark.parametrize(("guardrail", "case"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_guardrail_refuses_in_these_words_and_the_hub_is_only_read(
    tmp_path: Path, guardrail: str, case: Refusal
) -> None:
    root = write(tmp_path, case.state.files)
    with unchanged_hub(case.state) as hub:
        plan = run(root, hub, case.state, "plan", "--out", "plan.json")
        apply = run(root, hub, case.state, "apply", "--yes")
        saved = run(root, hub, case.state, "apply", "plan.json", "--yes", "--format", "json")
    assert guardrails_of(plan) == case.block(guardrail)
    assert (plan.code, plan.err) == (4, case.talk)
    assert (apply.code, apply.out, apply.err) == (4, plan.out, case.talk + not_sent(guardrail))
    report, kept = json.loads(saved.out), json.loads((root / "plan.json").read_text("utf-8"))
    assert saved.code == 4
    assert {found["outcome"] for found in report["outcomes"]} <= {"not_attempted"}
    assert sum(report["summary"].values()) == report["summary"]["not_attempted"] == len(report["outcomes"])
    assert (report["digest"], report["guardrails"]) == (kept["digest"], kept["guardrails"])
    assert report["not_run"] == f"refused by {guardrail}"
    assert not (root / ".bo-sync/journal").exists(), "what sends nothing leaves no journal"
    (refused,) = (found for found in kept["guardrails"] if not found["ok"])
    assert (refused["guardrail"], refused["allowed_by"]) == (guardrail, None)
    told = case.told[0].split("  ")[-1]
    numbers = [int(word) for word in told.replace(",", "").split() if word.isdigit()]
    assert [refused["actual"], refused["limit"]] == (numbers[:2] if "none allowed" not in told else [*numbers, 0])
    rows = [f"! {row['email']} {row['message']} {row['source'] or ''}".rstrip() for row in refused["rows"]]
    assert rows == [" ".join(line.split()) for line in case.told[1:-1]]


@pytest.mark.parametrize("guardrail", NUMBERED)
def test_what_a_numeric_guardrail_just_allows_is_applied(tmp_path: Path, guardrail: str) -> None:
    case = NUMBERED[guardrail]
    root = write(tmp_path, case.just_allowed.files)
    with observed(case.just_allowed.population) as hub:
        plan = run(root, hub, case.just_allowed, "plan", "--detailed-exitcode")
        apply = run(root, hub, case.just_allowed, "apply", "--yes")
        left = run(root, hub, case.just_allowed, "plan", "--detailed-exitcode")
        assert writes(hub) != []
    assert (plan.code, apply.code, left.code) == (2, 0, 0)
    assert case.allowed_line in guardrails_of(plan).splitlines()
    assert guardrails_of(plan).splitlines()[0] == "Guardrails: none refuses"


@pytest.mark.parametrize("guardrail", NUMBERED)
def test_an_override_that_is_one_too_small_refuses_and_says_so(tmp_path: Path, guardrail: str) -> None:
    case = NUMBERED[guardrail]
    state, told = case.refusal.state, case.refusal.told
    root = write(tmp_path, state.files)
    assert abs(case.too_small - case.enough) == 1
    with unchanged_hub(state) as hub:
        plan = run(root, hub, state, "plan", "--allow", f"{guardrail}={case.too_small}")
        apply = run(root, hub, state, "apply", "--yes", "--allow", f"{guardrail}={case.too_small}")
    assert guardrails_of(plan) == case.refusal.block(guardrail, (case.refused_anyway, *told[1:]))
    assert (plan.code, plan.err) == (4, "")
    assert (apply.code, apply.out, apply.err) == (4, plan.out, not_sent(guardrail))


@pytest.mark.parametrize("guardrail", NUMBERED)
def test_an_override_of_just_that_number_applies_and_is_written_to_the_journal(tmp_path: Path, guardrail: str) -> None:
    case = NUMBERED[guardrail]
    state, allowed = case.refusal.state, ("--allow", f"{guardrail}={case.enough}")
    assert case.refusal.told[-1].endswith(" ".join(allowed)), "the way past is the one that was told"
    root = write(tmp_path, state.files)
    with observed(state.population) as hub:
        apply = run(root, hub, state, "apply", "--yes", *allowed)
        left = run(root, hub, state, "plan", "--detailed-exitcode")
        assert writes(hub) != []
    assert (apply.code, left.code) == (0, 0)
    assert case.passed in apply.out.splitlines()
    shown = bo_sync(root, "journal", "latest")
    kept = json.loads(bo_sync(root, "journal", "latest", "--format", "json").out)
    assert f"  allowed {guardrail}={case.enough}" in shown.out.splitlines()
    assert kept["allowed"] == {guardrail: case.enough}


def test_an_override_is_for_one_run_and_a_saved_plan_does_not_carry_it(tmp_path: Path) -> None:
    case = NUMBERED["max_user_deletes"]
    state = case.refusal.state
    root = write(tmp_path, state.files)
    with unchanged_hub(state) as hub:
        plan = run(root, hub, state, "plan", "--out", "plan.json", "--allow", f"max_user_deletes={case.enough}")
        apply = run(root, hub, state, "apply", "plan.json", "--yes")
    assert (plan.code, apply.code, apply.err) == (0, 4, not_sent("max_user_deletes"))
    assert guardrails_of(apply) == case.refusal.block("max_user_deletes")


def test_no_number_takes_the_last_owner(tmp_path: Path) -> None:
    state = State({"users/me.yaml": "email: break-glass@example.com\nstate: absent\n"})
    root = write(tmp_path, state.files)
    with unchanged_hub(state) as hub:
        apply = run(root, hub, state, "apply", "--yes", "--allow", "min_role_owners=1")
    assert apply.code == 4
    never = "way past: nothing passes this guardrail"
    left, owns = refusal_of(apply)[0], "would no longer own Roles & permissions with Backoffice on"
    assert left.endswith("0 owners of Roles & permissions left, at least 1 (--allow min_role_owners=1)")
    assert refusal_of(apply) == printed(
        (
            left,
            f"! break-glass@example.com  {owns}  users/me.yaml:1",
            f"{never} here: one owner always remains, so make somebody else an owner first",
        )
    )


@pytest.mark.parametrize(("guardrail", "case"), ABSOLUTE.values(), ids=ABSOLUTE.keys())
def test_no_number_of_another_guardrail_passes_one_without(tmp_path: Path, guardrail: str, case: Refusal) -> None:
    root = write(tmp_path, case.state.files)
    with unchanged_hub(case.state) as hub:
        apply = run(root, hub, case.state, "apply", "--yes", *WIDE)
    assert apply.code == 4
    assert refusal_of(apply) == case.told


NUMBER = "write the number that you mean, as in max_user_deletes=7"
OVERRIDES = {
    **{
        f"{name}=1": f"'{name}' is not a guardrail that a number can pass; those are {', '.join(NUMBERED)}"
        for name in ("empty", "email_change", "removed_file", "protected", "self", "max_user_delete")
    },
    **{given: f"'{given}': {NUMBER}" for given in ("max_user_deletes=all", "max_user_deletes", "max_user_deletes=-1")},
    "min_role_owners=0": "min_role_owners cannot go below 1: somebody must be able to give access",
}


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")], ids=["plan", "apply"])
@pytest.mark.parametrize("given", OVERRIDES)
def test_an_override_that_means_nothing_is_a_usage_error(tmp_path: Path, command: Sequence[str], given: str) -> None:
    done = bo_sync(tmp_path, *command, "--allow", given)
    assert (done.code, done.out) == (64, "")
    told = f"Invalid value for '--allow': {OVERRIDES[given]}"
    assert done.err == f"error: {told}\nnext: bo-sync {command[0]} --help\n"


@pytest.mark.parametrize("guardrail", ["email_change", "removed_file", "max_user_deletes"])
def test_validate_takes_no_override_at_all(tmp_path: Path, guardrail: str) -> None:
    done = bo_sync(tmp_path, "validate", "--base", "main", "--allow", f"{guardrail}=1")
    assert (done.code, done.out) == (64, "")
    assert done.err == "error: No such option '--allow'.\nnext: bo-sync validate --help\n"


def test_validate_refuses_files_without_a_user_and_says_what_to_do(tmp_path: Path) -> None:
    guardrail, case = ABSOLUTE["no user files"]
    done = bo_sync(write(tmp_path, case.state.files), "validate")
    assert done.code == 4
    assert done.err == (
        f"refused by the guardrail {guardrail}: 0 people in the files, at least 1 expected; add at least one "
        "file to users/; to remove people, give their files `state: absent`\n"
    )


def test_only_one_user_is_revoked_though_somebody_elses_row_is_refused(tmp_path: Path) -> None:
    texts = files(
        file("ada.new@example.com", "id: 1002"), file("bob@example.com"), file("dan@example.com", "job: Poet")
    )
    everything = rows(pricing="OWNER", order="OWNER", product="OWNER", logistics="OWNER", shop="OWNER")
    ada = user("ada@example.com", *rows(backoffice="OWNER", role="OWNER"))
    live = [
        first_user(),
        ada,
        *(user(f"{name}@example.com", *everything) for name in ("bob", "cy")),
        user("dan@example.com"),
    ]
    root = write(tmp_path / "files", texts)
    with served(tmp_path, {**baseline_population(), "users": live}) as hub:
        before = {user["email"]: user for user in hub.holds()["users"]}
        everybody = bo_sync(root, "apply", "--yes", env=hub.env())
        one = bo_sync(root, "apply", "--yes", "--only", "BOB@example.com", env=hub.env())
        after = {user["email"]: user for user in hub.holds()["users"]}
    assert (everybody.code, one.code) == (4, 0)
    assert one.out.endswith("1 person: 1 applied.\n")
    assert {row["access"] for row in after["bob@example.com"]["roles"]} == {"NONE"}
    assert {**after, "bob@example.com": None} == {**before, "bob@example.com": None}


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("bob@exmaple.com", "did you mean bob@example.com?"),
        (
            "nobody.at.all@other.org",
            'give an address, a glob over addresses as in "*@example.com", or a path below users/',
        ),
    ],
    ids=["a slip", "a stranger"],
)
def test_only_of_an_unknown_user_is_a_usage_error(quiet_hub: Served, tmp_path: Path, given: str, hint: str) -> None:
    root = write(tmp_path, files(file("bob@example.com")))
    done = bo_sync(root, "apply", "--yes", "--only", given, env=quiet_hub.env())
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (f"error: --only {given} matches no user in the files or in the hub", f"next: {hint}")
