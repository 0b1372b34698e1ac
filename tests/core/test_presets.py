"""What an entry means today: presets united, own entries on top, time applied."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bo_sync.core.expiry import departure
from bo_sync.core.model import Access, Declaration, Departure, Override, Preset, Profile, Role, State
from bo_sync.core.presets import expand, merge_profiles, preset_of, resolve
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from tests.support.users import SETTINGS, TODAY, YESTERDAY, declares, override, preset, presets_of, profile, words

PRESETS = presets_of(
    preset("viewer", pricing="viewer", backoffice="owner"),
    preset("editor", pricing="editor", logistics="viewer"),
    preset("nothing", pricing="none", backoffice="none"),
    preset("child", "viewer", order_data="owner"),
    preset("grandchild", "child", "editor", order_data="viewer"),
    preset("left", "viewer"),
    preset("right", "viewer"),
    preset("diamond", "left", "right"),
)


def held(grants: str) -> dict[str, str]:
    return dict(grant.split(":") for grant in grants.split())


UNIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "no preset gives nothing": ((), ""),
    "one preset gives what it says": (("viewer",), "pricing:viewer backoffice:owner"),
    "of several presets the highest wins": (("viewer", "editor"), "pricing:editor backoffice:owner logistics:viewer"),
    "the order of presets does not matter": (("editor", "viewer"), "pricing:editor backoffice:owner logistics:viewer"),
    "none and off in a preset take nothing away": (("viewer", "nothing"), "pricing:viewer backoffice:owner"),
    "none named first takes nothing away either": (("nothing", "viewer"), "pricing:viewer backoffice:owner"),
    "none alone gives nothing": (("nothing",), ""),
    "a preset gives what it extends": (("child",), "pricing:viewer backoffice:owner order_data:owner"),
    "over several levels the highest wins, downward not": (
        ("grandchild",),
        "pricing:editor backoffice:owner order_data:owner logistics:viewer",
    ),
    "two ways to one preset are one": (("diamond",), "pricing:viewer backoffice:owner"),
    "a preset named twice is one": (("viewer", "viewer"), "pricing:viewer backoffice:owner"),
}


@pytest.mark.parametrize(("names", "given"), UNIONS.values(), ids=UNIONS.keys())
def test_presets_are_unions(names: tuple[str, ...], given: str) -> None:
    assert words({role: grant.access for role, grant in expand(names, PRESETS).items()}) == held(given)


def test_a_grant_names_the_preset_that_gives_it_and_where() -> None:
    grant = expand(["grandchild"], PRESETS)[Role("pricing")]
    assert (grant.preset, str(grant.source)) == ("editor", "presets/editor.yaml:1:1")
    tie = presets_of(preset("b", pricing="viewer"), preset("a", pricing="viewer"))
    assert expand(["b", "a"], tie)[Role("pricing")].preset == "b", "the preset named first"
    repeated = presets_of(preset("base", pricing="viewer"), preset("top", "base", pricing="viewer"))
    assert expand(["top"], repeated)[Role("pricing")].preset == "top"


def test_a_long_chain_of_presets_does_not_exhaust_the_stack() -> None:
    chain = [preset("p0", pricing="viewer"), *(preset(f"p{n}", f"p{n - 1}") for n in range(1, 5000))]
    assert words({r: g.access for r, g in expand(["p4999"], presets_of(*chain)).items()}) == {"pricing": "viewer"}


def effective(declaration: Declaration, today: date = TODAY, settings: Settings = SETTINGS) -> dict[str, str]:
    return words({grant.role: grant.access for grant in resolve(declaration, PRESETS, settings, today).grants})


OWN: dict[str, tuple[tuple[Override, ...], str]] = {
    "an own entry raises": ((override("pricing", "owner"),), "pricing:owner backoffice:owner"),
    "an own entry adds": ((override("logistics", "viewer"),), "pricing:viewer backoffice:owner logistics:viewer"),
    "an own none takes away": ((override("pricing", "none"),), "backoffice:owner"),
    "an own off switches off": ((override("backoffice", "none"),), "pricing:viewer"),
    "an own none of nothing is nothing": ((override("logistics", "none"),), "pricing:viewer backoffice:owner"),
    "an entry holds on its last day": ((override("pricing", "none", until=TODAY),), "backoffice:owner"),
    "after its last day it is as if it were not there": (
        (override("pricing", "none", until=YESTERDAY), override("backoffice", "none", until=YESTERDAY)),
        "pricing:viewer backoffice:owner",
    ),
    "what a raise leaves behind is what the preset gives": (
        (override("pricing", "owner", until=YESTERDAY),),
        "pricing:viewer backoffice:owner",
    ),
    "an entry for the future holds already": (
        (override("pricing", "owner", until=date(2099, 12, 31)),),
        "pricing:owner backoffice:owner",
    ),
}


@pytest.mark.parametrize(("overrides", "given"), OWN.values(), ids=OWN.keys())
def test_own_entries_override(overrides: tuple[Override, ...], given: str) -> None:
    assert effective(declares("jane@example.com", *overrides, presets=("viewer",))) == held(given)


def test_only_own_entries_override_downward() -> None:
    lower = declares("jane@example.com", override("pricing", "viewer"), presets=("editor",))
    assert effective(lower) == {"pricing": "viewer", "logistics": "viewer"}


def test_an_own_grant_names_no_preset_and_keeps_its_end_and_reason() -> None:
    own = replace(override("pricing", "owner", until=TODAY), reason=Text("CHG-1"))
    (grant,) = resolve(declares("j@example.com", own), {}, SETTINGS, TODAY).grants
    assert (grant.preset, grant.until, grant.reason, grant.source) == (None, TODAY, Text("CHG-1"), own.source)


def test_grants_stand_in_the_order_of_the_roles_added_ones_last() -> None:
    settings = Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (Role("returns"), Text("rma"))))
    roles = ("returns", "order_data", "sales_hub", "api_keys")
    entry = declares("j@example.com", *(override(role, "owner") for role in roles))
    assert list(effective(entry, settings=settings)) == ["sales_hub", "api_keys", "order_data", "returns"]


DEPARTURES: dict[str, tuple[Declaration, Departure | None]] = {
    "a present person stays": (declares(), None),
    "an absent person leaves": (declares(state=State.ABSENT), Departure.STATE_ABSENT),
    "an account holds on its last day": (declares(until=TODAY), None),
    "after its last day it ends": (declares(until=YESTERDAY), Departure.UNTIL_PASSED),
    "an absent person whose account ended is absent": (
        declares(until=YESTERDAY, state=State.ABSENT),
        Departure.STATE_ABSENT,
    ),
}


@pytest.mark.parametrize(("entry", "expected"), DEPARTURES.values(), ids=DEPARTURES.keys())
def test_departures(entry: Declaration, expected: Departure | None) -> None:
    assert departure(entry, TODAY) is expected
    resolved = resolve(entry, {}, SETTINGS, TODAY)
    assert resolved.departure is expected
    assert resolved.expired_on == (YESTERDAY if entry.until == YESTERDAY else None)


def test_who_leaves_is_wanted_with_nothing() -> None:
    entry = declares("j@example.com", override("pricing", "owner"), state=State.ABSENT, phone="1")
    leaving = resolve(entry, {}, Settings(defaults=profile(language="NL")), TODAY)
    assert (leaving.profile, leaving.grants) == ((), ())


def test_the_day_is_an_input_and_the_day_after_is_another() -> None:
    entry = declares(until=TODAY)
    assert departure(entry, TODAY + timedelta(days=1)) is Departure.UNTIL_PASSED


PROFILES = {
    "a default fills what is left out": (profile(language="NL"), profile(phone="1"), profile(phone="1", language="NL")),
    "an own value goes before the default": (profile(language="NL"), profile(language="EN"), profile(language="EN")),
    "an own null clears, and is no default": (profile(job="x"), profile(job=None), profile(job=None)),
    "a default of null clears": (profile(job=None), profile(), profile(job=None)),
    "what neither names is not managed": (profile(), profile(phone="1"), profile(phone="1")),
    "fields stand in the order of the form": (
        profile(gender="female"),
        tuple(reversed(profile(first_name="J", language="NL"))),
        profile(gender="female", first_name="J", language="NL"),
    ),
}


@pytest.mark.parametrize(("defaults", "own", "expected"), PROFILES.values(), ids=PROFILES.keys())
def test_defaults(defaults: Profile, own: Profile, expected: Profile) -> None:
    assert merge_profiles(defaults, own) == expected
    resolved = resolve(replace(declares(), profile=own), {}, Settings(defaults=defaults), TODAY)
    assert resolved.profile == expected


def test_identity_and_place_pass_through() -> None:
    entry = replace(declares("Jane@Example.com"), id=7)
    resolved = resolve(entry, {}, SETTINGS, TODAY)
    assert (resolved.email, resolved.id, resolved.source) == (entry.email, 7, entry.source)


@pytest.mark.parametrize("given", PRESETS.values(), ids=PRESETS.keys())
def test_expanding_a_preset_and_naming_it_gives_an_equal_one_back(given: Preset) -> None:
    grants = {role: grant.access for role, grant in expand([given.name], PRESETS).items()}
    name = preset_of(grants, PRESETS)
    assert name is not None
    assert {role: grant.access for role, grant in expand([name], PRESETS).items()} == grants


@pytest.mark.parametrize(
    ("preferred", "name"),
    [
        pytest.param((), "diamond", id="the first by name"),
        pytest.param(("viewer",), "viewer", id="the one that is preferred"),
        pytest.param(("right", "left"), "right", id="the first of several"),
        pytest.param(("editor", "viewer"), "viewer", id="one that gives something else does not count"),
        pytest.param(("editor",), "diamond", id="none of them gives this"),
        pytest.param(("went away", "left"), "left", id="one that there is not does not count"),
    ],
)
def test_of_equal_presets_one_that_the_entry_names_comes_first(preferred: tuple[str, ...], name: str) -> None:
    assert preset_of({Role("pricing"): Access.VIEWER, Role("backoffice"): Access.OWNER}, PRESETS, preferred) == name


def test_none_does_not_count_when_a_preset_is_named_and_grants_that_no_preset_gives_are_custom() -> None:
    grants = {Role("pricing"): Access.EDITOR, Role("logistics"): Access.VIEWER, Role("api_keys"): Access.NONE}
    assert preset_of(grants, PRESETS) == "editor"
    assert preset_of({Role("pricing"): Access.OWNER}, PRESETS) is None


@pytest.mark.parametrize("until", [None, YESTERDAY], ids=["somebody who stays", "somebody who leaves"])
def test_a_user_keeps_the_names_of_their_presets(until: date | None) -> None:
    entry = replace(declares("a@example.com"), presets=("right", "viewer"), until=until)
    assert resolve(entry, PRESETS, SETTINGS, TODAY).presets == ("right", "viewer")
