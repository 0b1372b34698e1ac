"""Where the key goes, and where it never does: refused with exit 64 before anything is sent."""

import os
from pathlib import Path

import pytest

from tests.end_to_end.world import TODAY, file, files
from tests.support.process import Listening, Page, Served, answering, bo_sync, write

ROOT = files(file("bob@example.com", "phone: '1'", "modules: {pricing: owner, order_data: viewer}"))
FORMS = "write https://host/v2/graphql; http:// is for this machine only; sandbox: is the embedded hub"
NAME_IT = "set BO_SYNC_HUB_URL or give --hub; if the embedded sandbox is meant, say --hub sandbox:"
KEY = "key-that-must-stay-here"


REMOTE = ("--hub", "https://hub.example.com/v2/graphql")
KEYED = {"BO_SYNC_API_KEY": KEY}
FILE = (*REMOTE, "--api-key-file")
ALONE = "name a file that holds the key alone"
CLEAR = "http:// would send the key in the clear: only this machine may be addressed so"
UNCLEAR: dict[str, tuple[tuple[str, ...], dict[str, str], str, str]] = {
    "http to another machine": (
        *(("--hub", "http://hub.example.com/v2/graphql"), KEYED),
        *(f"the hub's address `http://hub.example.com/v2/graphql` is refused: {CLEAR}", FORMS),
    ),
    "user info in the address": (
        *(("--hub", "https://me:secret@hub.example.com/v2/graphql"), KEYED),
        *("the hub's address holds a user name or password before the @", f"leave it out: {FORMS}"),
    ),
    "a key in the address": (
        *((), {"BO_SYNC_HUB_URL": f"https://hub.example.com/v2/graphql?key={KEY}", "BO_SYNC_API_KEY": KEY}),
        "the hub's address holds a query (?…) or a fragment (#…)",
        "leave it out; a key goes into BO_SYNC_API_KEY",
    ),
    "an empty --hub is no other hub": (
        *(("--hub", ""), {**KEYED, "BO_SYNC_HUB_URL": "https://other.example.com/graphql"}),
        *("the hub's address `` is refused: a hub is reached over https://", FORMS),
    ),
    "a pipeline, no hub": ((), {"CI": "true"}, "CI is set, but no hub is named", NAME_IT),
    "a key, no hub": ((), KEYED, "there is a key, but no hub is named", NAME_IT),
    "a session, no hub": ((), {"BO_SYNC_SESSION_TOKEN": KEY}, "there is a session token, but no hub is named", NAME_IT),
    "a remote hub, no key": (
        *(REMOTE, {}, f"there is an address, {REMOTE[1]}, but no key"),
        "set BO_SYNC_API_KEY, or give --api-key-file; --hub sandbox: asks the embedded hub",
    ),
    "a key with a blank": (
        *(REMOTE, {"BO_SYNC_API_KEY": f"{KEY} and more"}),
        "BO_SYNC_API_KEY holds a character that no key has: white space, a control, or one beyond ASCII",
        "copy the key again, whole and on one line",
    ),
    "a folder as the key's file": ((*FILE, "."), {}, "--api-key-file .: is neither a file nor a pipe", ALONE),
    "a device as the key's file": (
        *((*FILE, os.devnull), {}, f"--api-key-file {os.devnull}: is neither a file nor a pipe", ALONE),
    ),
    "no such key file": (
        *((*FILE, "nowhere"), {}),
        *("--api-key-file nowhere: No such file or directory", "check the path and its permissions"),
    ),
}


@pytest.mark.parametrize(("arguments", "env", "told", "hint"), UNCLEAR.values(), ids=UNCLEAR)
def test_an_unclear_destination_is_refused_before_anything_is_sent(
    *, tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], told: str, hint: str
) -> None:
    done = bo_sync(write(tmp_path, ROOT), "plan", "--verbose", *arguments, env=env)
    assert (done.code, done.out, done.complaint) == (64, "", (f"error: {told}", f"next: {hint}"))
    assert KEY not in done.err
    assert "secret@" not in done.err


