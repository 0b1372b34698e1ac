"""The plans, reports, problems and users of which every renderer's golden file is kept."""

from dataclasses import replace
from datetime import date
from typing import Final

from bo_sync.access.capabilities import effect, powers
from bo_sync.apply.executor import unattempted
from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import Cause, RemoveDuplicate
from bo_sync.core.diff import UnmanageableUser
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import Basis, GuardrailResult
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.settings import Limit, Settings
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.wording import UserRow
from tests.support.builders import (
    IDENTITY,
    create,
    delete,
    duplicate,
    field_change,
    plan,
    revoke,
    set_grant,
    source,
    unmanaged,
    update,
    value,
)

CONTENT: Final = (
    GuardrailResult("empty", 15, 1, ok=True),
    GuardrailResult("email_change", 0, 0, ok=True),
    GuardrailResult("protected", 0, 0, ok=True),
    GuardrailResult("self", 0, 0, ok=True),
    GuardrailResult("min_role_owners", 3, 2, ok=True),
    GuardrailResult("max_user_deletes", 1, 2, ok=True),
    GuardrailResult("max_grant_losses", 3, 15, ok=True),
)
"""Every guardrail, content."""


def guardrail_row(email: str, message: str, at: Source | None = None) -> GuardrailRow:
    return GuardrailRow(Text(email), Message(message), at)


def judged(shown: Plan) -> Plan:
    """With what each change lets its user do, who holds nothing beside what the change is about."""
    known = powers(Settings())
    held = [
        (change, [grant for grant in change.grants if not isinstance(grant, RemoveDuplicate)])
        for change in shown.changes
    ]
    found = {
        change.email.folded: effect(
            {grant.role: grant.before for grant in edits if grant.before},
            {grant.role: grant.after for grant in edits if grant.after},
            known,
            91,
        )
        for change, edits in held
        if edits
    }
    return replace(shown, effects=found)


def everything() -> Plan:
    """Every kind of change, of finding and of user who is left alone, in one plan that no guardrail refuses."""
    return judged(_everything())


def _everything() -> Plan:
    return plan(
        create(
            "ada.lovelace@example.com",
            set_grant("sales_hub", "none", "owner"),
            set_grant("user_management", "none", "owner"),
            set_grant("order_data", "none", "editor"),
            profile=(
                value("gender", "female"),
                value("first_name", "Ada"),
                value("middle_name", "van"),
                value("last_name", "Lovelace"),
                value("phone", "+31 20 123 4567"),
                value("language", "NL"),
            ),
        ),
        create(
            "grace@example.com",
            set_grant("backoffice", "none", "owner"),
            set_grant("roles_permissions", "none", "owner"),
            profile=(value("first_name", "Grace"), value("last_name", "Hopper")),
        ),
        create("guido@example.com", profile=(value("first_name", "Guido"), value("last_name", "van Rossum"))),
        update(
            "jane.doe@example.com",
            set_grant("sales_hub", "none", "owner"),
            revoke("backoffice", "owner"),
            set_grant("api_keys", "none", "viewer"),
            set_grant("pricing", "viewer", "editor"),
            duplicate("pricing", "viewer", "viewer"),
            set_grant("configuration", "owner", "viewer"),
            duplicate("product_data", "viewer", "owner"),
            profile=(field_change("phone", "+31 20 111", "+31 20 123 4567"), field_change("job", "Buyer", None)),
            at=source("users/sales/jane.doe.yaml"),
        ),
        delete("karel@example.com", ("backoffice", "owner"), ("pricing", "editor")),
        update("linus@example.com", profile=(field_change("middle_name", None, "B."),)),
        update(
            "margaret@example.com",
            revoke("backoffice", "owner"),
            set_grant("roles_permissions", "owner", "viewer"),
            revoke("logistics", "viewer"),
            at=source("users/team.yml", 12),
        ),
        unchanged=11,
        unmanaged=(unmanaged("break-glass@example.com", "protected"), unmanaged("guest@example.com")),
        unmanageable=(
            UnmanageableUser(98, "no address", Text("")),
            UnmanageableUser(99, "same address as id 7, id 8", Text("jane@example.com")),
        ),
        findings=(
            Finding("BOS102", Severity.INFO, Message("role definition loyalty is left alone")),
            Finding("BOS103", Severity.WARNING, Message("role definition pricing gives viewer by default")),
            Finding(
                "BOS101",
                Severity.WARNING,
                Message("two live people"),
                Text("Two@example.com"),
                source("users/two.yaml"),
            ),
        ),
        guardrails=(
            *CONTENT[:4],
            GuardrailResult(
                "min_role_owners",
                3,
                2,
                ok=True,
                rows=(guardrail_row("margaret@example.com", "would no longer own", source("users/team.yml", 12)),),
            ),
            CONTENT[5],
            GuardrailResult("max_grant_losses", 4, 40, ok=True, allowed_by="--allow max_grant_losses=40"),
        ),
        config=ConfigFacts(15, "sha256:" + "0" * 64, Text("3f2c1ab"), dirty=True),
    )


