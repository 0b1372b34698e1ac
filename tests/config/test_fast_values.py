"""Building at once: it takes an entry exactly when the models do, and makes what the classes make."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bo_sync.config import fast_values
from bo_sync.config.documents import USER_KEYS, UserDocument
from bo_sync.config.formatting import dump_user
from bo_sync.config.users import declared
from bo_sync.config.validation import Complaints, Known, UnsoundError, admit
from bo_sync.config.yaml_reader import read
from bo_sync.config.yaml_values import YamlMapping
from bo_sync.core.model import Access, Declaration, FieldValue, Ignore, Override, Role, Source, State
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.config.declarations import declarations

F = Text("f")
SCALARS = [
    "a",
    "null",
    "true",
    "''",
    "7",
    "0",
    "none",
    "owner",
    "female",
    "present",
    "absent",
    "2099-01-01",
    "2099-1-1",
]
GRANTS = [
    "{access: owner}",
    "{access: true}",
    "{until: 2099-01-01}",
    "{access: viewer, until: 2099-01-01, reason: x}",
    "{}",
]
scalars = st.sampled_from(SCALARS)
lists = st.lists(scalars | st.sampled_from(GRANTS), max_size=2).map(lambda items: f"[{', '.join(items)}]")
acceptances = st.lists(
    st.sampled_from(["{rule: a, reason: b, until: 2099-01-01}", "{rule: a}", "a", "{rule: '', reason: b, until: x}"])
)
areas = st.dictionaries(
    st.sampled_from(["pricing", "backoffice", "x"]), scalars | st.sampled_from(GRANTS), max_size=2
).map(lambda grants: "{" + ", ".join(f"{role}: {grant}" for role, grant in grants.items()) + "}")
values = scalars | lists | areas | acceptances.map(lambda items: f"[{', '.join(items)}]")
entries_text = st.dictionaries(st.sampled_from([*USER_KEYS, "x"]), values, max_size=5).map(
    lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs.items()) or "{}\n"
)


def entries_of(text: str) -> YamlMapping:
    value = read(text.encode(), F).value
    assert isinstance(value, YamlMapping)
    return value


def is_built_at_once(text: str) -> bool:
    try:
        declared(entries_of(text), Known.of(Settings()), Complaints(F))
    except UnsoundError:
        return False
    return True


def is_admitted(text: str) -> bool:
    return not admit(UserDocument, entries_of(text), USER_KEYS, F)[1]


@given(entries_text)
@example("state: []\n")
@example("gender: {}\n")
@example("modules: {pricing: true}\nplatform: {backoffice: owner}\n")
@example("until: 2099-W01-1\n")
@example("id: '007'\n")
@example("ignore: [{rule: a, reason: b, until: 2099-02-30}]\n")
def test_an_entry_is_built_at_once_exactly_when_the_models_take_it(text: str) -> None:
    assert is_built_at_once(text) == is_admitted(text)


@given(entries_text)
def test_what_the_models_leave_of_an_entry_can_be_built(text: str) -> None:
    entries = entries_of(text)
    document, _ = admit(UserDocument, entries, USER_KEYS, F)
    assert document is not None
    declared(entries, Known.of(Settings()), Complaints(F))


@given(declarations())
def test_what_we_write_is_taken_by_both(declaration: Declaration) -> None:
    assert is_built_at_once(dump_user(declaration))
    assert is_admitted(dump_user(declaration))


AT = Source(F, 3, 7)


@pytest.mark.parametrize(
    ("quick", "plain"),
    [
        pytest.param(fast_values.text("a"), Text("a"), id="a text"),
        pytest.param(fast_values.source(F, 3, 7), AT, id="a source"),
        pytest.param(fast_values.field_value("job", "a"), FieldValue("job", Text("a")), id="a field"),
        pytest.param(
            fast_values.override(Role("pricing"), Access.OWNER, AT, (date(2099, 1, 1), F)),
            Override(Role("pricing"), Access.OWNER, AT, date(2099, 1, 1), F),
            id="an override",
        ),
        pytest.param(
            fast_values.declaration(
                ("a@example.com", AT, 7),
                ((FieldValue("job", Text("a")),), ("clerk",), (Override(Role("pricing"), Access.OWNER, AT),)),
                (State.ABSENT, date(2099, 1, 1), (Ignore(Text("BOS001"), Text("agreed"), date(2099, 1, 1), AT),)),
            ),
            Declaration(
                Text("a@example.com"),
                AT,
                7,
                (FieldValue("job", Text("a")),),
                ("clerk",),
                (Override(Role("pricing"), Access.OWNER, AT),),
                State.ABSENT,
                date(2099, 1, 1),
                (Ignore(Text("BOS001"), Text("agreed"), date(2099, 1, 1), AT),),
            ),
            id="a declaration",
        ),
    ],
)
def test_what_is_made_quickly_is_what_the_class_makes(quick: object, plain: object) -> None:
    assert type(quick) is type(plain)
    assert quick == plain
    assert hash(quick) == hash(plain)
    assert repr(quick) == repr(plain)  # every field, also those that are not compared
