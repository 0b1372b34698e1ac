"""`validate --base` word for word: whose address changed, whose entry went, which guards are weakened; all offline."""

import socket
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.histories import HISTORIES, History
from tests.end_to_end.world import TODAY, file
from tests.support.process import bo_sync, offline, write
from tests.support.repository import commit, git, repository

COMMAND: Final = ("validate", "--base", "main", "--today", TODAY)


def committed(folder: Path, history: History) -> tuple[Path, str]:
    """A repository with the base on `main` and the rest on a branch, and the short name of the base's commit."""
    root = repository(folder / "files", history.base)
    git(root, "checkout", "--quiet", "-b", "change")
    commit(root, history.now)
    return root, git(root, "rev-parse", "main")[:10]


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_just_this_is_said(tmp_path: Path, history: History) -> None:
    root, base = committed(tmp_path, history)
    with offline():
        done = bo_sync(root, *COMMAND)
    assert done.out == history.text(base)
    assert (done.code, done.err) == (4 if history.said else 0, "")


def test_the_same_is_said_before_the_change_is_committed(tmp_path: Path) -> None:
    history = HISTORIES["the file is renamed, and its address changed"]
    root = repository(tmp_path / "files", history.base)
    write(root, {path: text for path, text in history.now.items() if text is not None})
    for path in (path for path, text in history.now.items() if text is None):
        (root / path).unlink()
    with offline():
        done = bo_sync(root, *COMMAND)
    assert (done.code, done.out) == (4, history.text(git(root, "rev-parse", "main")[:10]))


def test_the_offline_command_would_notice_a_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v2/graphql"
        asked = {"BO_SYNC_HUB_URL": url, "BO_SYNC_API_KEY": "some-key"}
        root, base = committed(tmp_path, HISTORIES["a file is removed"])
        with offline():
            assert bo_sync(root, *COMMAND, env=asked).out == HISTORIES["a file is removed"].text(base)
            plan = bo_sync(root, "plan", env=asked)
    assert (plan.code, plan.complaint[0]) == (
        1,
        "error: bo-sync itself failed: SocketUsedError; this is a defect, please report it",
    )


def test_a_wrong_year_in_until_blocks_where_it_ends_more_accounts_than_a_plan_may_delete(tmp_path: Path) -> None:
    names = ("Ann", "Bea", "Cas")
    base = {f"users/{name}.yaml": file(f"{name.lower()}@example.com", first=name, last="Doe") for name in names}
    root = repository(tmp_path / "files", base)
    write(root, {path: f"{text}until: 2025-12-31\n" for path, text in base.items() if "Cas" not in path})
    with offline():
        done = bo_sync(root, *COMMAND)
    assert done.code == 4
    assert (
        "  REFUSED  max_user_deletes  2 deletions, limit 1 (20 % of 3 is 0, floor 1)\n"
        "           ! ann@example.com  `until: 2025-12-31` has passed, so would be deleted; at the base the account "
        "has no end  users/Ann.yaml:1\n"
        "           ! bea@example.com  `until: 2025-12-31` has passed, so would be deleted; at the base the account "
        "has no end  users/Bea.yaml:1\n"
        "           way past: correct `until`; to delete these users, write `state: absent` instead, which a plan "
        "counts\n"
    ) in done.out
