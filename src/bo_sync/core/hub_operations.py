"""The hub's operations, and what its own annotations state about who may run them.

An operation lists alternatives: any one role at its level or above is enough. An operation without annotation is
unknown, never open and never denied. One that only a system role or a further clause opens (`user is authenticated; …`)
is conditional: whether it opens depends on more than grants.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from bo_sync.core.model import Access, Role
from bo_sync.core.text import Text

is_operation_name: Final = re.compile("[_A-Za-z][_0-9A-Za-z]*").fullmatch
"""Whether the specification of GraphQL allows this name for a field."""


class Verdict(StrEnum):
    """The answer for one user and one operation."""

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """`alternatives` are pairs of the hub's name of a role definition and the least level, in the hub's order.

    `when` is the non-role alternative in the hub's words, "" if there is none; `system` are system roles. If
    `is_annotated` is false, none of this is known.
    """

    name: str
    is_mutation: bool
    alternatives: tuple[tuple[str, Access], ...] = ()
    system: tuple[str, ...] = ()
    when: str = ""
    is_deprecated: bool = False
    is_annotated: bool = True

    @property
    def is_conditional(self) -> bool:
        """Whether something other than a role also opens it."""
        return bool(self.system or self.when)

    def ways(self, names: Mapping[str, Role]) -> tuple[tuple[Role, Access], ...]:
        """The alternatives in our names; `names` are ours by the hub's. Those without a name of ours are left out."""
        return tuple((names[hub_name], least) for hub_name, least in self.alternatives if hub_name in names)

    def judge(self, held: Mapping[Role, Access], names: Mapping[str, Role]) -> Verdict:
        """The answer for a user who holds `held`."""
        if not self.is_annotated:
            return Verdict.UNKNOWN
        if any(held.get(role, Access.NONE) >= least for role, least in self.ways(names)):
            return Verdict.ALLOWED
        return Verdict.CONDITIONAL if self.is_conditional else Verdict.DENIED


@dataclass(frozen=True, slots=True)
class AddedOperations:
    """The operations table that `catalogue:` of bo-sync.yaml names, and the day of its introspection."""

    path: Text
    taken: date
    operations: tuple[Operation, ...]
