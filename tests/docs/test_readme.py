"""The README says what is so: its transcript, commands, exit codes and examples are held against the product."""

import re
from pathlib import Path

import pytest

from bo_sync.cli.app import COMMANDS
from bo_sync.config.load import tree_of
from bo_sync.core.model import PROFILE_FIELDS, Problem, State
from bo_sync.exit_codes import PRECEDENCE, ExitCode
from tests.support.golden import are_written
from tests.support.process import bo_sync

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
TRANSCRIPT = re.compile(r"(<!-- demo -->\n```console\n)(.*?)(```\n<!-- /demo -->)", re.DOTALL)


def readme() -> str:
    return README.read_text(encoding="utf-8")


def without_commit(text: str) -> str:
    """The demo names the commit at which it runs, which no document can."""
    return re.sub(r"\((?:commit \w+(?:, with uncommitted changes)?|no commit)\)", "(commit 0123456789)", text)


def test_the_transcript_is_what_the_demo_prints() -> None:
    ran = bo_sync(ROOT, "demo")
    assert ran.code == ExitCode.OK, ran.err
    printed = "$ make demo\n" + without_commit(ran.out)
    if are_written():
        README.write_text(TRANSCRIPT.sub(lambda found: found[1] + printed + found[3], readme()), encoding="utf-8")
    found = TRANSCRIPT.search(readme())
    assert found is not None
    assert found[2] == printed, "make goldens writes the transcript anew"


def test_every_command_stands_in_the_table() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", readme(), re.MULTILINE)
    assert listed == list(COMMANDS)


def test_every_exit_code_stands_in_the_table_and_in_the_order_of_precedence() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", readme(), re.MULTILINE)] == sorted(ExitCode)
    told = re.search(r"the first of ([\d, ]+) is the one", readme())
    assert told is not None
    assert [int(code) for code in told[1].split(",")] == [*PRECEDENCE][:-1]


def yaml_examples() -> list[tuple[str, bytes]]:
    blocks = re.findall(r"```yaml\n# (\S+?)[:,\n](.*?)```", readme(), re.DOTALL)
    return [(path, ("#" + text).encode()) for path, text in blocks]


def test_the_examples_are_one_sound_configuration() -> None:
    examples = yaml_examples()
    assert [path for path, _ in examples] == [
        "users/sales/jane.doe.yaml",
        "presets/sales-representative.yaml",
        "bo-sync.yaml",
    ]
    tree = tree_of(examples)
    assert not tree.problems
    assert [str(entry.email) for entry in tree.declarations] == ["jane.doe@example.com"]


@pytest.fixture(scope="module")
def samples() -> "Samples":
    return Samples()


class Samples:
    """The repository's own users and presets."""

    def __init__(self) -> None:
        from bo_sync.config.load import load_tree

        self.tree = load_tree(ROOT)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.tree.problems


def test_the_samples_are_sound(samples: Samples) -> None:
    assert not samples.problems
    assert len(samples.tree.declarations) >= 8


def test_the_samples_use_every_field_and_feature(samples: Samples) -> None:
    users = samples.tree.declarations
    assert {entry.field for user in users for entry in user.profile} == set(PROFILE_FIELDS)
    assert {"id", "until", "ignore", "presets", "overrides"} <= {
        name for user in users for name in ("id", "until", "ignore", "presets", "overrides") if getattr(user, name)
    }
    assert any(user.state is State.ABSENT for user in users)
    assert any(entry.value is None for user in users for entry in user.profile)
    assert any(own.until and own.reason for user in users for own in user.overrides)
    assert any(len(user.presets) > 1 for user in users)
    assert any(preset.extends for preset in samples.tree.presets.values())
    assert any(b"\nusers:" in path.read_bytes() for path in (ROOT / "users").rglob("*.yaml"))


def test_full_admin_gives_every_role_and_sales_representative_what_is_documented(samples: Samples) -> None:
    from bo_sync.core.model import ROLES, Access

    given = {
        name: {str(grant.role): grant.access for grant in preset.grants}
        for name, preset in samples.tree.presets.items()
    }
    assert given["full-admin"] == dict.fromkeys(map(str, ROLES), Access.OWNER)
    assert given["sales-representative"] == dict.fromkeys(
        ("sales_hub", "user_management", "product_data", "order_data"), Access.OWNER
    )
