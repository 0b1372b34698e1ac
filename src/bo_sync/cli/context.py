"""Shared by commands: the files, the hub, the day, and the plan made of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bo_sync.access.catalogue import age_in_days, in_use
from bo_sync.access.finding_checks import Declared, Judged, judge
from bo_sync.access.policies import only_takes
from bo_sync.apply.planner import Desired, PlanRequest, Reading, check_matched, make_plan, read_both
from bo_sync.cli.base_revision import BaseFiles, marked, with_guards
from bo_sync.cli.console import progress, say, shown
from bo_sync.cli.hub_choice import destination
from bo_sync.cli.options import Common, HubChoice, Narrowing
from bo_sync.config.broken_files import Broken, broken, sound, standing, unmatched, warned
from bo_sync.config.files import File, walk, walk_settings
from bo_sync.config.git_revision import commit_of
from bo_sync.config.load import Tree, tree_of
from bo_sync.config.settings import today
from bo_sync.core.model import LiveState, Problem, Severity
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import resolve_all
from bo_sync.core.selection import Selection
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import check_host
from bo_sync.hub.transport import Transport

if TYPE_CHECKING:
    from bo_sync.cli.hub_choice import Destination
    from bo_sync.sandbox.adapter import SandboxAdapter


OLDEST: Final = 180
"""Days after which the table of operations is old."""
_TOLD: Final = 5
"""Maximum number of files in the line about users that were set aside."""
_STATE: Final = ".bo-sync"
"""Our folder below the configuration's root; git ignores it, and it is never read as configuration."""


@dataclass(frozen=True, slots=True)
class Files:
    """The tree as read, and its meaning on `day`."""

    tree: Tree
    desired: Desired
    day: date

    @property
    def judged(self) -> Judged:
        """The findings about these files; computed at each call."""
        declared = Declared(self.tree.declarations, self.tree.presets, self.tree.settings)
        return judge(declared, self.desired.users, self.day)


def load_files(common: Common) -> Files:
    """Reads the tree, prints its warnings, and interprets it. Raises FilesError, with all problems, for any error."""
    found = walk(common.root)
    tree = tree_of(found.files, found.problems)
    check(tree, "the files", "mend these lines; nothing was sent or changed")
    if not common.quiet:
        _say_problems(tree.problems)
    return meaning(tree, common.today, _facts(common.root, tree, found.files))


def warn_of_age(common: Common, settings: Settings) -> None:
    """Warns when the table of operations in use is old, because the hub may have others by now."""
    facts = in_use(settings)
    days = age_in_days(facts, common.day(settings))
    if days > OLDEST and not common.quiet:
        say(f"warning: the operations table of {facts.taken} is older than {OLDEST} days")
        say("hint: `bo-sync catalogue refresh --output catalogue/operations.csv`")


def check(tree: Tree, where: str, hint: str) -> None:
    """Raises FilesError, with all problems, when `tree` has an error."""
    if tree.errors:
        raise _invalid(tree.problems, where, hint)


def _invalid(problems: Iterable[Problem], where: str, hint: str) -> FilesError:
    every = tuple(problems)
    errors = sum(problem.severity is Severity.ERROR for problem in every)
    message = Message("{} in {}", _counted(errors, "error"), where)
    return FilesError(message, lines=tuple(problem.sentence for problem in every), hint=hint)


def meaning(tree: Tree, day: date | None, facts: ConfigFacts) -> Files:
    """The meaning of a valid tree on `day`; None is the clock's day, in the tree's own zone."""
    day = day or today(tree.settings, datetime.now(UTC))
    users = resolve_all(tree.declarations, tree.presets, tree.settings, day)
    return Files(tree, Desired(users, tree.settings, facts, tree.policies, day), day)


def load_settings(common: Common) -> Settings:
    """Reads only bo-sync.yaml, for checks before the first request. Raises as `load_files` when it has an error."""
    found = walk_settings(common.root)
    tree = tree_of(found.files, found.problems)
    return load_files(common).tree.settings if tree.errors else tree.settings


def _facts(root: Path, tree: Tree, files: Sequence[File]) -> ConfigFacts:
    commit = commit_of(root, files)
    if commit is None:
        return ConfigFacts(len(tree.declarations), tree.digest)
    return ConfigFacts(len(tree.declarations), tree.digest, Text(commit.sha), commit.dirty)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@contextmanager
def open_transport(common: Common, choice: HubChoice, settings: Settings | None = None) -> Iterator[Transport]:
    """A transport to the chosen hub. Raises UsageError before anything is sent, if the hub may not be used.

    Without `settings`, bo-sync.yaml is read for its host.
    """
    meant = destination(choice)
    check_host(meant.address, (settings or load_settings(common)).hub_host)
    if meant.address.scheme == "sandbox" and not common.quiet:
        say(Message("hub: the embedded sandbox, {}", Text(str(common.root / _STATE / "sandbox.db"))))
    with _adapters(common, meant) as adapters:
        transport = Transport(meant.address, meant.credentials, concurrency=choice.concurrency, adapters=adapters)
        try:
            yield transport
        finally:
            transport.close()


