"""What the hub would hold after some changes."""

from bo_sync.core.live import GrantsByAddress, grants_after
from bo_sync.core.text import Text
from tests.support.builders import create, delete, duplicate, revoke, set_grant, update
from tests.support.users import holds, indexed, row, words

LIVE = indexed(
    holds(7, "a@example.com", row("pricing", "viewer"), row("backoffice", "editor"), row("logistics", "none")),
    holds(8, "B@example.com", row("api_keys", "owner")),
)


def shown(grants: GrantsByAddress) -> dict[str, dict[str, str]]:
    return {email: words(held) for email, held in grants.items()}


def test_what_stands_has_no_none_and_a_platform_area_is_owner() -> None:
    assert shown(LIVE.held) == {
        "a@example.com": {"pricing": "viewer", "backoffice": "owner"},
        "B@example.com": {"api_keys": "owner"},
    }


def test_looking_ahead_changes_nothing() -> None:
    before = LIVE.held
    assert grants_after(LIVE, ()) == before
    grants_after(LIVE, (update("a@example.com", revoke("pricing", "viewer")), delete("B@example.com")))
    assert LIVE.held == before


def test_every_kind_of_change_has_its_effect() -> None:
    edits = (
        set_grant("pricing", "viewer", "editor"),
        revoke("backoffice", "owner"),
        duplicate("pricing", "owner", "viewer"),
    )
    created = create("c@example.com", set_grant("pricing", "none", "owner"))
    changes = (created, update("a@example.com", *edits), delete("B@example.com"))
    expected = {"a@example.com": {"pricing": "editor"}, "c@example.com": {"pricing": "owner"}}
    assert shown(grants_after(LIVE, changes)) == expected


def test_a_user_is_found_by_the_hubs_spelling() -> None:
    change = update("b@example.com", revoke("api_keys", "owner"))
    as_hub = type(change)(change.email, change.source, 8, Text("B@example.com"), (), change.grants)
    assert shown(grants_after(LIVE, (as_hub,)))["B@example.com"] == {}
