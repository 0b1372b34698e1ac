"""`bo-sync init`: create a repository with users, presets, policies and pipelines."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import click

from bo_sync import __version__
from bo_sync.access.capabilities import powers
from bo_sync.access.policies import on_files, subjects
from bo_sync.access.user_access import of_files
from bo_sync.apply.pull import FOLDER, Left
from bo_sync.cli.commands.pull import pulled
from bo_sync.cli.context import load_files as files_here
from bo_sync.cli.file_writer import all_or_none
from bo_sync.cli.options import Common, HubChoice, common, hub_choice
from bo_sync.config.files import kind_of, walk
from bo_sync.config.json_schema import KINDS, Vocabulary, json_schema
from bo_sync.config.load import tree_of
from bo_sync.core.model import LiveState
from bo_sync.core.presets import resolve_all
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError
from bo_sync.exit_codes import ExitCode

Forge = Literal["github", "gitlab"]
_DOT: Final = "dot-"


@dataclass(frozen=True, slots=True)
class Template:
    """One file to write: its path below the repository's root, with `/`, and its text."""

    path: str
    text: str


def templates(forges: tuple[Forge, ...]) -> tuple[Template, ...]:
    """The files of every repository, then those of each forge; each part sorted by path."""
    folder = resources.files("bo_sync") / "scaffold"
    return tuple(template for name in ("base", *forges) for template in sorted(_below(folder / name), key=_by_path))


def _by_path(template: Template) -> str:
    return template.path


def _below(folder: Traversable, path: str = "") -> Iterator[Template]:
    for entry in folder.iterdir():
        name = f".{entry.name.removeprefix(_DOT)}" if entry.name.startswith(_DOT) else entry.name
        if entry.is_dir():
            yield from _below(entry, f"{path}{name}/")
        else:
            yield Template(f"{path}{name}", entry.read_text(encoding="utf-8").replace("@version@", __version__))


SCHEMAS: Final = "schemas"
_IGNORED: Final = ".gitignore"
_STATE: Final = ".bo-sync/"
_PIPELINE: Final = ".gitlab-ci.yml"
_INCLUDED: Final = "ci/bo-sync.gitlab-ci.yml"
_THERE: Final = "it is there already"
_AT_FIRST: Final = "severity: warning # until everybody keeps it: then take this line away"

Create = Callable[[str, str], None]
"""Writes a new file: its path below the root, and its text."""


@dataclass(frozen=True, slots=True)
class InitResult:
    """Files written, in order; files kept, each with the reason; users without a file, and why; policies not read yet,
    since users break them; policies that only warn at first; and the example users."""

    written: tuple[Text, ...] = ()
    kept: tuple[tuple[Text, str], ...] = ()
    left: tuple[Left, ...] = ()
    asleep: tuple[Text, ...] = ()
    lenient: tuple[Text, ...] = ()
    examples: tuple[Text, ...] = ()

    def and_then(self, other: "InitResult") -> "InitResult":
        return InitResult(
            (*self.written, *other.written),
            (*self.kept, *other.kept),
            (*self.left, *other.left),
            (*self.asleep, *other.asleep),
            (*self.lenient, *other.lenient),
            (*self.examples, *other.examples),
        )


def start(here: Common, forges: tuple[Forge, ...], live: LiveState | None) -> InitResult:
    """Writes all missing files, or none. With `live`, its users replace the example.

    Raises FilesError where a path is blocked, or where an existing configuration has an error.
    """
    has_configuration = bool(walk(here.root).files)
    wanted = [template for template in templates(forges) if not (has_configuration and kind_of(template.path))]
    users = [f"{FOLDER}/_"] if live else []
    _check_ways(here.root, (*(template.path for template in wanted), *users, f"{SCHEMAS}/_"))
    with all_or_none(here.root) as create:
        return _written(here, wanted, live, create)


