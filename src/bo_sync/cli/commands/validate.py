"""`bo-sync validate`: check the files offline."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.output import FILES_REPORTS, ReportFile, report_option, write_reports
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bo_sync.config.load import Tree
    from bo_sync.core.base_compare import Comparison
    from bo_sync.core.model import Problem
    from bo_sync.core.plan import Finding
    from bo_sync.core.policy import PolicyResult
    from bo_sync.core.text import Text
    from bo_sync.render.notices import Checked

FORMS: Final = ("text", "json", "markdown", "github", *FILES_REPORTS)


@dataclass(frozen=True, slots=True)
class _Told:
    """The result of a validation. `findings` and `policies` are None when errors prevent judging the files."""

    problems: "Sequence[Problem]"
    findings: "Sequence[Finding] | None"
    policies: "Sequence[PolicyResult] | None"
    comparison: "Comparison | None" = None

    @property
    def has_warnings(self) -> bool:
        from bo_sync.core.model import Severity

        weights = {each.severity for each in self.problems} | {each.severity for each in self.findings or ()}
        doubtful = any(result.notes or not result.ok for result in self.policies or ())
        return doubtful or bool(weights - {Severity.INFO})

    @property
    def is_refused(self) -> bool:
        return any(result.is_violated for result in self.policies or ())


@click.command(name="validate", short_help="Check the files, offline.")
@common
@output_format(*FORMS)
@report_option(*FORMS)
@redactable
@click.option("--base", metavar="REV", help="Also compare with the files of this git revision, as in origin/main.")
@click.option("--strict", is_flag=True, help="Exit 4 when there is a warning.")
def command(chosen: Common, *, form: str, reports: tuple[ReportFile, ...], base: str | None, strict: bool) -> int:
    """Check all files and list every error with its place. Needs no hub, no key and no network.

    With --base, also show the guards that are weakened since that revision. Block a user whose address changed, or
    whose file was removed while all access would stay. Commits of that revision that HEAD lacks do not count: then
    the last common commit is compared.

    Findings follow, each with a number (docs/findings.md): access that expires, that opens nothing, or that opens
    more than it seems. They change no exit code, except warnings with --strict.

    Policies (docs/policies.md) come last. Only the users of the files count, so too few users of a kind are a warning
    here; plan can block.

    Exits 0, 3 when a file has an error, or 4 when a guardrail blocks (the files have no users, or --base found such
    a user), when a policy of severity error fails, or with --strict for any warning.
    """
    from bo_sync.cli.context import warn_of_age
    from bo_sync.cli.github_actions import below, failures_annotated, files_told
    from bo_sync.config.load import load_tree

    with failures_annotated(form):
        tree = load_tree(chosen.root)
        told = shown(_told(chosen, tree, base))
        place = below(chosen.root)
        _show(tree, told, form, place)
        write_reports(reports, lambda wanted: _rendered(tree, told, wanted, place))
    if tree.policies:
        warn_of_age(chosen, tree.settings)
    if base is None and not (tree.declarations or tree.errors):  # an entry with an error may be a user
        _say_empty()
    code = _exit_code(tree, told, strict=strict)
    files_told(form, lambda limit: _markdown(tree, told, limit), code)
    return code


def _exit_code(tree: "Tree", told: _Told, *, strict: bool) -> ExitCode:
    if tree.errors:
        return ExitCode.INVALID
    refused = told.is_refused or (bool(told.comparison.refused) if told.comparison else not tree.declarations)
    return ExitCode.REFUSED if refused or (strict and told.has_warnings) else ExitCode.OK


def _told(chosen: Common, tree: "Tree", base: str | None) -> _Told:
    findings, policies = (None, None) if tree.errors else _judged(tree, chosen.day(tree.settings))
    if base is None:
        return _discreet(_Told(tree.problems, findings, policies))
    from bo_sync.cli.base_revision import compare_with, read_base

    comparison, doubts = compare_with(chosen, read_base(chosen, base), tree)
    return _discreet(_Told((*tree.problems, *doubts), findings, policies, comparison))


def _judged(tree: "Tree", day: "date") -> "tuple[Sequence[Finding], Sequence[PolicyResult]]":
    """The findings about valid files, and the policy results of their users."""
    from bo_sync.access.capabilities import powers
    from bo_sync.access.finding_checks import Declared, judge
    from bo_sync.access.policies import on_files, subjects, unmatched_exceptions
    from bo_sync.access.user_access import of_files
    from bo_sync.core.presets import resolve_all

    users = resolve_all(tree.declarations, tree.presets, tree.settings, day)
    findings = judge(Declared(tree.declarations, tree.presets, tree.settings), users, day).findings
    findings += tuple(unmatched_exceptions(tree.policies, [user.email for user in users]))
    return findings, on_files(tree.policies, subjects(of_files(users)), powers(tree.settings), day)


def _discreet(told: _Told) -> _Told:
    from bo_sync.cli.api_key import discreet
    from bo_sync.core.text import Text

    def masked(text: "Text") -> "Text":
        return Text(discreet(str(text)))

    problems = [replace(problem, message=problem.message.replaced(masked)) for problem in told.problems]
    findings = [replace(finding, message=finding.message.replaced(masked)) for finding in told.findings or ()]
    return replace(told, problems=problems, findings=None if told.findings is None else findings)


def _say_empty() -> None:
    from bo_sync.cli.console import say
    from bo_sync.core.guardrails import BY_NAME

    say(f"refused by the guardrail empty: 0 people in the files, at least 1 expected; {BY_NAME['empty'].instead}")


def _show(tree: "Tree", told: _Told, form: str, below: str) -> None:
    from bo_sync.cli.console import coloured, result, width

    text = _text(told, width(), color=coloured()) if form == "text" else _rendered(tree, told, form, below)
    result(text)


def _rendered(tree: "Tree", told: _Told, form: str, below: str) -> str:
    """In one of `FORMS`, as written to a file: not wrapped, not coloured. `below` is as in `plan_as`."""
    if form == "text":
        return _text(told, None, color=False)
    if form == "markdown":
        from bo_sync.render.markdown_blocks import COMMENT_LIMIT

        return _markdown(tree, told, COMMENT_LIMIT)
    if form == "github":
        from bo_sync.render.github import files_github

        return f"{_text(told, None, color=False)}\n{files_github(_checked(tree, told), below)}"
    if form != "json":
        from bo_sync.cli.output import files_report

        return files_report(_checked(tree, told), _paths(tree), form, below)
    from bo_sync.render.json import problems_json

    users, presets = len(tree.declarations), len(tree.presets)
    return problems_json(told.problems, users, presets, told.comparison, findings=told.findings, policies=told.policies)


def _markdown(tree: "Tree", told: _Told, limit: int) -> str:
    from bo_sync.render.markdown_files import Validated, files_markdown

    base = told.comparison
    compared = (base.revision, base.commit, base.tip) if base is not None else ()
    counts = len(tree.declarations) + len(tree.unsound), len(tree.presets)
    return files_markdown(Validated(*counts, _checked(tree, told), *compared), limit=limit)


def _checked(tree: "Tree", told: _Told) -> "Checked":
    from bo_sync.core.guardrails import GuardrailResult
    from bo_sync.render.notices import Checked

    users = len(tree.declarations) + len(tree.unsound)
    empty = (GuardrailResult("empty", users, 1, ok=users > 0),) if users or not tree.errors else ()
    guardrails = empty if told.comparison is None else told.comparison.guardrails
    weakened = told.comparison.weakened if told.comparison is not None else ()
    return Checked(told.problems, told.findings, told.policies, guardrails, weakened)


def _paths(tree: "Tree") -> "set[Text]":
    """The files with content; those with only problems are known by their problems."""
    users = {entry.source.path for entry in (*tree.declarations, *tree.unsound)}
    presets = {preset.source.path for preset in tree.presets.values()}
    every = users | presets | {policy.source.path for policy in tree.policies}
    return set(map(shown, every))


def _text(told: _Told, width: "int | None", *, color: bool) -> str:
    from bo_sync.render.guardrails import policies_text
    from bo_sync.render.text import comparison_text, problems_text

    problems, findings, comparison = told.problems, told.findings or (), told.comparison
    if comparison is None:
        text = problems_text(problems, findings)
    else:
        text = comparison_text(comparison, problems, findings, width=width, color=color)
    block = policies_text(told.policies or (), "these files", width=width, color=color)
    return text + ("\n" if block.count("\n") > 1 else "") + block
