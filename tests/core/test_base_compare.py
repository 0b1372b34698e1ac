"""What became of users between two states of the files, and which guards were weakened, over values in memory."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pytest

from bo_sync.core.base_compare import Comparison, Snapshot, changed_addresses, compare, removed_users
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.hub_operations import AddedOperations
from bo_sync.core.model import Declaration, Override, Role, State
from bo_sync.core.settings import GuardrailLimits, Limit, Settings, Unmanaged
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import Weakened, weakened
from tests.support.builders import source
from tests.support.users import SETTINGS, TODAY, YESTERDAY, override, profile

TEAM: Final = "users/team.yaml"
OTHER: Final = "users/other.yaml"


def one(  # each a part of one entry, named where it matters
    email: str,
    name: str = "",
    middle: str | None = None,
    *,
    at: str = "",
    line: int = 1,
    pin: int | None = None,
    phone: str | None = None,
    presets: tuple[str, ...] = (),
    state: State = State.PRESENT,
    until: date | None = None,
) -> Declaration:
    """An entry, in a file named by the address unless `at` says otherwise; `name` is first and last name."""
    first, _, last = name.partition(" ")
    fields = {"first_name": first or None, "last_name": last or None, "middle_name": middle, "phone": phone}
    given = {field: value for field, value in fields.items() if value is not None}
    path = at or f"users/{email.partition('@')[0]}.yaml"
    return Declaration(
        Text(email), source(path, line), pin, profile(**given), presets=presets, state=state, until=until
    )


def files(*users: Declaration, settings: Settings = SETTINGS, unread: tuple[str, ...] = ()) -> Snapshot:
    """The files with these users; `users/team.yaml` and `users/other.yaml` hold lists."""
    lists = frozenset({Text(TEAM), Text(OTHER)})
    return Snapshot(users, settings, lists, tuple(map(Text, unread)))


@dataclass(frozen=True, slots=True)
class Case:
    """Addresses before and after of whom it is a change, with the sign; and who is removed."""

    base: Snapshot
    head: Snapshot
    changed: tuple[tuple[str, str, str], ...] = ()
    removed: tuple[str, ...] = ()


GONE: Final = State.ABSENT
JANE: Final = one("jane@example.com", "Jane Doe")
BOB: Final = one("bob@example.com", "Bob Roe")
FILE: Final = "users/jane.yaml"

CASES: Final[dict[str, Case]] = {
    "nothing changed": Case(files(JANE, BOB), files(BOB, JANE)),
    "a file moved to another folder": Case(
        files(JANE), files(one("jane@example.com", "Jane Doe", at="users/sales/j.yaml"))
    ),
    "an entry moved from a list to a file": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM, line=3)),
        files(JANE),
    ),
    "an address in other letters only": Case(files(JANE), files(one("Jane@Example.com", "Jane Doe", at=FILE))),
    "the same file names another address": Case(
        files(JANE),
        files(one("j.doe@example.com", "Jane Doe", at=FILE)),
        (("jane@example.com", "j.doe@example.com", "file"),),
    ),
    "the same file names another address and another name": Case(
        files(JANE),
        files(one("zoe@example.com", "Zoe Poe", at=FILE)),
        (("jane@example.com", "zoe@example.com", "file"),),
    ),
    "the same id names another address, wherever it stands": Case(
        files(one("jane@example.com", pin=7)),
        files(one("zoe@example.com", pin=7, at=TEAM), BOB),
        (("jane@example.com", "zoe@example.com", "id"),),
    ),
    "two people change addresses, and one has an id": Case(
        files(one("jane@example.com", at=FILE, pin=5), one("bob@example.com", at="users/bob.yaml")),
        files(one("bob@example.com", at=FILE, pin=5), one("jane@example.com", at="users/bob.yaml")),
        (("jane@example.com", "bob@example.com", "id"), ("bob@example.com", "jane@example.com", "file")),
    ),
    "two people change addresses": Case(
        files(JANE, BOB),
        files(one("bob@example.com", "Jane Doe", at=FILE), one("jane@example.com", "Bob Roe", at="users/bob.yaml")),
        (("jane@example.com", "bob@example.com", "file"), ("bob@example.com", "jane@example.com", "file")),
    ),
    "two files change names": Case(
        files(JANE, BOB),
        files(one("bob@example.com", "Bob Roe", at=FILE), one("jane@example.com", "Jane Doe", at="users/bob.yaml")),
    ),
    "two files change names, and the ids go with the addresses, though not the names of the people": Case(
        files(one("jane@example.com", "Jane Doe", pin=5), one("bob@example.com", "Bob Roe", pin=6)),
        files(
            one("bob@example.com", "Robert Roe", at=FILE, pin=6),
            one("jane@example.com", "Jane Poe", at="users/bob.yaml", pin=5),
        ),
    ),
    "two files without names change theirs": Case(
        files(one("jane@example.com", presets=("a",)), one("bob@example.com", presets=("b",))),
        files(
            one("bob@example.com", at=FILE, presets=("b",)),
            one("jane@example.com", at="users/bob.yaml", presets=("a",)),
        ),
    ),
    "two files without names change addresses": Case(
        files(one("jane@example.com", presets=("a",)), one("bob@example.com", presets=("b",))),
        files(
            one("bob@example.com", at=FILE, presets=("a",)),
            one("jane@example.com", at="users/bob.yaml", presets=("b",)),
        ),
        (("jane@example.com", "bob@example.com", "file"), ("bob@example.com", "jane@example.com", "file")),
    ),
    "two files change names, and the id stays behind": Case(
        files(one("jane@example.com", "Jane Doe", pin=5), BOB),
        files(
            one("bob@example.com", "Bob Roe", at=FILE, pin=5), one("jane@example.com", "Jane Doe", at="users/bob.yaml")
        ),
        (("jane@example.com", "bob@example.com", "id"),),
    ),
    "the id has another address, and the old one is a new file of somebody else": Case(
        files(one("jane@example.com", "Jane Doe", pin=5, presets=("a",))),
        files(
            one("j2@example.com", "Jane Doe", at=FILE, pin=5, presets=("a",)),
            one("jane@example.com", "Old Account", at="users/old.yaml"),
        ),
        (("jane@example.com", "j2@example.com", "id"),),
    ),
    "the file has another address, and the old one is a new file of somebody else": Case(
        files(one("jane@example.com", "Jane Doe", presets=("a",))),
        files(
            one("j2@example.com", "Jane Doe", at=FILE, presets=("a",)),
            one("jane@example.com", "Old Account", at="users/old.yaml"),
        ),
        (("jane@example.com", "j2@example.com", "file"),),
    ),
    "an id goes to somebody else, although its person stands where they stood": Case(
        files(one("jane@example.com", "Jane Doe", pin=5), BOB),
        files(JANE, one("bob@example.com", "Bob Roe", pin=5)),
        (("jane@example.com", "bob@example.com", "id"),),
    ),
    "an id goes to a new address, and the old one is past its last day": Case(
        files(one("jane@example.com", "Jane Doe", pin=5)),
        files(one("j2@example.com", "Jane Doe", pin=5), one("jane@example.com", at="users/old.yaml", until=YESTERDAY)),
    ),
    "the file has another address, and the old one is past its last day elsewhere": Case(
        files(JANE),
        files(
            one("j2@example.com", "Jane Doe", at=FILE), one("jane@example.com", at="users/old.yaml", until=YESTERDAY)
        ),
    ),
    "a person moves to another file, and somebody new takes theirs": Case(
        files(JANE), files(one("zoe@example.com", "Zoe Poe", at=FILE), one("jane@example.com", "Jane Doe", at=TEAM))
    ),
    "a person moves to another file under another name, and somebody who was there takes theirs": Case(
        files(JANE, BOB),
        files(one("bob@example.com", "Bob Roe", at=FILE), one("jane@example.com", "Jane Poe", at=TEAM)),
    ),
    "a person gets another name where they stand, and a new one has theirs": Case(
        files(JANE),
        files(one("jane@example.com", "Jane Poe"), one("zoe@example.com", "Jane Doe")),
        (("jane@example.com", "zoe@example.com", "name"),),
    ),
    "a person without an id gets one": Case(files(JANE, BOB), files(one("jane@example.com", "Jane Doe", pin=5), BOB)),
    "an id is taken out": Case(files(one("jane@example.com", "Jane Doe", pin=5)), files(JANE)),
    "an id is corrected": Case(files(one("jane@example.com", pin=5)), files(one("jane@example.com", pin=6))),
    "an entry that stood twice stands once": Case(
        files(JANE, one("jane@example.com", "J Doe", at="users/j.yaml")),
        files(JANE, one("zoe@example.com", "J Doe", at="users/j.yaml")),
    ),
    "the same id names somebody who had another file": Case(
        files(one("jane@example.com", pin=7), BOB),
        files(one("bob@example.com", "Bob Roe", pin=7)),
        (("jane@example.com", "bob@example.com", "id"),),
    ),
    "a file is renamed and its address changed": Case(
        files(JANE),
        files(one("j.doe@example.com", "Jane Doe", at="users/new.yaml")),
        (("jane@example.com", "j.doe@example.com", "name"),),
    ),
    "a file is renamed, and the address and the last name changed": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",))),
        files(one("jane.poe@example.com", "Jane Poe", presets=("sales",))),
        (("jane@example.com", "jane.poe@example.com", "file"),),
    ),
    "a file is renamed without its id, and the address and the last name changed": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",), pin=7)),
        files(one("jane.poe@example.com", "Jane Poe", presets=("sales",))),
        (("jane@example.com", "jane.poe@example.com", "file"),),
    ),
    "a file like one that is gone has an id of its own": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",), pin=7)),
        files(one("jane.poe@example.com", "Jane Poe", presets=("sales",), pin=8)),
        (),
        ("jane@example.com",),
    ),
    "a file is renamed, and the address, the last name and the preset changed": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",))),
        files(one("jane.poe@example.com", "Jane Poe", presets=("service",))),
        (),
        ("jane@example.com",),
    ),
    "a file is renamed, and address, first name and phone changed": Case(
        files(one("jane@example.com", "Jane Doe", phone="+31 20 1")),
        files(one("janet@example.com", "Janet Doe", phone="+31 20 2")),
        (),
        ("jane@example.com",),
    ),
    "a file is renamed, and address and first name changed, with the phone written otherwise": Case(
        files(one("jane@example.com", "Jane Doe", phone="+31 20 1")),
        files(one("janet@example.com", "Janet Doe", phone="0031-201")),
        (),
        ("jane@example.com",),
    ),
    "in a list, namesakes but for the middle name, of whom one has another address": Case(
        files(
            one("jan@example.com", "Jan Vries", at=TEAM), one("piet@example.com", "Jan Vries", "Piet", at=TEAM, line=4)
        ),
        files(one("jan@example.com", "Jan Vries", at=TEAM), one("p@example.com", "Jan Vries", "Piet", at=TEAM, line=4)),
        (("piet@example.com", "p@example.com", "name"),),
    ),
    "a file is renamed, and address and last name changed, with the digits of the phone the same": Case(
        files(one("jane@example.com", "Jane Doe", phone="+31 20 1")),
        files(one("jp@example.com", "Jane Poe", phone="3120-1")),
        (),
        ("jane@example.com",),
    ),
    "a renamed file goes to the new one that says all the rest": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",), until=TODAY), BOB),
        files(
            one("jane.one@example.com", "Jane One", presets=("sales",)),
            one("jane.two@example.com", "Jane Two", presets=("sales",), until=TODAY),
            BOB,
        ),
        (("jane@example.com", "jane.two@example.com", "file"),),
    ),
    "a file of a user without names is renamed, and only the address is another": Case(
        files(one("jane@example.com", presets=("sales",), until=TODAY), BOB),
        files(
            one("jane.one@example.com", presets=("sales",)),
            one("jane.two@example.com", presets=("sales",), until=TODAY),
            BOB,
        ),
        (("jane@example.com", "jane.two@example.com", "file"),),
    ),
    "namesakes in files of their own, of whom one file is renamed with another address": Case(
        files(JANE, one("jane2@example.com", "Jane Doe")),
        files(JANE, one("jane3@example.com", "Jane Doe")),
        (("jane2@example.com", "jane3@example.com", "file"),),
    ),
    "somebody leaves and somebody else joins": Case(
        files(one("jane@example.com", "Jane Doe", presets=("sales",))),
        files(one("zoe@example.com", "Zoe Poe", presets=("sales",))),
        (),
        ("jane@example.com",),
    ),
    "people of one bare first name are not taken for one": Case(
        files(JANE),
        files(one("jane.poe@example.com", "Jane Poe")),
        (),
        ("jane@example.com",),
    ),
    "in a list, a full name has another address": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("bob@example.com", "Bob Roe", at=TEAM, line=4)),
        files(one("bob@example.com", "Bob Roe", at=TEAM), one("jd@example.com", "JANE Doe", at=TEAM, line=4)),
        (("jane@example.com", "jd@example.com", "name"),),
    ),
    "in a list, position means nothing": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("bob@example.com", "Bob Roe", at=TEAM, line=4)),
        files(one("zoe@example.com", "Zoe Poe", at=TEAM), one("bob@example.com", "Bob Roe", at=TEAM, line=4)),
        (),
        ("jane@example.com",),
    ),
    "a list of one person is a list": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM)),
        files(one("zoe@example.com", "Zoe Poe", at=TEAM)),
        (),
        ("jane@example.com",),
    ),
    "in a list, a name that two people have says nothing": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("jane2@example.com", "Jane Doe", at=TEAM, line=4)),
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("jane3@example.com", "Jane Doe", at=TEAM, line=4)),
        (),
        ("jane2@example.com",),
    ),
    "in a list, empty names say nothing": Case(
        files(one("a@example.com", at=TEAM, pin=1)),
        files(one("b@example.com", at=TEAM, pin=2)),
        (),
        ("a@example.com",),
    ),
    "in a list, a name that a user in another file has too says nothing": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("jane2@example.com", "Jane Doe", at=OTHER)),
        files(one("jane9@example.com", "Jane Doe", at=TEAM), one("jane2@example.com", "Jane Doe", at=OTHER)),
        (),
        ("jane@example.com",),
    ),
    "a list is renamed and an address in it changed": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("bob@example.com", "Bob Roe", at=TEAM, line=4)),
        files(one("jd@example.com", "Jane Doe", at=OTHER), one("bob@example.com", "Bob Roe", at=OTHER, line=4)),
        (("jane@example.com", "jd@example.com", "name"),),
    ),
    "the old address is kept as absent": Case(
        files(JANE),
        files(one("jane@example.com", "Jane Doe", state=GONE), one("jd@example.com", "Jane Doe", at="users/new.yaml")),
    ),
    "the old address is kept as absent in the same file, now a list": Case(
        files(JANE),
        files(one("JANE@example.com", at=FILE, line=2, state=GONE), one("jd@example.com", "Jane Doe", at=FILE, line=4)),
    ),
    "the person was absent at the base": Case(
        files(one("jane@example.com", state=GONE, pin=7)), files(one("jd@example.com", at=FILE, pin=7))
    ),
    "the person's last day had passed": Case(files(one("jane@example.com", "Jane Doe", until=YESTERDAY)), files(BOB)),
    "the person's last day is today": Case(
        files(one("jane@example.com", "Jane Doe", until=TODAY)), files(BOB), (), ("jane@example.com",)
    ),
    "somebody who comes back takes an address that was absent": Case(
        files(JANE, one("old@example.com", state=GONE)),
        files(one("old@example.com", "Jane Doe", at=FILE)),
        (("jane@example.com", "old@example.com", "file"),),
    ),
    "a file is taken over by somebody who had another": Case(
        files(JANE, BOB), files(one("bob@example.com", "Bob Roe", at=FILE)), (), ("jane@example.com",)
    ),
    "somebody is to go under another address of the same name": Case(
        files(JANE), files(one("old@example.com", "Jane Doe", state=GONE)), (), ("jane@example.com",)
    ),
    "a file is removed": Case(files(JANE, BOB), files(BOB), (), ("jane@example.com",)),
    "an entry is removed from a list": Case(
        files(one("jane@example.com", "Jane Doe", at=TEAM), one("bob@example.com", "Bob Roe", at=TEAM, line=4)),
        files(one("bob@example.com", "Bob Roe", at=TEAM)),
        (),
        ("jane@example.com",),
    ),
    "all files are removed": Case(files(JANE, BOB), files(), (), ("bob@example.com", "jane@example.com")),
    "there were no files": Case(files(), files(JANE)),
    "the file cannot be read now": Case(files(JANE, BOB), files(BOB, unread=(FILE,))),
    "a new file that cannot be read may be anybody's": Case(files(JANE, BOB), files(BOB, unread=("users/new.yaml",))),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_of_users_between_two_states(case: Case) -> None:
    changes = changed_addresses(case.base, case.head, TODAY)
    removed = removed_users(case.base, case.head, TODAY, changes)
    assert tuple((change.before.email.raw, change.after.email.raw, change.sign) for change in changes) == case.changed
    assert tuple(user.email.raw for user in removed) == case.removed


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_order_of_files_never_matters(case: Case) -> None:
    base, head = (replace(side, declarations=side.declarations[::-1]) for side in (case.base, case.head))
    assert compare(base, head, TODAY) == compare(case.base, case.head, TODAY)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_files_compared_with_themselves_are_content(case: Case) -> None:
    for side in (case.base, case.head):
        told, guardrails = compare(side, side, TODAY)
        assert told == ()
        assert [guardrail.rows for guardrail in guardrails] == [(), (), ()]


ANN: Final = one("ann@example.com", "Ann Ash", at=TEAM, line=2, presets=("owners",))
BEN: Final = one("ben@example.com", "Ben Bay", at=TEAM, line=5, presets=("sales",))
BOTH: Final = (("ben@example.com", "ann@example.com", "name"), ("ann@example.com", "ben@example.com", "name"))


def readdressed(user: Declaration, email: str, at: str = TEAM, *, line: int = 1, pin: int | None = None) -> Declaration:
    return replace(user, email=Text(email), source=source(at, line), id=pin)


EXCHANGES: Final = [
    pytest.param(
        files(ANN, BEN),
        files(readdressed(ANN, "ben@example.com"), readdressed(BEN, "ann@example.com")),
        BOTH,
        id="two users of one list exchange addresses",
    ),
    pytest.param(
        files(ANN, BEN),
        files(readdressed(ANN, "ben@example.com", line=9), readdressed(BEN, "ann@example.com")),
        BOTH,
        id="the list is sorted anew as well",
    ),
    pytest.param(
        files(ANN, readdressed(BEN, "ben@example.com", OTHER)),
        files(readdressed(ANN, "ben@example.com"), readdressed(BEN, "ann@example.com", OTHER)),
        BOTH,
        id="the users are in two lists",
    ),
    pytest.param(
        files(ANN, BEN, one("cem@example.com", "Cem Can", at=TEAM)),
        files(
            readdressed(ANN, "ben@example.com"),
            readdressed(BEN, "cem@example.com"),
            one("ann@example.com", "Cem Can", at=TEAM),
        ),
        (
            ("cem@example.com", "ann@example.com", "name"),
            ("ann@example.com", "ben@example.com", "name"),
            ("ben@example.com", "cem@example.com", "name"),
        ),
        id="three users pass their addresses on",
    ),
    pytest.param(
        files(readdressed(ANN, "ann@example.com", "users/ann.yaml"), BEN),
        files(readdressed(ANN, "ben@example.com"), readdressed(BEN, "ann@example.com")),
        BOTH,
        id="one comes from a file of its own",
    ),
    pytest.param(
        files(ANN, BEN),
        files(
            readdressed(ANN, "ben@example.com", "users/ben.yaml"),
            readdressed(BEN, "ann@example.com", "users/ann.yaml"),
        ),
        BOTH,
        id="the list becomes files of their own",
    ),
    pytest.param(
        files(
            readdressed(ANN, "ann@example.com", "users/a.yaml"),
            readdressed(BEN, "ben@example.com", "users/b.yaml"),
        ),
        files(
            readdressed(ANN, "ben@example.com", "users/b.yaml"),
            readdressed(BEN, "ann@example.com", "users/a.yaml"),
        ),
        BOTH,
        id="two files keep their addresses and exchange all the rest",
    ),
    pytest.param(
        files(readdressed(ANN, "ann@example.com", pin=1), BEN),
        files(readdressed(ANN, "ben@example.com", pin=1), readdressed(BEN, "ann@example.com")),
        (("ben@example.com", "ann@example.com", "name"), ("ann@example.com", "ben@example.com", "id")),
        id="one of them has an id",
    ),
    pytest.param(
        files(ANN, one("support@example.com", "Support -", at=TEAM)),
        files(readdressed(ANN, "support@example.com"), one("ann@example.com", "Support -", at=TEAM)),
        (("support@example.com", "ann@example.com", "name"), ("ann@example.com", "support@example.com", "name")),
        id="one of them has punctuation for a last name",
    ),
    pytest.param(
        files(ANN, BEN),
        files(readdressed(ANN, "ben@example.com")),
        (("ann@example.com", "ben@example.com", "name"),),
        id="one takes the address of a user who goes",
    ),
    pytest.param(
        files(one("support@example.com", "Support -", at=TEAM)),
        files(one("help@example.com", "Support \u2013", at=TEAM)),
        (("support@example.com", "help@example.com", "name"),),
        id="an entry with punctuation for a last name gets a new address",
    ),
    pytest.param(
        files(one("jane@example.com", at=FILE)),
        Snapshot((one("zoe@example.com", "Zoe Poe", at=FILE, line=2),), lists=frozenset({Text(FILE)})),
        (("jane@example.com", "zoe@example.com", "file"),),
        id="a file becomes a list of one user, with another address",
    ),
    pytest.param(
        Snapshot((one("jane@example.com", at=FILE, line=2),), lists=frozenset({Text(FILE)})),
        files(one("zoe@example.com", "Zoe Poe", at=FILE)),
        (("jane@example.com", "zoe@example.com", "file"),),
        id="a list of one user becomes a file, with another address",
    ),
    pytest.param(
        files(replace(ANN, id=1), replace(BEN, id=2)),
        files(replace(ANN, id=1, profile=BEN.profile), replace(BEN, id=2, profile=ANN.profile)),
        (),
        id="the ids stay with the addresses, so only the names are corrected",
    ),
    pytest.param(
        files(ANN, BEN),
        files(replace(ANN, presets=BEN.presets), replace(BEN, presets=ANN.presets)),
        (),
        id="only the presets are exchanged",
    ),
    pytest.param(
        files(ANN, one("ann2@example.com", "Ann Ash", at=TEAM)),
        files(one("ann2@example.com", "Ann Ash", at=OTHER), ANN),
        (),
        id="users of one name, of whom one moves to another list",
    ),
    pytest.param(
        files(one("jane@example.com", at=FILE)),
        Snapshot(
            (one("yan@example.com", at=FILE, line=2), one("zoe@example.com", at=FILE)), lists=frozenset({Text(FILE)})
        ),
        (),
        id="a file becomes a list of two other users",
    ),
    pytest.param(
        files(one("jane@example.com", "Jane Doe", presets=("sales",)), BOB),
        files(one("bob@example.com", "Bob Roe", at=FILE), one("jp@example.com", "Jane Poe", presets=("sales",))),
        (),
        id="a file goes to another user, and a new file is like it was",
    ),
    pytest.param(
        files(one("jane@example.com")),
        files(one("zoe@example.com")),
        (),
        id="a file with an address only is replaced by another one",
    ),
    pytest.param(
        files(replace(one("jane@example.com", presets=("sales",)), profile=profile(first_name="Jane", last_name=None))),
        files(replace(one("zoe@example.com", presets=("sales",)), profile=profile(first_name="Zoe", last_name=None))),
        (),
        id="a new file clears the same name as a removed one",
    ),
    pytest.param(
        files(replace(one("jane@example.com"), profile=profile(first_name="Jane", middle_name="Ann", phone="1"))),
        files(replace(one("jb@example.com"), profile=profile(first_name="Jane", middle_name="Bo", phone="1"))),
        (("jane@example.com", "jb@example.com", "file"),),
        id="a file is renamed, and the middle name changed",
    ),
    pytest.param(
        files(replace(one("jane@example.com"), profile=profile(first_name="Jane", job=None))),
        files(replace(one("jb@example.com"), profile=profile(first_name="Jane", job=""))),
        (("jane@example.com", "jb@example.com", "file"),),
        id="a file is renamed, and clears a field in another form",
    ),
    pytest.param(
        files(one("jane@example.com", pin=5, at=FILE)),
        files(one("zoe@example.com", pin=5, at=TEAM), one("new@example.com", "New Roe", at=FILE)),
        (("jane@example.com", "zoe@example.com", "id"),),
        id="an id has another address, and the file another user",
    ),
    pytest.param(
        files(one("jane@example.com", pin=5), BOB),
        files(one("zoe@example.com", pin=5, at="users/bob.yaml")),
        (("jane@example.com", "zoe@example.com", "id"),),
        id="an id has another address, in the file of a user who goes",
    ),
    pytest.param(
        files(one("jane@example.com", pin=5)),
        files(one("ann@example.com", pin=5), one("jane@example.com", pin=5)),
        (),
        id="an id appears twice, once at its address",
    ),
    pytest.param(
        files(one("jane@example.com", pin=5)),
        files(one("ann@example.com", pin=5, at="users/z.yaml"), one("bob@example.com", pin=5, at="users/a.yaml")),
        (("jane@example.com", "ann@example.com", "id"),),
        id="an id appears twice, at two other addresses",
    ),
    pytest.param(
        files(one("jane@example.com", presets=("sales",), pin=5)),
        files(one("jane@example.com", presets=("sales",), at=TEAM, pin=6), one("zoe@example.com", "Zoe Poe", at=FILE)),
        (("jane@example.com", "zoe@example.com", "file"),),
        id="a user without names has another id, and the file another address",
    ),
    pytest.param(
        files(one("jane@example.com", pin=5), one("ann@example.com", at="users/ann.yaml")),
        files(one("zoe@example.com", pin=5, at="users/z.yaml"), one("Zoe@example.com", at="users/ann.yaml")),
        (("ann@example.com", "Zoe@example.com", "file"), ("jane@example.com", "zoe@example.com", "id")),
        id="two users get one address",
    ),
]


@pytest.mark.parametrize(("base", "head", "changed"), EXCHANGES)
def test_an_address_that_goes_to_another_user_is_seen(
    base: Snapshot, head: Snapshot, changed: tuple[tuple[str, str, str], ...]
) -> None:
    changes = changed_addresses(base, head, TODAY)
    assert tuple((change.before.email.raw, change.after.email.raw, change.sign) for change in changes) == changed
    backwards = [replace(side, declarations=side.declarations[::-1]) for side in (base, head)]
    assert changed_addresses(backwards[0], backwards[1], TODAY) == changes


@pytest.mark.parametrize(
    ("grant", "is_renamed"),
    [
        pytest.param(override("pricing", "viewer", TODAY), True, id="the same"),
        pytest.param(override("logistics", "viewer", TODAY), False, id="another role"),
        pytest.param(override("pricing", "editor", TODAY), False, id="another level"),
        pytest.param(override("pricing", "viewer"), False, id="another last day"),
    ],
)
def test_a_file_with_another_address_and_last_name_is_a_renamed_one_if_the_grants_are_the_same(
    grant: Override, is_renamed: bool
) -> None:
    before = replace(one("jane@example.com", "Jane Doe"), overrides=(override("pricing", "viewer", TODAY),))
    after = replace(one("jp@example.com", "Jane Poe"), overrides=(grant,))
    assert bool(changed_addresses(files(before), files(after), TODAY)) is is_renamed


def test_an_entry_that_exists_twice_is_shown_where_it_comes_first() -> None:
    twice = tuple(one("jane@example.com", at=f"users/{name}.yaml", pin=7) for name in "ab")
    for users in (twice, twice[::-1]):
        (change,) = changed_addresses(files(*users), files(one("zoe@example.com", pin=7, at=TEAM)), TODAY)
        assert change.before.source.path.raw == "users/a.yaml"


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [
        (Unmanaged.DELETE, Unmanaged.REPORT, True),
        (Unmanaged.REPORT, Unmanaged.IGNORE, True),
        (Unmanaged.REPORT, Unmanaged.DELETE, False),
    ],
    ids=["only now reported", "ignored", "deleted from now on"],
)
def test_a_removed_file_matters_by_what_happens_to_users_without_one_from_now_on(
    before: Unmanaged, now: Unmanaged, refused: bool
) -> None:
    base, head = files(JANE, settings=Settings(unmanaged=before)), files(settings=Settings(unmanaged=now))
    assert bool(removed_users(base, head, TODAY, ())) is refused


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [(True, True, False), (False, True, True), (True, False, True)],
    ids=["who was and is", "who was not", "who is no more"],
)
def test_only_somebody_protected_all_along_needs_no_file(before: bool, now: bool, refused: bool) -> None:
    guarded = Settings(protect=(Text("JANE@*"),))
    base = files(JANE, settings=guarded if before else SETTINGS)
    head = files(settings=guarded if now else SETTINGS)
    assert bool(removed_users(base, head, TODAY, ())) is refused


def messages(base: Snapshot, head: Snapshot) -> list[str]:
    _, guardrails = compare(base, head, TODAY)
    return [f"{row.source!s}: {row.email!s} {row.message!s}" for guardrail in guardrails for row in guardrail.rows]


RECIPES: Final[dict[str, tuple[Snapshot, Snapshot, str]]] = {
    "in the same file": (
        files(JANE),
        files(one("j.doe@example.com", "Jane Doe", at=FILE, line=2)),
        (
            "users/jane.yaml:2:1: j.doe@example.com stands in the file of jane@example.com at the base "
            "(users/jane.yaml:1); an address cannot change: keep users/jane.yaml for jane@example.com with "
            "`state: absent`, and add users/j.doe.yaml for j.doe@example.com"
        ),
    ),
    "in the same file, where the natural name is taken, and so is the next": (
        files(
            one("jane@example.com", at="users/a/d.yaml"),
            one("x@example.com", at="users/a/j.yaml"),
            one("y@example.com", at="users/a/j-example.com.yaml"),
        ),
        files(
            one("j@example.com", at="users/a/d.yaml"),
            one("x@example.com", at="users/a/j.yaml"),
            one("y@example.com", at="users/a/j-example.com.yaml"),
        ),
        (
            "users/a/d.yaml:1:1: j@example.com stands in the file of jane@example.com at the base (users/a/d.yaml:1); "
            "an address cannot change: keep users/a/d.yaml for jane@example.com with `state: absent`, and add "
            "users/a/j-example.com.new.yaml for j@example.com"
        ),
    ),
    "in a renamed file, with an id": (
        files(one("jane@example.com", pin=7)),
        files(one("jd@example.com", pin=7)),
        (
            "users/jd.yaml:1:1: jd@example.com has the id 7 of jane@example.com at the base (users/jane.yaml:1); an "
            "address cannot change: keep users/jane.yaml for jane@example.com with `state: absent`, and leave "
            "users/jd.yaml to jd@example.com, without `id`"
        ),
    ),
    "in a list, where another user has the old file": (
        files(one("jane@example.com", pin=5), BOB),
        files(one("zoe@example.com", pin=5, at=TEAM), one("bob@example.com", "Bob Roe", at=FILE)),
        (
            "users/team.yaml:1:1: zoe@example.com has the id 5 of jane@example.com at the base (users/jane.yaml:1); an "
            "address cannot change: keep a file for jane@example.com with `state: absent`, and leave users/team.yaml "
            "to zoe@example.com, without `id`"
        ),
    ),
    "of an id that somebody else has now": (
        files(one("jane@example.com", pin=5), BOB),
        files(one("jane@example.com", line=2), one("bob@example.com", "Bob Roe", pin=5)),
        (
            "users/bob.yaml:1:1: bob@example.com has the id 5 of jane@example.com at the base (users/jane.yaml:1); an "
            "address cannot change: leave the id 5 to jane@example.com, now at users/jane.yaml:2; is bob@example.com a "
            "new address of theirs, give jane@example.com `state: absent`, and bob@example.com an entry of its own, "
            "without `id`"
        ),
    ),
    "of a file that somebody else has now": (
        files(JANE),
        files(one("zoe@example.com", at=FILE), one("jane@example.com", at=TEAM, line=2)),
        (
            "users/jane.yaml:1:1: zoe@example.com stands in the file of jane@example.com at the base "
            "(users/jane.yaml:1); an address cannot change: leave users/jane.yaml to jane@example.com, or give them "
            "their names or `id` at users/team.yaml:2; is zoe@example.com a new address of theirs, give "
            "jane@example.com `state: absent`, and zoe@example.com an entry of its own"
        ),
    ),
    "of a full name that another address has now": (
        files(ANN, BEN),
        files(ANN, readdressed(BEN, "zoe@example.com"), one("ben@example.com", "Bo Bay", at=TEAM, line=9)),
        (
            "users/team.yaml:1:1: zoe@example.com has the first and last name of ben@example.com at the base "
            "(users/team.yaml:5); an address cannot change: give ben@example.com this user again, now at "
            "users/team.yaml:9; to correct the names alone, first pin the `id` of both users in a change of its own"
        ),
    ),
    "in a renamed file": (
        files(one("jane@example.com", presets=("sales",))),
        files(one("jd@example.com", presets=("sales",))),
        (
            "users/jd.yaml:1:1: jd@example.com is in the renamed file of jane@example.com at the base "
            "(users/jane.yaml:1); an address cannot change: keep users/jane.yaml for jane@example.com with "
            "`state: absent`, and leave users/jd.yaml to jd@example.com"
        ),
    ),
    "in a list": (
        files(one("jane@example.com", "Jane Doe", at=TEAM)),
        files(one("jd@example.com", "Jane Doe", at=TEAM)),
        (
            "users/team.yaml:1:1: jd@example.com has the first and last name of jane@example.com at the base "
            "(users/team.yaml:1); an address cannot change: keep the entry of jane@example.com in users/team.yaml "
            "with `state: absent`, and let jd@example.com stand beside it"
        ),
    ),
    "of a removed file": (
        files(JANE, BOB),
        files(BOB),
        (
            "users/jane.yaml:1:1: jane@example.com has an entry at the base (users/jane.yaml:1) and none now, so would "
            "keep all access: keep users/jane.yaml for jane@example.com with `state: absent`, or set "
            "`unmanaged: delete` in bo-sync.yaml"
        ),
    ),
    "of a removed file whose path is somebody else's now": (
        files(JANE, BOB),
        files(one("bob@example.com", "Bob Roe", at=FILE)),
        (
            "users/jane.yaml:1:1: jane@example.com has an entry at the base (users/jane.yaml:1) and none now, so would "
            "keep all access: keep a file for jane@example.com with `state: absent`, or set "
            "`unmanaged: delete` in bo-sync.yaml"
        ),
    ),
    "of an entry removed from a list": (
        files(one("jane@example.com", "Jane Doe", at=TEAM, line=2), BOB),
        files(BOB),
        (
            "users/team.yaml:2:1: jane@example.com has an entry at the base (users/team.yaml:2) and none now, so would "
            "keep all access: keep the entry of jane@example.com in users/team.yaml with `state: absent`, or set "
            "`unmanaged: delete` in bo-sync.yaml"
        ),
    ),
}


@pytest.mark.parametrize(("base", "head", "said"), RECIPES.values(), ids=RECIPES)
def test_the_recipe_names_users_and_files(base: Snapshot, head: Snapshot, said: str) -> None:
    assert messages(base, head) == [said]


@pytest.mark.parametrize(
    ("email", "then", "now", "name"),
    [
        pytest.param("j@example.com", "", "", "j", id="the name before the @"),
        pytest.param("j@example.com", "j", "", "j-example.com", id="which is taken at the base"),
        pytest.param("j@example.com", "", "j", "j-example.com", id="which is taken now"),
        pytest.param("j@example.com", "j", "j-example.com", "j-example.com.new", id="both names are taken"),
        pytest.param("j@example.com", "j j-example.com", "j-example.com.new", "…", id="all names are taken"),
        pytest.param("-@example.com", "", "", "example.com", id="nothing is left before the @"),
        pytest.param("j@k@example.com", "", "", "j", id="up to the first @"),
        pytest.param("a-!!b_057@example.com", "", "", "a--b_057", id="other characters become one hyphen"),
    ],
)
def test_the_recipe_proposes_a_free_path(email: str, then: str, now: str, name: str) -> None:
    def taken(names: str) -> list[Declaration]:
        others = {*then.split(), *now.split()}
        return [one(f"{each}@x.org", at=f"users/a/{each}.yaml" if each in names.split() else TEAM) for each in others]

    base = files(one("jane@example.com", at="users/a/d.yaml"), *taken(then))
    (message,) = messages(base, files(one(email, at="users/a/d.yaml"), *taken(now)))
    assert message.endswith(f"`state: absent`, and add users/a/{name}.yaml for {email}")


def test_a_path_is_never_made_of_what_an_address_could_smuggle() -> None:
    base, head = files(JANE), files(one("../../etc/x\u202e@example.com", at=FILE))
    assert "and add users/etc-x.yaml for ../../etc/x\\u202e@example.com" in messages(base, head)[0]


def test_the_guardrails_that_need_no_hub_answer_in_order() -> None:
    _, guardrails = compare(files(JANE), files(), TODAY)
    assert guardrails[:2] == (GuardrailResult("empty", 0, 1, ok=False), GuardrailResult("email_change", 0, 0, ok=True))
    assert (guardrails[2].guardrail, guardrails[2].actual, guardrails[2].limit, guardrails[2].ok) == (
        "removed_file",
        1,
        0,
        False,
    )
    empty, changed, _ = guardrails
    assert compare(Snapshot(), Snapshot(), TODAY)[1] == (empty, changed, GuardrailResult("removed_file", 0, 0, ok=True))
    there = GuardrailResult("empty", 1, 1, ok=True)
    assert compare(files(JANE), files(JANE), TODAY)[1][0] == there
    assert Comparison(Text("main"), "c0ffee", guardrails=(empty, there, changed)).refused == (empty,)


# guards

USUAL: Final = GuardrailLimits()


def limits(
    *,
    deletes: Limit = USUAL.max_user_deletes,
    areas: Limit = USUAL.max_access_losses,
    losses: Limit = USUAL.max_grant_losses,
    expiries: Limit = USUAL.max_expiries,
    owners: int = 2,
) -> Settings:
    return Settings(guardrails=GuardrailLimits(deletes, areas, losses, expiries, owners))


def changed(role: str, name: str | None) -> Settings:
    names = {**dict(SETTINGS.role_definitions), Role("ticket"): Text("ticket")}
    names.update({Role(role): Text(name)} if name else {})
    return Settings(role_definitions=tuple((key, value) for key, value in names.items() if name or key != role))


def domains(*names: str) -> Settings:
    return Settings(email_domains=tuple(map(Text, names)))


def protecting(*patterns: str) -> Settings:
    return Settings(protect=tuple(map(Text, patterns)))


def host(name: str) -> Settings:
    return Settings(hub_host=Text(name))


def identified(expected: str) -> Settings:
    return Settings(hub_identity=Text(expected))


def table(path: str, taken: date = date(2026, 1, 1)) -> Settings:
    return Settings(catalogue=AddedOperations(Text(path), taken, ()))


def leaving(word: str) -> Settings:
    return Settings(unmanaged=Unmanaged(word))


GUARDS: Final[dict[str, tuple[Settings, Settings, tuple[tuple[str, str | None, str | None], ...]]]] = {
    "more deletions, by floor": (
        SETTINGS,
        limits(deletes=Limit(20, 2, 10)),
        (("guardrails.max_user_deletes.floor", "1", "2"),),
    ),
    "more deletions, by percent": (
        SETTINGS,
        limits(deletes=Limit(21, 1, 10)),
        (("guardrails.max_user_deletes.percent", "20", "21"),),
    ),
    "more deletions, by cap": (
        SETTINGS,
        limits(deletes=Limit(20, 1, 11)),
        (("guardrails.max_user_deletes.cap", "10", "11"),),
    ),
    "fewer deletions": (SETTINGS, limits(deletes=Limit(0, 0, 0)), ()),
    "more losses of access, by cap": (
        SETTINGS,
        limits(areas=Limit(20, 1, 11)),
        (("guardrails.max_access_losses.cap", "10", "11"),),
    ),
    "more losses, by floor, although the others fall": (
        SETTINGS,
        limits(losses=Limit(1, 12, 12)),
        (("guardrails.max_grant_losses.floor", "11", "12"),),
    ),
    "more expiries, by all three": (
        SETTINGS,
        limits(expiries=Limit(21, 11, 201)),
        (
            ("guardrails.max_expiries.percent", "20", "21"),
            ("guardrails.max_expiries.floor", "10", "11"),
            ("guardrails.max_expiries.cap", "200", "201"),
        ),
    ),
    "fewer owners": (SETTINGS, limits(owners=1), (("guardrails.min_role_owners", "2", "1"),)),
    "more owners": (SETTINGS, limits(owners=3), ()),
    "a protected address is taken out": (
        protecting("a@example.com", "b@example.com"),
        protecting("B@example.com"),
        (("protect", "a@example.com", None),),
    ),
    "a protected address is covered by a pattern": (protecting("a@example.com"), protecting("*@EXAMPLE.com"), ()),
    "a protected address with capital letters is covered by a pattern": (
        protecting("MAX@example.com"),
        protecting("*@example.com"),
        (),
    ),
    "a pattern is covered by another, which cannot be known in general": (
        protecting("a*@example.com"),
        protecting("*@example.com"),
        (("protect", "a*@example.com", None),),
    ),
    "a pattern is narrowed": (
        protecting("*@example.com"),
        protecting("a*@example.com"),
        (("protect", "*@example.com", None),),
    ),
    "a protection is added": (SETTINGS, protecting("a@example.com"), ()),
    "people without a file are deleted": (SETTINGS, leaving("delete"), (("unmanaged", "report", "delete"),)),
    "people without a file are not told of": (
        leaving("delete"),
        leaving("ignore"),
        (("unmanaged", "delete", "ignore"),),
    ),
    "people without a file are told of": (leaving("delete"), leaving("report"), ()),
    "another hub": (host("a.example.com"), host("b.example.com"), (("hub_host", "a.example.com", "b.example.com"),)),
    "any hub": (host("a.example.com"), SETTINGS, (("hub_host", "a.example.com", None),)),
    "the same hub in other letters": (host("a.example.com"), host("A.example.com"), ()),
    "a hub where there was none": (SETTINGS, host("a.example.com"), ()),
    "another hub identity": (
        identified("tenant/acme"),
        identified("tenant/globex"),
        (("hub_identity", "tenant/acme", "tenant/globex"),),
    ),
    "the same hub, named by its digest": (
        identified("tenant/acme"),
        identified("sha256:1"),
        (("hub_identity", "tenant/acme", "sha256:1"),),
    ),
    "any hub identity": (identified("tenant/acme"), SETTINGS, (("hub_identity", "tenant/acme", None),)),
    "an identity where there was none": (SETTINGS, identified("tenant/acme"), ()),
    "the same identity": (identified("tenant/acme"), identified("tenant/acme"), ()),
    "another time zone": (SETTINGS, Settings(timezone="Asia/Tokyo"), (("timezone", "UTC", "Asia/Tokyo"),)),
    "a catalogue": (SETTINGS, table("c/a.json"), (("catalogue", None, "c/a.json"),)),
    "no catalogue any more": (table("c/a.json"), SETTINGS, (("catalogue", "c/a.json", None),)),
    "another catalogue": (table("c/a.json"), table("c/b.json"), (("catalogue", "c/a.json", "c/b.json"),)),
    "the same catalogue, edited": (
        table("c/a.json"),
        table("c/a.json", date(2026, 2, 2)),
        (("catalogue", "c/a.json", "c/a.json, changed"),),
    ),
    "another domain": (
        domains("example.com"),
        domains("Example.com", "example.org"),
        (("email_domains", None, "example.org"),),
    ),
    "any domain": (domains("a.org", "b.org"), SETTINGS, (("email_domains", "a.org, b.org", None),)),
    "fewer domains": (domains("a.org", "b.org"), domains("b.org"), ()),
    "domains where there were none": (SETTINGS, domains("a.org"), ()),
    "a role that gives another of the hub's": (
        SETTINGS,
        changed("pricing", "role"),
        (("role_definitions.pricing", "pricing", "role"), ("role_definitions.ticket", None, "ticket")),
    ),
    "a role of our own that is left alone": (
        changed("pricing", "pricing"),
        SETTINGS,
        (("role_definitions.ticket", "ticket", None),),
    ),
    "a role of our own that is added": (
        SETTINGS,
        changed("pricing", "pricing"),
        (("role_definitions.ticket", None, "ticket"),),
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), GUARDS.values(), ids=GUARDS)
def test_of_guards(before: Settings, after: Settings, expected: tuple[tuple[str, str | None, str | None], ...]) -> None:
    assert weakened(before, after) == tuple(
        Weakened(guard, Message(then) if then else None, Message(now) if now else None) for guard, then, now in expected
    )
    assert weakened(after, after) == ()


def test_settings_with_an_error_loosen_nothing_since_nothing_is_known_of_them() -> None:
    base, head = files(JANE, settings=protecting("a@example.com")), files(JANE)
    assert compare(base, head, TODAY)[0] != ()
    assert compare(base, replace(head, has_settings=False), TODAY)[0] == ()
    assert compare(replace(base, has_settings=False), head, TODAY)[0] == ()
