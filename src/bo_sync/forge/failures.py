"""What can go wrong with a forge. Each message says what was asked, what came, and what to do; none holds the token."""

from bo_sync.errors import BoSyncError


class ForgeError(BoSyncError):
    """The forge, or the way to it, failed: exit 1."""


class ForgeForbiddenError(ForgeError):
    """The token is known, and may not do this."""


class ForgeMissingError(ForgeError):
    """What was asked for is not there, or the token may not see it."""


class ForgeFateUnknownError(ForgeError):
    """Something was to be created, and no sound answer came: it may have been."""
