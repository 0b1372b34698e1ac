"""Each clause and limit of a policy against the JSON of a plan: what fails it, and what passes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bo_sync.core.model import MODULES
from tests.support.inside import inside
from tests.support.process import write

TODAY = "2026-06-15"
CID = "cid@example.com"
GLASS = "{email: break-glass@example.com, reason: emergency, until: 2099-12-31}"
"""The user whom a new hub has, with every access."""
SETTINGS = "guardrails: {min_role_owners: 1}\nrole_definitions: {ticketing: ticket}\n"
PRESETS = {
    "presets/pricing.yaml": "modules: {pricing: editor}\n",
    "presets/both.yaml": "extends: [pricing]\nmodules: {order_data: editor}\n",
}


def user(name: str, access: str) -> str:
    return f"email: {name}@example.com\nfirst_name: Ada\nlast_name: Lovelace\n{access}\n"


def policy(match: str, *lines: str, excepted: str = "") -> str:
    return "\n".join(("id: p", *filter(None, lines), f"match: {{{match}}}", f"except: [{GLASS}{excepted}]", ""))


def planned(root: Path, text: str, users: Mapping[str, str], *more: str) -> tuple[int, dict[str, Any]]:
    """The exit code of a plan, and its result of the one policy."""
    for old in (root / "users").glob("*"):
        old.unlink()
    files = {f"users/{name}.yaml": user(name, access) for name, access in users.items()}
    write(root, {"bo-sync.yaml": SETTINGS, "policies/p.yaml": text, **PRESETS, **files})
    ran = inside("plan", "--format=json", f"--today={TODAY}", "-q", "-C", str(root), *more)
    assert ran.out, ran.err
    (found,) = json.loads(ran.out)["policies"]
    return ran.code, found


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


@dataclass(frozen=True)
class Clause:
    """A match, the access that it matches, the nearest access that it does not, and the row of the first."""

    match: str
    matching: str
    lacking: str
    row: str


BOTH = "{has: {pricing: editor}}, {has: {order_data: editor}}"
PRICING = "any_of: [{has: {pricing: editor}}]"
HOLDS, LESS = "modules: {pricing: editor}", "modules: {pricing: viewer}"
CLAUSES = {
    "an area": Clause("all_of: [{has: {sales_hub: true}}]", "platform: {sales_hub: true}", "", "sales_hub on"),
    "a role that the settings add": Clause(
        *("all_of: [{has: {ticketing: editor}}]", "modules: {ticketing: owner}", "modules: {ticketing: viewer}"),
        "ticketing owner",
    ),
    "all_of: every item, never together": Clause(
        *(f"all_of: [{BOTH}]", "modules: {pricing: editor, order_data: owner}", "modules: {pricing: owner}"),
        "pricing editor, order_data owner",
    ),
    "can: any of several operations": Clause(
        *("all_of: [{can: [priceDelete, priceUpdate, orderUpdate]}]", HOLDS, LESS),
        "pricing editor: priceUpdate",
    ),
    "menu: the area and the role": Clause(
        'any_of: [{menu: "Orders > Carriers"}]',
        "platform: {backoffice: true}\nmodules: {logistics: viewer}",
        "platform: {sales_hub: true}\nmodules: {logistics: owner}",
        "backoffice on, logistics viewer: Orders > Carriers",
    ),
    "a grant of a preset": Clause(PRICING, "preset: pricing", f"preset: pricing\n{LESS}", "pricing editor"),
    "grants of an extended preset": Clause(
        f"all_of: [{BOTH}]", "presets: [both]", "preset: pricing", "pricing editor, order_data editor"
    ),
    "a grant until its last day": Clause(
        PRICING,
        "modules: {pricing: {access: editor, until: 2026-06-15}}",
        "modules: {pricing: {access: editor, until: 2026-06-14}}",
        "pricing editor",
    ),
    "an account until its last day": Clause(
        PRICING, f"{HOLDS}\nuntil: 2026-06-15", f"{HOLDS}\nuntil: 2026-06-14", "pricing editor"
    ),
}


@pytest.mark.parametrize("clause", CLAUSES.values(), ids=CLAUSES)
def test_a_clause_matches_the_access_that_it_names_and_nothing_less(clause: Clause, fresh: Path) -> None:
    code, found = planned(fresh, policy(clause.match), {"cid": clause.matching})
    row = {"email": CID, "message": clause.row, "source": "users/cid.yaml:1", "new": True}
    assert (code, found["ok"], found["actual"], found["rows"]) == (4, False, 1, [row])
    code, found = planned(fresh, policy(clause.match), {"cid": clause.lacking})
    assert (code, found["ok"], found["actual"], found["rows"]) == (0, True, 0, [])


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub in which two users are editors of pricing, and one is a viewer."""
    root = tmp_path_factory.mktemp("held")
    planned(root, policy(PRICING, "at_most: 9"), {"ann": HOLDS, "bob": HOLDS, "cid": LESS})
    assert inside("apply", "--yes", f"--today={TODAY}", "-C", str(root)).code == 0
    return root