def refused() -> Plan:
    """Refused by every guardrail, each with rows where it can have some."""
    karel, jane = source("users/karel.yaml"), source("users/sales/jane.doe.yaml")
    why = "id 1042 is old@example.com in the hub, not new@example.com; an address cannot change"
    guardrails: tuple[tuple[str, int, int, tuple[GuardrailRow, ...]], ...] = (
        ("empty", 0, 1, ()),
        ("email_change", 1, 0, (guardrail_row("new@example.com", why, source("users/new.yaml")),)),
        ("ambiguous_address", 1, 0, (guardrail_row("jane.doe@example.com", "id 7 cannot be deleted", jane),)),
        ("protected", 1, 0, (guardrail_row("karel@example.com", "is protected, yet would be deleted", karel),)),
        ("self", 1, 0, (guardrail_row("karel@example.com", "is the person whose session runs", karel),)),
        ("min_role_owners", 0, 2, (guardrail_row("karel@example.com", "would no longer own", karel),)),
        ("max_user_deletes", 1, 0, (guardrail_row("karel@example.com", "would be deleted: state: absent", karel),)),
        (
            "max_access_losses",
            1,
            0,
            (guardrail_row("jane.doe@example.com", "would lose the last platform area", jane),),
        ),
        ("max_grant_losses", 1, 0, (guardrail_row("jane.doe@example.com", "pricing owner → none", jane),)),
        ("max_expiries", 1, 0, (guardrail_row("jane.doe@example.com", "pricing owner → none: it has passed", jane),)),
    )
    return plan(
        update("jane.doe@example.com", revoke("pricing", "owner"), at=jane),
        delete("karel@example.com", ("roles_permissions", "owner")),
        guardrails=tuple(
            GuardrailResult(name, actual, limit, ok=False, rows=rows) for name, actual, limit, rows in guardrails
        ),
    )


def hostile(text: str) -> Plan:
    """A plan in which every field that somebody else can write holds `text`."""
    at = source(text)
    return plan(
        create(text, set_grant("roles_permissions", "none", "owner"), profile=(value("first_name", text),), at=at),
        update(f"{text}2", revoke("pricing", "owner"), profile=(field_change("phone", text, text),), at=at),
        update(f"{text}3", profile=(field_change("job", None, text),), at=at),
        delete(f"{text}4", at=at),
        unmanaged=(unmanaged(text), unmanaged(text, "protected")),
        findings=(
            Finding("BOS001", Severity.WARNING, Message("says {}", Text(text)), Text(text), at),
            Finding("BOS002", Severity.INFO, Message(str(Text(text)))),
        ),
        guardrails=(
            GuardrailResult(
                "email_change", 1, 0, ok=False, rows=(guardrail_row(text, Message("is {}", Text(text)), at),)
            ),
        ),
        hub=HubFacts(f"http://127.0.0.1/{text}", 1, 1, IDENTITY, Text(text)),
        config=ConfigFacts(1, "sha256:" + "0" * 64, Text(text), dirty=False),
        base=GuardComparison(
            Text(text),
            "3f2c1ab42d",
            (Weakened("ignore", Message("{}", Text(text)), Message("{}", Text(f"{text}: {text}"))),),
        ),
    )


SHORT_ATTACK: Final = "::error::\x1b[31m\u202e\u200b\n::x ##[y] =1 | `<b>@z\ud800"

WEAKENED: Final = GuardComparison(
    Text("origin/main"),
    "3f2c1ab42d",
    (
        Weakened("unmanaged", Message("report"), Message("delete")),
        Weakened("protect", Message("break-glass@example.com"), None),
        Weakened("guardrails.min_role_owners", Message("2"), Message("1")),
        Weakened("policies.no-keys", Message("No user makes API keys"), None),
        Weakened("ignore", None, Message("BOS007 of jane@example.com until 2099-12-31: agreed with Karel")),
    ),
    "77aa01b3c9",
)

