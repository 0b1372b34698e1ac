"""One user's entry: every rule, with the sentence that its breach gets, and what a sound entry becomes."""

from datetime import date
from typing import Final

import pytest

from bo_sync.config.formatting import dump_user
from bo_sync.core.model import Access, Declaration, FieldValue, Ignore, Override, Role, Severity, Source, State
from bo_sync.core.text import Text
from tests.config.trees import JANE, about_jane, complaints, tree
from tests.support.builders import source
from tests.support.cases import told
from tests.support.users import profile

FULL = """\
email: jane.doe@example.com            # identity
id: 1042
first_name: Jane
last_name: Doe
middle_name: null
gender: female
phone: 0031 20 123 4567
job: ""
language: no
preset: sales
modules:
  configuration:
    access: editor
    until: 2099-12-31
    reason: CHG-1234 template migration
  pricing: viewer
platform:
  backoffice: true
  sales_hub: {access: false, until: 2099-01-01}
state: present
until: 2099-06-30
ignore: [{rule: BOS007, reason: agreed, until: 2099-01-01}]
"""


def test_a_full_entry_becomes_a_declaration() -> None:
    read = tree({"users/sales/jane.yml": FULL, "presets/sales.yaml": "label: Sales\n"})
    path = Text("users/sales/jane.yml")
    assert not read.problems
    assert read.declarations == (
        Declaration(
            email=Text("jane.doe@example.com"),
            source=Source(path, 1, 1),
            id=1042,
            profile=(
                FieldValue("gender", Text("female")),
                FieldValue("first_name", Text("Jane")),
                FieldValue("middle_name", None),
                FieldValue("last_name", Text("Doe")),
                FieldValue("phone", Text("0031 20 123 4567")),
                FieldValue("job", None),
                FieldValue("language", Text("NO")),
            ),
            presets=("sales",),
            overrides=(
                Override(Role("sales_hub"), Access.NONE, Source(path, 19, 3), date(2099, 1, 1)),
                Override(Role("backoffice"), Access.OWNER, Source(path, 18, 3)),
                Override(Role("pricing"), Access.VIEWER, Source(path, 16, 3)),
                Override(
                    Role("configuration"),
                    Access.EDITOR,
                    Source(path, 12, 3),
                    date(2099, 12, 31),
                    Text("CHG-1234 template migration"),
                ),
            ),
            until=date(2099, 6, 30),
            ignore=(Ignore(Text("BOS007"), Text("agreed"), date(2099, 1, 1), Source(path, 22, 10)),),
        ),
    )


def test_every_source_is_the_place_in_the_file() -> None:
    [declaration] = tree({"users/u.yaml": "# Jane\n" + FULL, "presets/sales.yaml": "label: Sales\n"}).declarations
    assert declaration.source == Source(Text("users/u.yaml"), 2, 1)
    places = [f"users/u.yaml:{line}" for line in (20, 19, 17, 13)]
    assert [str(override.source.short) for override in declaration.overrides] == places
    assert [str(accepted.source) for accepted in declaration.ignore] == ["users/u.yaml:23:10"]


def test_a_key_that_is_left_out_is_not_managed() -> None:
    [declaration] = tree({"users/u.yaml": JANE}).declarations
    assert [entry.field for entry in declaration.profile] == ["first_name", "last_name"]
    assert (declaration.state, declaration.presets) == (State.PRESENT, ())


KEYS = (
    "email, id, first_name, last_name, middle_name, gender, phone, job, language, preset, presets, platform, modules, "
    "state, until, ignore"
)


