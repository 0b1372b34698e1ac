"""docs/policies.md: its examples are sound policies, and its table is that of the files."""

import re
from pathlib import Path

import pytest

from bo_sync.config.documents import CLAUSE_KEYS, EXCEPTION_KEYS, MATCH_KEYS, POLICY_KEYS
from bo_sync.config.formatting import format_text
from bo_sync.config.load import load_tree, tree_of
from bo_sync.core.text import Text
from bo_sync.render.guardrails import TOLERATED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(re.findall(r"```yaml\n# (policies/\S+)\n(.*?)```", PAGE, re.DOTALL))
SETTINGS = ("bo-sync.yaml", b"role_definitions: {ticket: ticket}\n")


def test_every_yaml_example_names_its_file() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") == 2


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_a_sound_policy_in_canonical_form(path: str) -> None:
    text = EXAMPLES[path]
    tree = tree_of([SETTINGS, (path, text.encode())])
    assert [str(problem) for problem in tree.problems if problem.source.path.raw != "users"] == []
    assert [policy.id for policy in tree.policies] == [Path(path).stem]
    assert format_text(text, "policy", Text(path)) == text


def test_the_first_example_has_every_key_but_those_that_exclude_each_other() -> None:
    shown = set(re.findall(r"^[\s-]*(\w+):|\{(\w+):", next(iter(EXAMPLES.values())), re.MULTILINE))
    words = {word for pair in shown for word in pair}
    assert {*POLICY_KEYS, *MATCH_KEYS, *CLAUSE_KEYS, *EXCEPTION_KEYS} - words == {"any_of", "at_least"}


def test_the_table_is_that_of_the_files() -> None:
    rows = re.findall(r"^\| \[([a-z-]+)\]\(\.\./(\S+)\) \| (\w+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (
            policy.id,
            policy.source.path.raw,
            policy.severity.value,
            f"at least {policy.at_least}"
            if policy.at_least
            else f"at most {policy.at_most}"
            if policy.at_most
            else "nobody",
            str(policy.title),
        )
        for policy in load_tree(ROOT).policies
    ]


def test_every_policy_is_explained_below_the_table() -> None:
    told = set(re.findall(r"\*\*([a-z-]+)\*\*", PAGE))
    assert {policy.id for policy in load_tree(ROOT).policies} <= told


def test_what_is_let_through_is_quoted_as_it_is_printed() -> None:
    assert TOLERATED in PAGE
