"""Editing one user in a text: what changes, and that all else stays."""

import random
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.edit import DropGrant, EditField, EditGrant, EntryEdit, update_user
from bo_sync.config.formatting import dump_user, format_text
from bo_sync.config.yaml_reader import read
from bo_sync.core.model import MODULES, PLATFORM, Access, Declaration, FieldValue, Override, Role
from bo_sync.core.text import Text
from bo_sync.errors import FilesError
from tests.config.declarations import AT, declarations, hostile
from tests.config.test_dump import loaded_user

F = Text("users/f.yaml")
JANE = Text("Jane@Example.com")
PRICING, ORDERS, BACKOFFICE, KEYS = Role("pricing"), Role("order_data"), Role("backoffice"), Role("api_keys")

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
            "phone: |\n  +31\n", EditField(FieldValue("phone", Text("12"))), "phone: 12\n", id="a block of text"
        ),
        pytest.param(
            "first_name: Jane\n",
            EditField(FieldValue("first_name", None)),
            "first_name: null\n",
            id="a field is cleared",
        ),
        pytest.param(
            "first_name: Jane\n\n# what",
            EditField(FieldValue("last_name", Text("a: b"))),
            'first_name: Jane\nlast_name: "a: b"\n\n# what',
            id="a field is added in its place, before the comment of the next key",
        ),
        pytest.param(
            "    access: viewer\n", EditGrant(PRICING, Access.OWNER), "    access: owner\n", id="a grant keeps its end"
        ),
        pytest.param(
            "order_data: owner #", EditGrant(ORDERS, Access.NONE), "order_data: none #", id="a grant keeps its comment"
        ),
        pytest.param(
            "  # the order desk\n  order_data",
            EditGrant(Role("api_keys"), Access.VIEWER),
            "  api_keys: viewer\n  # the order desk\n  order_data",
            id="a grant is added in its place",
        ),
        pytest.param(
            "\n# what she may do\npresets:   # both\n- a\n- b\nmodules:",
            EditGrant(BACKOFFICE, Access.OWNER),
            "\n# what she may do\npresets:   # both\n- a\n- b\nplatform:\n  backoffice: true\nmodules:",
            id="the first grant of its kind brings the key",
        ),
        pytest.param(
            "  order_data: owner # for now\n", DropGrant(ORDERS), "  # for now\n", id="a grant goes, its comment stays"
        ),
        pytest.param("", DropGrant(BACKOFFICE), "", id="what is not there need not go"),
    ],
)
def test_a_change_touches_its_own_lines_only(before: str, change: EntryEdit, after: str) -> None:
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
            "users:\n  - {email: x@y.z}\n  - {email: jane@example.com, job: x, modules: {pricing: owner}}\n",
            id="between braces",
        ),
        pytest.param(
            "users:\n- email: x@y.z\n- preset: b # why\n  email: jane@example.com\n- email: z@y.z\n",
            "users:\n- email: x@y.z\n- preset: b # why\n  modules:\n    pricing: owner\n  email: jane@example.com\n"
            "  job: x\n- email: z@y.z\n",
            id="among lines",
        ),
        pytest.param(
            "email: jane@example.com\r\nmodules: {}",
            "email: jane@example.com\r\njob: x\r\nmodules: {pricing: owner}\r\n",
            id="with lines that end as on Windows",
        ),
        pytest.param(
            "email: jane@example.com\nmodules: null\n",
            "email: jane@example.com\njob: x\nmodules: {pricing: owner}\n",
            id="with a null where grants would stand",
        ),
    ],
)
def test_the_right_user_is_changed_in_any_layout(text: str, expected: str) -> None:
    asked: list[EntryEdit] = [
        EditField(FieldValue("job", Text("x"))),
        EditGrant(PRICING, Access.OWNER),
        EditGrant(ORDERS, Access.NONE),
    ]
    assert update_user(text, JANE, [*asked, DropGrant(ORDERS)], F) == expected