BREACHES: Final = r"""
an unknown key, with the nearest
    moduls: {}⏎
    4:1: error: unknown key "moduls"; expected one of KEYS; did you mean modules?
an unknown key like no other
    x: 1⏎
    4:1: error: unknown key "x"; expected one of KEYS
an unknown gender
    gender: femal⏎
    4:9: error: gender: found "femal"; expected male, female or unknown; did you mean female?
a special word where text belongs
    phone: true⏎
    4:8: error: phone: found true; expected text; for this very word, put it in quotes
a list where text belongs
    job: [a]⏎
    4:6: error: job: found a list; expected text
a mapping where text belongs
    job: {a: b}⏎
    4:6: error: job: found a mapping; expected text
a tilde that was meant as null
    phone: ~⏎
    4:8: warning: phone: "~" is plain text here; write null to clear the field, or put the text in quotes
an id that is none
    id: 0⏎
    4:5: error: id: found "0"; expected the hub's id, a whole number from 1
null where nothing can be cleared
    until: null⏎
    4:8: error: until: found null; expected text; leave the key out instead
a day that no calendar has
    until: 2099-02-30⏎
    4:8: error: until: found "2099-02-30"; expected a day that exists, as YYYY-MM-DD
a date the other way round
    until: 31-12-2099⏎
    4:8: error: until: found "31-12-2099"; expected a date as YYYY-MM-DD
a date in other digits
    until: ٢٠٩٩-١٢-٣١⏎
    4:8: error: until: found "٢٠٩٩-١٢-٣١"; expected a date as YYYY-MM-DD
an unknown state
    state: gone⏎
    4:8: error: state: found "gone"; expected present or absent
a field over its limit
    job: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx⏎
    4:6: error: job: found 31 characters; expected at most 30, the hub's limit
a language of three letters
    language: nld⏎
    4:11: error: language: found "nld"; expected two letters (ISO 639-1), such as nl
an unknown preset
    preset: sale⏎
    4:9: error: unknown preset "sale"; expected sales; did you mean sales?
a preset named twice
    presets: [sales, sales]⏎
    4:18: error: preset "sales" is listed twice; expected each once
preset and presets together
    preset: sales⏎presets: [sales]⏎
    5:1: error: presets beside preset; expected one of the two
an unknown module
    modules: {pricin: viewer}⏎
    4:11: error: unknown role under modules "pricin"; expected one of api_keys, user_management, shop_channel,
        roles_permissions, pricing, logistics, configuration, product_data, order_data; did you mean pricing?
a module under platform
    platform: {pricing: true}⏎
    4:12: error: pricing stands under platform; expected it under modules
a switch that says on
    platform: {backoffice: on}⏎
    4:24: error: platform.backoffice: found "on"; expected true or false; did you mean true?
an unknown access
    modules: {pricing: veiwer}⏎
    4:20: error: modules.pricing: found "veiwer"; expected owner, editor, viewer or none; did you mean viewer?
a grant that ends but never says what it is
    modules: {pricing: {until: 2099-01-01}}⏎
    4:20: error: modules.pricing.access is missing; expected owner, editor, viewer or none
a switch with a reason that is neither on nor off
    platform: {backoffice: {reason: why}}⏎
    4:24: error: platform.backoffice.access is missing; expected true or false
an unknown key in a grant
    modules: {pricing: {access: owner, unitl: 2099-01-01}}⏎
    4:36: error: unknown key "unitl"; expected one of access, until, reason; did you mean until?
an acceptance without a reason
    ignore: [{rule: BOS007, until: 2099-01-01}]⏎
    4:10: error: ignore.reason is missing; expected why it is accepted
hostile text is counted, not echoed
    job: "\u202eevil\u202cxxxxxxxxxxxxxxxxxxxxxxxxx"⏎
    4:6: error: job: found 31 characters; expected at most 30, the hub's limit
a hostile key is made visible
    "\u202e::error": x⏎
    4:1: error: unknown key "\u202e::error"; expected one of KEYS
outer white space
    job: " Account manager"⏎
    4:6: error: job: found " Account manager"; expected "Account manager", with single plain spaces
two spaces
    middle_name: "van  der"⏎
    4:14: error: middle_name: found "van  der"; expected "van der", with single plain spaces
a no-break space and a line break
    job: "Account\u00a0manager\n"⏎
    4:6: error: job: found "Account\xa0manager\n"; expected "Account manager", with single plain spaces
white space alone
    middle_name: "  "⏎
    4:14: error: middle_name: found "  "; expected text that is not empty
outer white space beside an id
    id: 7⏎job: "x "⏎
    5:6: error: job: found "x "; expected "x", with single plain spaces
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        *told(BREACHES),
        pytest.param(
            "phone: \x9b31m\n",
            ["4:8: error: control character \\x9b; expected none: remove it"],
            id="a control character",
        ),
        pytest.param(
            "gender: " + "a" * 500 + "\n",
            [f'4:9: error: gender: found "{"a" * 59}…"; expected male, female or unknown'],
            id="a long value is cut short",
        ),
    ],
)
def test_a_breach_is_told_with_what_was_found_and_what_was_expected(lines: str, expected: list[str]) -> None:
    assert about_jane(lines) == [message.replace("KEYS", KEYS) for message in expected]


def test_text_in_another_form_is_kept_as_written() -> None:
    assert about_jane('phone: "+31  20 123 "\nmiddle_name: "e\\u0301"\njob: "a\\tb"\n') == []


def test_a_name_of_white_space_alone_is_told_once() -> None:
    found = complaints({"users/j.yaml": 'email: a@b.c\nfirst_name: "  "\nlast_name: D\n'})
    assert found == ['users/j.yaml:2:13: error: first_name: found "  "; expected text that is not empty']


def test_every_problem_of_an_entry_is_found_in_one_run() -> None:
    assert about_jane("gender: x\nuntil: 2099-13-01\nmodules: {pricing: x, nope: owner}\npreset: x\nphone: [1]\n") == [
        '4:9: error: gender: found "x"; expected male, female or unknown',
        '5:8: error: until: found "2099-13-01"; expected a day that exists, as YYYY-MM-DD',
        '6:20: error: modules.pricing: found "x"; expected owner, editor, viewer or none',
        (
            '6:23: error: unknown role under modules "nope"; expected one of api_keys, user_management, shop_channel, '
            "roles_permissions, pricing, logistics, configuration, product_data, order_data"
        ),
        '7:9: error: unknown preset "x"; expected sales',
        "8:8: error: phone: found a list; expected text",
    ]


NEEDS: Final = """
no address
    first_name: J⏎last_name: D⏎
    1:1: error: email is missing; expected the person's address
