"""Notices as SARIF 2.1.0 (OASIS), which GitHub's code scanning and editors show in place.

Nothing in it names this machine: a path is relative to the repository, `%SRCROOT%`.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from bo_sync import __version__
from bo_sync.core.model import Severity, Source
from bo_sync.core.plan_digest import Json
from bo_sync.render.escape import json_text
from bo_sync.render.notices import Notice, NoticeKind, fingerprints, kept, place_of

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
_HELP: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.FILES: "Mend the file where the message says; `bo-sync validate` reads all of them, offline.",
    NoticeKind.GUARDRAIL: (
        "A guardrail keeps accidents from the hub: nothing is sent while it refuses. The message says the way past."
    ),
    NoticeKind.POLICY: (
        "A policy of this repository, in policies/, says how access may be left. Change the grants that the "
        "message names; or the policy, or whom it excepts, in a reviewed change."
    ),
    NoticeKind.GUARD: "What kept people from harm at the base does so less now. That is allowed, and should be meant.",
    NoticeKind.CHANGE: "The plan does this when it is applied. It is told because a reviewer should have seen it.",
    NoticeKind.FINDING: (
        "`ignore` in a person's entry accepts a finding about them, with a reason and a last day. bo-sync's "
        "docs/findings.md explains each finding under its number."
    ),
}


MOST: Final = 25_000
"""Results per run. With more, or with longer descriptions than these, GitHub's code scanning rejects everything
(docs.github.com, "SARIF support for code scanning")."""
_LONGEST: Final = 1_024


def sarif(notices: Sequence[Notice], below: str = "", *, most: int = MOST) -> str:
    """One run: the rules with notices, and the gravest notices as results in the given order.

    `below` is the folder of the configuration in the repository, with a `/` at its end.
    """
    left, notices = len(notices[most:]), kept(notices, most)
    rules = {notice.check: notice for notice in reversed(notices)}
    order = {check: index for index, check in enumerate(sorted(rules))}
    return json_text(
        {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "bo-sync",
                            "version": __version__,
                            "rules": [_rule(rules[check]) for check in order],
                        }
                    },
                    "invocations": [_ran(left, most)],
                    "columnKind": "unicodeCodePoints",
                    "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The repository."}}},
                    "results": [
                        _result(notice, order[notice.check], known, below)
                        for notice, known in zip(notices, fingerprints(notices), strict=True)
                    ],
                }
            ],
        }
    )


def _ran(left: int, most: int) -> Json:
    """That the run ended, and the number of left-out results, the least grave ones."""
    if not left:
        return {"executionSuccessful": True}
    told = f"{left} more of the least weight are left out: code scanning takes {most} results."
    notification: Json = {"level": "warning", "message": {"text": told}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [notification]}


def _rule(notice: Notice) -> Json:
    """The rule as its gravest notice describes it, with all that GitHub requires."""
    title = _inert(f"{notice.title[:1].upper()}{notice.title[1:]}".rstrip("."))
    room = _LONGEST - len(_HELP[notice.kind]) - len(". .")
    title = title if len(title) <= room else f"{title[: room - 1]}…"
    return {
        "id": notice.check,
        "shortDescription": {"text": f"{title}."},
        "fullDescription": {"text": f"{title}. {_HELP[notice.kind]}"},
        "help": {"text": _HELP[notice.kind]},
        "defaultConfiguration": {"level": _LEVELS[notice.severity]},
    }


def _result(notice: Notice, rule: int, known: str, below: str) -> Json:
    return {
        "ruleId": notice.check,
        "ruleIndex": rule,
        "level": _LEVELS[notice.severity],
        "message": {"text": _inert(notice.told)},
        "locations": [{"physicalLocation": _location(place_of(notice, below))}],
        # GitHub reads only the second one, and without it would hash the line's text.
        "partialFingerprints": {"boSync/v1": known, "primaryLocationLineHash": known},
    }


def _location(source: Source) -> Json:
    return {
        "artifactLocation": {"uri": _uri(source.path.raw), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": source.line, "startColumn": source.column},
    }


def _uri(path: str) -> str:
    """`path` percent-encoded: the bytes of its name, including those that are not characters."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"), safe="/")


def _inert(text: str) -> str:
    """`text` without links and SARIF's placeholders (2.1.0, 3.11.5 and 3.11.6)."""
    return text.replace("](", r"]\x28").replace("{", "{{").replace("}", "}}")
