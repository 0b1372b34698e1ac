"""A hub with somebody for every kind of change, the files that ask for it, and what the hub must hold afterwards.

One world, so that a hub that behaves in another way costs one apply and not thirty. Each user's address says what
happens to them. Expected access leaves out rows of NONE, except where the row itself is the point.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bo_sync.sandbox.population import (
    Access,
    Population,
    RoleShape,
    UserRecord,
    baseline_definitions,
    baseline_keys,
    first_user,
)

TODAY: Final = "2026-06-15"
WIDE_GUARDRAILS: Final = """\
guardrails:
  max_user_deletes: 50
  max_access_losses: 50
  max_grant_losses: 50
  min_role_owners: 1
"""


def rows(**access: Access) -> list[RoleShape]:
    """Role rows by the hub's names: `rows(pricing="VIEWER")`."""
    return [{"definition": name, "access": level} for name, level in access.items()]


def user(email: str, *roles: RoleShape, **fields: str | None) -> UserRecord:
    """Somebody in the hub, Ada Lovelace unless `fields` say otherwise."""
    shape: UserRecord = {
        "email": email,
        "firstName": "Ada",
        "lastName": "Lovelace",
        "language": "EN",
        "createdAt": "2024-01-01T00:00:00.000Z",
        "roles": list(roles),
    }
    named: UserRecord = {**shape, **fields}  # type: ignore[typeddict-item]  # a test names the fields that there are
    return named


def file(email: str, *lines: str, first: str = "Ada", last: str = "Lovelace") -> str:
    return "\n".join((f"email: {email}", f"first_name: {first}", f"last_name: {last}", *lines, ""))


def files(*texts: str, settings: str = WIDE_GUARDRAILS, **more: str) -> dict[str, str]:
    """A configuration: each text a file of its own below users/."""
    return {"bo-sync.yaml": settings, **{f"users/{number}.yaml": text for number, text in enumerate(texts)}, **more}


