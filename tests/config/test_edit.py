"""Editing one person in a text: what changes, and that all else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.dump import dump_user
from bo_sync.config.edit import Change, DropGrant, SetGrant, SetId, SetPresets, SetProfile, update_user
from bo_sync.core.model import MODULES, PLATFORM, Access, Declaration, FieldValue, Override, Role
from bo_sync.core.text import Text
from bo_sync.errors import FilesError
from tests.config.declarations import AT, NAMES, declarations, hostile
from tests.config.test_dump import loaded_user

F = Text("users/f.yaml")
JANE = Text("Jane@Example.com")
PRICING, ORDERS, BACKOFFICE = Role("pricing"), Role("order_data"), Role("backoffice")

BLOCK = """\
# Jane's file
email: jane@example.com
first_name: Jane

# what she may do
presets:   # both
- a
- b
modules:   # hers
  # the order desk
  order_data: owner # for now
  pricing:
    access: viewer
    # soon
    until: 2099-01-01
phone: |
  +31
# the end
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(
            "phone: |\n  +31\n", SetProfile(FieldValue("phone", Text("12"))), "phone: 12\n", id="a block of text"
        ),
        pytest.param(
            "first_name: Jane\n",
            SetProfile(FieldValue("first_name", None)),
            "first_name: null\n",
            id="a field is cleared",
        ),
        pytest.param(
            "first_name: Jane\n\n# what",
            SetProfile(FieldValue("last_name", Text("a: b"))),
            'first_name: Jane\nlast_name: "a: b"\n\n# what',
            id="a field is added in its place, before the comment of the next key",
        ),
        pytest.param(
            "email: jane@example.com\n", SetId(12), "email: jane@example.com\nid: 12\n", id="the id follows the address"
        ),
        pytest.param(
            "presets:   # both\n- a\n- b\n", SetPresets(("x", "y")), "presets: [x, y]  # both\n", id="other presets"
        ),
        pytest.param(
            "presets:   # both\n- a\n- b\n", SetPresets(("x",)), "preset: x  # both\n", id="one preset instead of two"
        ),
        pytest.param("presets:   # both\n- a\n- b\n", SetPresets(()), "", id="no preset"),
        pytest.param(
            "    access: viewer\n", SetGrant(PRICING, Access.OWNER), "    access: owner\n", id="a grant keeps its end"
        ),
        pytest.param(
            "order_data: owner #", SetGrant(ORDERS, Access.NONE), "order_data: none #", id="a grant keeps its comment"
        ),
        pytest.param(
            "  # the order desk\n  order_data",
            SetGrant(Role("api_keys"), Access.VIEWER),
            "  api_keys: viewer\n  # the order desk\n  order_data",
            id="a grant is added in its place",
        ),
        pytest.param(
            "\n# what she may do\npresets:   # both\n- a\n- b\nmodules:",
            SetGrant(BACKOFFICE, Access.OWNER),
            "\n# what she may do\npresets:   # both\n- a\n- b\nplatform:\n  backoffice: true\nmodules:",
            id="the first grant of its kind brings the key",
        ),
        pytest.param(
            "  order_data: owner # for now\n", DropGrant(ORDERS), "  # for now\n", id="a grant goes, its comment stays"
        ),
        pytest.param("", DropGrant(BACKOFFICE), "", id="what is not there need not go"),
    ],
)
def test_a_change_touches_its_own_lines_only(before: str, change: Change, after: str) -> None:
    assert before in BLOCK
    expected = BLOCK.replace(before, after, 1) if before else BLOCK
    assert update_user(BLOCK, JANE, [change], F) == expected


def test_the_last_grant_takes_its_key_along() -> None:
    assert update_user(
        "email: jane@example.com\nmodules:\n  pricing: owner\nid: 1\n", JANE, [DropGrant(PRICING)], F
    ) == ("email: jane@example.com\nid: 1\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "users:\n  - {email: x@y.z}\n  - {email: jane@example.com}\n",
            "users:\n  - {email: x@y.z}\n  - {email: jane@example.com, preset: a, id: 3, modules: {pricing: owner}}\n",
            id="between braces",
        ),
        pytest.param(
            "users:\n- email: x@y.z\n- preset: b # why\n  email: jane@example.com\n- email: z@y.z\n",
            "users:\n- email: x@y.z\n- preset: a # why\n  modules:\n    pricing: owner\n  email: jane@example.com\n"
            "  id: 3\n- email: z@y.z\n",
            id="among lines",
        ),
        pytest.param(
            "email: jane@example.com\r\nmodules: {}",
            "email: jane@example.com\r\nid: 3\r\npreset: a\r\nmodules: {pricing: owner}\r\n",
            id="with lines that end as on Windows",
        ),
    ],
)
def test_the_right_person_is_changed_in_any_layout(text: str, expected: str) -> None:
    asked: list[Change] = [SetPresets(("a",)), SetId(3), SetGrant(PRICING, Access.OWNER), SetGrant(ORDERS, Access.NONE)]
    assert update_user(text, JANE, [*asked, DropGrant(ORDERS)], F) == expected


