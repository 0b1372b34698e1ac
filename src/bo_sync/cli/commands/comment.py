"""`bo-sync comment`: post a plan or a text as one comment on a pull request, or as one issue."""

import os
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from bo_sync.access.finding_codes import NO_OWNER
from bo_sync.cli.api_key import without_secrets
from bo_sync.cli.console import is_redacting, redactable, shown
from bo_sync.cli.options import Common, located, output_format
from bo_sync.core.plan import Plan
from bo_sync.core.text import Message, Text
from bo_sync.errors import BoSyncError, UsageError
from bo_sync.exit_codes import ExitCode
from bo_sync.render.wording import users

if TYPE_CHECKING:
    from bo_sync.forge.environment import ForgeTarget
    from bo_sync.forge.sticky_comment import Posted


_HOST: Final = re.compile(r"https?://([A-Za-z0-9.:-]{1,100})/.*", re.DOTALL)


def is_drift(plan: Plan) -> bool:
    """Whether hub and files differ, a plan would be blocked as they are, or the hub has no owner; unmanaged users are
    not drift."""
    return bool(plan.changes or plan.refused or plan.skipped or plan.violated or _has_no_owner(plan))


def _has_no_owner(plan: Plan) -> bool:
    return any(found.rule == NO_OWNER.id for found in plan.findings)


def drift_title(plan: Plan) -> str:
    """`Drift on hub.example.com: 3 users differ from the files`, without untrusted text."""
    host = _HOST.fullmatch(plan.hub.url)
    where = f" on {host[1]}" if host else ""
    number = len(plan.changes)
    told = (
        f"{users(number)} {'differs' if number == 1 else 'differ'} from the files" if number else _without_change(plan)
    )
    return f"Drift{where}: {told}"


def _without_change(plan: Plan) -> str:
    is_blocked = plan.refused or plan.skipped or plan.violated or not _has_no_owner(plan)
    return "refused as it is" if is_blocked else "no user owns Roles & permissions"


Forge = Literal["github", "gitlab"]
_MARKER: Final = re.compile(r"<!-- bo-sync:[a-z][a-z0-9-]*( \S+){0,2} -->")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LARGEST: Final = 256 * 1024 * 1024
"""Maximum bytes of a file: the JSON of a plan for very many users."""


@dataclass(frozen=True, slots=True)
class _Message:
    """The text to post; for a plan also the title of an issue, and whether it is open."""

    body: str
    title: str = ""
    is_open: bool = True


@click.command(name="comment", short_help="Put a plan on a pull request, or drift into an issue.")
@click.argument("saved", metavar="[PLAN.json]", required=False, type=click.Path(path_type=Path))
@located
@click.option("--github", "forge", flag_value="github", help="Through GitHub's API, with GITHUB_TOKEN.")
@click.option("--gitlab", "forge", flag_value="gitlab", help="Through GitLab's API, with GITLAB_TOKEN.")
@click.option("--drift", is_flag=True, help="One open issue while the plan has changes, none when it has none.")
@click.option("--body", type=click.Path(path_type=Path), help="Markdown instead of a plan, as `diff` writes it.")
@click.option("--failed", type=click.INT, metavar="EXITCODE", help="No plan could be made: say so in its place.")
@click.option("--hub", metavar="URL", help="Of which hub, with --failed (default: BO_SYNC_HUB_URL).")
@click.option("--marker", metavar="NAME", help="What keeps this --body apart from our other comments.")
@click.option("--repository", metavar="NAME", help="owner/name, or the project (default: the pipeline's).")
@click.option("--pull", type=click.IntRange(1), help="Number of the pull or merge request (default: the pipeline's).")
@click.option("--dry-run", is_flag=True, help="Print what would stand there, and ask nobody.")
@output_format("text", "json")
@redactable
def command(
    chosen: Common,
    *,
    saved: Path | None,
    forge: Forge | None,
    drift: bool,
    body: Path | None,
    failed: int | None,
    hub: str | None,
    marker: str | None,
    repository: str | None,
    pull: int | None,
    dry_run: bool,
    form: str,
) -> int:
    """Keep one comment on a pull request up to date: create it once, then edit it when the plan changes.

    PLAN.json is a plan saved by `plan --out`. Its digest covers the changes and the hub; guardrails, policies and
    findings are only checked for contradictions, so they are as trustworthy as the writer of the file.

    The comment is found by its first line, a hidden marker, and by its author, the account of the token. With --drift
    it is an issue, open while the plan has changes or is blocked. With --failed it states that plan ended with that
    exit code, in place of an older plan. The token is sent only to the API of GITHUB_API_URL or CI_API_V4_URL.

    Exits 0 when it is posted, 6 for a file that is not a plan, is altered or contradicts itself, 1 when the API fails.
    """
    from bo_sync.cli.console import result
    from bo_sync.forge.environment import ForgeTarget

    if forge is None:
        raise UsageError("comment needs to know the forge", hint="give --github or --gitlab")
    _check_planned(pull, body, failed, drift=drift)
    _check_alone(failed, saved, body, marker)
    message = _message(saved, body, marker) if failed is None else _without_plan(chosen, failed, hub)
    if dry_run:
        result(message.body)
    else:
        _tell(chosen, *_post(forge, ForgeTarget(repository, pull), message, drift=drift), form)
    return ExitCode.OK


def _tell(chosen: Common, posted: "Posted", title: str, form: str) -> None:
    from bo_sync.cli.console import result, say

    if posted.superseded and not chosen.quiet:
        say(f"{posted.superseded} older of ours there, out of date now: another run wrote at the same time")
    result(_told(posted, title, form))


