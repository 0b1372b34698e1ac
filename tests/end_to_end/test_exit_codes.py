"""When several exit codes hold: 64, 3, 1, 6, 4, 5, 2."""

import socket
from pathlib import Path

import pytest

from tests.end_to_end.world import file, files
from tests.support.process import Served, bo_sync, write

BAD = {"users/bad.yaml": "x"}
PENDING = files(file("bob@example.com", "job: Poet", "modules: {pricing: owner, order_data: viewer}"))
REFUSED = files(
    file("bob@example.com", "until: 2099-12-31"),
    file("ann@example.com"),
    settings="protect: [bob@example.com]\n",
    **{"stale.json": '{"x": 1}'},
)
"""A user to be created, and an end date of a protected one, which a guardrail blocks."""


@pytest.fixture(scope="module")
def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v2/graphql"


@pytest.mark.parametrize(
    ("texts", "command", "code"),
    [
        pytest.param({**REFUSED, **BAD}, ("apply", "stale.json"), 64, id="nobody to ask before invalid files"),
        pytest.param({**REFUSED, **BAD}, ("apply", "gone.json", "--yes"), 64, id="no plan there before invalid files"),
        pytest.param({**REFUSED, **BAD}, ("apply", "stale.json", "--yes"), 3, id="invalid files before a stale plan"),
        pytest.param(REFUSED, ("apply", "stale.json", "--yes"), 6, id="a stale plan before a guardrail"),
        pytest.param(REFUSED, ("plan", "--detailed-exitcode"), 4, id="a guardrail before pending changes"),
        pytest.param(PENDING, ("plan", "--detailed-exitcode"), 2, id="pending changes, asked for"),
        pytest.param(PENDING, ("plan",), 0, id="pending changes, not asked for"),
    ],
)
def test_the_first_that_holds_decides(
    quiet_hub: Served, tmp_path: Path, *, texts: dict[str, str], command: tuple[str, ...], code: int
) -> None:
    assert bo_sync(write(tmp_path, texts), *command, env=quiet_hub.env()).code == code


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize(
    ("texts", "command", "code"),
    [
        pytest.param({**REFUSED, **BAD}, ("apply", "stale.json", "--yes"), 3, id="invalid files before a silent hub"),
        pytest.param(REFUSED, ("apply", "stale.json", "--yes"), 1, id="a silent hub before a stale plan"),
    ],
)
def test_a_silent_hub_among_others(
    closed_port: str, tmp_path: Path, *, texts: dict[str, str], command: tuple[str, ...], code: int
) -> None:
    env = {"BO_SYNC_HUB_URL": closed_port, "BO_SYNC_API_KEY": "some-key"}
    assert bo_sync(write(tmp_path, texts), *command, env=env).code == code


def test_a_key_without_a_hub_comes_before_invalid_files(tmp_path: Path) -> None:
    assert bo_sync(write(tmp_path, BAD), "plan", env={"BO_SYNC_API_KEY": "some-key"}).code == 64


ANN = file("ann@example.com", "modules: {pricing: {access: owner, until: 2026-01-01}}")


def test_apply_takes_no_other_day_for_a_hub_elsewhere_and_sends_nothing(tmp_path: Path) -> None:
    root = write(tmp_path, {"users/ann.yaml": ANN})
    ran = bo_sync(
        root,
        "apply",
        "--yes",
        "--today",
        "2026-01-01",
        "--hub",
        "https://hub.example.com/graphql",
        env={"BO_SYNC_API_KEY": "some-key"},
    )
    assert (ran.code, ran.out) == (64, "")
    hub = "https://hub.example.com/graphql"
    told = f"--today 2026-01-01 is for trials: what is applied to {hub} is judged on the day that"
    assert ran.complaint == (
        f"error: {told} it is",
        "next: leave it out; plan takes it, to see what another day would change",
    )


def test_a_hub_on_this_machine_is_for_trials(tmp_path: Path) -> None:
    root = write(tmp_path, {"users/ann.yaml": ANN})
    ran = bo_sync(root, "apply", "--yes", "--today", "2026-01-01", "--hub", "sandbox:")
    assert ran.code == 0, ran.err
    assert "pricing" in bo_sync(root, "plan", "--hub", "sandbox:", "--today", "2026-01-02").out
