"""Which users `--only` and `--expired` choose, and which addresses look like theirs."""

from dataclasses import replace
from datetime import date

import pytest

from bo_sync.core.changes import Cause, Change, GrantChange, RevokeGrant, SetGrant
from bo_sync.core.diff import Diff, MissingDefinition
from bo_sync.core.model import Role
from bo_sync.core.selection import Candidate, ChosenUsers, Claim, Selection, expired_only, matches
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.core.user_matching import address_shapes, are_alike
from tests.support.builders import create, delete, duplicate, field_change, revoke, set_grant, source, update

GLOBS = [
    "*@example.com",
    "a?n@example.com",
    "[ab]*@*",
    "*",
    "ANN@*.COM",
    "[!a]*",
    "*@example.org",
    "a[nN]n@example.com",
]
ADDRESSES = ("ann@example.com", "Ben@example.com", "ann@mail.example.com", "ANN@EXAMPLE.COM", "\u212aim@example.com")


@pytest.mark.parametrize("pattern", GLOBS)
def test_globs_are_matched_as_protect_matches_them(pattern: str) -> None:
    protected = Settings(protect=(Text(pattern),))
    for address in ADDRESSES:
        assert matches(Text(pattern), Candidate(Text(address))) == protected.is_protected(Text(address)), address


@pytest.mark.parametrize(
    ("pattern", "is_chosen"),
    [
        pytest.param("users", True, id="the folder of all"),
        pytest.param("users/a", True, id="the folder"),
        pytest.param("users/a/", True, id="the folder with a slash"),
        pytest.param("./users/a/ann.yaml", True, id="the file"),
        pytest.param("users/a/ann", False, id="the file without its ending"),
        pytest.param("users/A", False, id="another case"),
        pytest.param("users/b", False, id="another folder"),
        pytest.param("use", False, id="the beginning of the folder"),
        pytest.param("users/*/ann.yaml", False, id="a glob over paths"),
    ],
)
def test_a_path_chooses_what_lies_below_it(pattern: str, *, is_chosen: bool) -> None:
    assert matches(Text(pattern), Candidate(Text("ann@example.com"), Text("users/a/ann.yaml"))) is is_chosen


@pytest.mark.parametrize(
    ("pattern", "email", "is_chosen"),
    [
        pytest.param("users", "ann@example.com", False, id="a user without a file lies below no path"),
        pytest.param("a[n@example.com", "A[N@example.com", True, id="an address with a bracket is itself"),
        pytest.param("\u212aim@example.com", "kim@example.com", False, id="a letter beyond ASCII is another letter"),
        pytest.param("\u212aX@example.com", "kX@example.com", False, id="also before a capital letter"),
    ],
)
def test_a_pattern_matches_an_address(pattern: str, email: str, *, is_chosen: bool) -> None:
    assert matches(Text(pattern), Candidate(Text(email))) is is_chosen


def test_what_is_not_known_of_a_user_is_not_claimed() -> None:
    ann = Text("ann@example.com")
    assert Candidate(ann) == Candidate(ann, None, is_expired=False)
    assert Claim(ann) == Claim(ann, None, (), is_expired=False)
    assert Selection() == Selection((), expired=False)


def test_both_options_narrow_together() -> None:
    ann, ben = Candidate(Text("ann@x"), is_expired=True), Candidate(Text("ben@x"))
    assert Selection((Text("*@x"),), expired=True).chosen((ann, ben)) == {"ann@x"}
    assert Selection((), expired=True).chosen((ann, ben)) == {"ann@x"}
    assert Selection((Text("ben@x"),), expired=True).chosen((ann, ben)) == frozenset()
    assert Selection((Text("ben@x"),)).chosen((ann, ben)) == {"ben@x"}
    assert Selection().chosen((ann, ben)) == {"ann@x", "ben@x"}
    assert Selection().is_everyone
    assert not Selection((Text("ben@x"),)).is_everyone
    assert not Selection(expired=True).is_everyone


PASSED = date(2026, 6, 14)
ANN = "ann@example.com"
JOB = (field_change("job", None, "Boss"),)


def ended(grant: RevokeGrant | SetGrant) -> RevokeGrant | SetGrant:
    """The same because the last day of an own entry has passed."""
    return replace(grant, expired=PASSED)


GONE, LOWER = ended(revoke("pricing", "owner")), ended(set_grant("pricing", "owner", "viewer"))
MIXED = (set_grant("roles_permissions", "none", "owner"), GONE, revoke("ticket", "owner"))
ENDED_TICKET = ended(set_grant("ticket", "owner", "viewer"))
MORE, NO_MORE = duplicate("pricing", "editor", "owner"), duplicate("pricing", "viewer", "owner")
END = delete(ANN, cause=Cause.UNTIL_PASSED)


