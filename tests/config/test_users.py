"""One user's entry: every rule, with the sentence that its breach gets, and what a sound entry becomes."""

from datetime import date

import pytest

from bo_sync.config.formatting import dump_user
from bo_sync.config.load import tree_of
from bo_sync.core.model import (
    Access,
    Declaration,
    FieldValue,
    Ignore,
    Override,
    Role,
    Severity,
    Source,
    State,
)
from bo_sync.core.text import Text
from tests.config.trees import JANE, about_jane, complaints, tree
from tests.support.builders import source

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
    assert [str(override.source.short) for override in declaration.overrides] == [
        "users/u.yaml:20",
        "users/u.yaml:19",
        "users/u.yaml:17",
        "users/u.yaml:13",
    ]
    assert [str(accepted.source) for accepted in declaration.ignore] == ["users/u.yaml:23:10"]


def test_a_key_that_is_left_out_is_not_managed() -> None:
    [declaration] = tree({"users/u.yaml": JANE}).declarations
    assert [entry.field for entry in declaration.profile] == ["first_name", "last_name"]
    assert declaration.state is State.PRESENT
    assert declaration.presets == ()


KEYS = (
    "email, id, first_name, last_name, middle_name, gender, phone, job, language, preset, presets, platform, modules, "
    "state, until, ignore"
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            "moduls: {}\n",
            f'4:1: error: unknown key "moduls"; expected one of {KEYS}; did you mean modules?',
            id="an unknown key, with the nearest",
        ),
        pytest.param(
            "x: 1\n", f'4:1: error: unknown key "x"; expected one of {KEYS}', id="an unknown key like no other"
        ),
        pytest.param(
            "gender: femal\n",
            '4:9: error: gender: found "femal"; expected male, female or unknown; did you mean female?',
            id="an unknown gender",
        ),
        pytest.param(
            "phone: true\n",
            "4:8: error: phone: found true; expected text; for this very word, put it in quotes",
            id="a special word where text belongs",
        ),
        pytest.param("job: [a]\n", "4:6: error: job: found a list; expected text", id="a list where text belongs"),
        pytest.param(
            "job: {a: b}\n", "4:6: error: job: found a mapping; expected text", id="a mapping where text belongs"
        ),
        pytest.param(
            "phone: ~\n",
            '4:8: warning: phone: "~" is plain text here; write null to clear the field, or put the text in quotes',
            id="a tilde that was meant as null",
        ),
        pytest.param(
            "id: 0\n",
            '4:5: error: id: found "0"; expected the hub\'s id, a whole number from 1',
            id="an id that is none",
        ),
        pytest.param(
            "until: null\n",
            "4:8: error: until: found null; expected text; leave the key out instead",
            id="null where nothing can be cleared",
        ),
        pytest.param(
            "until: 2099-02-30\n",
            '4:8: error: until: found "2099-02-30"; expected a day that exists, as YYYY-MM-DD',
            id="a day that no calendar has",
        ),
        pytest.param(
            "until: 31-12-2099\n",
            '4:8: error: until: found "31-12-2099"; expected a date as YYYY-MM-DD',
            id="a date the other way round",
        ),
        pytest.param(
            "until: ٢٠٩٩-١٢-٣١\n",
            '4:8: error: until: found "٢٠٩٩-١٢-٣١"; expected a date as YYYY-MM-DD',
            id="a date in other digits",
        ),
        pytest.param(
            "state: gone\n", '4:8: error: state: found "gone"; expected present or absent', id="an unknown state"
        ),
        pytest.param(
            "job: " + "x" * 31 + "\n",
            "4:6: error: job: found 31 characters; expected at most 30, the hub's limit",
            id="a field over its limit",
        ),
        pytest.param(
            "language: nld\n",
            '4:11: error: language: found "nld"; expected two letters (ISO 639-1), such as nl',
            id="a language of three letters",
        ),
        pytest.param(
            "preset: sale\n",
            '4:9: error: unknown preset "sale"; expected sales; did you mean sales?',
            id="an unknown preset",
        ),
        pytest.param(
            "presets: [sales, sales]\n",
            '4:18: error: preset "sales" is listed twice; expected each once',
            id="a preset named twice",
        ),
        pytest.param(
            "preset: sales\npresets: [sales]\n",
            "5:1: error: presets beside preset; expected one of the two",
            id="preset and presets together",
        ),
        pytest.param(
            "modules: {pricin: viewer}\n",
            '4:11: error: unknown role under modules "pricin"; expected one of api_keys, user_management, '
            "shop_channel, roles_permissions, pricing, logistics, configuration, product_data, order_data; "
            "did you mean pricing?",
            id="an unknown module",
        ),
        pytest.param(
            "platform: {pricing: true}\n",
            "4:12: error: pricing stands under platform; expected it under modules",
            id="a module under platform",
        ),
        pytest.param(
            "platform: {backoffice: on}\n",
            '4:24: error: platform.backoffice: found "on"; expected true or false; did you mean true?',
            id="a switch that says on",
        ),
        pytest.param(
            "modules: {pricing: veiwer}\n",
            '4:20: error: modules.pricing: found "veiwer"; expected owner, editor, viewer or none; '
            "did you mean viewer?",
            id="an unknown access",
        ),
        pytest.param(
            "modules: {pricing: {until: 2099-01-01}}\n",
            "4:20: error: modules.pricing.access is missing; expected owner, editor, viewer or none",
            id="a grant that ends but never says what it is",
        ),
        pytest.param(
            "platform: {backoffice: {reason: why}}\n",
            "4:24: error: platform.backoffice.access is missing; expected true or false",
            id="a switch with a reason that is neither on nor off",
        ),
        pytest.param(
            "modules: {pricing: {access: owner, unitl: 2099-01-01}}\n",
            '4:36: error: unknown key "unitl"; expected one of access, until, reason; did you mean until?',
            id="an unknown key in a grant",
        ),
        pytest.param(
            "ignore: [{rule: BOS007, until: 2099-01-01}]\n",
            "4:10: error: ignore.reason is missing; expected why it is accepted",
            id="an acceptance without a reason",
        ),
        pytest.param(
            "phone: \x9b31m\n".encode().decode(),
            "4:8: error: control character \\x9b; expected none: remove it",
            id="a control character",
        ),
        pytest.param(
            'job: "\\u202eevil\\u202cxxxxxxxxxxxxxxxxxxxxxxxxx"\n',
            "4:6: error: job: found 31 characters; expected at most 30, the hub's limit",
            id="hostile text is counted, not echoed",
        ),
        pytest.param(
            '"\\u202e::error": x\n',
            f'4:1: error: unknown key "\\u202e::error"; expected one of {KEYS}',
            id="a hostile key is made visible",
        ),
        pytest.param(
            'job: " Account manager"\n',
            '4:6: error: job: found " Account manager"; expected "Account manager", with single plain spaces',
            id="outer white space",
        ),
        pytest.param(
            'middle_name: "van  der"\n',
            '4:14: error: middle_name: found "van  der"; expected "van der", with single plain spaces',
            id="two spaces",
        ),
        pytest.param(
            'job: "Account\\u00a0manager\\n"\n',
            '4:6: error: job: found "Account\\xa0manager\\n"; expected "Account manager", with single plain spaces',
            id="a no-break space and a line break",
        ),
        pytest.param(
            'middle_name: "  "\n',
            '4:14: error: middle_name: found "  "; expected text that is not empty',
            id="white space alone",
        ),
        pytest.param(
            'id: 7\njob: "x "\n',
            '5:6: error: job: found "x "; expected "x", with single plain spaces',
            id="outer white space beside an id",
        ),
        pytest.param(
            "gender: " + "a" * 500 + "\n",
            f'4:9: error: gender: found "{"a" * 59}…"; expected male, female or unknown',
            id="a long value is cut short",
        ),
    ],
)
def test_a_breach_is_told_with_what_was_found_and_what_was_expected(lines: str, expected: str) -> None:
    assert about_jane(lines) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('phone: "+31  20 123 "', id="a phone with any spaces"),
        pytest.param('middle_name: "e\\u0301"', id="a name in NFD"),
        pytest.param('job: "a\\tb"', id="an inner tab"),
    ],
)
def test_text_in_another_form_is_kept_as_written(line: str) -> None:
    assert about_jane(f"{line}\n") == []


