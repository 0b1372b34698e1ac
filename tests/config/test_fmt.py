"""Formatting: keys in order, comments with their keys, and never another meaning."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.files import Kind
from bo_sync.config.formatting import all_comments, dump_user, format_text, reading
from bo_sync.config.yaml_layout import lay_out
from bo_sync.core.model import Declaration
from bo_sync.core.text import Text
from bo_sync.errors import FilesError
from tests.config.declarations import declarations

F = Text("users/f.yaml")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        pytest.param(
            "user",
            "# Jane's file\nlast_name: Doe   # of the Does\n# how she logs in\nemail: j@b.c\n\n# what she may do\n"
            "modules:   # hers\n  # orders\n  order_data: owner\n  pricing:\n    reason: why\n    # soon\n"
            "    until: 2099-01-01\n    access: viewer\n  # the end of modules\npreset: x\n# the end\n",
            "# Jane's file\n# how she logs in\nemail: j@b.c\nlast_name: Doe   # of the Does\npreset: x\n\n"
            "# what she may do\nmodules:   # hers\n  pricing:\n    access: viewer\n    # soon\n    until: 2099-01-01\n"
            "    reason: why\n  # orders\n  order_data: owner\n  # the end of modules\n# the end\n",
            id="a comment goes where its key goes",
        ),
        pytest.param(
            "user",
            "users:\n  # first\n  - last_name: A\n    # hers\n    email: a@b.c\n  -  # second\n    id: 1\n"
            "    email: b@b.c\n  - {last_name: X, email: c@b.c}\n",
            "users:\n  # first\n  - # hers\n    email: a@b.c\n    last_name: A\n  -  # second\n    email: b@b.c\n"
            "    id: 1\n  - {email: c@b.c, last_name: X}\n",
            id="people in a list",
        ),
        pytest.param(
            "user",
            "platform: {backoffice: {until: 2099-01-01, access: true}, sales_hub: false}\nemail: a@b.c\n"
            "ignore: [{until: 2099-01-01, reason: r, rule: BOS001}]\n",
            "email: a@b.c\nplatform: {sales_hub: false, backoffice: {access: true, until: 2099-01-01}}\n"
            "ignore: [{rule: BOS001, reason: r, until: 2099-01-01}]\n",
            id="keys between braces",
        ),
        pytest.param(
            "user",
            'phone: |\n  +31\n  # no comment\njob: "a\n  # none either"\nemail: a@b.c\n',
            'email: a@b.c\nphone: |\n  +31\n  # no comment\njob: "a\n  # none either"\n',
            id="what looks like a comment inside text",
        ),
        pytest.param(
            "user",
            "zebra: 1\nemail: a\nape: 2\n",
            "email: a\nzebra: 1\nape: 2\n",
            id="unknown keys follow as they came",
        ),
        pytest.param("user", "id: 1\nemail: a", "email: a\nid: 1\n", id="a last line without an end gets one"),
        pytest.param(
            "user", "\ufeffid: 1\r\nemail: a\r\n", "email: a\r\nid: 1\r\n", id="lines keep ending as on Windows"
        ),
        pytest.param(
            "user", "---\nid: 1\nemail: a\n...\n", "---\nemail: a\nid: 1\n...\n", id="the marks of a document stay"
        ),
        pytest.param(
            "preset",
            "modules: {order_data: owner, pricing: owner}\nlabel: X\n",
            "label: X\nmodules: {pricing: owner, order_data: owner}\n",
            id="a preset",
        ),
        pytest.param(
            "config",
            "guardrails:\n  min_role_owners: 2\n  max_user_deletes: {cap: 2, percent: 1, floor: 0}\nprotect: [a]\n"
            "unmanaged: report\n",
            "unmanaged: report\nprotect: [a]\nguardrails:\n  max_user_deletes: {percent: 1, floor: 0, cap: 2}\n"
            "  min_role_owners: 2\n",
            id="the settings",
        ),
    ],
)
def test_keys_are_put_in_order_and_comments_kept(kind: Kind, text: str, expected: str) -> None:
    assert format_text(text, kind, F) == expected
    assert format_text(expected, kind, F) == expected


def test_what_is_not_sound_yaml_is_refused_with_its_problems() -> None:
    with pytest.raises(FilesError) as refusal:
        format_text("a: 1\na: 2\nb: !t x\n", "user", F)
    assert refusal.value.lines == (
        'users/f.yaml:2:1: error: key "a" is given twice; the first is at 1:1: keep one',
        'users/f.yaml:3:4: error: tag "!t"; expected none: text stays text, remove it',
    )
    assert refusal.value.hint == "Run `bo-sync validate` and mend the file first."


def test_a_layout_that_cannot_be_ordered_is_refused_and_not_mangled() -> None:
    with pytest.raises(FilesError) as refusal:
        format_text("? id\n: 1\n? email\n: a\n", "user", F)
    assert str(refusal.value) == (
        "users/f.yaml: cannot put the keys in order without changing what they or the comments say"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("id: 1\r\nemail: a\n", "2:9: error: this line ends with LF, the first one with CR LF", id="LF"),
        pytest.param(
            "id: 1\nemail: a\r\nx: y", "2:9: error: this line ends with CR LF, the first one with LF", id="CR LF"
        ),
    ],
)
def test_a_text_whose_lines_end_in_two_ways_is_refused(text: str, expected: str) -> None:
    with pytest.raises(FilesError) as refusal:
        format_text(text, "user", F)
    assert str(refusal.value) == f"users/f.yaml:{expected}; expected one kind: save the file with it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "modules: {\n  pricing: owner,    # agreed\n  api_keys: none     # by the lead alone\n}\nemail: a\n",
            "email: a\nmodules: {\n  pricing: owner,    # agreed\n  api_keys: none     # by the lead alone\n}\n",
            id="in the mapping itself, which moves as a whole",
        ),
        pytest.param(
            "{id: 1, # one\n email: a, modules: {pricing: owner, api_keys: none}}\n",
            "{id: 1, # one\n email: a, modules: {api_keys: none, pricing: owner}}\n",
            id="around a mapping that is put in order",
        ),
        pytest.param(
            'id: 1 # one\nmodules: {pricing: "#", api_keys: none}\n',
            'id: 1 # one\nmodules: {api_keys: none, pricing: "#"}\n',
            id="only outside, for text is no comment",
        ),
    ],
)
def test_pairs_between_braces_stay_where_a_comment_stands_among_them(text: str, expected: str) -> None:
    assert format_text(text, "user", F) == expected
    assert format_text(expected, "user", F) == expected


@given(declarations(), st.randoms(use_true_random=False))
def test_lines_in_any_order_are_put_back_into_the_one_order(declaration: Declaration, chance: random.Random) -> None:
    text = dump_user(declaration)
    parts: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(" "):
            parts[-1] += line
        else:
            parts.append(line)
    commented = [f"# {index} comes before this\n{part}" for index, part in enumerate(parts)]
    expected = "".join(commented[1:])
    shuffled = commented[1:]
    chance.shuffle(shuffled)
    first = parts[0]  # a comment at the top of a file stays there, so the address stands without one
    assert format_text("".join([*shuffled[:1], first, *shuffled[1:]]), "user", F).count("comes before this") == len(
        shuffled
    )
    assert format_text(first + "".join(shuffled), "user", F) == first + expected


LINES = (
    "email: a|id: 1|modules:|  pricing: owner|  api_keys: none|# c|  # d||phone: >|  text|users:|- email: b|  id: 4|"
    "- {id: 1, email: x}|presets:|- p|job: >-|   x|...|---|'until': \"x|  y\"|"
    "platform: {backoffice: true, sales_hub: true} # e|platform: {backoffice: true, # f|  sales_hub: true # g|  }|"
    "job: | # h|phone: >+|      # i"
)
yamlish = st.lists(st.sampled_from(LINES.split("|")), max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@given(yamlish)
def test_meaning_and_comments_survive_and_formatting_again_changes_nothing(text: str) -> None:
    try:
        before = reading(text, F)
        formatted = format_text(text, "user", F)
    except FilesError:
        return
    assert reading(formatted, F) == before
    assert formatted.count("#") == text.count("#")
    assert all_comments(formatted, lay_out(formatted)) == all_comments(text, lay_out(text))
    assert format_text(formatted, "user", F) == formatted
