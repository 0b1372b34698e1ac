"""`bo-sync init`: from nothing to a repository that is reviewed, planned and applied."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.options import Common, HubChoice, common, hub_choice
from bo_sync.errors import ExitCode

if TYPE_CHECKING:
    from bo_sync.cli.scaffold import Forge
    from bo_sync.cli.starting import Start
    from bo_sync.core.model import LiveState

_PAGE: Final = "docs/pipelines.md of bo-sync tells which, and how to guard them"


@click.command(name="init", short_help="Write what a new repository needs.")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@common
@hub_choice
@click.option("--github", is_flag=True, help="Also write workflows and an action for GitHub.")
@click.option("--gitlab", is_flag=True, help="Also write a pipeline for GitLab.")
@click.option("--from-hub", is_flag=True, help="Write a file for everybody in the hub, instead of an example.")
def command(choice: HubChoice, chosen: Common, *, folder: Path, github: bool, gitlab: bool, from_hub: bool) -> int:
    """Write what a repository of backoffice users needs: bo-sync.yaml, presets, policies, an example person, schemas
    for editors, hooks for pre-commit, a README; and the pipelines of a forge.

    No file that is there is ever changed: it is kept, and said. Where there is a configuration already (bo-sync.yaml,
    or a file in users/, presets/ or policies/), none of its parts is added. So it can be run again, to add a forge.

    With --from-hub the people of the hub are pulled, so that the first plan is empty; a policy that they break is
    written under a name that is not read. Without it nobody knows them, so the policies begin as warnings.

    Either all of it is written or, when the hub cannot be read or something is in the way, nothing.
    """
    from bo_sync.cli.starting import start

    here = replace(chosen, root=chosen.root / folder)
    forges: tuple[Forge, ...] = (*(("github",) if github else ()), *(("gitlab",) if gitlab else ()))
    with ExitStack() as stack:
        stack.enter_context(_made(here.root))
        live = _read(here, choice, stack) if from_hub else None
        started = start(here, forges, live)
    _tell(here, started, forges)
    return ExitCode.OK


@contextmanager
def _made(root: Path) -> Iterator[None]:
    """`root` is made when it is not there, and is gone again when the block fails and leaves nothing in it.

    Raises UsageError where it cannot be made.
    """
    from bo_sync.core.text import Text
    from bo_sync.errors import UsageError

    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(f"{Text(str(root))} cannot be made: {err.strerror}", hint="name another folder") from err
    try:
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _read(here: Common, choice: HubChoice, stack: ExitStack) -> "LiveState":
    from bo_sync.cli.session import hub_session
    from bo_sync.cli.talk import progress

    hub = stack.enter_context(hub_session(here, choice))
    return hub.read_all(stack.enter_context(progress(quiet=here.quiet)))


def _tell(here: Common, started: "Start", forges: "tuple[Forge, ...]") -> None:
    from bo_sync.cli.talk import result, say
    from bo_sync.render.escape import terminal

    for path in started.written:
        result(terminal(f"wrote {path}"))
    if not started.written:
        result("Nothing to write.")
    if here.quiet:
        return
    for path, reason in started.kept:
        say(f"kept {path}: {reason}")
    for email, reason in started.left:
        say(f"left alone: {email}: {reason}")
    _tell_of_policies_and_examples(started)
    if forges and not (here.root / ".git").exists():
        say("note: this is not the top of a git repository, and a forge reads its pipelines there only")
    if forges:
        say(f"note: before the first push, give the environments bo-sync-plan and bo-sync-apply their keys: {_PAGE}")
    else:
        say("note: no pipelines; `init --github` or `init --gitlab` adds them")
    say("next: commit these files; `bo-sync validate` checks them, `bo-sync plan` shows what they would change")


def _tell_of_policies_and_examples(started: "Start") -> None:
    from bo_sync.cli.talk import say

    for path in started.asleep:
        say(f"not read yet: {path}: today's people break this policy; take the `_` off its name once they keep it")
    for path in started.examples:
        say(f"note: {path} is an example; put your own people in its place before anything is applied")
    if started.lenient:
        say("note: the policies begin as warnings; take `severity: warning` out of each once the hub's people keep it")