def test_a_name_of_white_space_alone_is_told_once() -> None:
    found = tree_of([("users/j.yaml", b'email: a@b.c\nfirst_name: "  "\nlast_name: D\n')]).problems
    assert [problem.message for problem in found] == ['first_name: found "  "; expected text that is not empty']


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "first_name: J\nlast_name: D\n",
            ["1:1: error: email is missing; expected the person's address"],
            id="no address",
        ),
        pytest.param(
            "email: a@b.c\n",
            [
                "1:1: error: first_name is missing; expected text, unless `id` or `state: absent` is given",
                "1:1: error: last_name is missing; expected text, unless `id` or `state: absent` is given",
            ],
            id="no names",
        ),
        pytest.param(
            "email: a@b.c\nfirst_name: ''\nlast_name: null\n",
            [
                '2:13: error: first_name: found ""; expected text that is not empty',
                "3:12: error: last_name: found null; expected text that is not empty",
            ],
            id="names that are empty",
        ),
        pytest.param("email: a@b.c\nid: 4\n", [], id="names may be left out beside an id"),
        pytest.param("email: a@b.c\nstate: absent\n", [], id="names may be left out for who is to go"),
        pytest.param(
            "email: a@b.c\nstate: absen\n",
            ['2:8: error: state: found "absen"; expected present or absent; did you mean absent?'],
            id="a broken state does not bring the names into question",
        ),
        pytest.param(
            "- a\n",
            ["1:1: error: found a list; expected a mapping with one person's keys, or `users:` with a list"],
            id="a list",
        ),
        pytest.param(
            "a\n",
            ['1:1: error: found "a"; expected a mapping with one person\'s keys, or `users:` with a list'],
            id="a word",
        ),
    ],
)
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
    names = (
        FieldValue("first_name", Text("NULL")),
        FieldValue("last_name", Text("Null")),
        FieldValue("job", Text("~")),
    )
    written = dump_user(Declaration(Text("n@example.com"), source(), profile=names))
    assert tree({"users/n.yaml": written}).problems == ()
    for plain in ("Null", "NULL", "~"):
        (problem,) = tree({"users/n.yaml": f"{JANE}job: {plain}\n"}).problems
        assert "or put the text in quotes" in problem.message


LANGUAGES = [
    pytest.param("\ufb01", id="a ligature"),
    pytest.param("\ufb00", id="another ligature"),
    pytest.param("\u00df", id="a letter that is two in upper case"),
    pytest.param("\uff4e\uff4c", id="full-width letters"),
    pytest.param("\u0131t", id="a letter without its dot"),
    pytest.param("n\u029f", id="a small capital"),
    pytest.param("\u017fv", id="a long s"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_two_letters_of_ascii(language: str) -> None:
    (problem,) = tree({"users/u.yaml": f"{JANE}language: {language}\n"}).problems
    assert (problem.severity, "expected two letters (ISO 639-1)" in problem.message) == (Severity.ERROR, True)
    (problem,) = tree({"bo-sync.yaml": f"defaults: {{language: {language}}}\n", "users/u.yaml": JANE}).problems
    assert problem.severity is Severity.ERROR


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_user_in_the_hub_only_letters_of_ascii_become_upper_case(language: str) -> None:
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
