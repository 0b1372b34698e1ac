"""One root for every expected failure, and one class per audience.

A message states what happened and where; `hint` states what to do next. Untrusted text enters them only as a `Text` in
a `Message`. Only `cli/app.py` turns an error into an exit.
"""

from bo_sync.core.text import Message
from bo_sync.exit_codes import ExitCode


class BoSyncError(Exception):
    """The root. `detail` is shown with --verbose only."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        self.message = Message(message)
        self.hint = Message(hint)
        self.detail = Message(detail)
        super().__init__(self.message)


class UsageError(BoSyncError):
    """The request cannot be done as given: exit 64."""

    exit_code = ExitCode.USAGE


class FilesError(BoSyncError):
    """The files are invalid, in themselves or against this hub: exit 3. `lines` has one problem per line."""

    exit_code = ExitCode.INVALID

    def __init__(self, message: str, *, lines: tuple[Message, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.lines = lines


class StalePlanError(BoSyncError):
    """A saved plan no longer describes what would happen, or a file has another version of the format: exit 6.

    `lines` are the differences, one sentence each.
    """

    exit_code = ExitCode.STALE

    def __init__(self, message: str, *, lines: tuple[Message, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.lines = lines


class HubError(BoSyncError):
    """The hub, or the way to it, failed: exit 1.

    `operation` is the GraphQL operation (`adminUsers`), `code` the hub's own `extensions.code` or "" when it gave none.
    """

    def __init__(self, message: str, *, operation: str, code: str = "", hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.operation = operation
        self.code = code


class HubUnreachableError(HubError):
    """No answer arrived: for a read after all tries, for a write before it was sent."""


class HubDeniedError(HubError):
    """UNAUTHENTICATED or FORBIDDEN: the key is wrong, or lacks the access that the operation needs."""


class HubIncompleteError(HubError):
    """A read could not be proved complete, so nothing may be concluded from it."""


class HubMovedError(HubError):
    """NOT_FOUND or already exists at a write: the hub changed since it was read. Re-read once."""


class HubFateUnknownError(HubError):
    """A write was sent and no sound answer came: it may have happened. Re-read that user, never repeat blindly."""


class HubUnconfirmedError(HubFateUnknownError):
    """A write was answered with another value than was sent. The message has both values."""


class WrongUserError(HubError):
    """A write was answered with another user, or with another user's row. Nothing more may be sent on that answer."""


class AfterWriteError(Exception):
    """What went wrong after a write was sent, as the cause: exit 5, whatever the cause's own code is.

    A pipeline may repeat exit 1, which means that nothing needs a look first.
    """