def _message(saved: Path | None, body: Path | None, marker: str | None) -> _Message:
    if body is not None and is_redacting():
        raise UsageError("a finished text stays as it is", hint="make it with --redact, and leave it out here")
    if body is not None and saved is None:
        return _Message(_marked(_read(body, "make one with diff --report markdown=FILE"), marker))
    if saved is None or body is not None:
        raise UsageError("comment takes one thing", hint="give PLAN.json, or --body FILE")
    if marker is not None:
        raise UsageError("a plan has a marker of its own", hint="give --marker with --body only")
    return _planned(_plan(saved))


def _check_planned(*others: object, drift: bool) -> None:
    if drift and any(other is not None for other in others):
        hint = "leave out --pull, --body and --failed, and give PLAN.json"
        raise UsageError("--drift is an issue made of a plan", hint=hint)


def _check_alone(failed: int | None, *others: object) -> None:
    if failed is not None and any(other is not None for other in others):
        raise UsageError("--failed is there because there is no plan", hint="give it without PLAN.json and --body")


def _without_plan(chosen: Common, code: int, hub: str | None) -> _Message:
    from bo_sync.cli.hub_choice import URL
    from bo_sync.config.git_revision import commit_of
    from bo_sync.forge.environment import log_of
    from bo_sync.hub.hub_url import parse_address
    from bo_sync.render.markdown_plan import WITH_A_PLAN, failed_markdown

    if code in WITH_A_PLAN:
        raise UsageError(f"--failed {code}: with that exit code there is a plan", hint="give PLAN.json instead")
    named = hub or os.environ.get(URL)
    if not named:
        raise UsageError("--failed needs to know the hub", hint=f"set {URL} or give --hub, as for plan")
    commit = commit_of(chosen.root)
    sha = Text(commit.sha) if commit is not None else None
    url, identity = parse_address(named).url, _expected_identity(chosen)
    return _Message(failed_markdown(url, code, identity=identity, commit=sha, log=log_of(os.environ)))


def _expected_identity(chosen: Common) -> str:
    """The identity that bo-sync.yaml names; "" where it names none or cannot be read: then any hub matches."""
    from bo_sync.cli.context import load_settings

    try:
        expected = load_settings(chosen).hub_identity
    except BoSyncError:
        return ""
    return expected.raw if expected is not None and expected.raw.startswith("sha256:") else ""


def _planned(plan: "Plan") -> _Message:
    from bo_sync.render.markdown_plan import plan_markdown

    plan = shown(plan)
    return _Message(plan_markdown(plan), drift_title(plan), is_drift(plan))


def _plan(path: Path) -> "Plan":
    from bo_sync.render.saved_plan import read_plan

    return read_plan(_read(path, "make one with plan --out FILE"))


def _read(path: Path, hint: str) -> str:
    from bo_sync.cli.file_writer import open_named

    try:
        with os.fdopen(open_named(path), "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as err:
        raise UsageError(Message("{} cannot be read: {}", Text(str(path)), err.strerror), hint=hint) from err
    if len(content) > _LARGEST:
        raise UsageError(Message("{} has more than {} MiB", Text(str(path)), _LARGEST >> 20), hint=hint)
    return content.decode("utf-8", errors="replace")


def _marked(text: str, name: str | None) -> str:
    """`text` with a marker as its first line: that of `name`, or its own."""
    from bo_sync.forge.sticky_comment import first_line
    from bo_sync.render.markdown_plan import marker_of

    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    has_marker = _MARKER.fullmatch(first_line(text)) is not None
    if name is None:
        if not has_marker:
            hint = "give --marker NAME, by which it is found again"
            raise UsageError("the text does not begin with a marker of bo-sync", hint=hint)
        return text
    if not _NAME.fullmatch(name):
        raise UsageError(Message("`{}` is not the name of a marker", Text(name)), hint="write it as intent or intent-2")
    return f"{marker_of(name)}\n{text.partition(chr(10))[2] if has_marker else text}"


def _post(forge: Forge, chosen: "ForgeTarget", message: _Message, *, drift: bool) -> "tuple[Posted, str]":
    """What was done, and the place's title."""
    from bo_sync.forge import environment, github, gitlab
    from bo_sync.forge.sticky_comment import finish, post

    title = without_secrets(message.title)
    place: github.PullRequest | github.GitHubIssues | gitlab.MergeRequest | gitlab.GitLabIssues
    match forge, drift:
        case "github", False:
            place = environment.github_pull(chosen, os.environ)
        case "github", True:
            place = environment.github_issues(chosen, os.environ, title)
        case "gitlab", False:
            place = environment.gitlab_merge(chosen, os.environ)
        case _:
            place = environment.gitlab_issues(chosen, os.environ, title)
    longest = github.LONGEST if forge == "github" else gitlab.LONGEST
    if len(message.body) > longest:
        hint = "shorten it; a plan's own comment always fits"
        raise UsageError(
            f"the text has {len(message.body)} characters, more than the {longest} of a comment", hint=hint
        )
    with closing(place.api) as api:
        if api.holds_token(message.body):
            raise UsageError(
                "the text holds the token itself, so nothing was sent", hint="make a new token, and revoke it"
            )
        return (finish if drift and not message.is_open else post)(place, without_secrets(message.body)), place.title


def _told(posted: "Posted", title: str, form: str) -> str:
    if form == "json":
        from bo_sync.render.json import envelope

        return envelope({"action": posted.action, "place": title, "url": posted.url, "superseded": posted.superseded})
    from bo_sync.render.escape import terminal

    done = "nothing to do" if posted.action == "nothing" else posted.action
    return terminal(Message("{}: {}", done, title) + (Message(", {}", posted.url) if posted.url is not None else ""))
