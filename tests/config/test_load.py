"""A whole tree: what its files are to one another, and that order never matters."""

import gc
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.load import tree_digest, tree_of
from bo_sync.core.model import Access, Preset, PresetGrant, Role, Source
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.config.trees import JANE, complaints, tree

DOMAINS = "email_domains: [Example.com]\n"


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        pytest.param("jane@example.com", [], id="an allowed domain"),
        pytest.param("jane@EXAMPLE.com", [], id="an allowed domain in other letters"),
        pytest.param("o'neil+x=y/z@example.com", [], id="whatever an atom may hold"),
        pytest.param(
            "jane@exampel.com",
            [
                (
                    '1:8: {}: email: the domain "exampel.com" is not among email_domains; expected example.com; '
                    "did you mean example.com?"
                )
            ],
            id="a foreign domain",
        ),
        pytest.param(
            "jane.doe", ['1:8: {}: email: found "jane.doe"; expected an address in plain ASCII with one @'], id="no @"
        ),
        pytest.param(
            "a@b@c", ['1:8: {}: email: found "a@b@c"; expected an address in plain ASCII with one @'], id="two @"
        ),
        pytest.param(
            "a..b@c", ['1:8: {}: email: found "a..b@c"; expected an address in plain ASCII with one @'], id="two dots"
        ),
        pytest.param(
            "jané@c.d",
            ['1:8: {}: email: found "jané@c.d"; expected an address in plain ASCII with one @'],
            id="a letter beyond ASCII",
        ),
        pytest.param(
            "a b@c.d", ['1:8: {}: email: found "a b@c.d"; expected an address in plain ASCII with one @'], id="a space"
        ),
        pytest.param(
            '"a@c.d\\n"',
            ['1:8: {}: email: found "a@c.d\\n"; expected an address in plain ASCII with one @'],
            id="a line break at its end",
        ),
    ],
)
def test_an_odd_or_foreign_address_is_an_error_and_for_who_is_held_already_a_warning(
    email: str, expected: list[str]
) -> None:
    for more, severity in (
        ("first_name: J\nlast_name: D\n", "error"),
        ("id: 4\n", "warning"),
        ("state: absent\n", "warning"),
    ):
        files = {"bo-sync.yaml": DOMAINS, "users/u.yaml": f"email: {email}\n{more}"}
        assert complaints(files) == ["users/u.yaml:" + line.format(severity) for line in expected]


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("users: x\n", '1:8: error: users: found "x"; expected a list', id="no list"),
        pytest.param(
            "users:\n- x\n",
            '2:3: error: users: found "x"; expected a mapping with one person\'s keys',
            id="an item that is no person",
        ),
        pytest.param(
            "users: []\nemail: x\n", '2:1: error: unknown key "email"; expected users', id="a list and a person"
        ),
    ],
)
def test_a_list_holds_nothing_but_users(text: str, expected: str) -> None:
    assert complaints({"users/u.yaml": text}) == ["users/u.yaml:" + expected]


def test_two_entries_for_one_user_are_both_named() -> None:
    assert complaints(
        {
            "users/a.yaml": JANE,
            "users/b.yaml": "users:\n- {email: Jane@Example.com, id: 3}\n- {email: x@y.z, id: 5}\n",
            "users/c.yaml": "id: 5\nemail: q@y.z\n",
        }
    ) == [
        'users/b.yaml:2:3: error: a second entry for "Jane@Example.com"; the first is users/a.yaml:1:1: keep one',
        "users/c.yaml:1:1: error: a second entry with id 5; the first is users/b.yaml:3:3: keep one",
    ]


def test_a_second_entry_is_found_even_when_it_is_broken() -> None:
    found = complaints({"users/a.yaml": JANE, "users/b.yaml": JANE + "gender: x\n"})
    assert [line.partition(";")[0] for line in found] == [
        'users/b.yaml:1:1: error: a second entry for "jane@example.com"',
        'users/b.yaml:4:9: error: gender: found "x"',
    ]


