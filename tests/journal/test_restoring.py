"""Who a run changed is declared as they were; what cannot come back is said, and nothing is made up."""

from dataclasses import replace

import pytest

from bo_sync.cli.commands.journal import restored
from bo_sync.config.formatting import dump_user
from bo_sync.config.load import tree_of
from bo_sync.core.model import FieldValue, ProfileField
from bo_sync.core.text import Text
from bo_sync.journal.reader import Past, read
from bo_sync.journal.records import Fate, Intent, JournalAnswer, spell
from tests.journal.samples import ADA, BOB, CY, PHONE, RUN, a_header

AT = Text("then")
LOYALTY = "definition-loyalty"


def past(*intents: Intent, made: int | None = None) -> Past:
    entries = [
        a_header(),
        *(entry for intent in intents for entry in (intent, JournalAnswer(intent.seq, AT, Fate.APPLIED, None, made))),
    ]
    return read(RUN, b"".join(map(spell, entries)))


def files(run: Past) -> dict[str, str]:
    """Each restored file, after a check that it means what it was made of."""
    found = {}
    for user in restored(run):
        text = dump_user(user.declaration)
        tree = tree_of([("users/x.yaml", text.encode())])
        assert not tree.errors
        assert tree.declarations == (user.declaration,)
        found[user.declaration.email.raw] = text
    return found


def test_an_updated_user_is_declared_whole_with_what_was_empty_cleared() -> None:
    assert files(past(Intent(1, AT, "update_profile", Text(BOB), 7, PHONE))) == {
        BOB: "email: bob@example.com\nid: 7\nfirst_name: Bob\nlast_name: B\nmiddle_name: null\ngender: null\n"
        "phone: 1\njob: null\nlanguage: null\nmodules:\n  pricing: viewer\n  order_data: owner\n"
    }


@pytest.mark.parametrize(
    ("field", "live", "line"),
    [
        pytest.param("first_name", " Bob  B ", "first_name: Bob B", id="odd spaces in a name"),
        pytest.param("last_name", "Jose\u0301", "last_name: Jos\u00e9", id="NFD"),
        pytest.param("job", "\u00a0", "job: null", id="white space alone"),
        pytest.param("phone", "+31 20", "phone: +3120", id="a phone with spaces"),
        pytest.param("middle_name", "x\ud800", None, id="what no file can hold"),
    ],
)
def test_a_restored_file_is_valid_whatever_the_hub_held(field: ProfileField, live: str, line: str | None) -> None:
    run = past(Intent(1, AT, "update_profile", Text(BOB), 7, PHONE))
    header = run.header
    assert header is not None
    users = tuple(
        replace(user, before=replace(user.before, profile=(FieldValue(field, Text(live)),))) if user.before else user
        for user in header.users
    )
    text = files(replace(run, header=replace(header, users=users)))[BOB]
    assert [found for found in text.splitlines() if found.startswith(f"{field}:")] == ([line] if line else [])


def test_a_created_user_is_absent_and_pinned_as_far_as_their_id_is_known() -> None:
    create = Intent(1, AT, "create_user", Text(ADA))
    assert files(past(create, made=11)) == {ADA: "email: ada@example.com\nid: 11\nstate: absent\n"}
    assert files(past(create)) == {ADA: "email: ada@example.com\nstate: absent\n"}


def test_a_deleted_user_is_declared_anew_and_what_is_lost_is_said() -> None:
    run = past(Intent(1, AT, "delete_user", Text(CY), 8))
    assert files(run) == {
        CY: "email: cy@example.com\nfirst_name: Cy\nlast_name: C\nmiddle_name: null\ngender: null\nphone: null\n"
        "job: null\nlanguage: nl\nmodules:\n  product_data: editor\n"
    }
    assert [user.lost for user in restored(run)] == [
        (
            "was deleted: the hub will give a new id instead of 8, and what it kept of the old one is gone",
            f"held access in role definitions that bo-sync does not know, which it cannot give back: {LOYALTY} editor",
        )
    ]


def test_who_was_not_changed_is_left_out() -> None:
    assert files(past()) == {}
    assert list(restored(read(RUN, b""))) == []
