"""Which errors of the files stop a plan about chosen users, what is set aside, and what is known of it."""

from datetime import date
from typing import Final

import pytest

from bo_sync.config.broken_files import Aside, Broken, broken, sound, standing, unmatched, warned
from bo_sync.core.model import LiveUser, Problem, Severity, Source
from bo_sync.core.selection import Claim, Selection
from bo_sync.core.text import Message, Text
from tests.config.trees import JANE, tree
from tests.support.users import holds, profile

TODAY: Final = date(2026, 6, 15)
BEN: Final = "email: ben@example.com\nfirst_name: Ben\nlast_name: Baker\n"
WRONG: Final = "colour: blue\n"
DELETES: Final = {"bo-sync.yaml": "unmanaged: delete\n"}
NAMES: Final = profile(first_name="Ben", last_name="Baker")


def of(files: dict[str, str]) -> Broken:
    read = [(path, text.encode()) for path, text in files.items()]
    return broken(tree(files), read, TODAY)


def claims(text: str) -> tuple[Claim, ...] | None:
    """What a file with an error states; None when it can be about any user."""
    found = of({"users/u.yaml": text, "users/jane.yaml": JANE})
    assert (len(found.asides), len(found.everyone)) in {(1, 0), (0, 1)}
    return found.claims if found.asides else None


def claim(email: str = "ben@example.com", number: int | None = None, *, passed: bool = False) -> Claim:
    return Claim(Text(email), number, NAMES, passed)


GRANT: Final = "modules: {{pricing: {{access: owner, until: {}}}}}\n"
TWO: Final = """users:
- {email: ben@example.com, id: 7, first_name: Ben, last_name: Baker}
- {email: cem@example.com, first_name: Ben, last_name: Baker, colour: x}
"""
STATED: Final[dict[str, tuple[str, tuple[Claim, ...] | None]]] = {
    "the address and the names": (BEN + WRONG, (claim(),)),
    "the id": (BEN + "id: 7\n" + WRONG, (claim(number=7),)),
    "an account that has expired": (BEN + "until: 2026-06-14\n" + WRONG, (claim(passed=True),)),
    "an account that expires today": (BEN + "until: 2026-06-15\n" + WRONG, (claim(),)),
    "a day that does not exist": (BEN + "until: 2026-06-31\n", (claim(),)),
    "a grant that has expired": (BEN + GRANT.format("2026-06-14") + WRONG, (claim(passed=True),)),
    "a platform grant that has expired": (
        BEN + GRANT.format("2026-06-14").replace("modules", "platform").replace("pricing", "backoffice") + WRONG,
        (claim(passed=True),),
    ),
    "a grant that has not expired": (BEN + GRANT.format("2026-06-15") + WRONG, (claim(),)),
    "a grant without a last day": (BEN + "modules: {pricing: owner}\n" + WRONG, (claim(),)),
    "grants that are no mapping": (BEN + "modules: [pricing]\n", (claim(),)),
    "a last day that is no text": (BEN + "until: [2026-06-14]\n", (claim(),)),
    "a name that is no text": (
        "email: ben@example.com\nfirst_name: [Ben]\nlast_name: Baker\n",
        (Claim(Text("ben@example.com"), None, profile(last_name="Baker")),),
    ),
    "each entry of a list": (TWO, (claim(number=7), claim("cem@example.com"))),
    "an address that is not valid": (
        BEN.replace("ben@example.com", "Ben <ben@example.com>"),
        (claim("Ben <ben@example.com>"),),
    ),
    "an address that is no text": (BEN.replace("ben@example.com", "[ben@example.com]"), None),
    "an address without an at sign": (BEN.replace("@", "."), None),
    "no address": ("first_name: Ben\nlast_name: Baker\n", None),
    "an address given twice": (BEN + "email: cem@example.com\n", None),
    "an id given twice": (BEN + "id: 1\nid: 2\n", None),
    "an id that is no number": (BEN + "id: 1O\n", None),
    "an id that is a list": (BEN + "id: [1]\n", None),
    "an id that is null": (BEN + "id: null\n", None),
    "a merge key": (BEN + "<<: {id: 1}\n", None),
    "an address behind an anchor": (BEN.replace("ben@", "&a ben@"), None),
    "a list beside an address": ("users: []\nemail: ben@example.com\n", None),
    "a list beside an id": ("users: []\nid: 1\n", None),
    "users that are null": ("users:\n", None),
    "users that are a mapping": ("users: {}\n", None),
    "users given twice": ("users: [{email: b@example.com}]\nusers: [{email: c@example.com}]\n", None),
    "users that are no list": ("users: ben@example.com\n", None),
    "an entry that is no mapping": ("users:\n- ben@example.com\n", None),
    "one entry of two without an address": ("users:\n- {email: ben@example.com}\n- {id: 3}\n", None),
    "an entry with an address given twice": ("users:\n- {email: b@example.com, email: c@example.com}\n", None),
    "a list in the place of a mapping": ("- ben@example.com\n", None),
    "no YAML": (BEN + "modules: {\n", None),
}


