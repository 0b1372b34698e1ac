"""What a plan says of drift: whether there is any, and the title of the issue that tells of it."""

import re
from typing import Final

from bo_sync.access.rules import NO_OWNER
from bo_sync.core.plan import Plan
from bo_sync.render.phrases import people

_HOST: Final = re.compile(r"https?://([A-Za-z0-9.:-]{1,100})/.*", re.DOTALL)


def is_drift(plan: Plan) -> bool:
    """Whether hub and files differ, a plan would be refused as they are, or the hub has no owner; people without a file
    are no drift."""
    return bool(plan.changes or plan.refused or plan.skipped or plan.violated or _has_no_owner(plan))


def _has_no_owner(plan: Plan) -> bool:
    return any(found.rule == NO_OWNER.id for found in plan.findings)


def drift_title(plan: Plan) -> str:
    """`Drift on hub.example.com: 3 people differ from the files`; nothing in it is somebody else's text."""
    host = _HOST.fullmatch(plan.hub.url)
    where = f" on {host[1]}" if host else ""
    number = len(plan.changes)
    told = (
        f"{people(number)} {'differs' if number == 1 else 'differ'} from the files" if number else _without_change(plan)
    )
    return f"Drift{where}: {told}"


def _without_change(plan: Plan) -> str:
    is_blocked = plan.refused or plan.skipped or plan.violated or not _has_no_owner(plan)
    return "refused as it is" if is_blocked else "no user owns Roles & permissions"
