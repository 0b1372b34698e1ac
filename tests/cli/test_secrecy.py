"""Complaints without the secrets of the environment: whole or in part, in any case, and nothing else."""

import pytest

from bo_sync.cli.secrecy import discreet

KEY = "Key-4711-abcdef"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'users/a.yaml:1:1: error: unknown key "{KEY}"', 'users/a.yaml:1:1: error: unknown key "[secret]"'),
        (f"one {KEY.upper()} two {KEY[3:]}", "one [secret] two [secret]"),
        (f"cut short: {KEY[:8]}…", "cut short: [secret]…"),
        (f"seven are no secret: {KEY[:7]}", f"seven are no secret: {KEY[:7]}"),
        ("nothing of it, \\x1b or ##", "nothing of it, \\x1b or ##"),
    ],
)
@pytest.mark.parametrize("name", ["BO_SYNC_API_KEY", "BO_SYNC_SESSION_TOKEN"])
def test_a_secret_is_hidden(name: str, line: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f" {KEY}\n")
    assert discreet(line) == told


@pytest.mark.parametrize("value", ["", " ", "plan"])
def test_what_is_too_short_to_be_one_hides_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BO_SYNC_API_KEY", value)
    assert discreet("plan again, plan plan") == "plan again, plan plan"
