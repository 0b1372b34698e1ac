"""Inviting the users whom a run created: one mail each, asked for once, and only after their grants hold.

The hub sends no mail to new users by itself. A mail cannot be taken back, so none is ever asked for twice: when the
answer is lost, what became of it stays unknown.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from bo_sync.core.changes import CreateUser
from bo_sync.core.plan import Plan
from bo_sync.core.report import InvitationOutcome, InvitedUser, Report
from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubFateUnknownError
from bo_sync.ports import Invitation

_LANGUAGE: Final = "nl"
"""What the hub's schema gives a user, and a mail, without a language."""


@dataclass(frozen=True, slots=True)
class Inviting:
    """Where the mail leads to, the domains to which it may go (none: any), and how it is asked for.

    `stopped` is asked before each mail; once it says True none is sent any more.
    """

    redirect_url: str
    domains: Collection[Text]
    send: Callable[[Invitation], None]
    stopped: Callable[[], bool]


def invite(report: Report, plan: Plan, how: Inviting) -> Report:
    """`report` with what became of the mail to each user whom the run created. Raises nothing that the hub does."""
    languages = {change.email.folded: _language(change) for change in plan.changes if isinstance(change, CreateUser)}
    invited = tuple(_invited(email, languages.get(email.folded, _LANGUAGE), how) for email in report.created)
    return replace(report, invitations=invited)


def _language(change: CreateUser) -> str:
    """The user's own language in small letters, as the schema spells the default of a mail."""
    found = next((entry.value for entry in change.profile if entry.field == "language"), None)
    return found.raw.lower() if found else _LANGUAGE


def _invited(email: Text, language: str, how: Inviting) -> InvitedUser:
    if how.domains and _domain(email) not in {domain.folded for domain in how.domains}:
        return InvitedUser(email, InvitationOutcome.NOT_SENT, "the address has none of the email_domains")
    if how.stopped():
        return InvitedUser(email, InvitationOutcome.NOT_SENT, "the run was stopped")
    try:
        how.send(Invitation(email, language, how.redirect_url))
    except HubFateUnknownError as err:
        return InvitedUser(email, InvitationOutcome.UNKNOWN, err.message)
    except HubError as err:
        return InvitedUser(email, InvitationOutcome.FAILED, err.message)
    return InvitedUser(email, InvitationOutcome.SENT)


def _domain(email: Text) -> str:
    return email.folded.rpartition("@")[2]
