"""Each clause and limit of a policy against the JSON of a plan: what fails it, and what passes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

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
AREAS = ("sales_hub", "backoffice")
MODULES = ("api_keys", "user_management", "shop_channel", "roles_permissions", "pricing", "logistics", "configuration",
           "product_data", "order_data")  # fmt: skip
LEVELS = ("none", "viewer", "editor", "owner")


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
    """A folder with a new hub."""
    return tmp_path_factory.mktemp("policies")


@dataclass(frozen=True)
class Clause:
    """A match, the access that it matches, the nearest access that it does not, and the row of the first."""

    match: str
    matching: str
    lacking: str
    row: str


def levels() -> Iterator[tuple[str, Clause]]:
    for area in AREAS:
        on, off = (f"platform: {{{area}: {word}}}" for word in ("true", "false"))
        yield f"area {area}", Clause(f"all_of: [{{has: {{{area}: true}}}}]", on, off, f"{area} on")
    for module in MODULES:
        for below, level in pairwise(LEVELS):
            match = f"all_of: [{{has: {{{module}: {level}}}}}]"
            access = [f"modules: {{{module}: {each}}}" for each in (level, below)]
            yield f"{level} of {module}", Clause(match, access[0], access[1], f"{module} {level}")


BOTH = "{has: {pricing: editor}}, {has: {order_data: editor}}"
CARRIERS = 'any_of: [{menu: "Orders > Carriers"}]'
CLAUSES = {
    **dict(levels()),
    "a higher level": Clause(
        "all_of: [{has: {pricing: viewer}}]",
        "modules: {pricing: owner}",
        "modules: {product_data: owner}",
        "pricing owner",
    ),
    "a role that the settings add": Clause(
        "all_of: [{has: {ticketing: editor}}]",
        "modules: {ticketing: owner}",
        "modules: {ticketing: viewer}",
        "ticketing owner",
    ),
    "several grants in one item: all of them": Clause(
        "any_of: [{has: {backoffice: true, pricing: editor}}]",
        "platform: {backoffice: true}\nmodules: {pricing: editor}",
        "modules: {pricing: owner}",
        "backoffice on, pricing editor",
    ),
    "all_of: every item, never together": Clause(
        f"all_of: [{BOTH}]",
        "modules: {pricing: editor, order_data: owner}",
        "modules: {pricing: owner, order_data: viewer}",
        "pricing editor, order_data owner",
    ),
    "any_of: one item": Clause(
        f"any_of: [{BOTH}]", "modules: {order_data: editor}", "modules: {pricing: viewer}", "order_data editor"
    ),
    "any_of: both items named": Clause(
        f"any_of: [{BOTH}]", "modules: {pricing: editor, order_data: editor}", "", "pricing editor, order_data editor"
    ),
    "can: one operation": Clause(
        "all_of: [{can: [priceUpdate]}]",
        "modules: {pricing: editor}",
        "modules: {pricing: viewer}",
        "pricing editor: priceUpdate",
    ),
    "can: any of several operations": Clause(
        "all_of: [{can: [priceDelete, priceUpdate, orderUpdate]}]",
        "modules: {pricing: editor}",
        "modules: {pricing: viewer, order_data: viewer}",
        "pricing editor: priceUpdate",
    ),
    "can: more operations than a row names": Clause(
        "all_of: [{can: [priceCreate, priceDelete, priceUpdate, discountCreate, discountUpdate]}]",
        "modules: {pricing: owner}",
        "modules: {pricing: none}",
        "pricing owner: discountCreate, discountUpdate, priceCreate and 2 more",
    ),
    "can: an operation that two roles open": Clause(
        "all_of: [{can: [attributeUpdate]}]",
        "modules: {user_management: editor, product_data: viewer}",
        "modules: {user_management: viewer, product_data: viewer}",
        "user_management editor: attributeUpdate",
    ),
    "can: a conditional operation by its grant alone": Clause(
        "all_of: [{can: [adminUser]}]",
        "modules: {roles_permissions: viewer}",
        "platform: {backoffice: true}",
        "roles_permissions viewer: adminUser",
    ),
    "menu: the area and the role": Clause(
        CARRIERS,
        "platform: {backoffice: true}\nmodules: {logistics: viewer}",
        "platform: {sales_hub: true}\nmodules: {logistics: owner}",
        "backoffice on, logistics viewer: Orders > Carriers",
    ),
    "menu: not the area alone": Clause(
        'any_of: [{menu: "Sales > Companies"}]',
        "platform: {sales_hub: true}\nmodules: {user_management: viewer}",
        "platform: {sales_hub: true, backoffice: true}",
        "sales_hub on, user_management viewer: Sales > Companies",
    ),
    "a grant of a preset": Clause(
        "all_of: [{has: {pricing: editor}}]",
        "preset: pricing",
        "preset: pricing\nmodules: {pricing: viewer}",
        "pricing editor",
    ),
    "grants of an extended preset": Clause(
        f"all_of: [{BOTH}]", "presets: [both]", "preset: pricing", "pricing editor, order_data editor"
    ),
    "a grant until its last day": Clause(
        "all_of: [{has: {pricing: editor}}]",
        "modules: {pricing: {access: editor, until: 2026-06-15}}",
        "modules: {pricing: {access: editor, until: 2026-06-14}}",
        "pricing editor",
    ),
    "an account until its last day": Clause(
        "all_of: [{has: {pricing: editor}}]",
        "modules: {pricing: editor}\nuntil: 2026-06-15",
        "modules: {pricing: editor}\nuntil: 2026-06-14",
        "pricing editor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("clause", CLAUSES.values(), ids=CLAUSES)
def test_a_clause_matches_the_access_that_it_names_and_nothing_less(clause: Clause, fresh: Path) -> None:
    code, found = planned(fresh, policy(clause.match), {"cid": clause.matching})
    row = {"email": CID, "message": clause.row, "source": "users/cid.yaml:1", "new": True}
    assert (code, found["ok"], found["actual"], found["rows"]) == (4, False, 1, [row])
    code, found = planned(fresh, policy(clause.match), {"cid": clause.lacking})
    assert (code, found["ok"], found["actual"], found["rows"]) == (0, True, 0, [])


PRICING = "any_of: [{has: {pricing: editor}}]"
HOLDS, LESS = "modules: {pricing: editor}", "modules: {pricing: viewer}"


@pytest.mark.parametrize(
    ("lines", "passing", "failing"),
    [
        pytest.param((), (0,), (1, 2), id="no limit: no user"),
        pytest.param(("at_most: 0",), (0,), (1,), id="at most 0"),
        pytest.param(("at_most: 2",), (0, 1, 2), (3,), id="at most 2"),
        pytest.param(("at_least: 1",), (1, 3), (0,), id="at least 1, no upper limit"),
        pytest.param(("at_least: 2",), (2,), (1,), id="at least 2"),
        pytest.param(("at_most: 2", "at_least: 2"), (2,), (1, 3), id="both limits"),
    ],
)
@pytest.mark.parametrize("severity", ["error", "warning", None])
def test_a_limit_counts_the_users_who_match(
    lines: tuple[str, ...], passing: tuple[int, ...], failing: tuple[int, ...], *, severity: str | None, fresh: Path
) -> None:
    spelled = [*lines, *([f"severity: {severity}"] if severity else [])]
    for count in (*passing, *failing):
        users = {name: HOLDS if number < count else LESS for number, name in enumerate(("ann", "bob", "cid"))}
        code, found = planned(fresh, policy(PRICING, *spelled), users)
        is_nearer = 0 < count < found.get("at_least", 0)  # than before, when no user matched
        refuses = count in failing and severity != "warning" and not is_nearer
        assert (code, found["ok"], found["actual"]) == (4 if refuses else 0, count in passing, count)
        assert [row["email"][:3] for row in found["rows"]] == ["ann", "bob", "cid"][:count]
        limits = [f"{key}: {found[key]}" for key in ("at_most", "at_least") if found.get(key) is not None]
        assert (found["severity"], limits) == (severity or "error", list(lines) or ["at_most: 0"])


@pytest.mark.parametrize(
    ("excepted", "code", "row", "note"),
    [
        pytest.param("cid@example.com until 2099-01-01", 0, None, None, id="on a day before its last"),
        pytest.param("CID@Example.com until 2026-06-15", 0, None, None, id="on its last day, in another case"),
        pytest.param(
            "cid@example.com until 2026-06-14",
            4,
            "pricing editor; the exception expired on 2026-06-14",
            "the exception (CHG-7) expired on 2026-06-14: end the access, or prolong it",
            id="the day after",
        ),
        pytest.param(
            "ann@example.com until 2099-01-01",
            4,
            "pricing editor",
            "has an exception, but does not match: drop it if it is over",
            id="of a user who does not match",
        ),
        pytest.param(
            "zed@example.com until 2026-06-14",
            4,
            "pricing editor",
            "has an exception, but is nobody who is known here, and it expired on 2026-06-14: drop it if it is over",
            id="of an unknown user, expired",
        ),
    ],
)  # fmt: skip
def test_an_exception_holds_for_its_user_to_its_last_day(
    excepted: str, code: int, row: str | None, note: str | None, *, fresh: Path
) -> None:
    email, _, until = excepted.partition(" until ")
    text = policy(PRICING, excepted=f", {{email: {email}, reason: CHG-7, until: {until}}}")
    ran, found = planned(fresh, text, {"ann": LESS, "cid": HOLDS})
    glass, *others = found["excepted"]
    assert (glass["email"], ran, [each["message"] for each in found["rows"]]) == (
        "break-glass@example.com",
        code,
        [row] if row else [],
    )
    assert [(each["email"], each["message"]) for each in others] == (
        [] if code else [(CID, f"excepted until {until}: CHG-7")]
    )
    assert [(each["email"].lower(), each["message"]) for each in found["notes"]] == ([(email, note)] if note else [])


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
def test_validate_judges_the_users_of_the_files(
    lines: tuple[str, ...], access: str, severity: str, *, codes: tuple[int, int], tmp_path: Path
) -> None:
    text = policy(PRICING, *lines).replace(f"except: [{GLASS}]\n", "")
    write(tmp_path, {"users/cid.yaml": user("cid", access + "\nplatform: {backoffice: true}"), "policies/p.yaml": text})
    for code, strict in zip(codes, ((), ("--strict",)), strict=True):
        ran = inside("validate", "--format=json", f"--today={TODAY}", "-C", str(tmp_path), *strict)
        (found,) = json.loads(ran.out)["policies"]
        assert (ran.code, found["severity"], found["actual"]) == (code, severity, int(access == HOLDS))


SOUND = "id: p\nmatch: {any_of: [{has: {pricing: editor}}]}\n"
BROKEN = {
    "no id": ("match: {any_of: [{has: {pricing: editor}}]}", "1:1: error: id is missing; "),
    "no match": ("id: p", "1:1: error: match is missing; "),
    "an id of other characters": (SOUND.replace("p", "P x", 1), "1:5: error: id: "),
    "an empty match": ("id: p\nmatch: {}", "2:8: error: match: "),
    "both lists": (SOUND.replace("{any_of: ", "{all_of: [{can: [orderUpdate]}], any_of: "), "2:8: error: match: "),
    "two keys in an item": (SOUND.replace("}}]", "}, can: [orderUpdate]}]"), "2:18: error: match: found has and can; "),
    "an unknown role": (SOUND.replace("pricing", "prices"), "did you mean pricing?"),
    "an unknown level": (SOUND.replace("editor", "editer"), "did you mean editor?"),
    "an unknown operation": ("id: p\nmatch: {any_of: [{can: [ordersUpdate]}]}", "did you mean orderUpdate?"),
    "an unknown menu item": ("id: p\nmatch: {any_of: [{menu: Orders > Carrier}]}", "did you mean Orders > Carriers?"),
    "a negative upper limit": (f"{SOUND}at_most: -1", "3:10: error: at_most: "),
    "a lower limit of 0": (f"{SOUND}at_least: 0", "3:11: error: at_least: "),
    "another severity": (f"{SOUND}severity: info", "3:11: error: severity: "),
    "an exception without a reason": (
        f"{SOUND}except: [{{email: a@example.com, until: 2099-01-01}}]",
        "3:10: error: except.reason is missing; ",
    ),
    "an exception without a last day": (
        f"{SOUND}except: [{{email: a@example.com, reason: x}}]",
        "3:10: error: except.until is missing; ",
    ),
    "an unknown key": (f"{SOUND}atmost: 1", "did you mean at_most?"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_a_policy_may_not_hold_is_an_error_of_its_place(name: str, tmp_path: Path) -> None:
    text, told = BROKEN[name]
    write(tmp_path, {"users/cid.yaml": user("cid", ""), "policies/p.yaml": f"{text}\n"})
    ran = inside("validate", f"--today={TODAY}", "-C", str(tmp_path))
    assert (ran.code, ran.out.startswith("policies/p.yaml:")) == (3, True)
    assert told in ran.out


@pytest.mark.parametrize("operation", ["attribute", "authentication", "adminUserViewer"])
def test_an_operation_that_no_grant_opens_matches_no_user_and_is_a_warning(operation: str, fresh: Path) -> None:
    everything = (
        "platform: {backoffice: true, sales_hub: true}\nmodules: {" + ", ".join(f"{m}: owner" for m in MODULES) + "}"
    )
    code, found = planned(fresh, policy(f"any_of: [{{can: [{operation}]}}]"), {"cid": everything})
    assert (code, found["actual"]) == (0, 0)
    ran = inside("validate", f"--today={TODAY}", "-C", str(fresh))
    assert f"policies/p.yaml:2:25: warning: {operation}: " in ran.out, ran.out
