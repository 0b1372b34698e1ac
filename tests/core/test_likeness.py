"""Whose profiles look alike: names and phones as users and systems write them."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.core.text import Text
from bo_sync.core.user_matching import Trait, address_shapes, are_alike, full_names, nearly_matches, traits
from tests.support.users import profile

User = dict[str, str | None]


def user(first: str = "", last: str = "", middle: str = "", phone: str = "") -> User:
    given = {"first_name": first, "last_name": last, "middle_name": middle, "phone": phone}
    return {field: value or None for field, value in given.items()}


JANE: Final = user("Jane", "Doe", phone="+31 6 1234")
NAMES, FIRST, LAST = "first and last name", "phone and first name", "phone and last name"
ALIKE: Final[dict[str, tuple[User, User] | tuple[User, User, str]]] = {
    "case": (user("JANE", "doe"), JANE),
    "spacing": (user(" Jane ", "D\u00a0oe"), user("Jane", "D  oe")),
    "an accent": (user("Jos\u00e9", "N\u00fa\u00f1ez"), user("Jose", "Nunez")),
    "an accent of its own": (user("Jose\u0301", "Doe"), user("Jos\u00e9", "Doe")),
    "an accent in another script": (
        user("\u0410\u043d\u0434\u0440\u0435\u0439", "Doe"),
        user("\u0410\u043d\u0434\u0440\u0435\u0438", "Doe"),
    ),
    "letters of full width": (user("\uff2aane", "Doe"), JANE),
    "a sharp s": (user("Jane", "Gro\u00df"), user("Jane", "GROSS")),
    "a dotted capital i": (user("\u0130pek", "Doe"), user("ipek", "Doe")),
    "a grave accent": (user("Mich\u00e8le", "Doe"), user("Michele", "Doe")),
    "a tab, and the end of a line": (user("Anne\tMarie", "Van\u2028Doe"), user("Anne Marie", "van Doe")),
    "a space of no width": (user("Ja\u200bne", "Doe\ufeff"), JANE),
    "a soft hyphen": (user("Ja\u00adne", "Doe"), JANE),
    "a control character": (user("Ja\u0000ne", "Doe"), JANE),
    **{
        f"the apostrophe U+{ord(mark):04X}": (user("Pat", "O'Neil"), user("Pat", f"O{mark}Neil"))
        for mark in "\u2019\u2018\u201b\u2032\u00b4`\u02b9\u02bb\u02bc\u02bd\uff07"
    },
    "no apostrophe": (user("Pat", "O'Neil"), user("Pat", "Oneil")),
    **{
        f"the hyphen U+{ord(mark):04X}": (
            user("Anne-Marie", "Doe"),
            user(f"Anne{mark}Marie", "Doe"),
            "first and last name",
        )
        for mark in "\u2010\u2011\u2013\u2014 \ufe63\uff0d"
    },
    "a dot": (user("J.", "Doe"), user("J", "Doe")),
    "a sign": (user("Jane", "Doe \u2122"), user("Jane", "Doe tm")),
    "first and last name, exchanged": (user("Doe", "Jane"), JANE),
    "words of the last name in the middle": (user("Jan", "Vries", "van der"), user("Jan", "van der Vries")),
    "words of the first name in the middle": (user("Jan", "Vries", "Piet"), user("Jan Piet", "Vries")),
    "a middle name that one lacks": (user("Jan", "Vries", "Piet"), user("Jan", "Vries")),
    "two middle names": (user("Jan", "Vries", "Piet"), user("Jan", "Vries", "Karel")),
    "names of nothing but signs": (user("-", "."), user("-", ".")),
    "a last name of punctuation": (user("Support", "-"), user("SUPPORT", " - ")),
    "a last name of punctuation with a character that is not seen": (
        user("Support", "-\u200b."),
        user("Support", "-."),
    ),
    "another dash for a last name": (user("Support", "-"), user("Support", "\u2014")),
    "a first name of punctuation": (user("?", "Doe"), user("?", "Doe")),
    "a last name of a sign": (user("Desk", "+"), user("Desk", "+")),
    "a last name of a symbol": (user("Desk", "\u2122"), user("Desk", "\u2122")),
    "a phone with a plus, one with 00": (
        user("Jane", phone="+31 (6) 12.34-5"),
        user("Jane", phone="0031612345"),
        FIRST,
    ),
    "a phone in digits of another script": (
        user("", "Doe", phone="\u0663\u0661\uff16"),
        user("", "Doe", phone="316"),
        LAST,
    ),
    "a phone and a name with an accent": (user("Ren\u00e9", phone="12"), user("Rene", "Doe", phone="12"), FIRST),
}


@pytest.mark.parametrize("alike", ALIKE.values(), ids=ALIKE)
def test_these_look_alike(alike: tuple[User, User] | tuple[User, User, str]) -> None:
    one, other, *noun = alike
    ours, theirs = traits(profile(**one)), traits(profile(**other))
    assert {trait.noun for trait in {*ours} & {*theirs}} == {*(noun or [NAMES])}


UNLIKE: Final[dict[str, tuple[User, User]]] = {
    "nothing at all": (user(), user()),
    "one name alone": (user("Jane"), user("Jane")),
    "a phone alone": (user(phone="12"), user(phone="12")),
    "a phone and a name of punctuation": (user("Support", "-", phone="12"), user("Sales", "-", phone="12")),
    "a middle name of punctuation alone": (user("Jane", "Doe", "-"), user("Jane", "Dou", "-")),
    "other marks": (user("Support", "-"), user("Support", ".")),
    "names of nothing that is seen": (user("\u200b", "\u0301"), user("\u200b", "\u0301")),
    "first and last name in one field": (user("Jane Doe"), user("Jane", "Doe")),
    "a middle name alone": (user("", "", "Jane", "12"), user("", "", "Jane", "12")),
    "phones of no digits": (user("Jane", phone="+"), user("Jane", phone="+")),
    "phones of nothing but 00": (user("Jane", phone="00"), user("Jane", phone="00")),
    "a phone that is another's without its country": (user("Jane", phone="+31 6 1234"), user("Jane", phone="06 1234")),
    "another letter": (user("Jane", "Doe"), user("Jane", "Dou")),
    "vowels that are marks": (user("\u0930\u093e\u092e", "Doe"), user("\u0930\u092e\u093e", "Doe")),
    "sounds that are marks": (user("\u304c", "Doe"), user("\u304b", "Doe")),
    "a hyphen within a word": (user("Anne-Marie", "Doe"), user("Annemarie", "Doe")),
    "a phone and the name of another": (user("Jane", "Doe", phone="12"), user("Ann", "Roe", phone="12")),
    "a letter that is none of the marks": (user("Xavi", "Doe"), user("avi", "Doe")),
    "words of a name twice": (user("Jan", "Jan Vries"), user("Jan", "Vries")),
}


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE)
def test_these_do_not(one: User, other: User) -> None:
    assert {*traits(profile(**one))} & {*traits(profile(**other))} == set()


def test_the_surest_trait_stands_first_and_each_once() -> None:
    assert traits(profile(**JANE)) == (
        Trait(NAMES, ("doe", "jane")),
        Trait(FIRST, ("3161234", "jane")),
        Trait(LAST, ("3161234", "doe")),
    )
    assert traits(profile(**user("Jan", "Vries", "van"))) == (
        Trait(NAMES, ("jan", "vries")),
        Trait(NAMES, ("jan", "van", "vries")),
    )
    assert traits(profile(**user("Support", "\u2014 ."))) == (Trait(NAMES, ("-", ".", "support")),)


def test_a_full_name_is_the_only_trait_that_identifies_without_a_phone() -> None:
    full = frozenset((Trait(NAMES, ("doe", "jane")),))
    assert full_names(profile(**JANE)) == full
    assert full_names(profile(**user("Jane", phone="12"))) == frozenset()


@given(st.text(), st.text(), st.text(), st.text())
def test_no_trait_holds_what_is_empty(first: str, last: str, middle: str, phone: str) -> None:
    for trait in traits(profile(**user(first, last, middle, phone))):
        assert all(trait.values)
        assert len(trait.values) >= 2


NEAR: Final[dict[str, tuple[str, str, bool]]] = {
    "the very address": ("jane@example.com", "jane@example.com", True),
    "another case": ("Jane@example.com", "jANE@example.com", True),
    "a letter is missing at the start": ("ane@example.com", "jane@example.com", True),
    "a letter is missing inside": ("jne@example.com", "jane@example.com", True),
    "a letter is missing at the end": ("jane@example.co", "jane@example.com", True),
    "a letter too many": ("janne@example.com", "jane@example.com", True),
    "a first letter too many": ("xjane@example.com", "jane@example.com", True),
    "a last letter too many": ("jane@example.comm", "jane@example.com", True),
    "another letter": ("jame@example.com", "jane@example.com", True),
    "two letters swapped": ("jnae@example.com", "jane@example.com", True),
    "the last two letters swapped": ("jane@example.cmo", "jane@example.com", True),
    "two other letters": ("joke@example.com", "jane@example.com", False),
    "two letters missing": ("ja@example.com", "jane@example.com", False),
    "two letters too many": ("jane@example.commm", "jane@example.com", False),
    "two letters that are apart swapped": ("enaj@example.com", "jane@example.com", False),
    "no separator": ("breakglass@example.com", "break-glass@example.com", True),
    "another separator": ("break_glass@example.com", "break.glass@example.com", True),
    "several other separators": ("a.b-c_d@example.com", "a-b_c+d@example.com", True),
    "separators of the domain": ("jane@my-example.com", "jane@myexample.com", True),
    "another separator and another letter": ("breakglass.x@example.com", "break-glass-y@example.com", False),
    "another user of the domain": ("ben@example.com", "jane@example.com", False),
    "a pattern that matches": ("*@example.com", "jane@example.com", True),
    "a pattern with a letter too few": ("*@exampl.com", "jane@example.com", True),
    "a pattern with letters swapped": ("*@exmaple.com", "jane@example.com", True),
    "a pattern of a subdomain": ("*@example.com", "jane@mail.example.com", False),
    "a pattern whose @ would have to go": ("j*@ne", "jane@example.com", False),
    "a pattern of some letters, and one too many": ("[jx]annne@example.com", "janne@example.com", True),
    "a pattern of other letters": ("[xy]ane@example.com", "jane@example.com", False),
    "a pattern of another length": ("??@example.com", "jane@example.com", False),
    "swapped across a wildcard": ("j?a@example.com", "jxa@example.com", True),
    "a wildcard too many": ("??@example.com", "j@example.com", False),
    "a letter swapped with the @": ("jane@x.com", "jan@ex.com", False),
    "a letter that would have to go among others": ("xj[ab]@example.com", "xj@example.com", False),
    "a pattern of all except some letters": ("[!j]ane@example.com", "jane@example.com", False),
    "a bracket too many": ("jane]@example.com", "jane@example.com", True),
}


@pytest.mark.parametrize(("pattern", "email", "is_near"), NEAR.values(), ids=NEAR.keys())
def test_one_edit_or_other_separators_nearly_match(pattern: str, email: str, is_near: bool) -> None:
    assert nearly_matches(Text(pattern), Text(email)) is is_near


SHAPES: Final = [
    pytest.param("jane@example.com", ("jane@example.com",), id="an address"),
    pytest.param("JANE@Example.com", ("jane@example.com",), id="capital letters"),
    pytest.param("\uff4aane\uff20example.com", ("jane@example.com",), id="characters of full width"),
    pytest.param("jos\u00e9@example.com", ("jose@example.com",), id="an accent"),
    pytest.param(" ja ne@example.com", ("jane@example.com",), id="white space"),
    pytest.param("ja\u200bne@example.com", ("jane@example.com",), id="a character that is not seen"),
    *(
        pytest.param(f"ann@example.com{mark}ben@example.org", ("ann@example.com", "ben@example.org"), id=f"a {mark}")
        for mark in '<>()[]:;,"\\'
    ),
    pytest.param("Jane Doe <jane@example.com>", ("jane@example.com",), id="a display name"),
    pytest.param("jane@b@", ("jane@b@",), id="a second @ at the end"),
    pytest.param("@a@b", (), id="a second @ after nothing"),
    pytest.param("jane", (), id="no @"),
    pytest.param("@example.com", (), id="nothing before the @"),
    pytest.param("jane@", (), id="nothing after the @"),
]


@pytest.mark.parametrize(("raw", "shapes"), SHAPES)
def test_an_address_has_the_shape_that_a_reader_sees(raw: str, shapes: tuple[str, ...]) -> None:
    assert address_shapes(raw) == shapes


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("jane@example.com", "jane@example.com", True, id="the same"),
        pytest.param("jane@example.com", "jame@example.com", False, id="another letter"),
        pytest.param("jane@example.com", "j\u0430ne@example.com", True, id="a letter of another script"),
        pytest.param("j\u0430ne@example.com", "jane@example.com", True, id="a letter of another script, in the first"),
        pytest.param("j\u0430ne@example.com", "jame@example.com", False, id="also another letter"),
        pytest.param("jane@example.com", "jane@example.co", False, id="a letter less"),
        pytest.param("jane@example.com", "jane@example.comm", False, id="a letter more"),
    ],
)
def test_any_letter_beyond_ascii_may_look_like_any_other(one: str, other: str, expected: bool) -> None:
    assert are_alike(one, other) is expected