PLANS: Final[dict[str, Plan]] = {
    "nothing-to-do": plan(unchanged=15, guardrails=CONTENT),
    "nothing-to-do-but-people-without-a-file": plan(
        unchanged=15, unmanaged=(unmanaged("guest@example.com"),), guardrails=CONTENT
    ),
    "nothing-to-do-for-one-person-of-many": plan(unchanged=1, guardrails=CONTENT),
    "nothing-to-do-but-to-look-at": plan(
        unchanged=14,
        findings=(Finding("BOS101", Severity.WARNING, Message("two live people"), Text("Two@example.com"), source()),),
        guardrails=CONTENT,
    ),
    "no-change-yet-refused": plan(guardrails=(GuardrailResult("empty", 0, 1, ok=False), *CONTENT[1:])),
    "everything": everything(),
    "refused-by-every-guardrail": refused(),
    "users-left-out": plan(
        update("jane.doe@example.com", set_grant("pricing", "viewer", "owner")),
        left_out=3,
        guardrails=(
            GuardrailResult(
                "email_change",
                1,
                0,
                ok=False,
                rows=(guardrail_row("new@example.com", "has the same first and last name", source("users/new.yaml")),),
                skipped=True,
            ),
            GuardrailResult(
                "max_user_deletes",
                23,
                10,
                ok=False,
                rows=(guardrail_row("tmp@example.com", "would be deleted: no file (unmanaged: delete)"),),
                basis=Basis(Limit(20, 1, 10), 200),
                skipped=True,
            ),
            GuardrailResult("max_expiries", 2, 10, ok=True, basis=Basis(Limit(20, 10, 200), 14)),
            GuardrailResult("max_access_losses", 2, 2, ok=True, basis=Basis(Limit(20, 1, 10), 14)),
        ),
    ),
    "one-person": plan(
        update("jane@example.com", set_grant("backoffice", "viewer", "owner")),
        guardrails=CONTENT,
        hub=HubFacts("sandbox:", 1, 1, IDENTITY),
        config=ConfigFacts(1, "sha256:" + "0" * 64),
    ),
    "said-by-own-entries": judged(
        plan(
            create("ada@example.com", replace(set_grant("api_keys", "none", "owner"), source=source(line=4))),
            update(
                "jane@example.com",
                replace(set_grant("api_keys", "none", "owner"), source=source(line=7)),
                replace(revoke("pricing", "owner"), source=source(line=8)),
                replace(revoke("logistics", "owner"), source=source(line=9), expired=date(2026, 1, 31)),
                set_grant("order_data", "none", "viewer"),
            ),
            guardrails=CONTENT,
        )
    ),
    "deleted-by-each-cause": plan(
        delete("absent@example.com", ("pricing", "owner")),
        delete("expired@example.com", cause=Cause.UNTIL_PASSED),
        delete("stranger@example.com", ("sales_hub", "owner"), cause=Cause.UNMANAGED),
        guardrails=(
            *CONTENT[:5],
            GuardrailResult("max_user_deletes", 3, 3, ok=True, allowed_by="--allow max_user_deletes=3"),
        ),
    ),
    "without-a-file-by-each-policy": plan(
        create("new@example.com"),
        unchanged=2,
        unmanaged=(
            unmanaged("ignored@example.com", "ignore"),
            unmanaged("ignored.too@example.com", "ignore"),
            unmanaged("protected@example.com", "protected"),
            unmanaged("reported@example.com"),
        ),
        guardrails=CONTENT,
    ),
    "wide-characters": plan(
        update("taro@example.com", profile=(field_change("first_name", "山田", "Taro"),)),
        update("zoe@example.com", profile=(field_change("first_name", "Zoe\u0308", "\U0001f600"),)),
        update(f"{'very-long-' * 6}name@example.com", set_grant("pricing", "none", "viewer")),
        guardrails=CONTENT,
    ),
    "weakened-guards": replace(everything(), base=WEAKENED),
    "nothing-to-do-but-a-weakened-guard": plan(
        unchanged=15,
        guardrails=CONTENT,
        base=replace(WEAKENED, weakened=WEAKENED.weakened[:1], tip=None),
    ),
    "nothing-to-do-and-no-guard-weakened": plan(
        unchanged=15, guardrails=CONTENT, base=GuardComparison(Text("HEAD^1"), "3f2c1ab42d")
    ),
    "hostile": hostile(SHORT_ATTACK),
}

