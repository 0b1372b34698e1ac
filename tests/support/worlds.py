"""Random pairs of a repository and a hub that have little to do with one another: what apply has to bring together.

Each world follows from its seed alone. Users overlap, miss on either side, differ in case, hold rows of NONE, rows
twice, and rows of a definition that bo-sync does not know; the hub behaves in one of the ways that nobody can rule out.
"""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from bo_sync.core.model import (
    GENDERS,
    PLATFORM,
    PROFILE_FIELDS,
    ROLES,
    Access,
    Declaration,
    FieldValue,
    Override,
    Preset,
    PresetGrant,
    Profile,
    ProfileField,
    Role,
    Source,
    State,
)
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.sandbox.behaviour import Behaviour, LargePages, NewUserRows, OmittedGender, RefusalForm
from bo_sync.sandbox.population import (
    KNOWN_DEFINITIONS,
    UNKNOWN_DEFINITION,
    DefinitionRecord,
    Gender,
    Population,
    RoleShape,
    UserRecord,
    baseline_definitions,
)
from bo_sync.sandbox.population import Access as AccessWord

TODAY: Final = date(2026, 11, 21)
NOWHERE: Final = Source(Text("users/random.yaml"), 1)
STRANGER: Final = "stranger@example.com"
_WORDS: Final[tuple[AccessWord, ...]] = ("NONE", "VIEWER", "EDITOR", "OWNER")
_NAMES: Final = ("Ada", "Bram", "Chloé", "Dinh", "Eva-Lotte", "Ödön", "Zoë's")
_FORMS: Final = (" Bram ", "Chloe\u0301", "Eva\u00a0 Lotte", "  ")
"""Names as a hub may hold them, and no file."""
_PHONES: Final = ("0031 20 555 0100", "+31 6 1234", "")
_LANGUAGES: Final = ("NL", "EN", "NO", "de")


@dataclass(frozen=True, slots=True)
class World:
    """What the files declare, what the hub holds, and how the hub behaves."""

    settings: Settings
    presets: dict[str, Preset]
    declarations: tuple[Declaration, ...]
    population: Population
    behaviour: Behaviour


def world(seed: int) -> World:
    chance = Random(seed)
    addresses = [f"person{number}@example.com" for number in range(chance.randint(1, 9))]
    live = [_live_user(chance, address) for address in addresses if chance.random() < 0.7]
    presets = _presets(chance)
    return World(
        settings=_settings(chance),
        presets=presets,
        declarations=_declarations(chance, addresses, sorted(presets)),
        population={"users": [_stranger(), *live], "definitions": _definitions(chance)},
        behaviour=_behaviour(chance),
    )


def _settings(chance: Random) -> Settings:
    language = (FieldValue("language", Text("NL")),) if chance.random() < 0.5 else ()
    return Settings(
        defaults=language,
        unmanaged=chance.choice((Unmanaged.REPORT, Unmanaged.IGNORE)),
        role_definitions=DEFAULT_ROLE_DEFINITIONS,
    )


def _presets(chance: Random) -> dict[str, Preset]:
    found: dict[str, Preset] = {}
    for name in ("alpha", "beta", "gamma")[: chance.randint(0, 3)]:
        grants = tuple(
            PresetGrant(role, _preset_access(chance, role), NOWHERE) for role in ROLES if chance.random() < 0.35
        )
        extends = tuple(sorted(found)) if found and chance.random() < 0.4 else ()
        found[name] = Preset(name, NOWHERE, extends=extends, grants=grants)
    return found


def _preset_access(chance: Random, role: Role) -> Access:
    return Access.OWNER if role in PLATFORM else chance.choice((Access.VIEWER, Access.EDITOR, Access.OWNER))


def _declarations(chance: Random, addresses: list[str], presets: list[str]) -> tuple[Declaration, ...]:
    chosen = [address for address in addresses if chance.random() < 0.8] or addresses[:1]
    chance.shuffle(chosen)
    return tuple(_declaration(chance, address, presets) for address in chosen)


