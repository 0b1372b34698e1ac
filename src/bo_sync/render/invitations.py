"""What is said about mail to new users: the hub sends none by itself, and an invitation is never repeated."""

from bo_sync.core.report import InvitationOutcome, InvitedUser, Report
from bo_sync.render.phrases import counted


def mail_sentence(report: Report) -> str:
    """The report's last sentence where a run created users; "" where it created none."""
    if report.invitations:
        sent = sum(user.outcome is InvitationOutcome.SENT for user in report.invitations)
        return f"Invited by mail: {sent} of {counted(len(report.invitations), 'new user')}."
    if not report.created:
        return ""
    users = counted(len(report.created), "new user")
    gets = "gets" if len(report.created) == 1 else "get"
    return f"{users} {gets} no mail from the hub. Invite them there, or next time with --invite URL."


def not_invited(report: Report) -> tuple[InvitedUser, ...]:
    """The new users who were to get a mail, and did not for certain."""
    return tuple(user for user in report.invitations if user.outcome is not InvitationOutcome.SENT)


def invitation_words(user: InvitedUser) -> str:
    """`invitation unknown: why`."""
    return f"invitation {user.outcome.value.replace('_', ' ')}: {user.error or 'no reason is known'}"