@pytest.mark.parametrize(
    ("change", "kept", "left"),
    [
        pytest.param(create(ANN, set_grant("pricing", "none", "owner")), None, 1, id="a creation"),
        pytest.param(END, END, 0, id="an end"),
        pytest.param(delete(ANN), None, 1, id="a user who is absent"),
        pytest.param(delete(ANN, cause=Cause.UNMANAGED), None, 1, id="a user without a file"),
        pytest.param(update(ANN, profile=JOB), None, 1, id="a profile"),
        pytest.param(update(ANN, revoke("pricing", "owner")), None, 1, id="a revoke that no date announced"),
        pytest.param(update(ANN, set_grant("pricing", "owner", "viewer")), None, 1, id="a lowering without a date"),
        pytest.param(update(ANN, ended(set_grant("pricing", "none", "viewer"))), None, 1, id="an entry that took away"),
        pytest.param(update(ANN, ended(set_grant("pricing", "viewer", "owner"))), None, 1, id="one that gave less"),
        pytest.param(update(ANN, NO_MORE), None, 1, id="a duplicate"),
        pytest.param(update(ANN, GONE, ENDED_TICKET), (GONE, ENDED_TICKET), 0, id="two grants that have expired"),
        pytest.param(update(ANN, *MIXED, profile=JOB), (GONE,), 3, id="one that has expired among other changes"),
        pytest.param(update(ANN, LOWER, MORE), (LOWER, MORE), 0, id="a duplicate of more than the loss leaves"),
        pytest.param(update(ANN, LOWER, NO_MORE), (LOWER,), 1, id="a duplicate of no more than the loss leaves"),
        pytest.param(
            update(ANN, GONE, duplicate("ticket", "viewer", "owner")), (GONE,), 1, id="a duplicate of another role"
        ),
    ],
)
def test_expired_takes_what_has_expired_and_nothing_else(
    change: Change, kept: Change | tuple[GrantChange, ...] | None, left: int
) -> None:
    missing = (MissingDefinition(Role("pricing"), Text("price"), Text(ANN), source("users/ann.yaml")),)
    found = expired_only(Diff(changes=(change,), missing=missing), ended=())
    whole = update(ANN, *kept) if isinstance(kept, tuple) else kept
    assert found == (Diff(changes=(whole,) if whole else ()), left)


@pytest.mark.parametrize(
    ("cause", "is_kept"),
    [
        pytest.param(Cause.STATE_ABSENT, True, id="absent"),
        pytest.param(Cause.UNTIL_PASSED, True, id="expired"),
        pytest.param(Cause.UNMANAGED, False, id="another user of the address, without a file"),
    ],
)
def test_a_user_whose_account_has_ended_is_deleted(cause: Cause, *, is_kept: bool) -> None:
    change = delete("Ann@example.com", cause=cause)
    assert expired_only(Diff(changes=(change,)), ended={ANN})[0].changes == ((change,) if is_kept else ())


ALIKE = [
    pytest.param("\u0430nn@example.com", "ann@example.com", True, id="a Cyrillic letter"),
    pytest.param("\uff41nn\uff20example\uff0ecom", "ann@example.com", True, id="full-width forms"),
    pytest.param("a nn@example.com", "ann@example.com", True, id="a space inside"),
    pytest.param("\u00a0ann@example.com\u2003", "ann@example.com", True, id="spaces around"),
    pytest.param("a\u200bnn@example.com", "ann@example.com", True, id="no width"),
    pytest.param("ANN@EXAMPLE.COM", "ann@example.com", True, id="case"),
    pytest.param("a\u0301nn@example.com", "\u00e1nn@example.com", True, id="another form"),
    pytest.param("\ufb01n@example.com", "fin@example.com", True, id="a ligature"),
    pytest.param("ann@ex\u0430mple.com", "\u0430nn@example.com", True, id="one letter on each side"),
    pytest.param("anna@example.com", "ann@example.com", False, id="a letter more"),
    pytest.param("ben@example.com", "ann@example.com", False, id="other letters"),
    pytest.param("\u0430nna@example.com", "ann@example.com", False, id="a Cyrillic letter and a letter more"),
    pytest.param("joann@example.com", "ann@example.com", False, id="one that ends the same"),
]


@pytest.mark.parametrize(("one", "other", "is_alike"), ALIKE)
def test_addresses_that_a_reader_can_take_for_each_other(one: str, other: str, *, is_alike: bool) -> None:
    (first,), (second,) = address_shapes(one), address_shapes(other)
    assert are_alike(first, second) is is_alike
    assert are_alike(second, first) is is_alike
    for pattern, claimed in ((one, other), (other, one)):
        assert ChosenUsers.of(Selection((Text(pattern),))).may_be(Claim(Text(claimed))) is is_alike


