"""Compare the files with a git revision, and with the whole history."""

from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

from bo_sync.access.finding_codes import HISTORY, REMOVED_FILE
from bo_sync.cli.options import Common
from bo_sync.config.files import POLICIES, SETTINGS_FILE
from bo_sync.config.git import NoHistory
from bo_sync.config.git_revision import SHOWN, Removal, base_of, read_revision, removals
from bo_sync.config.load import Tree, tree_of
from bo_sync.core.base_compare import Comparison, Snapshot, compare, weakened_since
from bo_sync.core.diff import PROTECTED
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.presets import resolve_all
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison


@dataclass(frozen=True, slots=True)
class BaseFiles:
    """The files of a revision. `revision`, `commit` and `tip` are as in `GuardComparison`."""

    revision: Text
    commit: str
    tip: str | None
    tree: Tree


def read_base(common: Common, revision: str) -> BaseFiles:
    """The files with which the present ones are compared.

    For a revision with commits that HEAD lacks, they are those of the last common commit (`base_of`). Raises
    UsageError where git cannot give the revision.
    """
    since = base_of(common.root, revision)
    is_exact = since.commit == since.tip
    read = read_revision(common.root, revision if is_exact else since.commit)
    tree = tree_of(read.files, read.problems)
    return BaseFiles(Text(revision), read.commit[:SHOWN], None if is_exact else since.tip[:SHOWN], tree)


def compare_with(common: Common, base: BaseFiles, tree: Tree) -> tuple[Comparison, tuple[Problem, ...]]:
    """How `tree`, the present files, differs from `base`, and which parts of the base could not be compared."""
    day = common.day(tree.settings)
    weakened, guardrails = compare(_snapshot(base.tree, day), _snapshot(tree, day), day)
    return Comparison(base.revision, base.commit, weakened, base.tip, guardrails), _doubts(base.tree)


def with_guards(plan: Plan, common: Common, base: BaseFiles, tree: Tree) -> Plan:
    """`plan` with the guards of `tree` that are weaker than at `base`, and a finding where some cannot be compared.

    A plan about chosen users sets broken policies aside, so they count as removed.
    """
    day = common.day(tree.settings)
    head = replace(_snapshot(tree, day), has_policies=True)
    found = weakened_since(_snapshot(base.tree, day), head, day)
    doubts = tuple(_unknown_guards(doubt) for doubt in _doubts(base.tree) if _holds_guards(doubt.source.path))
    compared = GuardComparison(base.revision, base.commit, found, base.tip)
    return replace(plan, base=compared, findings=(*doubts, *plan.findings))


def _holds_guards(path: Text) -> bool:
    """Whether a guard can be missed without this file. Without a user file, more guards are shown, never fewer."""
    return path.raw == SETTINGS_FILE or f"{path.raw}/".startswith(f"{POLICIES}/")


def _unknown_guards(doubt: Problem) -> Finding:
    return HISTORY.finding(Message("weakened guards may be missing here: {}", doubt.message), source=doubt.source)


def _snapshot(tree: Tree, day: date) -> Snapshot:
    wrong = {problem.source.path.raw for problem in tree.errors}
    users = (*tree.declarations, *tree.unsound)
    return Snapshot(
        users,
        tree.settings,
        tree.lists,
        tree.unread,
        has_settings=SETTINGS_FILE not in wrong,
        policies=tree.policies,
        has_policies=not any(f"{path}/".startswith(f"{POLICIES}/") for path in wrong),
        users=() if wrong else resolve_all(tree.declarations, tree.presets, tree.settings, day),
    )


def _doubts(base: Tree) -> tuple[Problem, ...]:
    """A warning for each file of the base with errors, and a note where the base has no files."""
    if not base.user_files and not base.errors:
        told = "at the base there are no user files, so there is nobody to compare with"
        return (Problem(Source(Text("users"), 1), Message(told), Severity.INFO),)
    return tuple(
        replace(errors[0], severity=Severity.WARNING, message=_doubt(errors))
        for errors in (list(group) for _, group in groupby(base.errors, key=lambda problem: problem.source.path))
    )


def _doubt(errors: list[Problem]) -> Message:
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    is_settings = errors[0].source.path.raw == SETTINGS_FILE
    lacking = "whether its guards are loosened cannot be told" if is_settings else "it is compared only in part"
    return Message("at the base this file had an error{}, so {}: {}", others, lacking, errors[0].message)


def marked(plan: Plan, root: Path) -> Plan:
    """`plan` with a finding for each unmanaged user that a commit removed from the files, as far as git shows.

    A history without the answer is a finding, and so is a repository that git does not read: its commit is unknown.
    """
    left = [user.email for user in plan.unmanaged if user.policy != PROTECTED]
    read = removals(root, left)
    found = [_finding(email, read.found[email.folded]) for email in left if email.folded in read.found]
    if read.doubt is not None and (left or not read.doubt.is_absent):
        found.append(_unknown(read.doubt))
    return replace(plan, findings=(*plan.findings, *found))


def _unknown(doubt: NoHistory) -> Finding:
    unread = Message("the git history cannot be read ({})", doubt.reason)
    return HISTORY.finding(Message("{}, so removed files may not be reported (BOS105): {}", unread, doubt.hint))


def _finding(email: Text, removal: Removal) -> Finding:
    what = "its file" if removal.is_file else "its entry in"
    message = Message(
        "in the hub without a file ({} {} was removed in {}), so all access stays: bring it back with `state: absent`",
        what,
        removal.path,
        removal.commit,
    )
    return REMOVED_FILE.finding(message, email)
