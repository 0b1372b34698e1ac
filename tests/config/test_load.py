"""A whole tree: what its files are to one another, and that order never matters."""

import gc
import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.load import tree_digest, tree_of
from bo_sync.core.model import Access, Preset, PresetGrant, Role, Source
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.config.trees import JANE, complaints, tree
from tests.support.cases import told

DOMAINS = "email_domains: [Example.com]\n"


FOREIGN = 'the domain "exampel.com" is not among email_domains; expected example.com; did you mean example.com?'
ODD = "expected an address in plain ASCII with one @"


@pytest.mark.parametrize(
    ("email", "why"),
    [
        pytest.param("jane@example.com", "", id="an allowed domain"),
        pytest.param("jane@EXAMPLE.com", "", id="an allowed domain in other letters"),
        pytest.param("o'neil+x=y/z@example.com", "", id="whatever an atom may hold"),
        pytest.param("jane@exampel.com", FOREIGN, id="a foreign domain"),
        pytest.param("jane.doe", ODD, id="no @"),
        pytest.param("a@b@c", ODD, id="two @"),
        pytest.param("a..b@c", ODD, id="two dots"),
        pytest.param("jané@c.d", ODD, id="a letter beyond ASCII"),
        pytest.param("a b@c.d", ODD, id="a space"),
        pytest.param('"a@c.d\\n"', ODD, id="a line break at its end"),
    ],
)
def test_an_odd_or_foreign_address_is_an_error_and_for_who_is_held_already_a_warning(email: str, why: str) -> None:
    names = "first_name: J\nlast_name: D\n"
    for more, severity in ((names, "error"), ("id: 4\n", "warning"), ("state: absent\n", "warning")):
        files = {"bo-sync.yaml": DOMAINS, "users/u.yaml": f"email: {email}\n{more}"}
        told = f'found "{email.strip(chr(34))}"; {why}' if why == ODD else why
        assert complaints(files) == ([f"users/u.yaml:1:8: {severity}: email: {told}"] if why else [])


def test_a_field_over_its_limit_is_a_warning_for_who_is_held_already() -> None:
    text = "email: a@b.c\nid: 7\nfirst_name: " + "x" * 31 + "\nlanguage: dutch\n"
    assert complaints({"users/u.yaml": text}) == [
        "users/u.yaml:3:13: warning: first_name: found 31 characters; expected at most 30, the hub's limit",
        'users/u.yaml:4:11: warning: language: found "dutch"; expected two letters (ISO 639-1), such as nl',
    ]
    assert len(tree({"users/u.yaml": text}).declarations) == 1


def test_a_list_holds_several_users() -> None:
    users = "users:\n  - email: a@b.c\n    id: 1\n  - email: d@e.f\n    id: 2\n"
    read = tree({"users/team.yaml": users})
    assert [(user.email.raw, str(user.source)) for user in read.declarations] == [
        ("a@b.c", "users/team.yaml:2:5"),
        ("d@e.f", "users/team.yaml:4:5"),
    ]
    assert read.user_files == 1


LISTS: Final = """
no list
    users: x⏎
    1:8: error: users: found "x"; expected a list
an item that is no person
    users:⏎- x⏎
    2:3: error: users: found "x"; expected a mapping with one person's keys
a list and a person
    users: []⏎email: x⏎
    2:1: error: unknown key "email"; expected users
"""


@pytest.mark.parametrize(("text", "expected"), told(LISTS))
def test_a_list_holds_nothing_but_users(text: str, expected: list[str]) -> None:
    assert complaints({"users/u.yaml": text}) == [f"users/u.yaml:{message}" for message in expected]


def test_two_entries_for_one_user_are_both_named_even_when_one_is_broken() -> None:
    b = "users:\n- {email: Jane@Example.com, id: 3}\n- {email: x@y.z, id: 5}\n"
    assert complaints({"users/a.yaml": JANE, "users/b.yaml": b, "users/c.yaml": "id: 5\nemail: q@y.z\n"}) == [
        'users/b.yaml:2:3: error: a second entry for "Jane@Example.com"; the first is users/a.yaml:1:1: keep one',
        "users/c.yaml:1:1: error: a second entry with id 5; the first is users/b.yaml:3:3: keep one",
    ]
    found = complaints({"users/a.yaml": JANE, "users/b.yaml": JANE + "gender: x\n"})
    assert [line.partition(";")[0] for line in found] == [
        'users/b.yaml:1:1: error: a second entry for "jane@example.com"',
        'users/b.yaml:4:9: error: gender: found "x"',
    ]