@pytest.mark.parametrize(("text", "expected"), STATED.values(), ids=STATED)
def test_a_file_with_an_error_states_whose_it_is(text: str, expected: tuple[Claim, ...] | None) -> None:
    assert claims(text) == expected


FILES: Final = {
    "users/jane.yaml": JANE,
    "users/ben.yaml": BEN + WRONG,
    "users/cut.yaml": "email: [\n",
    "users/lead.yaml": BEN.replace("ben@", "lead@").replace("Ben", "Lea") + "id: 9\nuntil: 2026-06-14\npreset: lead\n",
    "users/plain.yaml": BEN.replace("ben@", "plain@").replace("Ben", "Pia") + "preset: plain\n",
    "presets/lead.yaml": "extends: [sales]\n",
    "presets/sales.yaml": WRONG,
    "presets/plain.yaml": "label: Plain\n",
    "policies/p.yaml": WRONG,
    "bo-sync.yaml": WRONG,
}


def test_errors_are_parted_by_what_they_can_be_about() -> None:
    found = of(FILES)
    ben, lead, sales = Text("users/ben.yaml"), Text("users/lead.yaml"), Text("presets/sales.yaml")
    names = profile(first_name="Lea", last_name="Baker")
    assert (found.everyone, found.presets, found.policies) == (
        frozenset((Text("users/cut.yaml"), Text("bo-sync.yaml"))),
        frozenset(("sales",)),
        frozenset((Text("policies/p.yaml"),)),
    )
    assert found.asides == (
        Aside(ben, (claim(),), frozenset((ben,))),
        Aside(lead, (Claim(Text("lead@example.com"), 9, names, True),), frozenset((sales,))),
    )
    assert found.claims == (claim(), *found.asides[1].claims)
    assert (found.today, found.tree, len(found.files)) == (TODAY, tree(FILES), len(FILES))


def test_the_sound_part_lacks_what_is_set_aside_and_only_warns() -> None:
    found = of(FILES)
    left = sound(found)
    assert [entry.email.raw for entry in left.declarations] == ["jane@example.com", "plain@example.com"]
    assert list(left.presets) == ["plain"]
    assert (left.errors, left.unsound) == ((), ())
    assert len(left.problems) == len(found.tree.problems)
    assert left.digest == found.tree.digest


def left(files: dict[str, str]) -> list[str]:
    return [entry.email.raw.partition("@")[0] for entry in sound(of(files)).declarations]


def test_sound_entries_of_a_list_are_set_aside_with_the_wrong_one_but_not_with_a_broken_preset_of_another() -> None:
    assert left({"users/u.yaml": TWO, "users/jane.yaml": JANE}) == ["jane"]
    entries = TWO.replace(", colour: x", "").replace("id: 7", "preset: sales")
    assert left({"users/u.yaml": entries, "presets/sales.yaml": WRONG}) == ["cem"]


