"""`--redact` on the command line: no command that tells of users names anybody, on either stream, whatever fails."""

import json
import os
import re
from pathlib import Path
from typing import Final

import click
import pytest

from bo_sync.cli.app import COMMANDS, root
from bo_sync.exit_codes import ExitCode
from tests.support.inside import inside
from tests.support.process import bo_sync, write
from tests.support.repository import commit, repository

KEY: Final = {"BO_SYNC_REDACT_KEY": "a key that nobody tries out"}
JANE: Final = "email: Qzara.Zwick@example.com\nfirst_name: Qzara\nlast_name: Zwick\nphone: +31 20 7654321\n"
FILES: Final = {
    "users/zteam/Qzara.yaml": JANE + "job: Zoologist\npreset: for-qzara\nmodules:\n"
    "  pricing: {access: editor, until: 2026-11-30, reason: while Zbigniew is away}\n",
    "users/others.yml": "users:\n"
    "  - {email: mark.person@example.com, first_name: Mark, last_name: Person, until: 2026-11-25,"
    " platform: {backoffice: true}, modules: {roles_permissions: owner}}\n"
    "  - {email: zoe@example.com, first_name: Zoe, last_name: X,"
    " platform: {backoffice: true}, modules: {roles_permissions: owner}}\n",
    "presets/for-qzara.yaml": "label: As Qzara\nplatform: {sales_hub: true}\nmodules: {user_management: viewer}\n",
    "policies/p.yaml": "id: prices\ntitle: Nobody but Qzara Zwick prices\nseverity: warning\n"
    "match: {any_of: [{has: {pricing: editor}}]}\n"
    "except:\n  - {email: zoe@example.com, reason: as Zbigniew asked, until: 2099-01-01}\n",
}
NAMES: Final = re.compile(
    r"qzara|zwick|zoologist|zbigniew|zoe|zteam|7654321|zunknown|mark\b|(?-i:\bPerson\b)", re.IGNORECASE
)
DAY: Final = "--today=2026-11-22"
TOLD: Final = (
    ("plan", DAY, "--explain"),
    *((("plan", DAY, f"--format={form}")) for form in ("json", "markdown", "github", "sarif", "junit", "csv")),
    ("plan", DAY, "--format=gitlab-codequality"),
    ("plan", DAY, "--format=gitlab-plan"),
    ("plan", DAY, "--base=HEAD~1"),
    ("plan", DAY, "--only=zunknown@example.com"),
    ("validate", DAY),
    ("validate", DAY, "--format=sarif"),
    ("validate", DAY, "--base=HEAD"),
    ("apply", DAY),
    ("users", DAY),
    ("users", DAY, "--format=csv"),
    ("users", DAY, "--live", "--format=json"),
    ("show", DAY, "qzara.zwick@example.com"),
    ("show", DAY, "qzara.zwick@example.com", "--format=json"),
    ("show", DAY, "qzara.zwik@example.com"),
    ("who-can", DAY, "pricing:editor"),
    ("who-can", DAY, "pricing:owner", "--indirect", "--format=json"),
    ("who-can", DAY, "pricing:viewer", "--live"),
    ("needs", "orderUpdate"),
    ("matrix", DAY),
    ("matrix", DAY, "--diff-with=live", "--format=csv"),
    ("diff", DAY, "HEAD"),
    ("diff", DAY, "HEAD~1", "HEAD", "--format=markdown"),
    ("journal",),
    ("journal", "latest"),
    ("journal", "latest", "--format=json"),
    ("comment", "--github", "--dry-run", "plan.json"),
    ("fmt", "--check"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository, of which nearly all has been applied, and then one thing was asked for more."""
    folder = repository(tmp_path_factory.mktemp("office"), FILES)
    assert bo_sync(folder, "apply", "--yes", DAY).code == ExitCode.OK
    commit(folder, {"users/zteam/Qzara.yaml": JANE.replace("Qzara\n", "Qzaria\n") + "preset: for-qzara\n"})
    assert bo_sync(folder, "plan", DAY, "--out=plan.json").code == ExitCode.OK
    return folder


def at_a_desk(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """In the folder, with the key, and with nothing else in the environment that decides."""
    for name in [name for name in os.environ if name.startswith(("BO_SYNC_", "GITHUB_", "CI"))]:
        monkeypatch.delenv(name)
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("arguments", TOLD, ids=" ".join)
def test_nobody_is_named_and_all_the_rest_is_the_same(
    arguments: tuple[str, ...], office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_desk(monkeypatch, office)
    plain = inside(*arguments)
    told = inside(*arguments, "--redact")
    assert NAMES.findall(f"{told.out}\n{told.err}") == []
    assert told.code == plain.code
    assert _counts(told.out) == _counts(plain.out)
    assert len(told.out.splitlines()) == len(plain.out.splitlines())


def _counts(text: str) -> list[str]:
    """Numbers before a word of what is counted, which stand in one order whoever is called how."""
    return re.findall(
        r"\b\d+ (?:people|persons?|grants?|warnings?|changes?|created|updated|policies|policy|guardrails?)\b", text
    )


def test_every_command_that_tells_of_users_is_asked_here() -> None:
    """The others write files (they cannot be redacted), or tell of nobody."""
    taking = set()
    for name in COMMANDS:
        command = root.get_command(click.Context(root), name)
        if command is not None and any(parameter.name == "redact" for parameter in command.params):
            taking.add(name)
    assert taking == {arguments[0] for arguments in TOLD}
    assert set(COMMANDS) - taking == {"init", "pull", "catalogue", "schema", "sandbox", "demo", "completion"}


def test_one_user_has_one_pseudonym_in_every_command_and_another_with_another_key(office: Path) -> None:
    asked = ("show", "qzara.zwick@example.com", "--format=json", "--redact")
    email = json.loads(bo_sync(office, *asked, env=KEY).out)["email"]
    for arguments in (("plan",), ("users",), ("matrix",), ("journal", "latest"), ("users", "--live")):
        assert email in bo_sync(office, *arguments, "--redact", env=KEY).out, arguments
    other = bo_sync(office, *asked, env={"BO_SYNC_REDACT_KEY": "another key that nobody tries out"})
    assert json.loads(other.out)["email"] != email


def test_a_presets_name_is_the_same_wherever_it_is_told(office: Path) -> None:
    table = bo_sync(office, "users", "--redact", "--format=json", env=KEY).out
    shown = bo_sync(office, "show", "qzara.zwick@example.com", "--redact", "--format=json", env=KEY).out
    (preset,) = {user["preset"] for user in json.loads(table)["users"]} - {None}
    assert re.fullmatch("preset-[0-9a-f]{12}", preset)
    assert json.loads(shown)["preset"] == preset


@pytest.mark.parametrize(
    ("key", "note"),
    [
        ({}, "note: BO_SYNC_REDACT_KEY is not set: whoever guesses a name or an address can check the guess"),
        ({"BO_SYNC_REDACT_KEY": ""}, "note: BO_SYNC_REDACT_KEY is not set: "),
        ({"BO_SYNC_REDACT_KEY": "abc"}, "note: BO_SYNC_REDACT_KEY is shorter than 16 characters: "),
    ],
    ids=["none", "an empty one, as a fork's pipeline has", "a short one"],
)
def test_pseudonyms_without_a_good_key_are_said_to_be_weak(key: dict[str, str], note: str, office: Path) -> None:
    assert bo_sync(office, "users", "--redact", env=key).err.startswith(note)
    assert bo_sync(office, "users", "--redact", "--quiet", env=key).err == ""
    assert bo_sync(office, "users", "--redact", env=KEY).err == ""


BROKEN: Final = {
    "a key that nobody knows": {"users/zunknown.yaml": JANE + "zunknown: 1\n"},
    "no YAML": {"users/zunknown.yaml": "email: [zunknown\n"},
    "a second entry": {"users/zunknown/a.yaml": JANE, "users/zunknown/b.yaml": JANE},
    "a preset that nobody knows": {
        "users/zunknown.yml": JANE + "preset: zunknow\n",
        "presets/zunknown.yaml": "label: A\n",
        "presets/b.yaml": "label: B\n",
    },
    "another domain": {"bo-sync.yaml": "email_domains: [zunknown.example]\n", "users/zunknown.yml": JANE},
    "a broken policy": {"policies/zoe.yaml": "id: x\nmatch: {any_of: [{can: [zunknown]}]}\nexcept: zoe\n"},
    "no UTF-8": {"users/zunknown.yaml": ""},
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("command", [("validate",), ("plan",), ("needs", "orderUpdate")], ids=" ".join)
def test_what_is_wrong_with_a_file_names_nobody(
    name: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {**BROKEN[name], "bo-sync.yaml": "zwick: 1\n"} if command[0] == "needs" else BROKEN[name])
    if name == "no UTF-8":
        (tmp_path / "users" / "zunknown.yaml").write_bytes(JANE.encode("utf-16"))
    at_a_desk(monkeypatch, tmp_path)
    ran = inside(*command, "--redact", "--verbose")
    assert ran.code == ExitCode.INVALID
    assert NAMES.findall((ran.out + ran.err).replace("zoe.yaml", "")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "--redact", "--out=x.json"), "a plan with pseudonyms cannot be applied"),
        (("journal", "latest", "--redact", "--before=x"), "files with pseudonyms restore nobody"),
        (("comment", "--github", "--dry-run", "--redact", "--body=plan.json"), "a finished text stays as it is"),
    ],
)
def test_what_cannot_be_redacted_is_refused_with_the_reason(
    arguments: tuple[str, ...], said: str, office: Path
) -> None:
    ran = bo_sync(office, *arguments, env=KEY)
    assert (ran.code, said in ran.err) == (ExitCode.USAGE, True)
    assert not (office / "x").exists()
    assert not (office / "x.json").exists()


@pytest.mark.parametrize("key", [KEY, {}], ids=["with a key", "without one"])
def test_a_plan_that_is_told_by_pseudonyms_is_never_applied(key: dict[str, str], office: Path) -> None:
    (office / "told.json").write_text(
        bo_sync(office, "plan", "--redact", "--format=json", env=key).out, encoding="utf-8"
    )
    ran = bo_sync(office, "apply", "told.json", "--yes")
    assert ran.code == ExitCode.STALE
    assert bo_sync(office, "comment", "--github", "--dry-run", "told.json").code == ExitCode.STALE


ROOT_OF_ANN: Final = {
    "ann.yaml": "email: ann@example.com\nfirst_name: Ann\nlast_name: A\n"
    "platform: {backoffice: true}\nmodules: {roles_permissions: owner}\n",
    "broken.yaml": "email: bad@example.com\nfirst_nam: B\n",
}


@pytest.mark.parametrize(
    "folder",
    ["zelda@example.com", "a/ZELDA@Example.com/b", "zelda%40example.com", "x=zelda@example.com", "'zelda@a.b'"],
)
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("plan",), id="a plan"),
        pytest.param(("plan", "--format=json"), id="a plan in JSON"),
        pytest.param(("apply", "--yes"), id="an apply"),
        pytest.param(("journal",), id="a journal"),
        pytest.param(("validate", "--base=HEAD"), id="a base without git"),
        pytest.param(("fmt", "--check"), id="formatting"),
        pytest.param(("doctor",), id="doctor"),
        pytest.param(("plan", "--out={}.json"), id="a file to write"),
        pytest.param(("plan", "--report=json={}/no/plan.json"), id="a report in a missing folder"),
        pytest.param(("plan", "--api-key-file={}.key", "--hub=http://127.0.0.1:9/"), id="a missing key file"),
        pytest.param(("apply", "{}.json"), id="a missing plan"),
        pytest.param(("plan", "-C", "{}/missing"), id="a missing root"),
        pytest.param(("plan", "{}"), id="an argument too many"),
        pytest.param(("plan", "--allow={}"), id="a wrong value"),
        pytest.param(("plan", "--{}"), id="an unknown option"),
    ],
)
@pytest.mark.parametrize("name", ROOT_OF_ANN, ids=["sound files", "a broken file"])
def test_no_address_in_a_path_is_shown(
    folder: str, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str
) -> None:
    root = tmp_path / folder
    write(root, {f"users/{name}": ROOT_OF_ANN[name]})
    at_a_desk(monkeypatch, tmp_path)
    ran = inside(*(word.format(folder) for word in arguments), "--redact", *_root(arguments, folder))
    assert "zelda" not in (ran.out + ran.err).lower()


def _root(arguments: tuple[str, ...], folder: str) -> tuple[str, ...]:
    return () if "-C" in arguments else ("-C", f"./{folder}")


def test_the_files_to_format_are_listed_in_no_order_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"users/{name}.yaml": f"first_name: A\nemail: {name}@example.com\n" for name in "abcdefgh"})
    at_a_desk(monkeypatch, tmp_path)
    lines = inside("fmt", "--check", "--redact").out.splitlines()
    assert len(lines) == 8
    assert lines == sorted(lines)