PRESETS: Final = """
a circle of three
    a: extends: [b]⏎; b: extends: [c]⏎; c: extends: [a]⏎
    c.yaml:1:11: error: presets extend each other: a > b > c > a; expected no circle
a preset that extends itself
    a: extends: [a]⏎
    a.yaml:1:11: error: presets extend each other: a > a; expected no circle
one that is reached in two ways is no circle
    a: extends: [b, c]⏎; b: extends: [d]⏎; c: extends: [d]⏎; d: label: D⏎
an unknown one
    a: extends: [bb]⏎; bbb: label: B⏎
    a.yaml:1:11: error: unknown preset "bb"; expected one of a, bbb; did you mean bbb?
none and false take nothing away
    a: modules: {pricing: none}⏎platform: {backoffice: false}⏎
    a.yaml:1:20: warning: modules.pricing: none takes nothing away in a preset; leave it out
    a.yaml:2:24: warning: platform.backoffice: false takes nothing away in a preset; leave it out
a preset's grants have no end, and no unknown roles
    a: modules: {pricing: {access: owner}}⏎platform: {backofice: true}⏎
    a.yaml:1:20: error: modules.pricing: found a mapping; expected owner, editor, viewer or none
    a.yaml:2:12: error: unknown role under platform "backofice"; expected one of sales_hub, backoffice;
        did you mean backoffice?
a list
    a: []⏎
    a.yaml:1:1: error: found a list; expected a mapping with a preset's keys
"""


class TestPresets:
    def test_a_preset_is_read_with_its_grants_in_the_order_of_roles(self) -> None:
        given = "modules: {order_data: owner, pricing: viewer}\nplatform: {sales_hub: true}\n"
        text = "label: Sales\nextends: [base]\n" + given
        read = tree({"presets/sales.yaml": text, "presets/base.yml": "description: 'yes'\n"})
        at = Source(Text("presets/sales.yaml"), 1)
        held = {"sales_hub": Access.OWNER, "pricing": Access.VIEWER, "order_data": Access.OWNER}
        grants = tuple(PresetGrant(Role(role), access, at) for role, access in held.items())
        assert dict(read.presets) == {
            "base": Preset("base", at, description=Text("yes")),
            "sales": Preset("sales", at, label=Text("Sales"), extends=("base",), grants=grants),
        }
        assert list(read.presets) == ["base", "sales"]
        assert str(read.presets["sales"].grants[1].source) == "presets/sales.yaml:3:30"

    @pytest.mark.parametrize(("files", "expected"), told(PRESETS))
    def test_presets_must_make_sense_together(self, files: str, expected: list[str]) -> None:
        texts = dict(file.split(": ", 1) for file in files.split("; "))
        found = complaints({f"presets/{name}.yaml": text for name, text in texts.items()})
        assert found == [f"presets/{message}" for message in expected]

    def test_one_name_has_one_file_and_is_safe_to_print(self) -> None:
        assert complaints({"presets/a.yaml": "label: A\n", "presets/x/a.yml": "label: B\n"}) == [
            'presets/x/a.yml:1:1: error: preset "a" has a second file; the first is presets/a.yaml: keep one'
        ]
        assert complaints({"presets/a b.yaml": "label: A\n", "presets/-a.yaml": "label: A\n"}) == [
            'presets/-a.yaml:1:1: error: preset name "-a"; expected A-Z, a-z, 0-9 and ._- after a letter or digit',
            'presets/a b.yaml:1:1: error: preset name "a b"; expected A-Z, a-z, 0-9 and ._- after a letter or digit',
        ]

    def test_naming_a_broken_preset_is_no_fault_of_the_user_and_without_any_the_file_is_asked_for(self) -> None:
        user = {"users/u.yaml": JANE + "preset: a\n"}
        (broken,) = complaints(user | {"presets/a.yaml": "lable: A\n"})
        assert broken.startswith('presets/a.yaml:1:1: error: unknown key "lable"; ')
        told = 'users/u.yaml:4:9: error: unknown preset "a"; expected a file of that name in presets/'
        assert complaints(user) == [told]

    def test_a_long_chain_of_presets_does_not_exhaust_the_stack(self) -> None:
        files = {f"presets/p{n}.yaml": f"extends: [p{n + 1}]\n" for n in range(3000)}
        assert complaints({**files, "presets/p3000.yaml": "extends: [p0]\n"})[0].startswith("presets/p3000.yaml:1:11")