def _written(here: Common, wanted: Sequence[Template], live: LiveState | None, create: Create) -> InitResult:
    plain = [template for template in wanted if not _comes_later(template, is_pulled=live is not None)]
    begun = _write(here.root, plain, create)
    policies = [template for template in wanted if kind_of(template.path) == "policy"]
    if live is None:
        policies = [_lenient(policy) for policy in policies]
        examples = tuple(Text(template.path) for template in plain if kind_of(template.path) == "user")
        begun = begun.and_then(InitResult(lenient=tuple(Text(policy.path) for policy in policies), examples=examples))
    else:
        begun = begun.and_then(_pulled(here, live, create))
        policies = list(_kept_by_all(here, policies)) if policies else []
    begun = begun.and_then(_write(here.root, policies, create)).and_then(InitResult(asleep=_asleep(policies)))
    words = Vocabulary.of(here.root)
    schemas = [Template(f"{SCHEMAS}/{kind}.json", json_schema(kind, words)) for kind in KINDS]
    return begun.and_then(_write(here.root, schemas, create))


def _comes_later(template: Template, *, is_pulled: bool) -> bool:
    kind = kind_of(template.path)
    return kind == "policy" or (kind == "user" and is_pulled)


def _lenient(policy: Template) -> Template:
    """The policy as a warning: users of the hub may break it, and they are not reviewed yet."""
    if "\nseverity: " in policy.text:
        return policy
    first, _, rest = policy.text.partition("\n")
    return replace(policy, text=f"{first}\n{_AT_FIRST}\n{rest}")


def _check_ways(root: Path, paths: Iterable[str]) -> None:
    """Raises FilesError, with everything that prevents files at `paths`."""
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents if folder.name}
    lines = tuple(
        Message("{}: {}", Text(folder), why) for folder in sorted(folders) if (why := _why_closed(root, folder))
    )
    if lines:
        hint = "move it away, and run this again; nothing was written"
        raise FilesError("something is in the way of the files to be written", lines=lines, hint=hint)


def _why_closed(root: Path, folder: str) -> str:
    """Why no file can be written into `folder`; "" where one can."""
    place = root / folder
    if place.is_symlink():
        return "a symbolic link; expected a folder"
    return "not a folder" if os.path.lexists(place) and not place.is_dir() else ""


def _write(root: Path, wanted: Sequence[Template], create: Create) -> InitResult:
    written: list[Text] = []
    kept: list[tuple[Text, str]] = []
    for template in wanted:
        path = Text(template.path)
        if os.path.lexists(root / template.path):
            kept.append((path, _why_kept(root, template.path)))
        else:
            create(template.path, template.text)
            written.append(path)
    return InitResult(tuple(written), tuple(kept))