@dataclass(frozen=True, slots=True)
class Held:
    """What the hub holds of a user: fields that are not empty, and access by the hub's name of the role."""

    profile: Mapping[str, str]
    access: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One user: in the hub before (`live`), in a file (`text`), in the hub afterwards (None: nobody)."""

    kind: str
    live: UserRecord | None
    text: str | None
    after: Held | None
    is_untouched: bool = False


def held(profile: Mapping[str, str] | None = None, **access: str) -> Held:
    """Ada Lovelace, who speaks English, with what differs from that."""
    return Held({"firstName": "Ada", "lastName": "Lovelace", "language": "EN", **(profile or {})}, access)


@dataclass(slots=True)
class _Cases:
    found: list[Case] = field(default_factory=list)

    def add(
        self, kind: str, *roles: RoleShape, lines: tuple[str, ...], after: Held | None, **fields: str | None
    ) -> None:
        email = _address(kind)
        live = user(email, *roles, **fields)
        self.found.append(Case(kind, live, file(email, *lines), after))


def _address(kind: str) -> str:
    return f"{kind.replace(' ', '-')}@example.com"


_PROFILE: Final = ("firstName", "middleName", "lastName", "gender", "phone", "job", "language")


def seen(user: UserRecord) -> Held:
    """What `held` describes, of a user as the hub keeps it."""
    fields = {name: value for name, value in user.items() if name in _PROFILE and isinstance(value, str) and value}
    access: dict[str, str] = {}
    for row in user.get("roles", []):
        if row["access"] != "NONE":
            name = row["definition"]
            access[name] = f"{access[name]} and {row['access']}" if name in access else row["access"]
    return Held(fields, access)


def _updates() -> list[Case]:
    cases = _Cases()
    cases.add("phone changed", lines=("phone: '0031 20'",), after=held({"phone": "0031 20"}), phone="1")
    cases.add("phone set", lines=("phone: +31 20 1",), after=held({"phone": "+31 20 1"}))
    cases.add("phone cleared", lines=("phone: null",), after=held(), phone="1")
    cases.add("phone cleared by empty text", lines=('phone: ""',), after=held(), phone="1")
    cases.add("field without a key kept", lines=("job: Poet",), after=held({"job": "Poet", "phone": "1"}), phone="1")
    cases.add("language kept", lines=("job: Poet",), after=held({"job": "Poet", "language": "DE"}), language="DE")
    cases.add("language changed", lines=("language: no",), after=held({"language": "NO"}), language="DE")
    cases.add("gender changed", lines=("gender: female",), after=held({"gender": "F"}), gender="U")
    cases.add("grant added", lines=("modules: {pricing: viewer}",), after=held(pricing="VIEWER"))
    cases.add(
        "grant raised", *rows(pricing="VIEWER"), lines=("modules: {pricing: owner}",), after=held(pricing="OWNER")
    )
    cases.add(
        "grant lowered", *rows(pricing="OWNER"), lines=("modules: {pricing: editor}",), after=held(pricing="EDITOR")
    )
    cases.add("grant revoked", *rows(pricing="OWNER", order="VIEWER"), lines=(), after=held())
    cases.add("platform switched on", lines=("platform: {sales_hub: true}",), after=held(sales="OWNER"))
    cases.add("platform switched off", *rows(backoffice="OWNER"), lines=(), after=held())
    cases.add(
        "platform on with less than owner",
        *rows(sales="VIEWER"),
        lines=("platform: {sales_hub: true}",),
        after=held(sales="VIEWER"),
    )
    cases.add(
        "duplicate removed",
        *rows(pricing="VIEWER"),
        *rows(pricing="EDITOR"),
        lines=("modules: {pricing: editor}",),
        after=held(pricing="EDITOR"),
    )
    cases.add(
        "duplicate removed and the other raised",
        *rows(pricing="VIEWER"),
        *rows(pricing="NONE"),
        lines=("modules: {pricing: owner}",),
        after=held(pricing="OWNER"),
    )
    cases.add(
        "wish where a NONE row stands",
        *rows(pricing="NONE"),
        lines=("modules: {pricing: viewer}",),
        after=held(pricing="VIEWER"),
    )
    cases.add(
        "unknown definition left alone",
        *rows(ticket="OWNER", pricing="OWNER"),
        lines=("job: Poet",),
        after=held({"job": "Poet"}, ticket="OWNER"),
    )
    cases.add(
        "everything at once",
        *rows(pricing="VIEWER", order="OWNER", product="EDITOR", logistics="OWNER"),
        lines=("job: null", "modules: {pricing: owner, product_data: viewer, logistics: owner}"),
        after=held(pricing="OWNER", product="VIEWER", logistics="OWNER"),
        job="Poet",
    )
    return cases.found


def _created() -> list[Case]:
    plain, granted, full = map(_address, ("created", "created with grants", "created with every field"))
    every = ("middle_name: King", "gender: female", "phone: '1'", "job: Poet", "language: fr")
    everything = {"middleName": "King", "gender": "F", "phone": "1", "job": "Poet", "language": "FR"}
    return [
        Case("created", None, file(plain, "language: en", "gender: unknown"), held({"gender": "U"})),
        Case(
            "created with grants",
            None,
            file(
                granted,
                "language: en",
                "gender: unknown",
                "platform: {backoffice: true}",
                "modules: {product_data: editor}",
            ),
            held({"gender": "U"}, backoffice="OWNER", product="EDITOR"),
        ),
        Case("created with every field", None, file(full, *every), held(everything)),
    ]


def _deleted() -> list[Case]:
    absent, until, gone = map(_address, ("deleted by absent", "deleted by until", "absent and gone"))
    return [
        Case("deleted by absent", user(absent, *rows(order="OWNER")), f"email: {absent}\nstate: absent\n", None),
        Case("deleted by until", user(until), file(until, "until: 2026-06-14"), None),
        Case("absent and gone", None, f"email: {gone}\nstate: absent\n", None),
    ]


def _kept() -> list[Case]:
    same, last, case = map(_address, ("unchanged", "on the last day", "other case"))
    stranger = user("stranger@example.com", *rows(pricing="OWNER", ticket="VIEWER"), phone="\x1b[31m", firstName="Sam")
    glass = first_user()
    return [
        Case("unchanged", user(same, *rows(order="NONE")), file(same), held(), is_untouched=True),
        Case("on the last day", user(last), file(last, f"until: {TODAY}"), held(), is_untouched=True),
        Case("without a file", stranger, None, seen(stranger), is_untouched=True),
        Case("the hub's first person", glass, None, seen(glass), is_untouched=True),
        Case("in other case", user("Other-Case@Example.com"), file(case, "job: Poet"), held({"job": "Poet"})),
    ]


CASES: Final = (*_updates(), *_created(), *_deleted(), *_kept())
FILES: Final = files(*(case.text for case in CASES if case.text))


def population() -> Population:
    """The hub before. New users could start with viewer of Product Data, where the hub gives such rows."""
    named = baseline_definitions()
    for definition in named:
        if definition["name"] == "product":
            definition["defaultAccess"] = "VIEWER"
    return {"definitions": named, "users": [case.live for case in CASES if case.live], "keys": baseline_keys()}


def by_address(holds: Population) -> dict[str, UserRecord]:
    return {user["email"].lower(): user for user in holds["users"]}


def address_of(case: Case) -> str:
    return (case.live["email"] if case.live else _address(case.kind)).lower()
