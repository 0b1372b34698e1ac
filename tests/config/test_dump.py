"""Writing: what the loader reads back is what was written, and the form is canonical."""

from datetime import date

import pytest
from hypothesis import given

from bo_sync.config.formatting import dump_user, format_text, scalar
from bo_sync.config.load import tree_of
from bo_sync.config.yaml_reader import read
from bo_sync.core.model import PROFILE_FIELDS, Access, Declaration, FieldValue, Ignore, Override, Role, State
from bo_sync.core.text import Text
from tests.config.declarations import AT, NAMES, declarations, hostile

SETTINGS = ("bo-sync.yaml", b"role_definitions: {warehouse: wh}\n")
OTHERS = [(f"presets/{name}.yaml", b"label: x\n") for name in NAMES]


def loaded_user(text: str) -> Declaration:
    tree = tree_of([SETTINGS, *OTHERS, ("users/u.yaml", text.encode())])
    assert not tree.errors, tree.errors
    return tree.declarations[0]


@given(declarations())
def test_what_is_read_back_is_the_declaration_that_was_written_and_in_the_canonical_form(
    declaration: Declaration,
) -> None:
    text = dump_user(declaration)
    assert loaded_user(text) == declaration
    assert dump_user(loaded_user(text)) == text
    assert format_text(text, "user", Text("u")) == text


@given(hostile)
def test_any_text_reads_back_from_any_place(raw: str) -> None:
    written = f"a: {scalar(raw)}\nb: [{scalar(raw)}, {{c: {scalar(raw)}}}]\n"
    for pure in (False, True):
        reading = read(written.encode(), Text("f"), pure=pure)
        assert reading.problems == ()
        assert reading.value == {"a": raw, "b": [raw, {"c": raw}]}


@given(hostile)
def test_what_is_written_can_be_shown(raw: str) -> None:
    assert scalar(raw).isprintable()


def test_everything_stands_in_the_canonical_order() -> None:
    declaration = Declaration(
        Text("jane@example.com"),
        AT,
        1042,
        (
            *(FieldValue(name, Text(name.upper()[:2])) for name in PROFILE_FIELDS[:4]),
            FieldValue("phone", Text("+31 20 123 4567")),
            FieldValue("job", None),
            FieldValue("language", Text("NO")),
        ),
        ("sales", "a.b_c"),
        (
            Override(Role("warehouse"), Access.OWNER, AT),
            Override(Role("backoffice"), Access.NONE, AT, date(2099, 1, 1)),
            Override(Role("configuration"), Access.EDITOR, AT, date(2099, 12, 31), Text("CHG-1: why")),
            Override(Role("pricing"), Access.VIEWER, AT),
        ),
        State.ABSENT,
        date(2099, 6, 30),
        (Ignore(Text("BOS007"), Text("agreed"), date(2099, 1, 1), AT),),
    )
    assert dump_user(declaration) == (
        "email: jane@example.com\n"
        "id: 1042\n"
        "first_name: FI\n"
        "last_name: LA\n"
        "middle_name: MI\n"
        "gender: GE\n"
        "phone: +31 20 123 4567\n"
        "job: null\n"
        "language: no\n"
        "presets: [sales, a.b_c]\n"
        "platform:\n"
        "  backoffice:\n"
        "    access: false\n"
        "    until: 2099-01-01\n"
        "modules:\n"
        "  pricing: viewer\n"
        "  configuration:\n"
        "    access: editor\n"
        "    until: 2099-12-31\n"
        '    reason: "CHG-1: why"\n'
        "  warehouse: owner\n"
        "state: absent\n"
        "until: 2099-06-30\n"
        "ignore:\n"
        "  - rule: BOS007\n"
        "    reason: agreed\n"
        "    until: 2099-01-01\n"
    )


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        pytest.param("Jane", "Jane", id="a name is plain"),
        pytest.param("van der Zé", "van der Zé", id="letters beyond ASCII are plain"),
        pytest.param("0031", "0031", id="digits are plain, for here they are text"),
        pytest.param("no", "no", id="no is plain"),
        pytest.param("null", '"null"', id="a special word is quoted"),
        pytest.param("", '""', id="empty text is quoted"),
        pytest.param("Sales, EU", '"Sales, EU"', id="what a list would split is quoted"),
        pytest.param("#1", '"#1"', id="what would be a comment is quoted"),
        pytest.param("a\x1b[31m\u202e\n", '"a\\x1b[31m\\u202e\\n"', id="what would act is escaped"),
        pytest.param("\U0001f9d1\u200d\U0001f4bb", '"\U0001f9d1\\u200d\U0001f4bb"', id="what joins is escaped"),
        pytest.param("a\ud800", '"a\ufffd"', id="half a character becomes the mark for one"),
    ],
)
def test_text_is_quoted_only_where_it_must_be(raw: str, written: str) -> None:
    assert scalar(raw) == written
