"""What bad input gets: every problem with its place, exit 3, and a hub in which nothing changed."""

from pathlib import Path

import pytest

from tests.end_to_end.world import file, files
from tests.support.process import Served, bo_sync, write

MEND = "next: mend these lines; nothing was sent or changed"
NOBODY = "users:1:1: warning: no user files; expected one file a person in users/: `bo-sync pull` writes them"
ADA = file("ada@example.com")
BAD: dict[str, tuple[dict[str, str], list[str]]] = {
    "half-written YAML": (
        {"users/ada.yaml": "email: ada@example.com\nfirst_name: 'Ada\n"},
        ["users/ada.yaml:3:1: error: not YAML: found unexpected end of stream; a quote is opened and never closed"],
    ),
    "a key without a value": (
        {"users/ada.yaml": file("ada@example.com", "preset:")},
        [
            (
                'users/ada.yaml:4:1: error: key "preset" has no value; expected a value: '
                'write null to clear, "" for empty text'
            )
        ],
    ),
    "an unknown preset": (
        {"users/ada.yaml": file("ada@example.com", "preset: sales-rep"), "presets/sales-representative.yaml": "{}"},
        [
            (
                'users/ada.yaml:4:9: error: unknown preset "sales-rep"; expected sales-representative; '
                "did you mean sales-representative?"
            )
        ],
    ),
    "the same person in two files": (
        {"users/a.yaml": ADA, "users/b.yaml": file("Ada@Example.com")},
        ['users/b.yaml:1:1: error: a second entry for "Ada@Example.com"; the first is users/a.yaml:1:1: keep one'],
    ),
    "a problem in each of three files": (
        {
            "bo-sync.yaml": "timezone: Mars\n",
            "presets/p.yaml": "modules: {pricing: boss}\n",
            "users/ada.yaml": "email: ada\n",
        },
        [],
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_wrong_file_is_named_with_its_line_and_nothing_is_sent(quiet_hub: Served, tmp_path: Path, kind: str) -> None:
    texts, expected = BAD[kind]
    done = bo_sync(write(tmp_path, texts), "apply", "--yes", "--verbose", env=quiet_hub.env())
    assert (done.code, done.out) == (3, ""), done
    told = done.err.splitlines()
    problems = [line for line in told if ": error: " in line]
    if expected:
        assert problems == expected
    count = f"{len(problems)} error{'' if len(problems) == 1 else 's'}"
    assert list(done.complaint) == [f"error: {count} in the files", MEND]


def test_all_that_is_wrong_in_all_files_is_told_in_one_run(quiet_hub: Served, tmp_path: Path) -> None:
    texts, _ = BAD["a problem in each of three files"]
    done = bo_sync(write(tmp_path, texts), "plan", env=quiet_hub.env())
    assert done.code == 3
    assert {line.partition(":")[0] for line in done.err.splitlines()[:-2]} == {
        "bo-sync.yaml",
        "presets/p.yaml",
        "users/ada.yaml",
    }


def test_validate_finds_the_same_offline_and_as_json(tmp_path: Path) -> None:
    texts, expected = BAD["the same person in two files"]
    root = write(tmp_path, texts)
    done = bo_sync(root, "validate")
    assert (done.code, done.out, done.err) == (3, f"{expected[0]}\n1 error.\n", "")


@pytest.mark.parametrize("folders", [(), ("users", "presets")], ids=["no file at all", "empty folders"])
def test_no_file_at_all_is_refused_by_a_guardrail(quiet_hub: Served, tmp_path: Path, folders: tuple[str, ...]) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir()
    done = bo_sync(tmp_path, "apply", "--yes", env=quiet_hub.env())
    assert done.code == 4
    assert done.err.splitlines() == [NOBODY, "Nothing was sent: refused by empty."]
    assert "REFUSED  empty              0 people in the files, at least 1" in done.out
    assert "way past: add at least one file to users/; to remove people, give their files `state: absent`" in done.out


def test_a_role_definition_that_the_hub_lacks_matters_only_where_granted(quiet_hub: Served, tmp_path: Path) -> None:
    texts = files(
        file("bob@example.com", "modules: {pricing: owner, order_data: viewer}"),
        settings="role_definitions: {fleet: lorries}\n",
    )
    fine = bo_sync(write(tmp_path, texts), "apply", "--yes", env=quiet_hub.env())
    assert (fine.code, fine.err) == (0, "")
    assert "the hub has no role definition named lorries, so fleet cannot be granted" in fine.out
    wrong = {**texts, "users/0.yaml": file("bob@example.com", "modules: {fleet: editor}")}
    done = bo_sync(write(tmp_path, wrong), "apply", "--yes", env=quiet_hub.env())
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        (
            "users/0.yaml:4:11: error: bob@example.com is granted fleet, "
            "but the hub has no role definition named lorries"
        ),
        "error: the hub lacks the role definition of 1 grant in the files",
        (
            "next: the hub has: apikey, backoffice, configuration, logistics, order, pricing, product, role, sales, "
            "shop, ticket, user; put the right name under `role_definitions` in bo-sync.yaml"
        ),
    ]