def _why_kept(root: Path, path: str) -> str:
    """The reason for a kept file, and what to add to it by hand."""
    if not stat.S_ISREG((root / path).lstat().st_mode):
        return _THERE
    try:
        there = (root / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _THERE
    if path == _IGNORED and _STATE not in there.split():
        return f"{_THERE}; add a line `{_STATE}`, which is no business of git"
    if path == _PIPELINE and _INCLUDED not in there:
        return f"{_THERE}; add `- local: {_INCLUDED}` to its `include`"
    return _THERE


def _pulled(here: Common, live: LiveState, create: Create) -> InitResult:
    """Creates a file for each unmanaged user."""
    files = files_here(replace(here, quiet=True))
    found = pulled(here.root, files, live, update=False)
    for draft in found.new:
        create(draft.path, draft.text)
    return InitResult(tuple(Text(draft.path) for draft in found.new), (), found.left)


def _kept_by_all(here: Common, policies: Sequence[Template]) -> Iterator[Template]:
    """The policies. An error policy that present users break gets a name that is not read."""
    there = files_here(replace(here, quiet=True))
    found = [*walk(here.root).files, *((template.path, template.text.encode()) for template in policies)]
    tree = tree_of(found)
    users = resolve_all(tree.declarations, tree.presets, tree.settings, there.day)
    results = on_files(tree.policies, subjects(of_files(users)), powers(tree.settings), there.day)
    broken = {result.policy.source.path.raw for result in results if not result.ok}
    for template in policies:
        yield replace(template, path=_unread(template.path)) if template.path in broken else template


def _asleep(policies: Sequence[Template]) -> tuple[Text, ...]:
    return tuple(Text(template.path) for template in policies if kind_of(template.path) is None)


def _unread(path: str) -> str:
    """A name that the loader ignores."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/_{name}"


_PAGE: Final = "docs/pipelines.md of bo-sync tells which, and how to guard them"


@click.command(name="init", short_help="Write what a new repository needs.")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path())
@common
@hub_choice
@click.option("--github", is_flag=True, help="Also write workflows and an action for GitHub.")
@click.option("--gitlab", is_flag=True, help="Also write a pipeline for GitLab.")
@click.option("--from-hub", is_flag=True, help="Write a file for everybody in the hub, instead of an example.")
def command(choice: HubChoice, chosen: Common, *, folder: Path, github: bool, gitlab: bool, from_hub: bool) -> int:
    """Create a repository of backoffice users: bo-sync.yaml, presets, policies, an example user, schemas for editors,
    hooks for pre-commit, a README; and the pipelines of a forge.

    Existing files are never overwritten; skipped files are listed. Where a configuration exists (bo-sync.yaml, or a
    file in users/, presets/ or policies/), none of its parts is added. So the command can run again to add a forge.

    With --from-hub the users of the hub are pulled, so that the first plan is empty; a policy that they break is
    written under a name that is not read. Without it the users are unknown, so the policies begin as warnings.

    If the hub cannot be read or a path is blocked, nothing is written.
    """

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
    """Makes `root` if it is missing, and removes it when the block fails and leaves it empty.

    Raises UsageError where it cannot be made.
    """
    from bo_sync.core.text import Text
    from bo_sync.errors import UsageError

    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(
            Message("{} cannot be made: {}", Text(str(root)), err.strerror), hint="name another folder"
        ) from err
    try:
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _read(here: Common, choice: HubChoice, stack: ExitStack) -> "LiveState":
    from bo_sync.cli.console import progress
    from bo_sync.cli.context import hub_session

    hub = stack.enter_context(hub_session(here, choice))
    return hub.read_all(stack.enter_context(progress(quiet=here.quiet)))


def _tell(here: Common, started: "InitResult", forges: "tuple[Forge, ...]") -> None:
    from bo_sync.cli.console import result, say
    from bo_sync.render.escape import terminal

    for path in started.written:
        result(terminal(Message("wrote {}", path)))
    if not started.written:
        result("Nothing to write.")
    if here.quiet:
        return
    for path, reason in started.kept:
        say(Message("kept {}: {}", path, reason))
    for email, reason in started.left:
        say(Message("left alone: {}: {}", email, reason))
    _tell_of_policies_and_examples(started)
    if forges and not (here.root / ".git").exists():
        say("note: this is not the top of a git repository, and a forge reads its pipelines there only")
    if forges:
        say(f"note: before the first push, give the environments bo-sync-plan and bo-sync-apply their keys: {_PAGE}")
    else:
        say("note: no pipelines; `init --github` or `init --gitlab` adds them")
    say("next: commit these files; `bo-sync validate` checks them, `bo-sync plan` shows what they would change")


def _tell_of_policies_and_examples(started: "InitResult") -> None:
    from bo_sync.cli.console import say

    for path in started.asleep:
        say(
            Message(
                "not read yet: {}: today's people break this policy; take the `_` off its name once they keep it", path
            )
        )
    for path in started.examples:
        say(Message("note: {} is an example; put your own people in its place before anything is applied", path))
    if started.lenient:
        say("note: the policies begin as warnings; take `severity: warning` out of each once the hub's people keep it")