def test_a_foreign_host_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    root = write(tmp_path, {**ROOT, "bo-sync.yaml": "hub_host: api.helice.cloud\n"})
    with answering(Page(200)) as server:
        ran = [
            bo_sync(root, *command, env={"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY})
            for command in (("plan",), ("apply", "--yes"), ("doctor",), ("users", "--live"))
        ]
    host = server.url.split("/")[2]
    for done in ran:
        assert (done.code, done.complaint) == (
            64,
            (
                f"error: the hub is at {host}, but bo-sync.yaml (hub_host) allows only api.helice.cloud",
                "next: address that hub with --hub or BO_SYNC_HUB_URL, or change hub_host",
            ),
        )
    assert not server.heard


def test_settings_that_are_a_folder_are_not_taken_for_none(tmp_path: Path) -> None:
    root = write(tmp_path, {"bo-sync.yaml/x": ""})
    with answering(Page(200)) as server:
        done = bo_sync(root, "doctor", env={"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY})
    assert (done.code, server.heard) == (3, [])
    assert done.err.splitlines()[0] == "bo-sync.yaml:1:1: error: a folder; expected a file with the settings"


def test_a_key_file_that_others_may_read_is_refused_and_a_private_one_read(quiet_hub: Served, tmp_path: Path) -> None:
    root, env = write(tmp_path, {**ROOT, "key": "sandbox-viewer\n"}), {"BO_SYNC_HUB_URL": quiet_hub.url}
    (root / "key").chmod(0o640)
    done = bo_sync(root, "plan", "--api-key-file", "key", env=env)
    assert (done.code, done.complaint) == (
        64,
        ("error: --api-key-file key: others may read it (mode 0640)", "next: chmod 600 it, and consider the key known"),
    )
    (root / "key").chmod(0o600)
    # the file that is named outweighs the environment
    done = bo_sync(root, "plan", "--api-key-file", "key", "--today", TODAY, env={**env, "BO_SYNC_API_KEY": "wrong"})
    assert (done.code, done.err) == (0, "")


def test_the_sandbox_is_named_and_asks_for_no_key_even_in_a_pipeline(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    at_a_desk = bo_sync(root, "plan", "--today", TODAY)
    meant = bo_sync(root, "plan", "--today", TODAY, "--hub", "sandbox:", env={"CI": "true", "BO_SYNC_API_KEY": KEY})
    for done in (at_a_desk, meant):
        assert (done.code, done.err) == (0, "hub: the embedded sandbox, .bo-sync/sandbox.db\n")
        assert done.out.startswith("Plan for sandbox: (1 person, 11 grants)")


def asked(server: Listening, root: Path, **env: str) -> None:
    done = bo_sync(root, "plan", env={"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY, **env})
    assert done.code == 1
    assert server.heard


def test_a_redirect_is_not_followed_and_the_key_stays_here(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    with answering(Page(200)) as elsewhere, answering(Page(307, headers={"Location": elsewhere.url})) as server:
        done = bo_sync(root, "plan", "--verbose", env={"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY})
    assert (done.code, len(done.complaint)) == (1, 2)
    operation, _, told = done.complaint[0].removeprefix("error: ").partition(": ")
    assert operation in {"adminUsers", "roleDefinitions"}
    assert told == (
        f"{server.url} answers HTTP 307, a redirect to {elsewhere.url}, which is not followed: the key stays here"
    )
    assert done.complaint[1] == "next: check the address; it usually ends in /graphql"
    assert not elsewhere.heard


def test_netrc_is_never_read_and_nothing_goes_through_a_proxy_in_the_clear(tmp_path: Path) -> None:
    root = write(tmp_path, {**ROOT, ".netrc": "machine 127.0.0.1\nlogin me\npassword netrc-secret\n"})
    (root / ".netrc").chmod(0o600)
    with answering(Page(200)) as proxy, answering(Page(200)) as server:
        address = proxy.url.removesuffix("/v2/graphql")
        proxied = {"HTTP_PROXY": address, "http_proxy": address, "NO_PROXY": ""}
        asked(server, root, HOME=str(root), NETRC=str(root / ".netrc"), **proxied)
    assert not proxy.heard
    for request in server.heard:
        assert request.headers["apikey"] == KEY
        assert "authorization" not in request.headers
        assert "netrc-secret" not in str(request)
