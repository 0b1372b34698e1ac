"""Annotations of GitHub's workflows: commands on stdout, one per line, that put a message beside its line.

GitHub shows ten of each level per step and silently drops the rest. So the gravest come first, and the last one shown
counts the others. Untrusted text is always a value, escaped as GitHub's runner unescapes it, on a line that our
command begins.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bo_sync.core.apply_report import InvitedUser, Outcome, Report, UserOutcome
from bo_sync.core.model import Severity, Source
from bo_sync.core.plan import Plan
from bo_sync.render.escape import terminal
from bo_sync.render.markdown_plan import gained_and_lost
from bo_sync.render.notices import Checked, Notice, NoticeKind, files_notices, plan_notices
from bo_sync.render.sections import by_gravity
from bo_sync.render.wording import counted, invitation_words, not_invited

MOST: Final = 10
"""Annotations shown per level and step."""
_LONGEST_MESSAGE: Final = 4_000
_LONGEST_TITLE: Final = 200
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def plan_github(plan: Plan, below: str = "") -> str:
    """A plan's annotations; `below` is the folder of the configuration in the repository, with a `/` at its end."""
    return _commands(plan_notices(plan), below)


def files_github(checked: Checked, below: str = "") -> str:
    """The annotations of the results of `validate`."""
    return _commands(files_notices(checked), below)


_ORDER: Final = (Outcome.UNKNOWN, Outcome.UNCONFIRMED, Outcome.FAILED, Outcome.REVERSED, Outcome.NOT_ATTEMPTED)


def report_github(report: Report, plan: Plan) -> str:
    """An annotation for each user whose changes were not all applied; none where the apply did not begin."""
    if report.not_run:
        return ""
    outcomes = by_gravity(report.outcomes, plan)
    found = [_of(user) for outcome in _ORDER for user in outcomes if user.outcome is outcome]
    if (owners := report.owners) is not None:
        found.insert(0, Notice("apply", Severity.ERROR, "owners", f"{owners}; to make an owner: {owners.command!s}"))
    return _commands([*found, *map(_uninvited, not_invited(report))])


def _uninvited(user: InvitedUser) -> Notice:
    return Notice("apply", Severity.ERROR, "invitation", invitation_words(user), user.email)


def _of(user: UserOutcome) -> Notice:
    severity = Severity.WARNING if user.outcome is Outcome.NOT_ATTEMPTED else Severity.ERROR
    told = f"{user.action}: {user.error or 'no reason is known'!s}"
    return Notice("apply", severity, user.outcome.value.replace("_", " "), told, user.email)


def failure_github(message: str) -> str:
    """One annotation, with all lines, for an error that ended the command."""
    lines = "\n".join(map(terminal, message.splitlines()))
    return f"::error title=bo-sync::{_message(_cut(lines, _LONGEST_MESSAGE))}"


def plan_outputs(plan: Plan, digest: str) -> dict[str, str]:
    """The outputs for a workflow's later steps: single words of our own, and numbers."""
    summary = plan.summary
    gained, lost = gained_and_lost(summary)
    return {
        "has_changes": "true" if plan.changes else "false",
        "creates": str(summary.create),
        "updates": str(summary.update),
        "deletes": str(summary.delete),
        "grants_gained": str(gained),
        "grants_lost": str(lost),
        "digest": digest,
    }


def _commands(notices: Iterable[Notice], below: str = "") -> str:
    found = tuple(notices)
    return "".join(f"{line}\n" for line in _lines(found, Counter(notice.severity for notice in found), below))


def _lines(notices: tuple[Notice, ...], counts: Mapping[Severity, int], below: str) -> Iterator[str]:
    shown: Counter[Severity] = Counter()
    for notice in notices:
        severity = notice.severity
        most = MOST if counts[severity] <= MOST else MOST - 1
        if shown[severity] < most:
            shown[severity] += 1
            yield _command(_LEVELS[severity], _title(notice), notice.told, _place(notice.source, below))
            if shown[severity] == most < counts[severity]:
                yield _more(severity, counts[severity] - most)


def _title(notice: Notice) -> str:
    """The title, with the name before it unless the title contains it."""
    is_named = notice.kind in {NoticeKind.FINDING, NoticeKind.POLICY}
    return f"{notice.rule}: {notice.title}" if is_named else notice.title


def _more(severity: Severity, left: int) -> str:
    level = _LEVELS[severity]
    told = f"{counted(left, 'more ' + level)}: GitHub shows {MOST} of a step; all of them are in its log and summary"
    return _command(level, counted(left, "more " + level), told)


_NOWHERE: Final[Mapping[str, str]] = {}


def _command(level: str, title: str, message: str, place: Mapping[str, str] = _NOWHERE) -> str:
    properties = {**place, "title": _cut(terminal(title), _LONGEST_TITLE)}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_message(_cut(terminal(message), _LONGEST_MESSAGE))}"


def _place(source: Source | None, below: str) -> Mapping[str, str]:
    if source is None:
        return _NOWHERE
    path = terminal(f"{below}{source.path.raw}")
    line = str(source.line)
    return {"file": path, "line": line, "endLine": line, "col": str(source.column)}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
