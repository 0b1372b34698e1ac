"""A key that is a value in the hub or in a file: masked wherever it appears, and written to no file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.population import FIRST_USER, Population, UserRecord, baseline_population
from tests.end_to_end.world import file, files, rows, user
from tests.support.process import Ran, bo_sync, in_terminal, served, write

PLAIN: Final = "Recognisable-key-4711"
ODD: Final = 'n"w\\k_ey::4711##[x&<>@z'
TOKEN: Final = "recognisable-token-0815"


def holding(key: str) -> list[UserRecord]:
    """Users who have the key, the token, or a good part of a long value with it, in every field of theirs."""
    all_of_it = dict.fromkeys(("middleName", "lastName", "phone", "job"), f"the {key} of it")
    return [
        user("name@example.com", *rows(pricing="OWNER"), firstName=f"Jane {key}", **all_of_it),
        user("case@example.com", firstName=key.upper(), lastName=TOKEN),
        user("long@example.com", firstName="x" * 40 + key, lastName="y" * 25 + key, job="z" * 90 + key),
        user("drift@example.com", firstName="Dora", lastName=f"{key} Drift", job=key),
        user(f"{TOKEN}@example.com", firstName="Tom", lastName="Token"),
        user("plain@example.com", *rows(order="VIEWER"), firstName="Pia", lastName="Plain"),
    ]


def spelled(key: str) -> list[Callable[[str], bool]]:
    """Finds a secret in a text: as it is, in JSON, in HTML, and in CSV."""
    forms = {key, json.dumps(key)[1:-1], key.replace("&", "&amp;").replace("<", "&lt;"), key.replace('"', '""')}
    return [lambda text, form=form: form.lower() in text.lower() for form in forms]  # type: ignore[misc]


def check(root: Path, secrets: tuple[str, ...], ran: list[Ran], but: tuple[str, ...] = ()) -> None:
    texts = {
        str(path): path.read_text("utf-8", "replace")
        for path in root.rglob("*")
        if path.is_file() and path.name not in {*but, "sandbox.db"}
    }
    texts |= {f"{number} out": done.out for number, done in enumerate(ran)}
    texts |= {f"{number} err": done.err for number, done in enumerate(ran)}
    for where, text in texts.items():
        for is_in in (find for secret in secrets for find in spelled(secret)):
            assert not is_in(text), (where, text)


FORMS: Final = ("text", "json", "markdown", "github")
REPORTS: Final = ("json", "markdown", "csv", "sarif", "junit", "gitlab-codequality", "gitlab-plan")


@pytest.mark.parametrize("key", [PLAIN, ODD], ids=["a plain key", "a key of characters that are escaped"])
def test_a_key_in_a_value_of_the_hub_is_masked_in_every_output(key: str, tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(file("drift@example.com", "job: Poet"), file("plain@example.com")))
    start = baseline_population()
    population: Population = {
        **start,
        "keys": [{"key": key, "access": "OWNER"}],
        "sessions": [{"token": TOKEN, "email": FIRST_USER}],
        "users": [*start["users"], *holding(key)],
    }
    ran = []
    with served(tmp_path, population) as hub:
        env = {
            **hub.env(key),
            "BO_SYNC_SESSION_TOKEN": TOKEN,
            "GITHUB_STEP_SUMMARY": str(root / "summary.md"),
            "GITHUB_OUTPUT": str(root / "output"),
        }
        reports = [word for form in REPORTS for word in ("--report", f"{form}={form}.out")]
        ran += [bo_sync(root, "plan", "--explain", "--format", form, *reports, env=env) for form in FORMS]
        ran.append(in_terminal(root, "plan", env=env, columns=60))
        for form in ("text", "json", "csv"):
            ran.append(bo_sync(root, "users", "--live", "--format", form, env=env))
            ran.append(bo_sync(root, "matrix", "--live", "--format", form, env=env))
        ran += [
            bo_sync(root, "show", email, "--live", "--format", form, env=env)
            for email in ("name@example.com", "long@example.com")
            for form in ("text", "json")
        ]
        ran.append(bo_sync(root, "who-can", "pricing:owner", "--live", env=env))
        ran += [bo_sync(root, "pull", env=env), bo_sync(root, "pull", "--update", env=env)]
        ran.append(bo_sync(root, "apply", "--yes", "--format", "json", "--report", "markdown=applied.md", env=env))
        ran.append(bo_sync(root, "journal", "latest", env=env))
        ran.append(bo_sync(root, "journal", "latest", "--format", "json", env=env))
        ran.append(bo_sync(root, "journal", "latest", "--before", "before", env=env))
    assert {done.code for done in ran} == {0}, [done for done in ran if done.code]
    check(root, (key, TOKEN), ran)
    assert "[secret]" in ran[0].out
    for form in ("json", "sarif", "gitlab-codequality", "gitlab-plan"):
        json.loads((root / f"{form}.out").read_text("utf-8"))
    for line in next((root / ".bo-sync/journal").iterdir()).read_text("ascii").splitlines():
        json.loads(line)


def test_pull_leaves_alone_users_whose_file_would_hold_a_key(tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(file("drift@example.com", "job: Poet")))
    before = (root / "users/0.yaml").read_text("utf-8")
    start = baseline_population()
    population: Population = {
        **start,
        "keys": [{"key": PLAIN, "access": "OWNER"}],
        "users": [*start["users"], *holding(PLAIN)],
    }
    with served(tmp_path, population) as hub:
        env = hub.env(PLAIN)
        done = bo_sync(root, "pull", "--update", env=env)
        begun = tmp_path / "begun"
        began = bo_sync(tmp_path, "init", str(begun), "--from-hub", env=env)
    why = "the file would hold the API key or token of this run: change that value in the hub, and the key too"
    left = {line.split(": ")[1] for line in done.err.splitlines() if line.endswith(why)}
    assert (done.code, left) == (0, {f"{name}@example.com" for name in ("name", "case", "long", "drift")})
    assert (root / "users/0.yaml").read_text("utf-8") == before
    assert "wrote users/plain@example.com.yaml" in done.out
    assert began.code == 0
    assert [path.name for path in (begun / "users").iterdir() if "plain" in path.name]
    check(tmp_path, (PLAIN,), [done, began], but=("hub.db", "hub.db-wal"))


def test_a_plan_that_holds_a_key_is_not_saved(tmp_path: Path) -> None:
    root = write(tmp_path / "files", files(file("drift@example.com", "job: Poet", last="Drift")))
    start = baseline_population()
    population: Population = {
        **start,
        "keys": [{"key": PLAIN, "access": "OWNER"}],
        "users": [*start["users"], *holding(PLAIN)],
    }
    with served(tmp_path, population) as hub:
        done = bo_sync(root, "plan", "--out", "plan.json", env=hub.env(PLAIN))
        other = bo_sync(root, "plan", "--out", "plan.json", "--only", "plain@example.com", env=hub.env(PLAIN))
    assert done.code == 64
    assert done.complaint[0] == "error: this plan cannot be saved: a value in it holds the API key or token"
    assert (other.code, (root / "plan.json").exists()) == (0, True)  # a plan about others is not kept back
    check(root, (PLAIN,), [done, other])


def test_a_key_in_a_file_is_masked_in_every_answer(tmp_path: Path) -> None:
    root = write(tmp_path, {"users/jane.yaml": file("jane@example.com", f"job: {PLAIN}", first=PLAIN)})
    env = {"BO_SYNC_API_KEY": PLAIN, "BO_SYNC_SESSION_TOKEN": TOKEN}
    lines = (
        ("users",),
        ("users", "--format", "json"),
        ("matrix",),
        ("show", "jane@example.com"),
        ("validate",),
        ("demo",),
    )
    ran = [bo_sync(root, *line, env=env) for line in lines]
    assert {done.code for done in ran} == {0}
    check(root, (PLAIN, TOKEN), ran, but=("jane.yaml",))
    assert "[secret]" in ran[0].out
