"""Random worlds for properties: settings, presets, declarations and a hub, small enough to collide all the time.

Five addresses in several spellings serve both sides; the hub may hold users with one address, users whom no file can
name, text in another form or in none, rows with NONE, rows twice, rows of definitions that we do not know, and a
platform area at any access. Files pin ids that may be right, somebody else's or nobody's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar
from unicodedata import normalize

from hypothesis import strategies as st

from bo_sync.core.live import LiveIndex, index
from bo_sync.core.model import (
    GENDERS,
    PLATFORM,
    PROFILE_FIELDS,
    Access,
    Declaration,
    DesiredUser,
    FieldValue,
    GrantRow,
    LiveState,
    LiveUser,
    Override,
    Preset,
    PresetGrant,
    Profile,
    ProfileField,
    Role,
    State,
)
from bo_sync.core.presets import resolve
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings, Unmanaged
from bo_sync.core.text import Text
from tests.support.builders import source
from tests.support.users import DEFINITIONS, TODAY, definition

T = TypeVar("T")

RETURNS: Final = Role("returns")
GRANTED: Final = (*PLATFORM, Role("roles_permissions"), Role("pricing"), RETURNS)
"""Roles that worlds use: both areas, the one that owns, an ordinary one, and one that settings add."""
UNKNOWN: Final = ("definition-loyalty", "definition-surveys")
OWNING: Final = (("definition-backoffice", Access.VIEWER), ("definition-roles_permissions", Access.OWNER))
STEMS: Final = ("ann@example.com", "bob@example.com", "zo\u00e9@example.com", "dee@vendor.example", "eve@example.com")
SPELLINGS: Final = {
    stem: (stem, normalize("NFD", stem).capitalize(), stem.replace("example", "EXAMPLE")) for stem in STEMS
}
ODD_ADDRESSES: Final = ("", "nobody", "an n@example.com", "a\ud800@example.com")
PRESET_NAMES: Final = ("base", "middle", "top")
ALL_DEFINITIONS: Final = (
    *DEFINITIONS,
    definition("returns", "rma"),
    definition("loyalty"),
    definition("surveys", default="owner"),
)


@dataclass(frozen=True, slots=True)
class World:
    """Files and a hub on one day, `TODAY`."""

    settings: Settings
    presets: dict[str, Preset]
    declarations: tuple[Declaration, ...]
    live: LiveState

    @property
    def desired(self) -> tuple[DesiredUser, ...]:
        return tuple(resolve(entry, self.presets, self.settings, TODAY) for entry in self.declarations)

    @property
    def index(self) -> LiveIndex:
        return index(self.live, self.settings)


def settings() -> st.SearchStrategy[Settings]:
    return st.builds(
        Settings,
        defaults=profiles(),
        unmanaged=st.sampled_from(Unmanaged),
        protect=st.sampled_from([(), (Text("*@vendor.example"),), (Text("ANN@*"), Text("eve@example.com"))]),
        role_definitions=st.just((*DEFAULT_ROLE_DEFINITIONS, (RETURNS, Text("rma")))),
    )


def accesses(role: Role) -> st.SearchStrategy[Access]:
    """What a file can say: areas are on (OWNER) or off."""
    return st.sampled_from([Access.NONE, Access.OWNER] if role in PLATFORM else list(Access))


@st.composite
def presets(draw: st.DrawFn) -> dict[str, Preset]:
    """Three of them, each extending only those before it."""
    made: dict[str, Preset] = {}
    for name in PRESET_NAMES:
        roles = draw(st.lists(st.sampled_from(GRANTED), unique=True, max_size=3))
        grants = tuple(PresetGrant(role, draw(accesses(role)), source(f"presets/{name}.yaml")) for role in roles)
        extends = draw(st.lists(st.sampled_from(sorted(made)), unique=True)) if made else []
        made[name] = Preset(name, source(f"presets/{name}.yaml"), extends=tuple(extends), grants=grants)
    return made


def values(field: ProfileField) -> st.SearchStrategy[Text | None]:
    """Nothing, or one of a few words, some of which differ only in form."""
    words = {"gender": GENDERS, "language": ("NL", "EN")}.get(field, ("x", "y", " x", "x\u00a0 y", "\u00e9", "e\u0301"))
    return st.none() | st.sampled_from([Text(word) for word in words])


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    fields = draw(st.sets(st.sampled_from(PROFILE_FIELDS), max_size=3))
    return tuple(FieldValue(name, draw(values(name))) for name in PROFILE_FIELDS if name in fields)


@st.composite
def overrides(draw: st.DrawFn) -> tuple[Override, ...]:
    roles = draw(st.lists(st.sampled_from(GRANTED), unique=True, max_size=3))
    return tuple(Override(role, draw(accesses(role)), source(), draw(days())) for role in roles)


def days() -> st.SearchStrategy[date | None]:
    return st.sampled_from([None, None, TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=1)])


@st.composite
def declarations(draw: st.DrawFn) -> tuple[Declaration, ...]:
    """At most one entry an address, in any spelling and any order."""
    stems = draw(st.lists(st.sampled_from(STEMS), unique=True, min_size=draw(st.sampled_from([0, 3]))))
    return tuple([draw(_declaration(stem)) for stem in stems])


def _declaration(stem: str) -> st.SearchStrategy[Declaration]:
    return st.builds(
        Declaration,
        email=st.sampled_from(SPELLINGS[stem]).map(Text),
        source=st.just(source(f"users/{stem.partition('@')[0]}.yaml")),
        id=st.sampled_from([*[None] * 12, *range(1, 10)]),
        profile=profiles(),
        presets=st.lists(st.sampled_from(PRESET_NAMES), unique=True, max_size=2).map(tuple),
        overrides=overrides(),
        state=st.sampled_from([State.PRESENT, State.PRESENT, State.PRESENT, State.ABSENT]),
        until=days(),
    )


@st.composite
def live_states(draw: st.DrawFn) -> LiveState:
    """Users with distinct ids and every definition. At times two have one address, or no file can name one."""
    stems = draw(st.lists(st.sampled_from(STEMS), unique=True, min_size=1))
    emails = [draw(st.sampled_from(SPELLINGS[stem][:2])) for stem in stems]
    if draw(st.sampled_from([False, False, False, True])):
        emails.append(draw(st.sampled_from(SPELLINGS[stems[0]])))
    if draw(st.sampled_from([False, False, False, True])):
        emails.append(draw(st.sampled_from(ODD_ADDRESSES)))
    ids = draw(st.permutations(range(1, 8)))
    users = tuple(
        LiveUser(number, Text(email), draw(_full_profile()), draw(_rows(number)))
        for number, email in zip(ids, emails, strict=False)
    )
    return LiveState(users, tuple(draw(st.permutations(ALL_DEFINITIONS))))


@st.composite
def _full_profile(draw: st.DrawFn) -> Profile:
    given = tuple(FieldValue(name, draw(values(name))) for name in PROFILE_FIELDS)
    is_odd = draw(st.sampled_from([*[False] * 9, True]))
    return (*given[:-1], FieldValue("language", Text("N\ud800"))) if is_odd else given


@st.composite
def _rows(draw: st.DrawFn, user: int) -> tuple[GrantRow, ...]:
    """Any rows; every third user owns the roles beside them."""
    definitions = st.sampled_from([*(f"definition-{role}" for role in GRANTED), *UNKNOWN])
    found = draw(st.lists(st.tuples(definitions, st.sampled_from(Access)), max_size=6))
    found += draw(st.sampled_from([OWNING, (), ()]))
    numbers = draw(st.permutations(range(len(found))))
    return tuple(
        GrantRow(f"{user}-{number}", definition_id, access)
        for number, (definition_id, access) in zip(numbers, found, strict=True)
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    return World(draw(settings()), draw(presets()), draw(declarations()), draw(live_states()))


@st.composite
def shuffled(draw: st.DrawFn, given: World) -> World:
    """The same world, read in another order: files, users, rows, definitions."""
    users = [
        LiveUser(user.id, user.email, user.profile, _order(draw, user.rows)) for user in _order(draw, given.live.users)
    ]
    return World(
        given.settings,
        dict(_order(draw, given.presets.items())),
        _order(draw, given.declarations),
        LiveState(tuple(users), _order(draw, given.live.definitions)),
    )


def _order(draw: st.DrawFn, items: Iterable[T]) -> tuple[T, ...]:
    return tuple(draw(st.permutations(list(items))))
