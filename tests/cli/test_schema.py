"""`bo-sync schema`: one schema on stdout, or all four in a folder, with the words of the repository at hand."""

import json
from pathlib import Path

import pytest

from bo_sync.exit_codes import ExitCode
from tests.support.process import bo_sync, write

FILES = {"presets/sales.yaml": "label: Sales\n", "bo-sync.yaml": "role_definitions: {warehouse: wms}\n"}


def test_one_schema_is_printed_with_the_words_of_the_repository(tmp_path: Path) -> None:
    ran = bo_sync(write(tmp_path, FILES), "schema", "user")
    user = json.loads(ran.out)["definitions"]["Person"]["properties"]
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert user["preset"]["enum"] == ["sales"]
    assert "warehouse" in user["modules"]["properties"]


def test_all_are_written_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    told = [bo_sync(tmp_path, "schema", "--all", "deep/schemas").err]
    first = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "deep" / "schemas").iterdir()}
    told.append(bo_sync(tmp_path, "schema", "--all", "deep/schemas").err)
    assert sorted(first) == ["config.json", "policy.json", "preset.json", "user.json"]
    assert first == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "deep" / "schemas").iterdir()}
    write(tmp_path, {"presets/desk.yaml": "label: Desk\n"})
    told.append(bo_sync(tmp_path, "schema", "--all", "deep/schemas").err)
    names = ("user", "preset", "policy", "config")
    assert told[0].splitlines() == [f"wrote deep/schemas/{name}.json" for name in names]
    assert told[1] == ""
    assert told[2].splitlines() == [f"wrote deep/schemas/{name}.json" for name in names[:2]]


@pytest.mark.parametrize("arguments", [(), ("user", "--all", "schemas")], ids=["neither", "both"])
def test_a_kind_or_a_folder_is_named(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ran = bo_sync(tmp_path, "schema", *arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.complaint[0] == "error: name one of user, preset, policy and config, or a folder with --all"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    ran = bo_sync(write(tmp_path, {"schemas": "a file\n"}), "schema", "--all", "schemas")
    assert ran.code == ExitCode.INVALID
    assert ran.complaint[0].startswith("error: user.json cannot be written")