def test_a_key_after_a_dash_can_go() -> None:
    assert update_user("users:\n- preset: b # why\n  email: jane@example.com\n", JANE, [SetPresets(())], F) == (
        "users:\n- # why\n  email: jane@example.com\n"
    )


def test_keys_between_braces_can_go_from_either_end() -> None:
    text = "{preset: a, email: jane@example.com, modules: {pricing: owner, order_data: owner}}\n"
    changes: list[Change] = [SetPresets(()), DropGrant(ORDERS)]
    assert update_user(text, JANE, changes, F) == "{email: jane@example.com, modules: {pricing: owner}}\n"
    assert update_user(text, JANE, [*changes, DropGrant(PRICING)], F) == "{email: jane@example.com}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("email: x@y.z\n", "users/f.yaml: no entry for Jane@Example.com", id="somebody else's file"),
        pytest.param("users: [x]\n", "users/f.yaml: no entry for Jane@Example.com", id="a list without people"),
        pytest.param("[]\n", "users/f.yaml: no entry for Jane@Example.com", id="no mapping"),
        pytest.param(
            "a: !t x\n",
            'users/f.yaml:1:4: error: tag "!t"; expected none: text stays text, remove it',
            id="no YAML of ours",
        ),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, expected: str) -> None:
    with pytest.raises(FilesError) as refusal:
        update_user(text, JANE, [SetId(1)], F)
    assert str(refusal.value) == expected


changes = st.one_of(
    st.builds(
        SetProfile,
        st.builds(FieldValue, st.sampled_from(["phone", "job"]), st.none() | hostile.map(lambda raw: Text(raw[:30]))),
    ),
    st.builds(SetId, st.integers(1, 999)),
    st.builds(SetPresets, st.lists(st.sampled_from(NAMES), unique=True, max_size=3).map(tuple)),
    st.builds(SetGrant, st.sampled_from(MODULES), st.sampled_from(Access)),
    st.builds(SetGrant, st.sampled_from(PLATFORM), st.sampled_from([Access.NONE, Access.OWNER])),
    st.builds(DropGrant, st.sampled_from([*PLATFORM, *MODULES])),
)


@given(declarations(), st.lists(changes, max_size=4))
def test_a_changed_text_says_what_was_asked_and_keeps_its_comments(
    declaration: Declaration, asked: list[Change]
) -> None:
    text = "# top\n" + dump_user(declaration).replace("\n", "\n# note\n", 1) + "# end\n"
    changed = update_user(text, declaration.email, asked, F)
    expected = declaration
    for change in asked:
        expected = changed_declaration(expected, change)
    assert loaded_user(changed) == expected
    assert [line for line in changed.splitlines() if line in {"# top", "# note", "# end"}] == [
        "# top",
        "# note",
        "# end",
    ]


def changed_declaration(before: Declaration, change: Change) -> Declaration:
    """The same change, made to the value."""
    from dataclasses import replace

    from bo_sync.config.known import rank
    from bo_sync.core.presets import merge_profiles

    match change:
        case SetProfile(entry):
            return replace(before, profile=merge_profiles(before.profile, (entry,)))
        case SetId(number):
            return replace(before, id=number)
        case SetPresets(names):
            return replace(before, presets=names)
        case SetGrant(role, access):
            held = next((own for own in before.overrides if own.role == role), Override(role, access, AT))
            others = [own for own in before.overrides if own.role != role]
            merged = sorted([*others, replace(held, access=access)], key=lambda own: rank(own.role))
            return replace(before, overrides=tuple(merged))
        case DropGrant(role):
            return replace(before, overrides=tuple(own for own in before.overrides if own.role != role))
