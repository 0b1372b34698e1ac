"""The shortest declaration of a live user: a preset where that is shorter, own entries where it is not."""

import pytest

from bo_sync.apply.pull import own_profile, shortest
from bo_sync.core.model import ROLES, Access, Preset, PresetGrant, Role
from tests.support.builders import source, value

ORDERS = {"user_management": "viewer", "logistics": "editor", "order_data": "editor"}


def preset(name: str, grants: dict[str, str]) -> Preset:
    given = tuple(PresetGrant(Role(role), Access[access.upper()], source()) for role, access in grants.items())
    return Preset(name, source(), grants=given)


PRESETS = {
    "order-desk": preset("order-desk", ORDERS),
    "alias": preset("alias", ORDERS),
    "pricing": preset("pricing", {"pricing": "owner"}),
}


@pytest.mark.parametrize(
    ("held", "name", "entries"),
    [
        pytest.param({}, None, {}, id="no access at all needs no line"),
        pytest.param(ORDERS, "alias", {}, id="of two presets that fit the first by name"),
        pytest.param({**ORDERS, "pricing": "viewer"}, "alias", {"pricing": "viewer"}, id="a preset and what is beside"),
        pytest.param(
            {"user_management": "viewer", "logistics": "editor"},
            "alias",
            {"order_data": "none"},
            id="a preset less one entry, where two lines are two lines but fewer entries",
        ),
        pytest.param(
            {"logistics": "editor"}, None, {"logistics": "editor"}, id="one entry is shorter than a preset less two"
        ),
        pytest.param({"pricing": "owner"}, "pricing", {}, id="a preset that fits rather than one entry"),
        pytest.param({"pricing": "viewer"}, None, {"pricing": "viewer"}, id="an entry rather than a preset overridden"),
    ],
)
def test_fewest_lines_win(held: dict[str, str], name: str | None, entries: dict[str, str]) -> None:
    grants = {Role(role): Access[access.upper()] for role, access in held.items()}
    chosen, overrides = shortest(grants, PRESETS, ROLES, source())
    assert chosen == name
    assert {str(entry.role): entry.access.word for entry in overrides} == entries


def test_the_profile_states_what_the_defaults_would_say_otherwise() -> None:
    live = (value("first_name", "Ann"), value("phone", None), value("language", None), value("job", "Lead"))
    defaults = (value("language", "NL"), value("job", "Lead"))
    assert own_profile(live, defaults) == (value("first_name", "Ann"), value("language", None))
