"""The key and the session go to the hub, and nowhere else: not to a stream, not to a file, not when all goes wrong."""

from pathlib import Path

from bo_sync.sandbox.population import FIRST_USER, Population, baseline_population
from tests.end_to_end.world import file, files, user
from tests.support.process import Page, Ran, answering, bo_sync, in_terminal, served, write

KEY = "recognisable-key-4711"
TOKEN = "recognisable-token-0815"
CALLERS: Population = {"keys": [{"key": KEY, "access": "OWNER"}], "sessions": [{"token": TOKEN, "email": FIRST_USER}]}
ROOT = files(file("bob@example.com", "job: Poet"), file("new@example.com"))
QUOTING = b'{"errors": [{"message": "bad %s and %s", "extensions": {"code": "UNAUTHENTICATED"}}]}'


def check(root: Path, ran: list[Ran]) -> None:
    """Neither secret, nor a good part of one, is in what was said or in any file."""
    kept = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    said = "".join(done.out + done.err for done in ran)
    for part in (KEY, TOKEN, KEY[-8:], TOKEN[-8:]):
        assert part not in said
        assert part.encode() not in kept


def test_where_all_goes_well(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    start = baseline_population()
    live = [*start["users"], user("bob@example.com")]
    commands = (
        ("plan", "--out", "plan.json"),
        ("users", "--live"),
        ("doctor", "--probe-writes"),
        ("apply", "plan.json", "--yes"),
        ("apply", "plan.json", "--yes", "--format", "json"),
    )
    with served(tmp_path, {**start, **CALLERS, "users": live}) as hub:
        env = {**hub.env(KEY), "BO_SYNC_SESSION_TOKEN": TOKEN}
        ran = [bo_sync(root, *command, "--verbose", env=env) for command in commands]
        ran.append(in_terminal(root, "plan", "--verbose", env=env))
    assert [done.code for done in ran] == [0, 0, 0, 0, 6, 0], ran
    check(root, ran)


def test_where_all_goes_wrong(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    (root / "folder").mkdir()
    pages = (
        Page(200, QUOTING % (KEY.encode(), TOKEN.encode())),
        Page(403, f"<p>{KEY} {TOKEN}</p>".encode(), {"Content-Type": "text/html"}),
        Page(302, headers={"Location": f"https://elsewhere.example.com/?key={KEY}&token={TOKEN}"}),
    )
    ran = []
    for page in pages:
        with answering(page) as server:
            env = {"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY, "BO_SYNC_SESSION_TOKEN": TOKEN}
            ran += [bo_sync(root, *command, "--verbose", env=env) for command in (("plan",), ("doctor",))]
    secrets = {"BO_SYNC_API_KEY": KEY, "BO_SYNC_SESSION_TOKEN": TOKEN}
    for hub in (f"https://{KEY}:{TOKEN}@hub.example.com/", f"https://hub.example.com/?{KEY}#{TOKEN}"):
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", hub, env=secrets))
    ran.append(bo_sync(root, "plan", "--verbose", env=secrets))
    for broken in ({"BO_SYNC_API_KEY": f"{KEY}\n{KEY}"}, {"BO_SYNC_SESSION_TOKEN": f"{TOKEN} é"}):
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", "https://hub.example.com/", env={**secrets, **broken}))
    assert {done.code for done in ran} == {1, 64}
    check(root, ran)


def test_a_key_file_that_is_refused_is_not_quoted(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    key = tmp_path / "key"
    ran = []
    for data, mode in ((KEY.encode(), 0o644), (f"{KEY} {TOKEN}".encode(), 0o600), (KEY.encode() + b"\xff", 0o600)):
        key.write_bytes(data)
        key.chmod(mode)
        ran.append(bo_sync(root, "plan", "--verbose", "--hub", "https://hub.example.com/", "--api-key-file", str(key)))
    assert [done.code for done in ran] == [64, 64, 64]
    check(root, ran)
