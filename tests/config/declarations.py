"""Random declarations, of the kind that loading could have given."""

from datetime import date
from typing import Final

from hypothesis import strategies as st

from bo_sync.core.model import (
    GENDERS,
    MODULES,
    PLATFORM,
    PROFILE_FIELDS,
    PROFILE_LIMITS,
    Access,
    Declaration,
    FieldValue,
    Ignore,
    Override,
    Profile,
    ProfileField,
    Role,
    Source,
    State,
)
from bo_sync.core.text import Text, spaces_in_order

AT: Final = Source(Text("users/u.yaml"), 1)
NAMES: Final = ("sales", "Full-Admin", "0", "a.b_c", "null", "true", "1e3", "no")
LONGEST: Final = 10

hostile = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
words = st.sampled_from(
    ["no", "null", "true", "~", "Null", "0031", "+31 (0)20 1", "a: b", "a #b", "- x", "[x]", "x ", " x", "…"]
)
texts = (hostile | words).map(Text)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
names = st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(tuple)


def _field(name: ProfileField) -> st.SearchStrategy[FieldValue]:
    if name == "gender":
        return st.sampled_from([FieldValue(name, Text(word)) for word in GENDERS] + [FieldValue(name, None)])
    if name == "language":
        return st.sampled_from([FieldValue(name, Text("NO")), FieldValue(name, Text("NL")), FieldValue(name, None)])
    short = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=PROFILE_LIMITS[name]) | words
    if name != "phone":
        short = short.map(spaces_in_order)
    return short.map(lambda raw: FieldValue(name, Text(raw) if raw else None)) | st.just(FieldValue(name, None))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    return tuple(draw(_field(name)) for name in PROFILE_FIELDS if draw(st.booleans()))


@st.composite
def _overrides(draw: st.DrawFn) -> tuple[Override, ...]:
    switches = [
        Override(role, draw(st.sampled_from([Access.NONE, Access.OWNER])), AT, draw(_until), draw(_reason))
        for role in PLATFORM
        if draw(st.booleans())
    ]
    grants = [
        Override(role, draw(st.sampled_from(Access)), AT, draw(_until), draw(_reason))
        for role in (*MODULES, Role("warehouse"))
        if draw(st.booleans())
    ]
    return (*switches, *grants)


_until = st.none() | days
_reason = st.none() | texts


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    """A user whom the hub holds (an id), so that anything that a profile can hold is allowed."""
    local = draw(st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,8}(\.[a-z]{1,3})?", fullmatch=True))
    return Declaration(
        email=Text(f"{local}@example.com"),
        source=AT,
        id=draw(st.integers(1, 9_999_999_999)),
        profile=draw(profiles()),
        presets=draw(names),
        overrides=draw(_overrides()),
        state=draw(st.sampled_from(State)),
        until=draw(_until),
        ignore=tuple(Ignore(draw(texts), draw(texts), draw(days), AT) for _ in range(draw(st.integers(0, 2)))),
    )
