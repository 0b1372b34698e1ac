"""Panels, answers and matrices as JSON for programs."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from bo_sync.access.escalation import CredentialStep, Step
from bo_sync.access.provenance import AnyPlace, HubPlace, Provenance
from bo_sync.access.queries import Needs, QueryAnswer, Reaching, is_known
from bo_sync.access.query_terms import Held, Question, ToRun, spelled
from bo_sync.access.user_access import Contrast, Granted, Matrix, Panel
from bo_sync.core.changes_json import Json
from bo_sync.core.model import PLATFORM, Access, Role
from bo_sync.render.json import envelope, finding_document


def place_document(place: AnyPlace) -> Json:
    """`{revision, commit, dirty, day}` of files, `{hub, day}` of a hub; what is not known is null."""
    match place:
        case Provenance(revision, commit, dirty, day):
            return {
                "revision": revision.raw if revision is not None else None,
                "commit": commit.raw if commit is not None else None,
                "dirty": dirty,
                "day": day.isoformat(),
            }
        case HubPlace(hub, day):
            return {"hub": hub.raw, "day": day.isoformat()}
        case unreachable:
            assert_never(unreachable)


def _document(content: Mapping[str, Json], of: AnyPlace) -> str:
    return envelope({"of": place_document(of), **content})


def panel_json(panel: Panel, of: AnyPlace) -> str:
    """Everything about one user; `preset` is null for Custom. Each list of operations is of names."""
    held = panel.user.held
    return _document(
        {
            "email": panel.user.email.raw,
            "preset": panel.preset.name if panel.preset else None,
            **_as_in_files([(role, held.get(role, Access.NONE)) for role in panel.roles]),
            "grants": [_grant(grant) for grant in panel.user.grants],
            "menu": {
                "open": [item.name for item in panel.open],
                "closed": [{"item": entry.item.name, "missing": list(entry.missing)} for entry in panel.closed],
            },
            "operations": {
                "allowed": list(panel.allowed),
                "unknown": list(panel.unknown),
                "conditional": list(panel.conditional),
                "by_role": {
                    entry.role: {"read": list(entry.reads), "act": list(entry.acts)} for entry in panel.by_role
                },
            },
            "findings": [finding_document(finding) for finding in panel.findings],
            "protected": panel.is_protected,
            "leaves": panel.leaves.departure.value if panel.leaves and panel.leaves.departure else None,
            "source": panel.user.source.short.raw if panel.user.source else None,
        },
        of,
    )


def _as_in_files(grants: Iterable[tuple[Role, Access]]) -> dict[str, Json]:
    platform: dict[str, Json] = {}
    modules: dict[str, Json] = {}
    for role, access in grants:
        if role in PLATFORM:
            platform[role] = access is not Access.NONE
        else:
            modules[role] = access.word
    return {"platform": platform, "modules": modules}


def _grant(grant: Granted) -> Json:
    return {
        "role": grant.role,
        "access": grant.access.word,
        "preset": grant.preset,
        "source": grant.source.short.raw if grant.source else None,
        "until": grant.until.isoformat() if grant.until else None,
        "reason": grant.reason.raw if grant.reason else None,
    }


def answer_json(answer: QueryAnswer, of: AnyPlace, *, indirect: bool) -> str:
    """Who can, and by which grants; with `indirect` also who could give it to themselves, and by which steps.

    Where `known` is false nobody knows who can, and `users` is empty for that reason.
    """
    return _document(
        {
            "question": spelled(answer.question),
            "known": answer.is_known,
            "users": [
                {"email": able.user.email.raw, "because": [_grant(grant) for grant in able.because]}
                for able in answer.able
            ],
            **({"indirect": [_reaching(entry) for entry in answer.reaching]} if indirect else {}),
            **_otherwise(answer.question),
            "notes": list(answer.notes),
        },
        of,
    )


def _reaching(entry: Reaching) -> Json:
    return {
        "email": entry.user.email.raw,
        "certain": entry.is_certain,
        "steps": [_step(step) for step in entry.steps],
    }


def _step(step: Step | CredentialStep) -> Json:
    match step:
        case CredentialStep(operation):
            return {"operation": operation, "role": None, "access": None}
        case Step(operation, role, access):
            return {"operation": operation, "role": role, "access": access.word}
        case unreachable:
            assert_never(unreachable)


def _otherwise(question: Question) -> dict[str, Json]:
    """What else the hub says about an operation."""
    if not isinstance(question, ToRun):
        return {}
    operation = question.operation
    return {
        "deprecated": operation.is_deprecated,
        "system_roles": list(operation.system),
        "or_when": operation.when or None,
    }


def needs_json(found: Needs, of: AnyPlace) -> str:
    """The least grants, and the other minimal sets, as files spell them; and what no grant opens."""
    least, *others = found.minimal
    return _document(
        {
            **_as_in_files(_granted(least)),
            "alternatives": [_as_in_files(_granted(grants)) for grants in others],
            "unanswered": [
                {"question": spelled(question), "known": is_known(question), **_otherwise(question)}
                for question in found.unanswered
            ],
            "deprecated": [spelled(question) for question in found.deprecated],
        },
        of,
    )


def _granted(grants: Held) -> Held:
    return tuple((role, Access.OWNER if role in PLATFORM else least) for role, least in grants)


def matrix_json(matrix: Matrix, of: AnyPlace) -> str:
    """Everybody with every role, `none` too."""
    return _document(
        {
            "users": [
                {
                    "email": user.email.raw,
                    "grants": {role: user.held.get(role, Access.NONE).word for role in matrix.roles},
                }
                for user in matrix.users
            ]
        },
        of,
    )


def contrast_json(contrast: Contrast) -> str:
    """Who differs, with the cells that do: `access` on this side, `other` on the one compared with."""
    return _document(
        {
            "diff_with": contrast.there.raw,
            "same": contrast.same,
            "users": [
                {
                    "email": user.email.raw,
                    "here": user.is_here,
                    "there": user.is_there,
                    "grants": {cell.role: {"access": cell.here.word, "other": cell.there.word} for cell in user.cells},
                }
                for user in contrast.users
            ],
        },
        contrast.here,
    )
