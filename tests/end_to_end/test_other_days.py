"""Another day is for trials: what is written to a real hub is judged on the day that it is."""

from pathlib import Path

from tests.support.process import bo_sync, write

KEY = {"BO_SYNC_API_KEY": "some-key-of-a-test"}
ANN = (
    "email: ann@example.com\nfirst_name: Ann\nlast_name: Lee\nmodules: {pricing: {access: owner, until: 2026-01-01}}\n"
)


def test_apply_takes_no_other_day_for_a_hub_elsewhere_and_sends_nothing(tmp_path: Path) -> None:
    root = write(tmp_path, {"users/ann.yaml": ANN})
    ran = bo_sync(root, "apply", "--yes", "--today", "2026-01-01", "--hub", "https://hub.example.com/graphql", env=KEY)
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
