"""Policies through the real commands and a real socket: what is refused is not sent, and what takes access away is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bo_sync.sandbox.population import UserRecord
from bo_sync.sandbox.resolvers import MUTATIONS
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.refusals import State
from tests.end_to_end.world import TODAY, WIDE_GUARDRAILS, by_address, file, rows, user
from tests.support.process import Ran, bo_sync, write
from tests.support.repository import commit, repository

POLICY = """\
id: price-and-order
title: Price and order in one hand
why: Nobody else sees the discount.
match: {all_of: [{can: [priceUpdate]}, {can: [orderUpdate]}]}
except:
  - {email: break-glass@example.com, reason: emergency access, until: 2099-12-31}
  - {email: ann@example.com, reason: stands in for Bob, until: 2026-06-15}
"""
BOTH = "modules: {pricing: editor, order_data: editor}"
HALF = "modules: {pricing: editor}"
ANN, BOB = "ann@example.com", "bob@example.com"
HOLDS_BOTH = rows(pricing="EDITOR", order="EDITOR")


def state(users: dict[str, str], *live: UserRecord, policy: str = POLICY) -> State:
    """Files by name with what their users hold, and who is in the hub."""
    texts = {f"users/{name}.yaml": file(f"{name}@example.com", held) for name, held in users.items()}
    return State({"bo-sync.yaml": WIDE_GUARDRAILS, "policies/p.yaml": policy, **texts}, live)


@contextmanager
def hub_of(case: State) -> Iterator[ObservedHub]:
    with observed(case.population) as hub:
        yield hub


def run(root: Path, hub: ObservedHub, *words: str, today: str = TODAY) -> Ran:
    return bo_sync(root, *words, "--today", today, env=hub.env())


def was_written(hub: ObservedHub) -> bool:
    return any(set(request.roots) & set(MUTATIONS) for request in hub.traffic.requests)


def policies(ran: Ran) -> dict[str, object]:
    (found,) = json.loads(ran.out)["policies"]
    assert isinstance(found, dict)
    return found


NEW = state({"bob": BOTH}, user(BOB, *rows(pricing="EDITOR")))
REFUSED = "refused by the policy price-and-order"
TAKE = "take from each person one of the grants named, or except them, with a reason and an end, in"
BLOCK = f"""\

Policies: 1 of 1 refuses this plan
  REFUSED  price-and-order  Price and order in one hand: 1 person, none allowed
           ! {BOB}  pricing editor, order_data editor: priceUpdate; orderUpdate; new with this plan  users/bob.yaml:1
           ? {ANN}  has an exception, but is nobody who is known here: drop it if it is over  policies/p.yaml:7
           why: Nobody else sees the discount.
           way past: {TAKE} policies/p.yaml:1
