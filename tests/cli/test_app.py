"""The root: static help that agrees with the commands, and an end for whatever happens."""

import click
import pytest

from bo_sync.cli.app import _ASKS_FOR_MORE, COMMANDS, _unforeseen, root
from bo_sync.exit_codes import PRECEDENCE, ExitCode
from tests.support.inside import inside


@pytest.mark.parametrize("name", COMMANDS)
def test_the_static_help_of_a_command_is_its_own(name: str) -> None:
    context = click.Context(root, info_name="bo-sync")
    command = root.get_command(context, name)
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(200) == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_needs_nothing_and_explains_every_option(name: str) -> None:
    shown = inside(name, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: bo-sync {name}")
    command = root.get_command(click.Context(root), name)
    options = [found for found in (command.params if command else ()) if isinstance(found, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_help_lists_every_command_and_no_other() -> None:
    listed = inside("--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert [tuple(line.split(maxsplit=1)) for line in listed.splitlines()] == list(COMMANDS.items())


def test_help_names_every_exit_code() -> None:
    epilog = root.epilog or ""
    assert all(f" {int(code)} " in f" {epilog}" for code in ExitCode)
    assert sorted(PRECEDENCE) == sorted(ExitCode)


@pytest.mark.parametrize(
    ("given", "asks"),
    [("--verbose", True), ("-v", True), ("-qv", True), ("-vq", True), ("-q", False), ("--quiet", False), ("v", False)],
)
def test_details_are_asked_for_by_a_word_or_by_a_letter_among_others(given: str, asks: bool) -> None:
    assert bool(_ASKS_FOR_MORE(given)) is asks


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            RuntimeError("\x1b[2J"),
            (
                "error: bo-sync itself failed: RuntimeError; this is a defect, please report it\n"
                "next: run it again with --verbose for the details\n"
            ),
        ),
        (
            OSError(28, "No space left on device", "/some/where"),
            (
                "error: the system refuses: No space left on device (/some/where)\n"
                "next: run it again with --verbose for the details\n"
            ),
        ),
        (BrokenPipeError(32, "Broken pipe"), ""),
    ],
    ids=["a defect", "a full disk", "a reader who went away"],
)
def test_the_unforeseen_ends_with_a_sentence(error: Exception, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _unforeseen(error, verbose=False) == ExitCode.FAILED
    assert capsys.readouterr().err == told


def test_with_verbose_a_defect_is_told_in_full_and_still_acts_on_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    _unforeseen(RuntimeError("\x1b[2J"), verbose=True)
    told = capsys.readouterr().err
    assert "detail: RuntimeError: \\x1b[2J" in told
    assert "\x1b" not in told
