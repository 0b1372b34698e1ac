"""The order of gravity: what is shown first, and cut last, in every form that has a size limit."""

from collections.abc import Mapping
from enum import IntEnum, auto
from typing import Final

from bo_sync.core.model import ROLES_PERMISSIONS, Access, Role


class Gravity(IntEnum):
    """Gravest first. Rows of equal gravity keep the order of their addresses."""

    WEAKENED_GUARD = auto()
    BLOCKED = auto()
    """What blocks: an error in a file, a guardrail, a policy; of each the first row."""
    OWNER_GAINED = auto()
    """The ownership of Roles & permissions: this user can change all access."""
    CAPABILITY_GAINED = auto()
    """Any other grant of a delicate role, or a grant with a grave capability."""
    DELETION = auto()
    OWNERSHIP_LOST = auto()
    """The loss of a delicate role, or of Backoffice by a user who owns Roles & permissions."""
    BLOCKED_TOO = auto()
    """The other rows of what blocks; where many guards are weaker, also those after the first."""
    WARNING = auto()
    GAIN_IN_WORDS = auto()
    """A grant with a capability that is not grave."""
    GAIN = auto()
    LOSS = auto()
    REST = auto()

    @property
    def is_change_to_review(self) -> bool:
        """Whether it is a change that a reviewer must see, whatever else has to be left out."""
        return self in _CHANGES_TO_REVIEW


_CHANGES_TO_REVIEW: Final = frozenset(
    {Gravity.OWNER_GAINED, Gravity.CAPABILITY_GAINED, Gravity.DELETION, Gravity.OWNERSHIP_LOST}
)


def gravity_of_gain(after: Mapping[Role, Access], *, is_delicate: bool, has_capability: bool) -> Gravity:
    """The gravity of the grants that one row adds, by the access afterwards."""
    if after.get(ROLES_PERMISSIONS) is Access.OWNER:
        return Gravity.OWNER_GAINED
    if is_delicate:
        return Gravity.CAPABILITY_GAINED
    return Gravity.GAIN_IN_WORDS if has_capability else Gravity.GAIN
