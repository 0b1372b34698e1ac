"""Complaints without our secrets: whole or in part, in any case, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bo_sync.cli.api_key import discreet, hide_keys_of
from tests.support.inside import inside

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


@pytest.fixture
def key_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    yield path
    hide_keys_of(())


@pytest.mark.parametrize("form", ["apart", "joined", "after what is wrong"])
def test_the_key_of_the_file_that_is_named_is_hidden(form: str, key_file: Path) -> None:
    apart = ["--api-key-file", str(key_file)]
    forms = {"apart": apart, "joined": [f"--api-key-file={key_file}"], "after what is wrong": ["--nonsense", *apart]}
    hide_keys_of(["plan", *forms[form]])
    assert discreet(f'unknown key "{KEY}"') == 'unknown key "[secret]"'


def test_the_key_of_a_file_that_others_may_read_is_hidden_too(key_file: Path) -> None:
    key_file.chmod(0o644)
    hide_keys_of(["plan", "--api-key-file", str(key_file)])
    assert discreet(KEY) == "[secret]"


@pytest.mark.parametrize("argument", [f"--{KEY}", KEY, f"--today={KEY}", f"--allow={KEY}", f"--concurrency={KEY}"])
def test_a_key_among_the_arguments_is_not_said_back(argument: str, key_file: Path) -> None:
    ran = inside("plan", "--api-key-file", str(key_file), argument)
    assert ran.code == 64
    assert KEY[:8].lower() not in ran.err.lower()
    assert "[secret]" in ran.err


def test_a_key_in_a_file_of_users_is_not_said_back(key_file: Path) -> None:
    users = key_file.parent / "files" / "users"
    users.mkdir(parents=True)
    (users / "a.yaml").write_text(f"email: {KEY}\nfirst_name: A\n{KEY}: B\n")
    ran = inside("plan", "-C", str(users.parent), "--hub", "sandbox:", "--api-key-file", str(key_file))
    assert ran.code == 3
    assert KEY[:8].lower() not in (ran.out + ran.err).lower()
    assert "[secret]" in ran.err
