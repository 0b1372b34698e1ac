"""What goes where: the result to stdout, the talk to stderr, and nothing that acts on whoever reads."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.world import FILES, TODAY, file, files, population, user
from tests.support.process import COMMAND, Served, bo_sync, bo_sync_process, environment, in_terminal, served, write

ROOT = files(file("bob@example.com", "job: Poet"), file("new@example.com"))
CODES = (
    "Exit codes: 0 nothing to do, or done; 1 the hub, the network or the tool failed; 2 changes pending; "
    "3 invalid files; 4 refused by a guardrail or a policy; 5 partly applied, unconfirmed or interrupted; "
    "6 stale plan; 64 usage."
)


@pytest.mark.parametrize(
    "command",
    [("plan",), ("apply", "--yes"), ("users",), ("users", "--live"), ("doctor",), ("validate",)],
    ids=" ".join,
)
def test_stdout_is_the_result_alone(quiet_hub: Served, tmp_path: Path, command: tuple[str, ...]) -> None:
    root = write(
        tmp_path, files(file("bob@example.com", "preset: all"), **{"presets/all.yaml": BOB, "users/x.YAML": ""})
    )
    done = bo_sync(root, *command, "--format", "json", env=quiet_hub.env())
    assert done.code == 0, done
    assert json.loads(done.out)["format_version"] == 2
    assert done.out.isascii()
    quiet = bo_sync(root, *command, "--format", "json", "--quiet", env=quiet_hub.env())
    assert quiet.err == ""
    if command[0] in {"plan", "users", "doctor"}:
        assert quiet.out == done.out


BOB = "modules: {pricing: owner, order_data: viewer}"


def test_a_warning_is_talk_and_quiet_silences_it(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path, {**ROOT, "users/x.YAML": ""})
    warning = "users/x.YAML:1:1: warning: this is not read; expected a name that ends in .yaml or .yml (BOS018)\n"
    loud, quiet = (bo_sync(root, "plan", "--today", TODAY, *more, env=quiet_hub.env()) for more in ((), ("--quiet",)))
    assert (loud.err, quiet.err) == (warning, "")
    assert loud.out == quiet.out


def test_the_plan_beside_a_json_report_is_talk(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, {"users": [user("bob@example.com")]}) as hub:
        done = bo_sync(root, "apply", "--yes", "--format", "json", env=hub.env())
    assert json.loads(done.out)["summary"]["applied"] == 2
    assert "Guardrails: none refuses" in done.err


def shell(root: Path, line: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    given = {**environment(), **(env or {})}
    words = ["bash", "-c", line]
    return subprocess.run(words, cwd=root, env=given, capture_output=True, text=True, timeout=60, check=False)


def test_a_reader_who_goes_away_hears_no_complaint(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path, files(*(file(f"p{number}@example.com") for number in range(1200))))
    line = f"{' '.join(COMMAND)} plan --today {TODAY} | head -1; echo ${{PIPESTATUS[0]}}"
    done = shell(root, line, quiet_hub.env())
    first, code = done.stdout.splitlines()
    assert first.startswith("Plan for http://127.0.0.1:")
    assert (code, done.stderr) == ("1", "")


@pytest.mark.parametrize(
    ("redirection", "code", "told"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        (
            ">/dev/full",
            1,
            "error: the system refuses: No space left on device\nnext: run it again with --verbose for the details\n",
        ),
    ],
)
def test_a_stream_that_is_closed_or_full(tmp_path: Path, redirection: str, code: int, told: str) -> None:
    root = write(tmp_path, ROOT)
    line = f"{' '.join(COMMAND)} validate {redirection}"
    done = shell(root, line)
    assert (done.returncode, done.stderr) == (code, told)


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_an_apply_whose_report_cannot_be_printed_still_writes_it_and_exits_5(tmp_path: Path, form: str) -> None:
    root = write(tmp_path, files(file("bob@example.com")))
    line = f"{' '.join(COMMAND)} apply --yes --hub sandbox: --format {form} --report junit=out.xml >/dev/full"
    done = shell(root, line)
    assert done.returncode == 5
    assert "bob@example.com" in (root / "out.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_an_error_that_nobody_hears_still_has_its_exit_code(tmp_path: Path, redirection: str) -> None:
    line = f"{' '.join(COMMAND)} plan --hub '' {redirection}"
    done = shell(tmp_path, line)
    assert (done.returncode, done.stdout, done.stderr) == (64, "", "")


_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def test_at_a_terminal_no_line_is_wider_but_for_a_word_that_is(tmp_path: Path) -> None:
    root = write(tmp_path / "files", FILES)
    with served(tmp_path, population()) as hub:
        for command in (
            ("plan", "--today", TODAY),
            ("users", "--live"),
            ("doctor",),
            ("apply", "--yes", "--today", TODAY),
        ):
            done = in_terminal(root, *command, "--quiet", env=hub.env())
            assert done.code == 0, done
            for line in _SEQUENCE.sub("", done.out).splitlines():
                words = line.split()
                assert len(line) <= 80 or len(words[-1]) > 24, line


def test_colour_is_for_terminals_that_did_not_refuse_it(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    coloured = in_terminal(root, "plan", "--quiet", env=quiet_hub.env())
    plain = in_terminal(root, "plan", "--quiet", env={**quiet_hub.env(), "NO_COLOR": "1"})
    dumb = in_terminal(root, "plan", "--quiet", env={**quiet_hub.env(), "TERM": "dumb"})
    assert "\x1b[" in coloured.out
    assert "\x1b" not in plain.out + dumb.out
    assert _SEQUENCE.sub("", coloured.out) == plain.out


def test_hostile_text_of_a_hub_acts_on_no_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\u202egnp.exe ::error::x"
    root = write(tmp_path / "files", files(file("bob@example.com", "job: Poet"), file("eve@example.com", "phone: '1'")))
    live = [user("bob@example.com", job=evil), user("eve@example.com", job=evil, phone=evil)]
    with served(tmp_path, {"users": live}) as hub:
        shown = _SEQUENCE.sub("", in_terminal(root, "plan", "--quiet", env=hub.env()).out)
    assert "owned" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@pytest.mark.parametrize(
    "locale",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["LANG=C", "ASCII", "Latin 1"],
)
def test_a_poor_locale_costs_only_characters(quiet_hub: Served, tmp_path: Path, locale: dict[str, str]) -> None:
    root = write(tmp_path, files(file("bob@example.com", "job: Ünïcødé 字", "platform: {backoffice: true}")))
    done = subprocess.run(
        [*COMMAND, "plan", "--today", TODAY],
        cwd=root,
        env={**environment(), **quiet_hub.env(), **locale},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"bob@example.com" in done.stdout


def test_help_lists_the_commands_and_the_exit_codes(tmp_path: Path) -> None:
    done = bo_sync(tmp_path, "--help")
    assert (done.code, done.err) == (0, "")
    assert CODES in " ".join(done.out.split())
    bare = bo_sync(tmp_path)
    assert (bare.code, bare.out, bare.err) == (64, "", done.out)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("plna",), ("error: There is no command 'plna'. Did you mean plan?", "next: bo-sync --help")),
        (("frobnicate",), ("error: There is no command 'frobnicate'.", "next: bo-sync --help")),
        (("plan", "--nope"), ("error: No such option '--nope'.", "next: bo-sync plan --help")),
        (("plan", "--today", "tomorrow"), None),
        (("plan", "--today", "20260615"), None),
        (("plan", "--concurrency", "0"), None),
        (("plan", "-C", "nowhere"), ("error: -C nowhere: there is no such directory", "next: bo-sync plan --help")),
        (("sandbox", "sed"), None),
        (("users", "--sort", "height"), None),
        (("apply", "a", "b"), None),
    ],
    ids=lambda value: " ".join(value) if value and value[0][:5] != "error" else "",
)
def test_a_mistake_in_the_command_exits_with_64_and_says_where_help_is(
    tmp_path: Path, given: tuple[str, ...], complaint: tuple[str, ...] | None
) -> None:
    done = bo_sync(tmp_path, *given)
    assert (done.code, done.out) == (64, "")
    assert done.complaint == complaint or (complaint is None and done.complaint[0].startswith("error: "))


def test_both_ways_to_start_say_the_version(tmp_path: Path) -> None:
    script = Path(COMMAND[0]).parent / "bo-sync"
    versions = {bo_sync_process(tmp_path, "--version").out}
    if script.exists():
        versions.add(subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True).stdout)
    assert len(versions) == 1
    assert re.fullmatch(r"bo-sync \d+\.\d+\.\d+\S*\n", versions.pop())
