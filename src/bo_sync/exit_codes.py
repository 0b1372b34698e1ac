"""The exit codes of every command, and their precedence."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process promises its caller. When several hold, `PRECEDENCE` decides."""

    OK = 0
    FAILED = 1
    PENDING = 2
    INVALID = 3
    REFUSED = 4
    PARTIAL = 5
    STALE = 6
    USAGE = 64


PRECEDENCE = (
    ExitCode.USAGE,
    ExitCode.INVALID,
    ExitCode.FAILED,
    ExitCode.STALE,
    ExitCode.REFUSED,
    ExitCode.PARTIAL,
    ExitCode.PENDING,
    ExitCode.OK,
)
