"""What a plan says of drift: whether there is any, and the title of the issue that tells of it."""

import re
from typing import Final

from bo_sync.core.plan import Plan
from bo_sync.render.phrases import people

_HOST: Final = re.compile(r"https?://([A-Za-z0-9.:-]{1,100})/.*", re.DOTALL)


def is_drift(plan: Plan) -> bool:
    """Whether hub and files differ, or a plan would be refused as they are; people without a file are no drift."""
    return bool(plan.changes or plan.refused or plan.skipped or plan.violated)


def drift_title(plan: Plan) -> str:
    """`Drift on hub.example.com: 3 people differ from the files`; nothing in it is somebody else's text."""
    host = _HOST.fullmatch(plan.hub.url)
    where = f" on {host[1]}" if host else ""
    number = len(plan.changes)
    told = f"{people(number)} {'differs' if number == 1 else 'differ'} from the files" if number else "refused as it is"
    return f"Drift{where}: {told}"