def test_an_error_of_a_file_without_content_can_be_about_any_user() -> None:
    files = {"users/ben.yaml": BEN + WRONG}
    assert broken(tree(files), (), TODAY).everyone == frozenset((Text("users/ben.yaml"),))


def test_only_a_user_file_states_whose_it_is() -> None:
    found = of({"bo-sync.yaml": BEN, "presets/ben.yaml": BEN, "policies/ben.yaml": BEN})
    assert (found.asides, found.everyone) == ((), frozenset((Text("bo-sync.yaml"),)))
    assert (found.presets, found.policies) == (frozenset(("ben",)), frozenset((Text("policies/ben.yaml"),)))


def test_presets_are_followed_once_and_no_further_than_sound_files_define_them() -> None:
    user = {"users/u.yaml": BEN + "preset: a\n", "presets/a.yaml": "extends: [b]\n"}
    found = of({**user, "presets/b.yaml": "extends: [\n"})
    assert [aside.wrong for aside in found.asides] == [frozenset((Text("presets/b.yaml"),))]
    circle = of({**user, "presets/b.yaml": "extends: [a]\n"})
    assert [aside.claims for aside in circle.asides] == [(claim(),)]


def test_a_sound_tree_has_nothing_aside() -> None:
    found = of({"users/jane.yaml": JANE})
    assert (found.everyone, found.asides, found.claims, found.presets, found.policies) == (
        frozenset(), (), (), frozenset(), frozenset(),
    )  # fmt: skip


def problem(path: str, severity: Severity) -> Problem:
    return Problem(Source(Text(path), 1), Message("x"), severity=severity)


def test_errors_outside_of_the_files_that_stop_are_warnings() -> None:
    here, there = problem("a", Severity.ERROR), problem("b", Severity.ERROR)
    info, warning = problem("b", Severity.INFO), problem("b", Severity.WARNING)
    found = warned((here, there, info, warning), {Text("a")})
    assert found == (here, problem("b", Severity.WARNING), info, warning)
    assert [each.severity for each in warned((here,))] == [Severity.WARNING]


HUB: Final = (holds(1, "jane@example.com"), holds(2, "ben@example.com"), holds(3, "leo@example.com", first_name="Leo"))


def stops(files: dict[str, str], *only: str, expired: bool = False, live: tuple[LiveUser, ...] = HUB) -> list[str]:
    found = standing(of(files), Selection(tuple(map(Text, only)), expired=expired), live)
    return sorted(path.raw for path in found)


BROKEN_BEN: Final = {"users/jane.yaml": JANE, "users/ben.yaml": BEN + WRONG}


def with_id(number: int, name: str = "x", more: str = WRONG) -> dict[str, str]:
    return {f"users/{name}.yaml": BEN.replace("ben@", f"{name}@") + f"id: {number}\n{more}"}


JANES: Final = {"users/jane.yaml": JANE}
JANE_77: Final = {"users/jane.yaml": JANE + "id: 77\n"}
BO: Final = {"users/bo.yaml": BEN.replace("ben@", "bo@") + WRONG}
SALES: Final = {"users/jane.yaml": JANE + "preset: sales\n", "presets/sales.yaml": WRONG}