def test_every_address_of_a_text_has_its_shape_and_what_is_none_has_no_shape() -> None:
    assert address_shapes('"Ann, A." <mailto:ann@x>; ben@x') == ("ann@x", "ben@x")
    for raw in ("", "ann", "@example.com", "ann@", "Ann Archer", "<>", "@", ";;", "ann\uff20"):
        assert address_shapes(raw) == (), raw


def chosen(
    *only: str, expired: bool = False, addresses: tuple[str, ...] = (), ids: tuple[int, ...] = ()
) -> ChosenUsers:
    return ChosenUsers.of(Selection(tuple(map(Text, only)), expired=expired), frozenset(addresses), frozenset(ids))


def claim(email: str = "zoe@example.com", number: int | None = None, *, is_expired: bool = False) -> Claim:
    return Claim(Text(email), number, is_expired=is_expired)


def test_patterns_that_match_no_user_are_named_in_their_order() -> None:
    selection = Selection((Text("x@*"), Text("ann@*"), Text("users/b")))
    ann, ben = Candidate(Text("ann@example.com")), Candidate(Text("ben@example.com"), Text("users/b.yaml"))
    assert selection.unmatched((ann, ben)) == (Text("x@*"), Text("users/b"))
    assert selection.unmatched(()) == selection.only
    assert Selection().unmatched((ann,)) == ()


@pytest.mark.parametrize(
    ("of", "entry", "may"),
    [
        pytest.param(chosen(addresses=("zoe@example.com",)), claim(), True, id="the address of a chosen user"),
        pytest.param(chosen(addresses=("zoe@example.com",)), claim("ZOE@example.com"), True, id="in another case"),
        pytest.param(chosen(addresses=("ann@example.com",)), claim(), False, id="another address"),
        pytest.param(chosen("\u00e9*@example.com"), claim("\u00e9lise@example.com"), True, id="a glob with an accent"),
        pytest.param(chosen(addresses=("ann@example.com",)), claim("\u0430nn@example.com"), True, id="one like it"),
        pytest.param(chosen(ids=(7,)), claim(number=7), True, id="the id of a chosen user"),
        pytest.param(chosen(ids=(7,)), claim(number=8), False, id="another id"),
        pytest.param(chosen(ids=(7,)), claim(), False, id="no id"),
        pytest.param(chosen(expired=True), claim(is_expired=True), True, id="expired, and all expired are chosen"),
        pytest.param(chosen(expired=True), claim(), False, id="not expired, and all expired are chosen"),
        pytest.param(chosen(), claim(is_expired=True), False, id="expired, and none is chosen for that"),
        pytest.param(
            chosen("ann@*", expired=True), claim(is_expired=True), False, id="expired, and only others are chosen"
        ),
        pytest.param(chosen("ann@*", expired=True), claim("ann@x"), True, id="a pattern, whether expired or not"),
        pytest.param(
            chosen("z*@example.com"), claim("\uff3aoe@example.com"), True, id="a glob over what it looks like"
        ),
        pytest.param(chosen("ann@*"), claim('"Ann, A." <mailto:ann@x>; ben@x'), True, id="one of two addresses"),
        pytest.param(chosen("users/zoe@example.com"), claim(), False, id="a path is no address"),
        pytest.param(
            chosen("users/zoe@example.com"), claim("users/zoe@example.com"), False, id="nor is it one like an address"
        ),
        pytest.param(chosen(addresses=("ann",)), claim("ann"), True, id="what has no shape is compared as it is"),
        pytest.param(chosen("*<ann@x>"), claim("Ann <ann@x>"), True, id="a glob over what the file says"),
    ],
)
def test_an_entry_may_be_about_a_chosen_user(of: ChosenUsers, entry: Claim, *, may: bool) -> None:
    assert of.may_be(entry) is may
    assert of.may_be_in(Text("users/x.yaml"), [claim("no@example.org"), entry]) is may


@pytest.mark.parametrize(
    ("pattern", "path", "may"),
    [
        pytest.param("users/sales", "users/sales/ann.yaml", True, id="below a chosen folder"),
        pytest.param("./users/sales/", "users/sales/ann.yaml", True, id="however the folder is written"),
        pytest.param("users/ann.yaml", "users/ann.yaml", True, id="a chosen file"),
        pytest.param("users/maX", "users/maX/ann.yaml", True, id="only slashes are left out at the end"),
        pytest.param("users/sales", "users/sales2.yaml", False, id="a name that begins the same"),
        pytest.param("ann@example.com", "users/ann@example.com", False, id="an address is no path"),
        pytest.param("ann@example.com", "None/ann.yaml", False, id="nor is the absence of one"),
    ],
)
def test_a_file_may_be_about_a_chosen_user_by_its_path(pattern: str, path: str, *, may: bool) -> None:
    assert chosen(pattern).may_be_in(Text(path), ()) is may
