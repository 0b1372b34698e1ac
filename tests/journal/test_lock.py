"""One apply at a time; a file that somebody left behind, or put there, is no obstacle."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bo_sync.core.text import Text
from bo_sync.journal.directory import JournalError
from bo_sync.journal.lock import Holder, sole_apply, sole_apply_to
from tests.journal.samples import RUN
from tests.support.process import SECONDS, environment

HOLDER = Holder(4711, Text("2026-06-15T08:09:10.000Z"), RUN)
FREE = Holder(1, Text("now"), RUN)


def test_a_second_one_is_refused_at_once_and_told_who_holds_it(tmp_path: Path) -> None:
    with sole_apply(tmp_path, HOLDER):
        assert (tmp_path / ".bo-sync" / "lock").stat().st_mode & 0o777 == 0o600
        with pytest.raises(JournalError) as refused:
            sole_apply(tmp_path, FREE).__enter__()
    assert refused.value.message == (
        f"another apply is running here: process 4711, since 2026-06-15T08:09:10.000Z, run {RUN}"
    )
    assert refused.value.hint == f"wait until it has ended; once it sends, bo-sync journal {RUN} shows how far it is"
    assert refused.value.exit_code == 1
    with sole_apply(tmp_path, FREE):
        pass


def test_it_is_given_back_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), sole_apply(tmp_path, HOLDER):
        raise KeyError
    with sole_apply(tmp_path, FREE):
        pass


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"{}",
        b"[" * 100_000,
        b'{"pid": "x", "since": 1, "run": null}',
        json.dumps({"pid": 1, "since": "now", "run": "../../etc"}).encode(),
    ],
    ids=["nothing", "no text", "an empty object", "absurdly nested", "of other types", "no name of a run"],
)
def test_a_holder_who_cannot_be_made_out_is_not_made_up(tmp_path: Path, content: bytes) -> None:
    with sole_apply(tmp_path, HOLDER):
        (tmp_path / ".bo-sync" / "lock").write_bytes(content)
        with pytest.raises(JournalError, match="another apply is running here; which one cannot be told yet"):
            sole_apply(tmp_path, FREE).__enter__()


def test_what_a_holder_wrote_of_themselves_cannot_act(tmp_path: Path) -> None:
    with sole_apply(tmp_path, Holder(1, Text("\x1b[2J"), RUN)), pytest.raises(JournalError) as refused:
        sole_apply(tmp_path, FREE).__enter__()
    assert r"since \x1b[2J" in refused.value.message


def test_a_file_without_a_holder_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".bo-sync").mkdir()
    (tmp_path / ".bo-sync" / "lock").write_text("4711, long ago and much longer than what we would write there " * 9)
    with sole_apply(tmp_path, HOLDER):
        assert json.loads((tmp_path / ".bo-sync" / "lock").read_text()) == {
            "pid": 4711,
            "since": "2026-06-15T08:09:10.000Z",
            "run": RUN,
        }


def test_a_link_in_the_locks_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".bo-sync").mkdir()
    (tmp_path / ".bo-sync" / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(JournalError, match=r"^\.bo-sync/lock cannot be locked: "):
        sole_apply(tmp_path, HOLDER).__enter__()
    assert (tmp_path / "precious").read_text() == "precious"


# The lock of a hub, for all clones of one account on one machine.

HUB = "https://hub.example.com/v2/graphql"


def test_a_second_apply_to_the_same_hub_is_stopped_whichever_clone_it_runs_in(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    with sole_apply_to(HUB, HOLDER, state) as warning:
        assert warning == ""
        (lock,) = (tmp_path / "bo-sync").iterdir()
        assert (lock.stat().st_mode & 0o777, lock.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert "hub.example.com" not in lock.name
        with pytest.raises(JournalError, match="another apply is running against this hub: process 4711, since 2026"):
            sole_apply_to(HUB, FREE, state).__enter__()
        with sole_apply_to("https://other.example.com/graphql", FREE, state) as other:
            assert other == ""
    with sole_apply_to(HUB, FREE, state) as again:
        assert again == ""


def test_without_a_folder_for_state_it_is_in_the_account_s_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for environment_of in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative/state"}):
        with sole_apply_to(HUB, HOLDER, environment_of) as warning:
            assert warning == ""
            assert len(list((tmp_path / ".local/state/bo-sync").iterdir())) == 1


@pytest.mark.parametrize("blocked", ["", "bo-sync", "bo-sync/LOCK"], ids=["the state folder", "ours", "the lock"])
def test_where_it_cannot_be_had_there_is_one_warning_and_the_apply_goes_on(tmp_path: Path, blocked: str) -> None:
    state = tmp_path / "state"
    name = ""
    with sole_apply_to(HUB, HOLDER, {"XDG_STATE_HOME": str(tmp_path / "trial")}):
        name = next((tmp_path / "trial/bo-sync").iterdir()).name
    place = state / blocked.replace("LOCK", name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if blocked.endswith("LOCK"):
        place.symlink_to(tmp_path / "precious")
    else:
        place.write_text("a file in its place")
    with sole_apply_to(HUB, HOLDER, {"XDG_STATE_HOME": str(state)}) as warning:
        assert warning.startswith("warning: no lock for this hub (")
    assert not (tmp_path / "precious").exists()


def test_the_lock_of_a_hub_is_given_back_when_the_block_fails(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    with pytest.raises(KeyError), sole_apply_to(HUB, HOLDER, state):
        raise KeyError
    with sole_apply_to(HUB, FREE, state) as warning:
        assert warning == ""


HOLD = """
import os, sys, time
from pathlib import Path
from bo_sync.core.text import Text
from bo_sync.journal.lock import Holder, sole_apply, sole_apply_to
with sole_apply(Path(sys.argv[1]), Holder(os.getpid(), Text("then"), sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_holder_who_is_killed_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(JournalError, match=f"process {process.pid}, since then"):
            sole_apply(tmp_path, FREE).__enter__()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(SECONDS)
    with sole_apply(tmp_path, FREE):
        pass