ACCESS = {
    "editor": HOLDS,
    "viewer": LESS,
    "nothing": "",
    "owner": "modules: {pricing: owner}",
    "poet": f"job: Poet\n{LESS}",
}
OLD = {
    "no change: an audit": ("", "ann editor bob editor cid viewer", "blocked", "ann bob"),
    "a job alone": ("", "ann editor bob editor cid poet", "blocked", "ann bob"),
    "a revoke that leaves one": ("", "ann viewer bob editor cid viewer", "tolerated", "bob"),
    "a revoke that leaves none": ("", "ann viewer bob viewer cid viewer", "ok", ""),
    "a revoke of another user": ("", "ann editor bob editor cid nothing", "tolerated", "ann bob"),
    "a revoke beside a raise": ("", "ann viewer bob owner cid viewer", "blocked", "bob"),
    "one user for another": ("", "ann viewer bob editor cid editor", "blocked", "bob cid:new"),
    "users without a file": ("", "cid viewer", "blocked", "ann:unmanaged bob:unmanaged"),
    "a revoke down to the limit": ("at_most: 1", "ann editor bob viewer", "ok", "ann"),
    "enough users": ("at_least: 3", "ann editor bob editor cid editor", "ok", "ann bob cid:new"),
    "fewer than the too few": ("at_least: 3", "ann editor bob viewer", "blocked", "ann"),
    "as few as before": ("at_least: 3", "ann editor bob editor cid nothing", "tolerated", "ann bob"),
}


@pytest.mark.parametrize("name", OLD)
def test_an_old_violation_blocks_what_makes_it_no_better(name: str, held: Path) -> None:
    line, users, outcome, rows = OLD[name]
    words = users.split()
    asked = {user: ACCESS[access] for user, access in zip(words[::2], words[1::2], strict=True)}
    code, found = planned(held, policy(PRICING, line), asked)
    told = [
        f"{row['email'][:3]}{':new' if row['new'] else ''}{'' if row['source'] else ':unmanaged'}"
        for row in found["rows"]
    ]
    assert (code, found["ok"], found["tolerated"]) == (
        4 if outcome == "blocked" else 0,
        outcome == "ok",
        outcome == "tolerated",
    )
    assert told == rows.split()


def test_only_one_user_of_a_plan_still_counts_every_user_of_the_hub(held: Path) -> None:
    users = {"ann": HOLDS, "bob": HOLDS, "cid": LESS, "dan": LESS}
    code, found = planned(held, policy(PRICING), users, "--only=dan@example.com")
    assert (code, [row["email"][:3] for row in found["rows"]]) == (4, ["ann", "bob"])


@pytest.mark.parametrize(
    ("lines", "access", "severity", "codes"),
    [
        pytest.param((), LESS, "error", (0, 0), id="it holds"),
        pytest.param((), HOLDS, "error", (4, 4), id="an error fails"),
        pytest.param(("severity: warning",), HOLDS, "warning", (0, 4), id="a warning fails"),
        pytest.param(("at_least: 2",), HOLDS, "warning", (0, 4), id="too few users are a warning"),
        pytest.param(("at_least: 1",), HOLDS, "error", (0, 0), id="enough users"),
    ],
)
def test_validate_judges(
    lines: tuple[str, ...], access: str, severity: str, *, codes: tuple[int, int], tmp_path: Path
) -> None:
    text = policy(PRICING, *lines).replace(f"except: [{GLASS}]\n", "")
    write(tmp_path, {"users/cid.yaml": user("cid", access + "\nplatform: {backoffice: true}"), "policies/p.yaml": text})
    for code, strict in zip(codes, ((), ("--strict",)), strict=True):
        ran = inside("validate", "--format=json", f"--today={TODAY}", "-C", str(tmp_path), *strict)
        (found,) = json.loads(ran.out)["policies"]
        assert (ran.code, found["severity"], found["actual"]) == (code, severity, int(access == HOLDS))


@pytest.mark.parametrize("operation", ["attribute", "authentication", "adminUserViewer"])
def test_an_operation_that_no_grant_opens_matches_no_user_and_is_a_warning(operation: str, fresh: Path) -> None:
    everything = (
        f"platform: {{backoffice: true, sales_hub: true}}\nmodules: {{{', '.join(f'{m}: owner' for m in MODULES)}}}"
    )
    code, found = planned(fresh, policy(f"any_of: [{{can: [{operation}]}}]"), {"cid": everything})
    assert (code, found["actual"]) == (0, 0)
    ran = inside("validate", f"--today={TODAY}", "-C", str(fresh))
    assert f"policies/p.yaml:2:25: warning: {operation}: " in ran.out, ran.out