def _declaration(chance: Random, address: str, presets: list[str]) -> Declaration:
    if chance.random() < 0.15:
        return Declaration(Text(address), NOWHERE, state=State.ABSENT)
    spelled = address.title() if chance.random() < 0.2 else address
    return Declaration(
        email=Text(spelled),
        source=NOWHERE,
        profile=_profile(chance, address),
        presets=tuple(name for name in presets if chance.random() < 0.4),
        overrides=tuple(_override(chance, role) for role in ROLES if chance.random() < 0.25),
        until=chance.choice((None, None, None, date(2026, 11, 21), date(2026, 11, 20))),
    )


def _override(chance: Random, role: Role) -> Override:
    access = chance.choice((Access.NONE, Access.OWNER)) if role in PLATFORM else chance.choice(list(Access))
    dated = role not in PLATFORM and chance.random() < 0.3
    until = chance.choice((date(2026, 11, 20), date(2099, 1, 1))) if dated else None
    return Override(role, access, NOWHERE, until, Text("CHG-1") if dated else None)


def _profile(chance: Random, address: str) -> Profile:
    always = {"first_name", "last_name"}
    return tuple(
        FieldValue(field, _value(chance, field, address))
        for field in PROFILE_FIELDS
        if field in always or chance.random() < 0.4
    )


def _value(chance: Random, field: ProfileField, address: str) -> Text | None:
    if field == "first_name":
        return Text(chance.choice(_NAMES))
    if field == "last_name":
        return Text(f"{chance.choice(_NAMES)} {address.partition('@')[0]}")  # nobody looks like anybody else
    if chance.random() < 0.2:
        return None
    if field == "gender":
        return Text(chance.choice(GENDERS))
    if field == "language":
        return Text(chance.choice(_LANGUAGES).upper())
    return Text(chance.choice(("x", "012", "no", "Ünï", "a: b # c")))


def _stranger() -> UserRecord:
    """Somebody whom no file names, so nothing may ever change about them; they own the roles, so that one is left."""
    return {
        "email": STRANGER,
        "firstName": "Nobody's",
        "language": "de",
        "roles": [
            {"definition": "pricing", "access": "EDITOR"},
            {"definition": "pricing", "access": "VIEWER"},
            {"definition": "role", "access": "OWNER"},
            {"definition": "backoffice", "access": "OWNER"},
        ],
    }


def _live_user(chance: Random, address: str) -> UserRecord:
    genders: tuple[Gender | None, ...] = ("M", "F", "U", None)
    return {
        "email": address.upper() if chance.random() < 0.2 else address,
        "firstName": chance.choice((*_NAMES, *_FORMS, None)),
        "lastName": chance.choice((*_NAMES, *_FORMS, "")),
        "gender": chance.choice(genders),
        "phone": chance.choice(_PHONES),
        "language": chance.choice((*_LANGUAGES, None)),
        "roles": _rows(chance),
    }


def _rows(chance: Random) -> list[RoleShape]:
    names = [*KNOWN_DEFINITIONS, UNKNOWN_DEFINITION]
    rows: list[RoleShape] = [
        {"definition": name, "access": chance.choice(_WORDS)} for name in names if chance.random() < 0.45
    ]
    twice: list[RoleShape] = [
        {"definition": row["definition"], "access": chance.choice(_WORDS)} for row in rows if chance.random() < 0.15
    ]
    mixed = rows + twice
    chance.shuffle(mixed)
    return mixed


def _definitions(chance: Random) -> list[DefinitionRecord]:
    given = baseline_definitions()
    for shape in given:
        shape["defaultAccess"] = chance.choice(_WORDS) if chance.random() < 0.1 else "NONE"
    return given


def _behaviour(chance: Random) -> Behaviour:
    large_pages = chance.choice(list(LargePages))
    smallest = 3 if large_pages is LargePages.CLAMP else 12  # the hub's own default is a size that it takes
    return Behaviour(
        max_page_size=chance.choice((None, smallest, 25)),
        large_pages=large_pages,
        refusal=chance.choice(list(RefusalForm)),
        new_user_rows=chance.choice(list(NewUserRows)),
        omitted_gender=chance.choice(list(OmittedGender)),
        single_root_mutations=chance.random() < 0.2,
    )