class TestTree:
    def test_no_users_is_a_warning_that_says_where_to_begin(self) -> None:
        read = tree({"presets/a.yaml": "label: A\n", "bo-sync.yml": "", "README.md": "x"})
        assert list(map(str, read.problems)) == [
            ("users:1:1: warning: no user files; expected one file a person in users/: `bo-sync pull` writes them")
        ]
        assert read.user_files == 0
        assert read.errors == ()
        assert read.settings == Settings()

    def test_files_that_belong_to_nobody_are_not_read(self) -> None:
        names = ["users/_draft.yaml", "users/.x.yaml", "users/_old/a.yaml", "users/a.json", "other/a.yaml", "a.yaml"]
        assert tree(dict.fromkeys(names, ":::")).user_files == 0

    def test_the_order_of_files_never_matters(self) -> None:
        files = {f"users/{n}.yaml": f"email: p{n}@b.c\nid: {n + 1}\ngender: {n}\n" for n in range(20)}
        files |= {f"users/s{n}.yaml": f"email: s{n}@b.c\nid: {n + 100}\n" for n in range(20)}
        pairs = [(path, text.encode()) for path, text in files.items()]
        first = tree_of(pairs)
        for seed in range(5):
            random.Random(seed).shuffle(pairs)
            assert tree_of(pairs) == first

    def test_the_digest_is_over_every_path_and_byte(self) -> None:
        plain = tree_digest([("users/a.yaml", b"x"), ("users/b.yaml", b"y")])
        assert plain.startswith("sha256:")
        assert plain == tree_digest([("users/b.yaml", b"y"), ("users/a.yaml", b"x")])
        others = [
            [("users/a.yaml", b"xy"), ("users/b.yaml", b"")],
            [("users/a.yaml", b"x"), ("users/c.yaml", b"y")],
            [("users/a.yaml", b"x")],
        ]
        assert len({plain, *map(tree_digest, others)}) == 4

    def test_the_collector_runs_again_after_a_load(self) -> None:
        assert gc.isenabled()
        tree({"users/u.yaml": JANE})
        assert gc.isenabled()
        gc.disable()
        try:
            tree({"users/u.yaml": JANE})
            assert not gc.isenabled()
        finally:
            gc.enable()


NAMES = st.sampled_from(["users/a.yaml", "users/b/c.yml", "presets/a.yaml", "presets/b.yaml", "bo-sync.yaml"])
WORDS = st.sampled_from(
    [
        "email",
        "users",
        "preset",
        "presets",
        "modules",
        "platform",
        "pricing",
        "backoffice",
        "access",
        "until",
        "ignore",
        "state",
        "absent",
        "null",
        "true",
        "2099-01-01",
        "owner",
        "a",
        "id",
        "7",
        "extends",
        "guardrails",
        "defaults",
        "protect",
        "count",
        "max_user_deletes",
        "role_definitions",
        "email_domains",
        "timezone",
        "rule",
        "reason",
        "language",
        "''",
    ]
)
FLOW = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]")
        | st.lists(st.tuples(WORDS, inner), max_size=6).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, FLOW.map(str.encode) | st.binary(max_size=60), max_size=5))
def test_whatever_files_hold_loading_ends_with_an_answer(files: dict[str, bytes]) -> None:
    read = tree_of(files.items())
    assert list(read.problems) == sorted(read.problems)
    assert {problem.source.path.raw for problem in read.problems} <= {*files, "users"}
