"""`bo-sync fmt`: put files into canonical form."""

from typing import TYPE_CHECKING

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, located
from bo_sync.core.text import Message
from bo_sync.errors import FilesError
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bo_sync.config.files import File


@click.command(name="fmt", short_help="Put the files into canonical form, comments kept.")
@located
@redactable
@click.option("--check", is_flag=True, help="Write nothing; exit 2 when a file would change.")
def command(chosen: Common, *, check: bool) -> int:
    """Put the keys of each file into canonical order; comments and meaning stay.

    Exits 0, 2 when --check finds a file that would change, or 3 when a file cannot be read. The others are still
    formatted.
    """
    from bo_sync.cli.console import result
    from bo_sync.cli.file_writer import replace_file
    from bo_sync.config.files import walk
    from bo_sync.core.text import Text
    from bo_sync.render.escape import terminal

    found = walk(chosen.root)
    changed, problems = _formatted(found.files)
    for path, text in sorted(changed, key=lambda entry: shown(Text(entry[0]))):  # no order of names under --redact
        result(terminal(Message("{} {}", "would change" if check else "formatted", shown(Text(path)))))
        if not check:
            replace_file(chosen.root, path, text)
    lines = (*(problem.sentence for problem in found.problems), *problems)
    if lines:
        raise FilesError("some files cannot be formatted", lines=lines, hint="mend these lines; they are as they were")
    return ExitCode.PENDING if check and changed else ExitCode.OK


def _formatted(files: "Sequence[File]") -> tuple[list[tuple[str, str]], list[Message]]:
    """The files that change, each with its new text, and the errors of files that cannot be read."""
    from bo_sync.config.files import kind_of
    from bo_sync.config.formatting import format_text
    from bo_sync.core.text import Text

    changed: list[tuple[str, str]] = []
    problems: list[Message] = []
    for path, data in files:
        kind = kind_of(path)
        if kind is None or kind == "catalogue":
            continue
        try:
            before = data.decode("utf-8")
            after = format_text(before, kind, Text(path))
        except UnicodeDecodeError:
            problems.append(Message("{}:1:1: error: not UTF-8", Text(path)))
        except FilesError as error:
            problems += error.lines or (error.message,)
        else:
            changed += [(path, after)] if after != before else []
    return changed, problems