class TestPresets:
    def test_a_preset_is_read_with_its_grants_in_the_order_of_roles(self) -> None:
        grants = "modules: {order_data: owner, pricing: viewer}\nplatform: {sales_hub: true}\n"
        text = "label: Sales\nextends: [base]\n" + grants
        read = tree({"presets/sales.yaml": text, "presets/base.yml": "description: 'yes'\n"})
        at = Source(Text("presets/sales.yaml"), 1)
        assert dict(read.presets) == {
            "base": Preset("base", at, description=Text("yes")),
            "sales": Preset(
                "sales",
                at,
                label=Text("Sales"),
                extends=("base",),
                grants=(
                    PresetGrant(Role("sales_hub"), Access.OWNER, at),
                    PresetGrant(Role("pricing"), Access.VIEWER, at),
                    PresetGrant(Role("order_data"), Access.OWNER, at),
                ),
            ),
        }
        assert list(read.presets) == ["base", "sales"]
        assert str(read.presets["sales"].grants[1].source) == "presets/sales.yaml:3:30"

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            pytest.param(
                {"a": "extends: [b]\n", "b": "extends: [c]\n", "c": "extends: [a]\n"},
                ["presets/c.yaml:1:11: error: presets extend each other: a > b > c > a; expected no circle"],
                id="a circle of three",
            ),
            pytest.param(
                {"a": "extends: [a]\n"},
                ["presets/a.yaml:1:11: error: presets extend each other: a > a; expected no circle"],
                id="a preset that extends itself",
            ),
            pytest.param(
                {"a": "extends: [b, c]\n", "b": "extends: [d]\n", "c": "extends: [d]\n", "d": "label: D\n"},
                [],
                id="one that is reached in two ways is no circle",
            ),
            pytest.param(
                {"a": "extends: [bb]\n", "bbb": "label: B\n"},
                ['presets/a.yaml:1:11: error: unknown preset "bb"; expected one of a, bbb; did you mean bbb?'],
                id="an unknown one",
            ),
            pytest.param(
                {"a": "modules: {pricing: none}\nplatform: {backoffice: false}\n"},
                [
                    "presets/a.yaml:1:20: warning: modules.pricing: none takes nothing away in a preset; leave it out",
                    (
                        "presets/a.yaml:2:24: warning: platform.backoffice: false takes nothing away in a preset; "
                        "leave it out"
                    ),
                ],
                id="none and false take nothing away",
            ),
            pytest.param(
                {"a": "modules: {pricing: {access: owner}}\nplatform: {backofice: true}\n"},
                [
                    (
                        "presets/a.yaml:1:20: error: modules.pricing: found a mapping; expected owner, editor, "
                        "viewer or none"
                    ),
                    (
                        'presets/a.yaml:2:12: error: unknown role under platform "backofice"; '
                        "expected one of sales_hub, backoffice; did you mean backoffice?"
                    ),
                ],
                id="a preset's grants have no end, and no unknown roles",
            ),
            pytest.param(
                {"a": "[]\n"},
                ["presets/a.yaml:1:1: error: found a list; expected a mapping with a preset's keys"],
                id="a list",
            ),
        ],
    )
    def test_presets_must_make_sense_together(self, files: dict[str, str], expected: list[str]) -> None:
        assert complaints({f"presets/{name}.yaml": text for name, text in files.items()}) == expected

    def test_one_name_has_one_file(self) -> None:
        assert complaints({"presets/a.yaml": "label: A\n", "presets/x/a.yml": "label: B\n"}) == [
            'presets/x/a.yml:1:1: error: preset "a" has a second file; the first is presets/a.yaml: keep one'
        ]

    def test_a_name_is_safe_to_print(self) -> None:
        assert complaints({"presets/a b.yaml": "label: A\n", "presets/-a.yaml": "label: A\n"}) == [
            'presets/-a.yaml:1:1: error: preset name "-a"; expected A-Z, a-z, 0-9 and ._- after a letter or digit',
            'presets/a b.yaml:1:1: error: preset name "a b"; expected A-Z, a-z, 0-9 and ._- after a letter or digit',
        ]

    def test_naming_a_broken_preset_is_no_fault_of_the_user(self) -> None:
        files = {"users/u.yaml": JANE + "preset: a\n", "presets/a.yaml": "lable: A\n"}
        assert [line.partition(";")[0] for line in complaints(files)] == [
            'presets/a.yaml:1:1: error: unknown key "lable"'
        ]

    def test_without_any_preset_the_file_is_asked_for(self) -> None:
        assert complaints({"users/u.yaml": JANE + "preset: a\n"}) == [
            'users/u.yaml:4:9: error: unknown preset "a"; expected a file of that name in presets/'
        ]

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
        assert read.warnings == read.problems
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