"""


def test_plan_and_apply_refuse_a_new_violation_and_nothing_is_sent(tmp_path: Path) -> None:
    root = write(tmp_path, NEW.files)
    with hub_of(NEW) as hub:
        plan = run(root, hub, "plan", "--detailed-exitcode", "--out", "plan.json")
        apply = run(root, hub, "apply", "--yes")
        saved = run(root, hub, "apply", "plan.json", "--yes", "--format", "json")
        assert not was_written(hub)
    assert (plan.code, plan.err) == (4, "")
    assert plan.out.endswith(BLOCK)
    assert " Refused by the policy price-and-order.\n" in plan.out
    assert (apply.code, apply.out, apply.err) == (4, plan.out, f"Nothing was sent: {REFUSED}.\n")
    assert saved.code == 4
    report = json.loads(saved.out)
    assert [report["not_run"], *(found["error"] for found in report["outcomes"])] == [REFUSED, REFUSED]
    assert report["policies"] == json.loads((root / "plan.json").read_text())["policies"]
    assert not (root / ".bo-sync/journal").exists(), "what sends nothing leaves no journal"
    told = policies(Ran(0, (root / "plan.json").read_text(), ""))
    assert (told["id"], told["actual"], told["at_most"], told["ok"]) == ("price-and-order", 1, 0, False)


def test_a_warning_is_told_and_applied_all_the_same(tmp_path: Path) -> None:
    case = state({"bob": BOTH}, user(BOB), policy=f"severity: warning\n{POLICY}")
    root = write(tmp_path, case.files)
    with hub_of(case) as hub:
        plan = run(root, hub, "plan", "--detailed-exitcode")
        apply = run(root, hub, "apply", "--yes")
    assert (plan.code, apply.code) == (2, 0)
    assert "\n  WARNING  price-and-order  Price and order in one hand: 1 person, none allowed\n" in plan.out


def test_an_exception_holds_to_its_last_day(tmp_path: Path) -> None:
    root = write(tmp_path, state({"ann": BOTH}).files)
    for today, code in (("2026-06-15", 0), ("2026-06-16", 4)):
        done = bo_sync(root, "validate", "--today", today)
        assert (done.code, "the exception expired on 2026-06-15" in done.out) == (code, code == 4)


def test_an_old_violation_does_not_stop_an_urgent_revoke(tmp_path: Path) -> None:
    case = state({"bob": BOTH, "dan": HALF}, user(BOB, *HOLDS_BOTH), user("dan@example.com", *rows(pricing="OWNER")))
    root = write(tmp_path, case.files)
    with hub_of(case) as hub:
        plan = run(root, hub, "plan")
        apply = run(root, hub, "apply", "--yes")
        held = by_address(hub.holds())["dan@example.com"]["roles"]
    assert (plan.code, apply.code) == (0, 0)
    assert (
        "\n  FAILS    price-and-order  Price and order in one hand: 1 person, none allowed; "
        "fails already today; this plan does not make it worse\n"
    ) in plan.out
    assert [row["access"] for row in held] == ["EDITOR"]


def test_an_old_violation_stops_a_plan_that_gives_access_unless_only_the_revoke_is_applied(tmp_path: Path) -> None:
    case = state(
        {"bob": BOTH, "dan": HALF, "eva": HALF},
        user(BOB, *HOLDS_BOTH),
        user("dan@example.com", *rows(pricing="OWNER")),
        user("eva@example.com"),
    )
    root = write(tmp_path, case.files)
    with hub_of(case) as hub:
        assert run(root, hub, "plan").code == 4
        assert run(root, hub, "plan", "--only", "eva@example.com").code == 4
        assert run(root, hub, "apply", "--yes", "--only", "dan@example.com").code == 0


LEAST = "id: owners\nmatch: {any_of: [{has: {roles_permissions: owner, backoffice: true}}]}\nat_least: 3\n"


def test_too_few_is_a_warning_in_the_files_and_a_refusal_in_the_hub(tmp_path: Path) -> None:
    case = state({"bob": "platform: {backoffice: true}\nmodules: {roles_permissions: owner}"}, policy=LEAST)
    root = write(tmp_path, case.files)
    validate = bo_sync(root, "validate")
    strict = bo_sync(root, "validate", "--strict")
    with hub_of(case) as hub:
        plan = run(root, hub, "plan", "--format", "json")
    assert (validate.code, strict.code, plan.code) == (0, 4, 0), "one owner more than before is better"
    assert "\n  WARNING  owners  owners: 1 person, at least 3\n" in validate.out
    told = policies(plan)
    assert (told["actual"], told["at_least"], told["ok"], told["tolerated"]) == (2, 3, False, True)


def test_an_exception_that_is_over_is_a_note_that_only_strict_hears(tmp_path: Path) -> None:
    area = "platform: {backoffice: true}\nmodules: {pricing: editor}"
    root = write(tmp_path, state({"ann": area, "break-glass": ""}).files)
    validate = bo_sync(root, "validate", "--today", TODAY)
    assert validate.out == (
        "No problems.\n\nPolicies: none refuses\n"
        "  ok       price-and-order  Price and order in one hand: 0 people, none allowed\n"
        f"           ? {ANN}          has an exception, but does not match: drop it if it is over  policies/p.yaml:7\n"
        "           ? break-glass@example.com  has an exception, but does not match: drop it if it is over  "
        "policies/p.yaml:6\n"
    )
    assert validate.code == 0
    assert bo_sync(root, "validate", "--strict", "--today", TODAY).code == 4


def test_validate_tells_policies_last_and_not_at_all_of_files_with_errors(tmp_path: Path) -> None:
    root = write(tmp_path, NEW.files)
    told = bo_sync(root, "validate", "--today", TODAY)
    assert told.code == 4
    assert "\n\nPolicies: 1 of 1 refuses these files\n  REFUSED  price-and-order  " in told.out
    assert policies(bo_sync(root, "validate", "--format", "json"))["ok"] is False
    (root / "users/zoe.yaml").write_text("email: zoe\n")
    broken = bo_sync(root, "validate", "--format", "json")
    assert (broken.code, json.loads(broken.out)["policies"]) == (3, None)


def test_an_error_in_a_policy_is_one_of_the_files(tmp_path: Path) -> None:
    root = write(tmp_path, {**NEW.files, "policies/q.yaml": "id: q\nmatch: {any_of: [{can: [orderUpdte]}]}\n"})
    told = "policies/q.yaml:2:25: error: unknown operation "
    validate = bo_sync(root, "validate")
    assert (validate.code, validate.out.startswith(told)) == (3, True)
    with hub_of(NEW) as hub:
        plan = run(root, hub, "plan")
    assert (plan.code, told in plan.err) == (3, True)
    for match, told in (("{}", "2:8: error: match: "), ("{any_of: [{can: [x], has: {}}]}", "found has and can; ")):
        write(root, {"policies/q.yaml": f"id: q\nmatch: {match}\n", "policies/r.yaml": "match: {}\n"})
        validate = bo_sync(root, "validate")
        assert (validate.code, told in validate.out, "id is missing; " in validate.out) == (3, True, True)


def test_a_weakened_policy_is_shown_first_in_validate_base_and_in_diff(tmp_path: Path) -> None:
    root = repository(tmp_path, {**state({"bob": HALF}).files, "policies/q.yaml": POLICY.replace("price-and", "q")})
    commit(root, {"policies/p.yaml": POLICY.replace("match:", "at_most: 2\nmatch:"), "policies/q.yaml": None})
    base = bo_sync(root, "validate", "--base", "HEAD~1", "--today", TODAY)
    assert base.code == 0
    assert base.out.splitlines()[1:3] == [
        "  ! policies.price-and-order.at_most: 0 → 2",
        '  ! policies.q-order: "Price and order in one hand" → (none)',
    ]
    assert base.out.endswith("1 policy checked, none fails.\n")
    shown = json.loads(bo_sync(root, "diff", "HEAD~1", "--format", "json").out)["loosened"]
    assert [entry["guard"] for entry in shown] == ["policies.price-and-order.at_most", "policies.q-order"]
