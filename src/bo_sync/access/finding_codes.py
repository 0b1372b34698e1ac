"""The table of findings: code, name, severity and source of each.

A number keeps its meaning, because files name it in `ignore`; an abandoned number is not used again. BOS0xx come from
the files only, BOS1xx from comparing them with a hub.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from bo_sync.core.model import Severity, Source
from bo_sync.core.plan import Finding
from bo_sync.core.text import Message, Text

RuleId = NewType("RuleId", str)
"""`BOS` and three digits."""


class Origin(StrEnum):
    """The source of a finding. Only findings from a user's own entry can be suppressed there, with `ignore`."""

    USER = "a person"
    PRESET = "a preset"
    FILE = "a file"
    SUPPRESSION = "an ignore"
    POLICY = "a policy"
    HUB = "the hub"
    SETTINGS = "the settings"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding. `title` is a short sentence in lower case, without a full stop."""

    id: RuleId
    severity: Severity
    title: str
    origin: Origin = Origin.USER

    def finding(self, message: str, email: Text | None = None, source: Source | None = None) -> Finding:
        """One finding of this kind."""
        return Finding(self.id, self.severity, Message(message), email, source)


def _info(number: str, title: str, origin: Origin = Origin.USER) -> Rule:
    return Rule(RuleId(number), Severity.INFO, title, origin)


def _warning(number: str, title: str, origin: Origin = Origin.USER) -> Rule:
    return Rule(RuleId(number), Severity.WARNING, title, origin)


GRANT_EXPIRED: Final = _info("BOS001", "an own entry has ended, and can be removed")
PRESET_GIVES_MORE: Final = _warning("BOS002", "an own entry has ended, and a preset gives more again")
GRANT_EXPIRES_SOON: Final = _warning("BOS003", "an own entry ends soon")
ACCOUNT_EXPIRES_SOON: Final = _warning("BOS004", "an account ends soon")
ACCOUNT_EXPIRED: Final = _warning("BOS005", "an account has ended, so the person is deleted")
NO_AREA: Final = _warning("BOS006", "module roles without a platform area")
VIEWER_CHANGES: Final = _info("BOS007", "a viewer is not read-only")
IDLE_GRANT: Final = _warning("BOS008", "a module role that opens no menu item")
SALES_HUB_PARTLY: Final = _warning("BOS009", "Sales Hub without all of its modules")
REPEATS_PRESET: Final = _info("BOS010", "an own entry changes nothing")
ROLES_WITHOUT_BACKOFFICE: Final = _warning("BOS011", "Roles & permissions while Backoffice is off")
RAISES_ITSELF: Final = _warning("BOS012", "an editor of Roles & permissions can become an owner")
UNUSED_PRESET: Final = _info("BOS013", "a preset that nobody uses", Origin.PRESET)
EQUALS_PRESET: Final = _info("BOS014", "own entries that equal a preset")
IGNORE_EXPIRED: Final = _warning("BOS015", "an ignore has ended", Origin.SUPPRESSION)
IGNORE_IDLE: Final = _warning("BOS016", "an ignore accepts nothing", Origin.SUPPRESSION)
SUPPRESSED: Final = _info("BOS017", "findings are accepted", Origin.SUPPRESSION)
NOT_READ: Final = _warning("BOS018", "a file is not read", Origin.FILE)
UNMATCHED_EXCEPTION: Final = _warning("BOS021", "a policy exception matches no user", Origin.POLICY)
READS_CREDENTIALS: Final = _warning("BOS022", "a user can read credentials")
GIVES_LATER: Final = _warning("BOS023", "an own entry takes access that a preset gives, and ends")

AMBIGUOUS_ADDRESS: Final = _warning("BOS101", "an address that several users in the hub have", Origin.HUB)
UNKNOWN_DEFINITION: Final = _info("BOS102", "a role definition that bo-sync does not know", Origin.HUB)
DEFAULT_ACCESS: Final = _warning("BOS103", "a role definition gives access by default", Origin.HUB)
MISSING_DEFINITION: Final = _info("BOS104", "a role definition is missing in the hub", Origin.HUB)
REMOVED_FILE: Final = _warning("BOS105", "a file was removed, and the access stays", Origin.HUB)
UNMATCHED_PROTECTION: Final = _warning("BOS106", "an entry of `protect` matches no user", Origin.HUB)
UNMANAGEABLE_USER: Final = _warning("BOS107", "a user whom no file can name", Origin.HUB)
OTHER_FORM: Final = _info("BOS108", "text that the hub stores in another form", Origin.HUB)
PROTECTED_DIFFERS: Final = _warning("BOS109", "a protected user differs from the file", Origin.HUB)
BUILT_IN_KEPT: Final = _warning("BOS110", "a built-in operation keeps its lowest level", Origin.SETTINGS)
MANY_EXPIRIES: Final = _warning("BOS111", "more expires on one day than `max_expiries` allows", Origin.HUB)
HISTORY: Final = _warning("BOS113", "the git history cannot be read", Origin.HUB)
NO_OWNER: Final = _warning("BOS114", "no user in the hub owns Roles & permissions with Backoffice on", Origin.HUB)

RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in sorted((value for value in globals().values() if isinstance(value, Rule)), key=lambda rule: rule.id)
}
"""Every finding above, by number, in the order of numbers."""