no names
    email: a@b.c⏎
    1:1: error: first_name is missing; expected text, unless `id` or `state: absent` is given
    1:1: error: last_name is missing; expected text, unless `id` or `state: absent` is given
names that are empty
    email: a@b.c⏎first_name: ''⏎last_name: null⏎
    2:13: error: first_name: found ""; expected text that is not empty
    3:12: error: last_name: found null; expected text that is not empty
names may be left out beside an id
    email: a@b.c⏎id: 4⏎
names may be left out for who is to go
    email: a@b.c⏎state: absent⏎
a broken state does not bring the names into question
    email: a@b.c⏎state: absen⏎
    2:8: error: state: found "absen"; expected present or absent; did you mean absent?
a list
    - a⏎
    1:1: error: found a list; expected a mapping with one person's keys, or `users:` with a list
a word
    a⏎
    1:1: error: found "a"; expected a mapping with one person's keys, or `users:` with a list
"""


@pytest.mark.parametrize(("text", "expected"), told(NEEDS))
def test_what_every_user_needs(text: str, expected: list[str]) -> None:
    assert complaints({"users/u.yaml": text}) == [f"users/u.yaml:{line}" for line in expected]


@pytest.mark.parametrize("word", ["Null", "NULL", "~", "null", "true", "false"])
@pytest.mark.parametrize("quotes", ['"', "'"])
@pytest.mark.parametrize("field", ["phone", "job", "middle_name"])
def test_a_word_in_quotes_is_text_and_no_finding(word: str, quotes: str, field: str) -> None:
    read = tree({"users/u.yaml": f"{JANE}{field}: {quotes}{word}{quotes}\n"})
    assert read.problems == ()
    assert [entry.value for entry in read.declarations[0].profile if entry.field == field] == [Text(word)]


def test_what_pull_writes_of_a_user_called_null_is_no_finding() -> None:
    names = profile(first_name="NULL", last_name="Null", job="~")
    written = dump_user(Declaration(Text("n@example.com"), source(), profile=names))
    assert tree({"users/n.yaml": written}).problems == ()
    for plain in ("Null", "NULL", "~"):
        (problem,) = tree({"users/n.yaml": f"{JANE}job: {plain}\n"}).problems
        assert "or put the text in quotes" in problem.message


@pytest.mark.parametrize(
    "language",
    [
        pytest.param("\ufb01", id="a ligature"),
        pytest.param("\ufb00", id="another ligature"),
        pytest.param("\u00df", id="a letter that is two in upper case"),
        pytest.param("\uff4e\uff4c", id="full-width letters"),
        pytest.param("\u0131t", id="a letter without its dot"),
        pytest.param("n\u029f", id="a small capital"),
        pytest.param("\u017fv", id="a long s"),
    ],
)
def test_a_language_is_two_letters_of_ascii_and_of_a_user_in_the_hub_only_those_become_upper_case(
    language: str,
) -> None:
    (problem,) = tree({"users/u.yaml": f"{JANE}language: {language}\n"}).problems
    assert (problem.severity, "expected two letters (ISO 639-1)" in problem.message) == (Severity.ERROR, True)
    (problem,) = tree({"bo-sync.yaml": f"defaults: {{language: {language}}}\n", "users/u.yaml": JANE}).problems
    assert problem.severity is Severity.ERROR
    read = tree({"users/u.yaml": f"{JANE}id: 7\nlanguage: {language}\n"})
    assert [problem.severity for problem in read.problems] == [Severity.WARNING]
    expected = "".join(letter.upper() if letter.isascii() else letter for letter in language)
    assert read.declarations[0].profile[-1] == FieldValue("language", Text(expected))


@pytest.mark.parametrize("field", ["first_name", "last_name", "middle_name", "job"])
@pytest.mark.parametrize("spaces", [" ", "   ", "\\t", "\\u00a0", "\\u2003 "])
@pytest.mark.parametrize("pin", ["", "id: 7\n"], ids=["a new user", "a pinned user"])
def test_a_value_of_white_space_is_an_error(field: str, spaces: str, pin: str) -> None:
    lines = {"email": "j@example.com", "first_name": "Jane", "last_name": "Doe", field: f'"{spaces}"'}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items()) + pin
    problems = tree({"users/u.yaml": text}).errors
    assert any(problem.message.startswith(f"{field}: found") for problem in problems), problems