def test_a_key_after_a_dash_can_go_and_its_comments_stand_above_the_dash() -> None:
    text = "users:\n- modules: {pricing: owner} # why\n# low\n  # high\n  email: jane@example.com\n"
    assert update_user(text, JANE, [DropGrant(PRICING)], F) == (
        "users:\n# why\n# low\n# high\n- email: jane@example.com\n"
    )


def test_keys_between_braces_can_go_from_either_end() -> None:
    text = "{platform: {backoffice: true}, email: jane@example.com, modules: {pricing: owner, order_data: owner}}\n"
    changes: list[EntryEdit] = [DropGrant(BACKOFFICE), DropGrant(ORDERS)]
    assert update_user(text, JANE, changes, F) == "{email: jane@example.com, modules: {pricing: owner}}\n"
    assert update_user(text, JANE, [*changes, DropGrant(PRICING)], F) == "{email: jane@example.com}\n"


BRACES = """\
email: jane@example.com
modules: {
  # the desk
  order_data: owner,     # agreed with finance
  # prices
  pricing: {
    access: viewer, # for now
    until: 2099-01-01 # the end
  },
  api_keys: none     # keys are minted by the lead alone
}
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(
            "  order_data: owner,     # agreed with finance\n  # prices\n",
            DropGrant(ORDERS),
            "  # agreed with finance\n  # prices\n",
            id="the first goes",
        ),
        pytest.param(
            "  pricing: {\n    access: viewer, # for now\n    until: 2099-01-01 # the end\n  },\n",
            DropGrant(PRICING),
            "  # for now\n  # the end\n",
            id="one with lines of its own goes",
        ),
        pytest.param(
            ",\n  api_keys: none  ", DropGrant(KEYS), "  ", id="the last goes, and the comment beside it stays"
        ),
        pytest.param("access: viewer", EditGrant(PRICING, Access.OWNER), "access: owner", id="one is raised"),
        pytest.param("none     #", EditGrant(KEYS, Access.OWNER), "owner     #", id="the last is raised"),
        pytest.param(
            "api_keys: none     #",
            EditGrant(Role("configuration"), Access.OWNER),
            "api_keys: none, configuration: owner     #",
            id="one is added",
        ),
    ],
)
def test_comments_between_braces_outlive_every_change(before: str, change: EntryEdit, after: str) -> None:
    assert before in BRACES
    assert update_user(BRACES, JANE, [change], F) == BRACES.replace(before, after, 1)


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        pytest.param(
            "modules:\n  api_keys: # one\n    # two\n    access: owner # three\n    # four\n    until: 2099-01-01\n"
            "    # five\n  pricing: owner\n",
            DropGrant(KEYS),
            "modules:\n  # one\n  # two\n  # three\n  # four\n  # five\n  pricing: owner\n",
            id="of a grant that has lines of its own",
        ),
        pytest.param(
            "job: |\n  text\nmodules: # one\n  # two\n  pricing: owner # three\n  # four\n",
            DropGrant(PRICING),
            "job: |\n  text\n# one\n# two\n# three\n# four\n",
            id="of the last grant, below a block of text",
        ),
        pytest.param(
            "phone: > # one\n  +31\n# two\n",
            EditField(FieldValue("phone", Text("1"))),
            "# one\nphone: 1\n# two\n",
            id="beside the mark of a block of text",
        ),
        pytest.param(
            "phone: # one\n  # two\n  +31 # three\n",
            EditField(FieldValue("phone", Text("1"))),
            "# one\n# two\nphone: 1 # three\n",
            id="before a value on a line of its own",
        ),
        pytest.param(
            "modules: {pricing: owner, # one\n  order_data: owner, # two\n  api_keys: none}\n",
            DropGrant(KEYS),
            "modules: {pricing: owner, # one\n  order_data: owner, # two\n  }\n",
            id="of the pair before the last",
        ),
        pytest.param(
            'modules: {pricing: {access: owner, reason: "a\n  b"}, order_data: owner, # one\n  api_keys: none}\n',
            DropGrant(ORDERS),
            '# one\nmodules: {pricing: {access: owner, reason: "a\n  b"}, api_keys: none}\n',
            id="where a line above would stand inside a text",
        ),
    ],
)
def test_comments_of_what_goes_stand_above_it(text: str, change: EntryEdit, expected: str) -> None:
    assert update_user(f"email: jane@example.com\n{text}", JANE, [change], F) == f"email: jane@example.com\n{expected}"


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
        pytest.param(
            "email: jane@example.com\r\njob: x\n",
            "users/f.yaml:2:7: error: this line ends with LF, the first one with CR LF; expected one kind: save the "
            "file with it",
            id="lines that end in two ways",
        ),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, expected: str) -> None:
    with pytest.raises(FilesError) as refusal:
        update_user(text, JANE, [DropGrant(PRICING)], F)
    assert "; ".join(map(str, refusal.value.lines or [refusal.value.message])) == expected


def test_a_layout_that_cannot_be_changed_without_harm_is_refused() -> None:
    with pytest.raises(FilesError) as refusal:
        update_user("email: jane@example.com\n? phone\n: 1\n", JANE, [EditField(FieldValue("phone", None))], F)
    assert str(refusal.value) == (
        "users/f.yaml: the entry of Jane@Example.com is laid out so that phone cannot be changed without harm to the "
        "rest; change it by hand"
    )


changes = st.one_of(
    st.builds(
        EditField,
        st.builds(FieldValue, st.sampled_from(["phone", "job"]), st.none() | hostile.map(lambda raw: Text(raw[:30]))),
    ),
    st.builds(EditGrant, st.sampled_from(MODULES), st.sampled_from(Access)),
    st.builds(EditGrant, st.sampled_from(PLATFORM), st.sampled_from([Access.NONE, Access.OWNER])),
    st.builds(DropGrant, st.sampled_from([*PLATFORM, *MODULES])),
)


@given(declarations(), st.lists(changes, max_size=4))
def test_a_changed_text_says_what_was_asked_and_keeps_its_comments(
    declaration: Declaration, asked: list[EntryEdit]
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


def changed_declaration(before: Declaration, change: EntryEdit) -> Declaration:
    """The same change, made to the value."""
    from dataclasses import replace

    from bo_sync.config.validation import rank
    from bo_sync.core.presets import merge_profiles

    match change:
        case EditField(entry):
            return replace(before, profile=merge_profiles(before.profile, (entry,)))
        case EditGrant(role, access):
            held = next((own for own in before.overrides if own.role == role), Override(role, access, AT))
            others = [own for own in before.overrides if own.role != role]
            merged = sorted([*others, replace(held, access=access)], key=lambda own: rank(own.role))
            return replace(before, overrides=tuple(merged))
        case DropGrant(role):
            return replace(before, overrides=tuple(own for own in before.overrides if own.role != role))


USER = ["job", "phone", "platform", "modules", "ignore"]
ROLES = {"platform": ["backoffice", "sales_hub"], "modules": ["pricing", "order_data", "api_keys"]}


class Scribe:
    """Writes one user in a random layout, with a comment of its own number wherever one may stand."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.notes = 0

    def note(self, before: str = " ") -> str:
        """A comment to the end of the line, or none."""
        if self.chance.random() < 0.5:
            return ""
        self.notes += 1
        return f"{before}# note {self.notes}"

    def above(self, indent: str) -> str:
        note = self.note(self.chance.choice([indent, indent, ""]))
        return f"{note}\n" if note else ""

    def value(self, word: str, indent: str) -> str:
        """A word in one of YAML's many forms; blocks of text say something else, but are as good."""
        forms = [word, word, f'"{word}"', f"\n{indent}  {word}", f"|{self.note()}\n{indent}  {word}"]
        return self.chance.choice(forms)

    def grant(self, word: str, indent: str) -> str:
        if self.chance.random() < 0.5:
            return f" {word}{self.note()}\n"
        inner = f"{indent}  "
        lines = [f"access: {word}{self.note()}", f"reason: {self.value('why', inner)}", "until: 2099-01-01"]
        self.chance.shuffle(lines)
        return self.note() + "\n" + "".join(f"{self.above(inner)}{inner}{line}\n" for line in lines) + self.above(inner)

    def braces(self, words: list[tuple[str, str]], indent: str) -> str:
        text = f" {{{self.note()}\n"
        for key, word in words:
            timed = f"{{access: {word},{self.note()}\n{indent}   reason: why}}"
            text += f"{self.above(indent)}{indent}  {key}: {self.chance.choice([word, timed])},{self.note()}\n"
            text = text.removesuffix("\n") + " " if self.chance.random() < 0.2 and "#" not in text else text
        return text + f"{indent}  }}{self.note()}\n"

    def area(self, name: str, indent: str) -> str:
        roles = self.chance.sample(ROLES[name], self.chance.randint(1, len(ROLES[name])))
        words = [(role, "true" if name == "platform" else "owner") for role in roles]
        if self.chance.random() < 0.4:
            return f"{name}:{self.braces(words, indent)}"
        lines = (f"{self.above(indent)}{indent}  {role}:{self.grant(word, indent + '  ')}" for role, word in words)
        return f"{name}:{self.note()}\n" + "".join(lines) + self.above(indent + "  ")

    def user(self) -> str:
        indent = self.chance.choice(["", "  "])
        keys = ["email", *self.chance.sample(USER[:4], self.chance.randint(1, 4))]
        self.chance.shuffle(keys)
        text = "".join(self.above(indent) + indent + self.key(key, indent) for key in keys)
        if not indent:
            return text
        head, _, rest = text.partition("\n") if not text.lstrip().startswith("#") else ("", "", text)
        first = head.removeprefix("  ")
        dashed = f"- {first}\n{rest}" if first else f"-\n{rest}"
        return f"users:\n- email: x@y.z\n{dashed}- email: z@y.z\n"

    def key(self, key: str, indent: str) -> str:
        if key in ROLES:
            return self.area(key, indent)
        word = "jane@example.com" if key == "email" else self.value("text", indent)
        return f"{key}: {word}\n" if "\n" in word else f"{key}: {word}{self.note()}\n"