@pytest.mark.parametrize(
    ("files", "only", "expected"),
    [
        pytest.param(BROKEN_BEN, "jane@example.com", "", id="another user"),
        pytest.param(BROKEN_BEN, "ben@example.com", "users/ben.yaml", id="the user of the file"),
        pytest.param(BROKEN_BEN, "users/ben.yaml", "users/ben.yaml", id="the file"),
        pytest.param(BROKEN_BEN, "b*", "users/ben.yaml", id="a glob that only the hub's user matches"),
        pytest.param(JANES | with_id(1), "jane@*", "users/x.yaml", id="the id that the chosen user has in the hub"),
        pytest.param(JANE_77 | with_id(77), "jane@*", "users/x.yaml", id="the id that the chosen user has in a file"),
        pytest.param(JANES | with_id(2), "jane@*", "", id="the id of another user"),
        pytest.param(
            JANES | with_id(77, "bob", "") | with_id(77), "jane@*", "", id="the id that another user has in a file"
        ),
        pytest.param(
            BROKEN_BEN | BO, "b*", "users/ben.yaml users/bo.yaml", id="two files of users that a glob matches"
        ),
        pytest.param(BROKEN_BEN | {"bo-sync.yaml": WRONG}, "jane@*", "bo-sync.yaml", id="what is about all users"),
        pytest.param(SALES, "jane@example.com", "presets/sales.yaml", id="a preset of the chosen user"),
    ],
)
def test_what_can_be_about_a_chosen_user_stops(files: dict[str, str], only: str, expected: str) -> None:
    assert stops(files, only) == expected.split()


def test_an_expired_user_of_a_broken_file_stops_only_a_plan_about_the_expired() -> None:
    files = JANES | {"users/ben.yaml": BEN + "until: 2026-06-14\n" + WRONG}
    assert stops(files, expired=True) == ["users/ben.yaml"]
    assert stops(files, "jane@example.com", expired=True) == []
    assert stops(BROKEN_BEN, expired=True) == []
    of_a_sound_file = {"users/jane.yaml": JANE + "until: 2026-06-14\n"} | with_id(1)
    assert stops(of_a_sound_file, expired=True) == ["users/x.yaml"]


def moved(**given: str) -> dict[str, str]:
    """A broken file of a user who is not in the hub."""
    text = "".join(f"{name}: {value}\n" for name, value in {"email": "new@example.com", **given}.items())
    return {"users/jane.yaml": JANE, "users/new.yaml": text + WRONG}


LEO: Final = holds(3, "leo@example.com", first_name="Leo", last_name="Leaver")
MEG: Final = holds(4, "meg@example.com", first_name="Meg", last_name="Moved")


LEO_FILE, LEO_ID = (
    {"users/leo.yaml": BEN.replace("ben@", f"{name}@") + more} for name, more in (("leo", ""), ("leo2", "id: 3\n"))
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(DELETES | moved(first_name="Leo", last_name="Leaver"), True, id="the name of the deleted user"),
        pytest.param(DELETES | moved(), True, id="no name at all"),
        pytest.param(DELETES | moved(first_name="Meg", last_name="Moved"), False, id="the name of another user"),
        pytest.param(moved(first_name="Leo", last_name="Leaver"), False, id="users without a file stay"),
        pytest.param(DELETES | moved(email="jane@example.org", id="4"), False, id="an id that is in the hub"),
        pytest.param(DELETES | moved(email="meg@example.com"), False, id="an address that is in the hub"),
        pytest.param(DELETES | moved() | LEO_FILE, False, id="the user has a sound file"),
        pytest.param(DELETES | moved() | LEO_ID, False, id="a sound file has the user's id"),
    ],
)
def test_an_entry_that_may_be_the_new_address_of_a_deleted_user_stops(files: dict[str, str], *, expected: bool) -> None:
    live = (holds(1, "jane@example.com"), LEO, MEG)
    assert stops(files, "leo@example.com", live=live) == (["users/new.yaml"] if expected else [])
    assert stops(files, "jane@example.com", live=live) == []


def test_patterns_that_match_no_user_and_no_broken_file_are_named() -> None:
    found = of({**BROKEN_BEN, "users/x.yaml": BEN.replace("ben@", "x@") + WRONG})
    only = ("zoe@example.com", "jane@*", "leo@example.com", "x@*", "users/x.yaml", "users/jane.yaml", "users/y")
    named = unmatched(found, Selection(tuple(map(Text, only))), HUB)
    assert [pattern.raw for pattern in named] == ["zoe@example.com", "users/y"]
