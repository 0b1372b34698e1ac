"""bo-sync.yaml decides which hub may be asked, so it is read by the walk's own rules, and first."""

import os
from pathlib import Path

import pytest

from tests.support.process import bo_sync, write

USER = {"users/a.yaml": "email: a@example.com\nfirst_name: A\nlast_name: B\n"}
NOWHERE = {"BO_SYNC_HUB_URL": "https://hub.invalid/v2/graphql", "BO_SYNC_API_KEY": "k"}


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, USER)
    os.mkfifo(tmp_path / "bo-sync.yaml")
    ran = bo_sync(tmp_path, "plan", env=NOWHERE)
    assert ran.code == 3
    assert "bo-sync.yaml:1:1: error: not a regular file" in ran.err


@pytest.mark.parametrize("target", ["/dev/zero", "../outside.yaml"])
def test_a_link_out_of_the_tree_is_refused_and_not_read(tmp_path: Path, target: str) -> None:
    root = write(tmp_path / "root", USER)
    (tmp_path / "outside.yaml").write_text("hub_host: evil.example\n")
    (root / "bo-sync.yaml").symlink_to(target)
    ran = bo_sync(root, "plan", env=NOWHERE)
    assert ran.code == 3
    assert "bo-sync.yaml:1:1: error: a symbolic link; expected a file" in ran.err


def test_where_the_only_file_has_an_error_nobody_says_that_there_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"users/a.yaml": "email: a@example.com\nfirst_name: [\n"})
    ran = bo_sync(tmp_path, "validate")
    assert (ran.code, ran.err) == (3, "")
    assert '<testcase classname="bo-sync.guardrails"' not in bo_sync(tmp_path, "validate", "--format", "junit").out