@pytest.mark.parametrize("seed", range(6))
def test_in_any_layout_every_comment_is_kept_and_the_rest_says_what_it_said(seed: int) -> None:
    chance = random.Random(seed)
    asked: list[EntryEdit] = [
        EditField(FieldValue("phone", Text("12"))),
        EditField(FieldValue("job", None)),
        *(EditGrant(role, Access.NONE) for role in (BACKOFFICE, PRICING, KEYS)),
        *(DropGrant(role) for role in (BACKOFFICE, PRICING, ORDERS, KEYS)),
    ]
    refused = 0
    for _ in range(25):
        text = Scribe(chance).user()
        assert not read(text.encode(), F).problems, text
        formatted = format_text(text, "user", F)
        assert plain_value(formatted) == plain_value(text)
        assert notes(formatted) == notes(text)
        assert format_text(formatted, "user", F) == formatted
        for change in asked:
            try:
                changed = update_user(text, JANE, [change], F)
            except FilesError:
                refused += 1
                continue
            assert notes(changed) == notes(text)
            assert plain_value(changed) == expected_value(text, change)
    assert refused <= 2


def notes(text: str) -> list[str]:
    return sorted(re.findall("# note [0-9]+(?: |$)", text, re.MULTILINE))


def plain_value(text: str) -> dict[str, Any]:
    """What PyYAML makes of Jane's entry: another reader than ours."""
    value = yaml.BaseLoader(text).get_single_data()
    found: list[dict[str, Any]] = [entry for entry in value.get("users", [value]) if entry["email"] == JANE.folded]
    return found[0]


def expected_value(text: str, change: EntryEdit) -> dict[str, Any]:
    value = plain_value(text)
    if isinstance(change, EditField):
        value[change.entry.field] = "null" if change.entry.value is None else change.entry.value.raw
        return value
    name = "platform" if change.role in PLATFORM else "modules"
    area = value.setdefault(name, {})
    if isinstance(change, EditGrant):
        word = "false" if name == "platform" else "none"
        own = area.get(change.role)
        area[change.role] = {**own, "access": word} if isinstance(own, dict) else word
    else:
        area.pop(change.role, None)
        if not area:
            del value[name]
    return value
