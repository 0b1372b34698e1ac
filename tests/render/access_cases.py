"""The panels, answers and matrices of which every renderer's golden file is kept; hostile ones are made alike."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from bo_sync.access.capabilities import powers
from bo_sync.access.provenance import AnyPlace, HubPlace, Provenance
from bo_sync.access.queries import Needs, QueryAnswer, needs, who_can, with_indirect
from bo_sync.access.query_terms import read_question
from bo_sync.access.user_access import Contrast, Grant, Matrix, Panel, UserAccess, against_one, against_users, panel_of
from bo_sync.core.model import ROLES, Access, Departure, DesiredUser, Preset, PresetGrant, Role, Severity
from bo_sync.core.plan import Finding
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.render.access_json import answer_json, contrast_json, matrix_json, needs_json, panel_json
from bo_sync.render.access_text import (
    answer_text,
    contrast_csv,
    contrast_text,
    matrix_csv,
    matrix_text,
    needs_text,
    panel_text,
)
from bo_sync.render.layout import Page
from tests.support.builders import source

Render = Callable[[], str]

BOUND: Final = powers(Settings())
DAY: Final = date(2026, 6, 15)
FILES: Final = Provenance(None, Text("3f2c1ab0de"), dirty=True, day=DAY)
THEN: Final = Provenance(Text("@2026-03-01"), Text("0a1b2c3d4e"), dirty=False, day=date(2026, 3, 1))
HUB: Final = HubPlace(Text("https://hub.example.com/v2/graphql"), DAY)
OFF: Final = Page()
NARROW: Final = Page(80)
CLERK: Final = {"sales_hub": Access.OWNER, "order_data": Access.EDITOR, "user_management": Access.VIEWER}


def preset(label: str) -> Preset:
    given = tuple(
        PresetGrant(Role(role), access, source("presets/clerk.yaml", line))
        for line, (role, access) in enumerate(CLERK.items(), start=3)
    )
    return Preset("clerk", source("presets/clerk.yaml"), Text(label), grants=given)


def from_preset(path: str = "presets/clerk.yaml") -> tuple[Grant, ...]:
    return tuple(
        Grant(Role(role), CLERK[role], source(path, line), preset="clerk")
        for line, role in enumerate(("sales_hub", "user_management", "order_data"), start=3)
    )


def clerk(email: str = "carl@example.com", path: str = "users/carl.yaml") -> UserAccess:
    """Somebody with exactly what a preset gives."""
    return UserAccess(Text(email), from_preset(), source(path))


def admin(email: str = "ada@example.com", path: str = "users/ada.yaml", reason: str = "CHG-1 move") -> UserAccess:
    """Somebody with entries of their own, one of which ends, for a reason."""
    own = (
        Grant(Role("backoffice"), Access.OWNER, source(path, 6)),
        Grant(Role("roles_permissions"), Access.EDITOR, source(path, 8), until=date(2026, 12, 31), reason=Text(reason)),
    )
    held = {grant.role: grant for grant in (*from_preset(), *own)}
    return UserAccess(Text(email), tuple(held[role] for role in ROLES if role in held), source(path, 2))


def live(email: str = "carl@example.com") -> UserAccess:
    """The clerk as the hub holds them: more of one role, less of another, and without a file behind it."""
    held = {**CLERK, "order_data": Access.OWNER, "pricing": Access.VIEWER, "user_management": Access.NONE}
    grants = (Grant(role, held[role]) for role in ROLES if held.get(role))
    return UserAccess(Text(email), tuple(grants))


def both(email: str = "bo@example.com") -> UserAccess:
    """Somebody for whom each of two grants is enough to change an attribute."""
    held = {Role("user_management"): Access.OWNER, Role("product_data"): Access.EDITOR}
    return UserAccess(
        Text(email), tuple(Grant(role, access, source("users/bo.yaml", 5)) for role, access in held.items())
    )


def nobody(email: str = "nils@example.com", path: str = "users/nils.yaml") -> UserAccess:
    return UserAccess(Text(email), (), source(path))


def panel(user: UserAccess, label: str = "Order clerk") -> Panel:
    return panel_of(user, BOUND, {"clerk": preset(label)}, ROLES)


def leaving(email: str = "gone@example.com", path: str = "users/gone.yaml") -> Panel:
    user = DesiredUser(Text(email), source(path), departure=Departure.UNTIL_PASSED)
    return replace(panel(UserAccess(Text(email), source=source(path))), leaves=user)


def with_finding(shown: Panel, message: str = "an own entry ends soon", path: str = "users/ada.yaml") -> Panel:
    finding = Finding("BOS003", Severity.WARNING, Message(message), shown.user.email, source(path, 8))
    return replace(shown, findings=(finding,), is_protected=True)


def answer(word: str, *users: UserAccess) -> QueryAnswer:
    question = read_question(word, BOUND, ROLES)
    return with_indirect(who_can(users, question, BOUND), users, BOUND)


def needed(*asked: str) -> Needs:
    return needs([read_question(word, BOUND, ROLES) for word in asked], BOUND, ROLES)


EVERYBODY: Final = (admin(), clerk(), nobody())
PANELS: Final[Mapping[str, tuple[Panel, AnyPlace]]] = {
    "custom": (with_finding(panel(admin())), FILES),
    "preset": (panel(clerk()), FILES),
    "live": (panel(live()), HUB),
    "leaves": (leaving(), THEN),
}
ANSWERS: Final[Mapping[str, QueryAnswer]] = {
    "operation": answer("orderUpdate", *EVERYBODY),
    "operation-of-two-ways": answer("attributeUpdate", both(), *EVERYBODY),
    "item": answer("Sales > Orders", *EVERYBODY),
    "grant": answer("pricing:editor", *EVERYBODY),
    "area": answer("backoffice:on", *EVERYBODY),
    "unknown": answer("bundles", *EVERYBODY),
    "conditional": answer("claimsReset", *EVERYBODY),
}
NEEDS: Final[Mapping[str, Needs]] = {
    "all": needed("orderUpdate", "Orders > Carriers", "attributeUpdate"),
    "unanswered": needed("orderUpdate", "logout", "bundles"),
    "nothing": needed("claimsReset"),
}
MATRIX: Final = Matrix(EVERYBODY, ROLES)
CONTRASTS: Final[Mapping[str, Contrast]] = {
    "live": against_users(MATRIX, (live(), live("other@example.com"), nobody()), (FILES, HUB.hub)),
    "person": against_one(MATRIX, clerk(), FILES),
}


def texts(page: Page) -> dict[str, Render]:
    found: dict[str, Render] = {"matrix": partial(matrix_text, MATRIX, THEN.told, page)}
    found |= {f"show-{name}": partial(panel_text, shown, of.told, page) for name, (shown, of) in PANELS.items()}
    for name, given in ANSWERS.items():
        found[f"who-can-{name}"] = partial(answer_text, given, FILES.told, page, indirect=True)
    found |= {f"needs-{name}": partial(needs_text, least, THEN.told, page) for name, least in NEEDS.items()}
    return found | {f"matrix-diff-{name}": partial(contrast_text, each, page) for name, each in CONTRASTS.items()}


LIKE_OTHERS: Final = frozenset({"who-can-operation"})
"""Its layout is that of an operation of two ways, with less."""
AT_80: Final = ("show-custom", "who-can-operation-of-two-ways", "needs-all", "matrix", "matrix-diff-live")


def cases() -> dict[str, Render]:
    """Each layout off a terminal, one of each kind at 80 columns, and the byte records of JSON and CSV."""
    wide, narrow = texts(OFF), texts(NARROW)
    return {
        **{f"{name}.txt": wide[name] for name in wide if name not in LIKE_OTHERS},
        **{f"{name}-80.txt": narrow[name] for name in AT_80},
        "show.json": partial(panel_json, *PANELS["custom"]),
        "who-can.json": partial(answer_json, ANSWERS["operation-of-two-ways"], FILES, indirect=True),
        "needs.json": partial(needs_json, needed("Orders > Carriers", "attributeUpdate", "logout", "bundles"), THEN),
        "matrix.json": partial(matrix_json, MATRIX, THEN),
        "matrix.csv": partial(matrix_csv, MATRIX),
        "matrix-diff.json": partial(contrast_json, CONTRASTS["live"]),
        "matrix-diff.csv": partial(contrast_csv, CONTRASTS["live"]),
    }


def hostile_users(text: str) -> tuple[UserAccess, ...]:
    return admin(text, text, text), replace(clerk(text, text), grants=from_preset(text)), nobody(text, text)


def hostile_place(text: str) -> Provenance:
    return Provenance(Text(text), Text(text), dirty=True, day=DAY)


def hostile_texts(text: str, page: Page) -> dict[str, str]:
    """Every text that is made of what somebody else wrote, with `text` in every place of it."""
    users = hostile_users(text)
    matrix, where = Matrix(users, ROLES), hostile_place(text).told
    contrast = against_users(matrix, (live(text),), (hostile_place(text), Text(text)))
    found = {
        "panel": panel_text(with_finding(panel(users[0], text), Message("says {}", Text(text)), text), where, page),
        "panel of a preset": panel_text(panel(clerk(text, text), text), HubPlace(Text(text), DAY).told, page),
        "panel of somebody who leaves": panel_text(leaving(text, text), where, page),
        "matrix": matrix_text(matrix, where, page),
        "contrast": contrast_text(contrast, page),
        "contrast with a person": contrast_text(against_one(matrix, users[0], hostile_place(text)), page),
    }
    words = ("orderUpdate", "Sales > Orders", "logistics:editor")
    return found | {word: answer_text(answer(word, *users), where, page, indirect=True) for word in words}


def hostile_json(text: str) -> dict[str, str]:
    users, of = hostile_users(text), hostile_place(text)
    matrix = Matrix(users, ROLES)
    return {
        "panel": panel_json(with_finding(panel(users[0], text), text, text), of),
        "panel of somebody who leaves": panel_json(leaving(text, text), HubPlace(Text(text), DAY)),
        "answer": answer_json(answer("orderUpdate", *users), of, indirect=True),
        "matrix": matrix_json(matrix, of),
        "contrast": contrast_json(against_users(matrix, (live(text),), (hostile_place(text), Text(text)))),
    }


def hostile_csv(text: str) -> dict[str, str]:
    matrix = Matrix(hostile_users(text), ROLES)
    return {
        "matrix": matrix_csv(matrix),
        "contrast": contrast_csv(against_users(matrix, (live(text),), (hostile_place(text), Text(text)))),
        "contrast with a person": contrast_csv(against_one(matrix, matrix.users[0], hostile_place(text))),
    }
