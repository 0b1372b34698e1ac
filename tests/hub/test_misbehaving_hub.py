"""Whatever the hub does wrong while it is read: the read is an error, or lacks no user of the files."""

import os
from dataclasses import fields, replace
from random import Random

import pytest

from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubIncompleteError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.reader import find_user
from tests.hub.sandboxed import Trial, Watched, crowd, wanting
from tests.support.misbehaving_hub import NOTHING, OPTIONS, WRITE_OPTIONS, Misbehaviour

ROUNDS = max(6, int(os.environ.get("BO_SYNC_COURSES", "0")) // len(OPTIONS))


def about(does: Misbehaviour, email: str = "person0002@example.com") -> Misbehaviour:
    """The same, about a user of the crowd."""
    return replace(
        does, odd=tuple(replace(user, email=email) for user in does.odd), twins=tuple(email for _ in does.twins)
    )


@pytest.mark.parametrize("does", [about(does) for does in OPTIONS.values()], ids=OPTIONS)
def test_a_read_that_ends_lacks_no_user_of_the_files(does: Misbehaviour) -> None:
    chance = Random(7)
    for _ in range(ROUNDS):
        count = chance.randrange(1, 60)
        trial = Trial(crowd(count, rows=1), page_size=chance.choice((5, 12, 100)), does=does)
        files = [f"person{number:04}@example.com" for number in chance.sample(range(90), chance.randrange(12))]
        try:
            live = trial.hub.read_all(Watched(), wanting(*files))
        except HubError:
            continue
        listed = {user.email.folded for user in live.users}
        odd = {user.email for user in does.odd}
        for email in (Text(email) for email in files if email not in odd):
            assert email.folded in listed or find_user(trial.transport, email) is None, email
        assert len(live.users) == len({user.id for user in live.users})


def test_every_option_of_a_read_is_drawn_from() -> None:
    names = {field.name for field in fields(Misbehaviour)}
    drawn = {name for name in names if any(getattr(does, name) != getattr(NOTHING, name) for does in OPTIONS.values())}
    assert names - drawn <= WRITE_OPTIONS <= names


class TestTheOptions:
    """The hub of the tests really does what its options say."""

    def test_users_move_and_the_list_keeps_its_length(self) -> None:
        trial = Trial(crowd(20), page_size=5, does=Misbehaviour(moves=2))
        assert len(trial.read().users) == 20
        assert trial.sandbox.emails() != Trial(crowd(20)).sandbox.emails()
        assert len(trial.sandbox.emails()) == 20

    def test_text_is_stored_in_another_form(self) -> None:
        trial = Trial(crowd(1), does=Misbehaviour(normalises=True))
        ask = "mutation ($input: CreateUserDto!) { adminUserCreate(input: $input) { firstName phone } }"
        given = {"email": "a@example.com", "firstName": " Jos\u00e9 ", "phone": "+31 20 1"}
        made = trial.sandbox.ask(ask, input=given)["adminUserCreate"]
        assert made == {"firstName": "Jose\u0301", "phone": "+31201"}

    def test_a_twin_differs_in_case_alone(self) -> None:
        trial = Trial(crowd(2), does=Misbehaviour(twins=("person0001@example.com", "missing@example.com")))
        assert trial.sandbox.emails() == ["person0000@example.com", "person0001@example.com", "PERSON0001@EXAMPLE.COM"]

    @pytest.mark.parametrize("option", ["a user without an address", "a lone surrogate in a name"])
    def test_an_odd_user_is_answered_and_not_stored(self, option: str) -> None:
        trial = Trial(crowd(4), does=about(OPTIONS[option]))
        answer = trial.sandbox.post(
            "query q($input: AdminUsersSearchInput) { adminUsers(input: $input) { pages items { email firstName } } }",
            input={"page": 1, "offset": 12},
        )
        assert b'"email":""' in answer.body or b"\\ud800" in answer.body
        assert "" not in trial.sandbox.emails()

    def test_each_tenant_has_users_of_its_own(self) -> None:
        trial = Trial(crowd(3), key="other-key", does=OPTIONS["two tenants at one address"])
        live = trial.read()
        assert live.tenant == Text("globex")
        assert [user.email.raw for user in live.users] != trial.sandbox.emails()

    def test_the_same_hub_read_with_another_key_has_another_identity(self) -> None:
        does = OPTIONS["two tenants at one address"]
        first, second = (Trial(crowd(3), key=key, does=does) for key in ("sandbox-owner", "other-key"))
        assert (first.read().tenant, second.read().tenant) == (Text("acme"), Text("globex"))


def test_a_hub_that_repeats_one_user_is_left_soon() -> None:
    trial = Trial(crowd(1), does=OPTIONS["the hub repeats one user on every page"])
    with pytest.raises(HubIncompleteError):
        CommerceHub(trial.transport).read_all(Watched())
    assert len(trial.sent) < 100