@contextmanager
def hub_session(common: Common, choice: HubChoice) -> Iterator[CommerceHub]:
    """The chosen hub for the use cases; raises as `open_transport` does."""
    settings = load_settings(common)
    with open_transport(common, choice, settings) as transport:
        yield CommerceHub(transport, choice.page_size, choice.batch_size, settings.hub_identity)


@contextmanager
def _adapters(common: Common, meant: "Destination") -> Iterator[dict[str, "SandboxAdapter"]]:
    if meant.address.scheme != "sandbox":
        yield {}
        return
    from bo_sync.cli.embedded_hub import embedded_hub

    with embedded_hub(common.root, Path(_STATE) / "sandbox.db") as adapter:
        yield {"sandbox:": adapter}


def read_plan(common: Common, hub: CommerceHub, narrowing: Narrowing, base: BaseFiles | None = None) -> Reading:
    """Reads files and hub concurrently and makes the plan; with a base, also the guards that are weaker than there.

    Raises FilesError for an error in the files; with chosen users, only for one that can be about them.
    """
    selection = Selection(narrowing.only, narrowing.expired)
    with progress(quiet=common.quiet) as watched:
        if selection.is_everyone:
            files, live = read_both(lambda: load_files(common), hub, watched, addresses)
            return _finished(plan_of(files, live, hub, narrowing), common, files.tree, base)
        errors, live = read_both(lambda: _errors(common), hub, watched, _declared)
    reading = plan_of(_sound_files(common, errors, live, selection), live, hub, narrowing)
    if errors.policies and reading.plan.changes and not only_takes(reading.plan.changes):
        raise _invalid(
            warned(errors.tree.problems, errors.policies), "the policies", "fix these errors; nothing was changed"
        )
    return _finished(reading, common, errors.tree, base)


def _finished(reading: Reading, common: Common, tree: Tree, base: BaseFiles | None) -> Reading:
    """`reading` with findings from git's history. Warns when its table of operations is old."""
    if reading.plan.effects or reading.plan.policies:
        warn_of_age(common, tree.settings)
    plan = marked(reading.plan, common.root)
    return replace(reading, plan=plan if base is None else with_guards(plan, common, base, tree))


def _errors(common: Common) -> Broken:
    """The tree and its errors. Raises FilesError, without waiting for the hub, for an error about any user."""
    walked = walk(common.root)
    tree = tree_of(walked.files, walked.problems)
    errors = broken(tree, walked.files, common.day(tree.settings))
    if errors.everyone:
        raise _stopped(tree, errors.everyone)
    return errors


def _stopped(tree: Tree, files: Collection[Text]) -> FilesError:
    hint = "fix these errors, which can be about the chosen users; nothing was changed"
    return _invalid(warned(tree.problems, files), "the files", hint)


def _sound_files(common: Common, errors: Broken, live: LiveState, selection: Selection) -> Files:
    """The meaning of the files without those set aside, with warnings about the latter.

    Raises FilesError when an error can be about a chosen user, UsageError for a pattern that matches no user.
    """
    stops = standing(errors, selection, live.users)
    if stops:
        check_matched(unmatched(errors, selection, live.users), ())
        raise _stopped(errors.tree, stops)
    tree = sound(errors)
    if not common.quiet:
        _say_problems(tree.problems)
        _say_aside(errors)
    facts = _facts(common.root, tree, errors.files)
    files = meaning(tree, errors.today, replace(facts, users=facts.users + len(errors.claims)))
    return replace(files, desired=replace(files.desired, set_aside=errors.claims))


def _say_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(problem.sentence)


def _say_aside(errors: Broken) -> None:
    """Prints one line about users whose files cannot be used."""
    paths = sorted(map(shown, {aside.path for aside in errors.asides}))
    if paths:
        more = f" and {len(paths) - _TOLD} more" if len(paths) > _TOLD else ""
        named = Message.of(paths[:_TOLD], ", ") + more
        say(Message("warning: the users of {} stay as they are in the hub, because of errors in the files", named))


def addresses(files: Files) -> tuple[Text, ...]:
    """The addresses of the files: of users to create, to compare, and to delete."""
    return tuple(user.email for user in files.desired.users)


def _declared(errors: Broken) -> tuple[Text, ...]:
    """The same for files with errors."""
    return tuple(entry.email for entry in errors.tree.declarations)


def plan_of(files: Files, live: LiveState, hub: CommerceHub, narrowing: Narrowing) -> Reading:
    """The plan for files and live state that were read before."""
    desired = replace(files.desired, findings=files.judged.findings)
    return make_plan(desired, live, hub.url, request_of(narrowing))


def request_of(narrowing: Narrowing) -> PlanRequest:
    """The options as a request."""
    return PlanRequest(narrowing.only, narrowing.allowed, narrowing.expired, narrowing.skip_blocked)
