"""Panels, answers and matrices as JSON."""

from collections.abc import Iterable, Mapping

from bo_sync.access.escalation import Step
from bo_sync.access.provenance import AnyPlace
from bo_sync.access.queries import Needs, QueryAnswer, Reaching, is_known
from bo_sync.access.query_terms import Held, Question, ToRun, spelled
from bo_sync.access.user_access import Contrast, Matrix, Panel
from bo_sync.core.model import PLATFORM, Access, Role
from bo_sync.render.json import envelope


def _document(content: Mapping[str, object], of: AnyPlace) -> str:
    return envelope({"of": of, **content})


def panel_json(panel: Panel, of: AnyPlace) -> str:
    """One user's access; `preset` is null for Custom. Lists of operations hold names."""
    held = panel.user.held
    return _document(
        {
            "email": panel.user.email,
            "preset": panel.preset.name if panel.preset else None,
            **_as_in_files([(role, held.get(role, Access.NONE)) for role in panel.roles]),
            "grants": panel.user.grants,
            "menu": {
                "open": [item.name for item in panel.open],
                "closed": [{"item": entry.item.name, "missing": entry.missing} for entry in panel.closed],
            },
            "operations": {
                "allowed": panel.allowed,
                "unknown": panel.unknown,
                "conditional": panel.conditional,
                "by_role": {entry.role: {"read": entry.reads, "act": entry.acts} for entry in panel.by_role},
            },
            "findings": panel.findings,
            "protected": panel.is_protected,
            "leaves": panel.leaves.departure if panel.leaves else None,
            "source": panel.user.source,
        },
        of,
    )


def _as_in_files(grants: Iterable[tuple[Role, Access]]) -> dict[str, object]:
    held = dict(grants)
    return {
        "platform": {role: access is not Access.NONE for role, access in held.items() if role in PLATFORM},
        "modules": {role: access for role, access in held.items() if role not in PLATFORM},
    }


def answer_json(answer: QueryAnswer, of: AnyPlace, *, indirect: bool) -> str:
    """The users who can, each with the grants; with `indirect` also escalation paths.

    Where `known` is false the answer is unknown, and `users` is empty for that reason.
    """
    return _document(
        {
            "question": spelled(answer.question),
            "known": answer.is_known,
            "users": [{"email": able.user.email, "because": able.because} for able in answer.able],
            **({"indirect": [_reaching(entry) for entry in answer.reaching]} if indirect else {}),
            **_otherwise(answer.question),
            "notes": answer.notes,
        },
        of,
    )


def _reaching(entry: Reaching) -> dict[str, object]:
    steps = [
        step if isinstance(step, Step) else {"operation": step.operation, "role": None, "access": None}
        for step in entry.steps
    ]
    return {"email": entry.user.email, "certain": entry.is_certain, "steps": steps}


def _otherwise(question: Question) -> dict[str, object]:
    """Other facts of the hub about an operation."""
    if not isinstance(question, ToRun):
        return {}
    operation = question.operation
    return {
        "deprecated": operation.is_deprecated,
        "system_roles": operation.system,
        "or_when": operation.when or None,
    }


def needs_json(found: Needs, of: AnyPlace) -> str:
    """The minimal grants and the alternatives, as files spell them; and what no grant opens."""
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
    """All users with all roles, `none` too."""
    return _document(
        {
            "users": [
                {"email": user.email, "grants": {role: user.held.get(role, Access.NONE) for role in matrix.roles}}
                for user in matrix.users
            ]
        },
        of,
    )


def contrast_json(contrast: Contrast) -> str:
    """The users who differ, with their differing cells: `access` on this side, `other` on the compared one."""
    return _document(
        {
            "diff_with": contrast.there,
            "same": contrast.same,
            "users": [
                {
                    "email": user.email,
                    "here": user.is_here,
                    "there": user.is_there,
                    "grants": {cell.role: {"access": cell.here, "other": cell.there} for cell in user.cells},
                }
                for user in contrast.users
            ],
        },
        contrast.here,
    )
