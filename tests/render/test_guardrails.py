"""What each guardrail says about a number, and what it says to do: the sentences that people read."""

from typing import Final

import pytest

from bo_sync.core.guardrails import NAMES, GuardrailResult, way_past
from bo_sync.render.guardrails import measure_of

SAID: Final = {
    "empty": (
        "1 person in the files, at least 1",
        "2 people in the files, at least 1",
        "add at least one file to users/; to remove people, give their files `state: absent`",
    ),
    "email_change": (
        "1 uncertain identity, none allowed",
        "2 uncertain identities, none allowed",
        "nothing passes this guardrail; each row says what to do",
    ),
    "removed_file": (
        "1 person without a file since the base, none allowed",
        "2 people without a file since the base, none allowed",
        "nothing passes this guardrail: keep the file with `state: absent`, or set `unmanaged: delete`",
    ),
    "ambiguous_address": (
        "1 ambiguous address, none allowed",
        "2 ambiguous addresses, none allowed",
        "add `id` to the file, or delete the other user in the backoffice; each row says which",
    ),
    "protected": (
        "1 protected person changed, none allowed",
        "2 protected people changed, none allowed",
        (
            "nothing passes this guardrail: correct the file, or the entry of `protect` in bo-sync.yaml, in a reviewed "
            "change"
        ),
    ),
    "self": (
        "1 loss of whoever runs this, none allowed",
        "2 losses of whoever runs this, none allowed",
        "nothing passes this guardrail: let somebody else, or an API key, run it",
    ),
    "min_role_owners": (
        "1 owner of Roles & permissions left, at least 1",
        "2 owners of Roles & permissions left, at least 1",
        "if this is meant, pass --allow min_role_owners=2",
    ),
    "max_user_deletes": (
        "1 deletion, limit 1",
        "2 deletions, limit 1",
        "if this is meant, pass --allow max_user_deletes=2",
    ),
    "max_access_losses": (
        "1 user without any platform area left, limit 1",
        "2 users without any platform area left, limit 1",
        "if this is meant, pass --allow max_access_losses=2",
    ),
    "max_grant_losses": (
        "1 grant lowered or revoked, limit 1",
        "2 grants lowered or revoked, limit 1",
        "if this is meant, pass --allow max_grant_losses=2",
    ),
    "max_expiries": (
        "1 expired account or grant, limit 1",
        "2 expired accounts and grants, limit 1",
        "if this is meant, pass --allow max_expiries=2",
    ),
}
"""By the name: the measure of one, of two, and the advice."""


def test_every_guardrail_is_here() -> None:
    assert tuple(SAID) == NAMES


@pytest.mark.parametrize("name", SAID)
def test_what_a_guardrail_says(name: str) -> None:
    one, two = (GuardrailResult(name, actual, 1, ok=False) for actual in (1, 2))
    assert (measure_of(one), measure_of(two), way_past(two)) == SAID[name]