REPORTS: Final[dict[str, Report]] = {
    "nothing-was-to-be-done": Report("", "sha256:" + "0" * 64, ()),
    "all-applied": Report(
        "20990101T000000Z-a1b2c3",
        "sha256:" + "0" * 64,
        (
            UserOutcome(Text("ada@example.com"), "create", Outcome.APPLIED),
            UserOutcome(Text("jane.doe@example.com"), "update", Outcome.APPLIED),
            UserOutcome(Text("karel@example.com"), "delete", Outcome.APPLIED),
        ),
    ),
    "every-outcome": Report(
        "20990101T000000Z-a1b2c3",
        "sha256:" + "0" * 64,
        (
            UserOutcome(Text("ada@example.com"), "create", Outcome.APPLIED),
            UserOutcome(Text("jane.doe@example.com"), "update", Outcome.FAILED, Message("roleUpdate: FORBIDDEN")),
            UserOutcome(
                Text("karel@example.com"), "delete", Outcome.UNKNOWN, Message("adminUserDelete: no answer in 30 s")
            ),
            UserOutcome(
                Text("zoe@example.com"), "update", Outcome.NOT_ATTEMPTED, Message("stopped before anything was sent")
            ),
        ),
    ),
    "refused": unattempted(refused(), "refused by max_user_deletes, the policy prices"),
    "refused-with-no-change": unattempted(PLANS["no-change-yet-refused"], "refused by empty"),
    "stale": unattempted(
        PLANS["one-person"],
        "the saved plan is stale",
        (
            Message("jane@example.com: was not in that plan, now would be updated"),
            Message('ada@example.com: job: was "::x"'),
        ),
    ),
}


def reported(name: str) -> Plan:
    """The plan of which one of `REPORTS` tells."""
    plans = {"refused": "refused-by-every-guardrail", "refused-with-no-change": "no-change-yet-refused"}
    return PLANS[plans.get(name, "nothing-to-do")]


PROBLEMS: Final[dict[str, tuple[Problem, ...]]] = {
    "no-problems": (),
    "problems": (
        Problem(source("users/jane.yaml", 7, 3), Message('unknown key "fisrt_name"; did you mean first_name?')),
        Problem(source("presets/a.yaml", 2, 1), Message("`none` takes nothing away in a preset"), Severity.WARNING),
        Problem(source("users/jane.yaml", 1, 1), Message("`last_name` is missing")),
    ),
}

FINDINGS: Final = (
    Finding(
        "BOS007", Severity.INFO, Message("preset a: a viewer may do more than look"), None, source("presets/a.yaml", 1)
    ),
    Finding(
        "BOS003", Severity.WARNING, Message("it ends today"), Text("jane@example.com"), source("users/jane.yaml", 7, 3)
    ),
    Finding("BOS017", Severity.INFO, Message("1 finding is accepted with `ignore`: BOS012")),
)
"""Of a preset, of a user, and of the whole tree."""

USERS: Final[dict[str, tuple[UserRow, ...]]] = {
    "nobody": (),
    "people": (
        UserRow(
            1042,
            Text("Jane van Doe"),
            Text("jane.doe@example.com"),
            Text("+31 20 123 4567"),
            Text("2024-05-01T10:00:00.000Z"),
            Text("2025-01-31T09:30:00.000Z"),
            Text("sales-representative"),
        ),
        UserRow(7, Text("山田太郎"), Text("taro@example.com")),
        UserRow(None, Text(""), Text("ada@example.com"), preset=Text("full-admin")),
    ),
}

COMPARISONS: Final = {
    "base-content": Comparison(Text("main"), "3f2c1ab42d", guardrails=(GuardrailResult("empty", 15, 1, ok=True),)),
    "base-behind": Comparison(
        Text("main"), "3f2c1ab42d", (), "77aa01b3c9", (GuardrailResult("empty", 15, 1, ok=True),)
    ),
    "base-refused": Comparison(
        Text("origin/main"),
        "3f2c1ab42d",
        (
            Weakened("unmanaged", Message("report"), Message("delete")),
            Weakened("protect", Message("break-glass@example.com"), None),
            Weakened("email_domains", None, Message("example.org")),
            Weakened("email_domains", Message("example.com"), None),
            Weakened("hub_host", Message("api.example.com"), None),
            Weakened("guardrails.max_user_deletes.count", Message("1"), Message("50")),
        ),
        guardrails=(
            GuardrailResult("empty", 15, 1, ok=True),
            GuardrailResult(
                "email_change",
                1,
                0,
                ok=False,
                rows=(
                    GuardrailRow(
                        Text("j.doe@example.com"), Message("has the id 7 of jane@example.com"), source(line=3)
                    ),
                ),
            ),
            GuardrailResult("removed_file", 0, 0, ok=True),
        ),
    ),
}


def hostile_comparison(text: str) -> Comparison:
    """A comparison that says `text` wherever it says something of others."""
    told = Text(text)
    row = GuardrailRow(told, Message("says {}", told), source(text))
    return Comparison(
        told,
        "3f2c1ab42d",
        (Weakened("protect", Message("{}", told), Message("{}", told)),),
        guardrails=(
            GuardrailResult("empty", 1, 1, ok=True),
            GuardrailResult("removed_file", 1, 0, ok=False, rows=(row,)),
        ),
    )
