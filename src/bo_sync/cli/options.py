"""Options shared by commands, passed to a command's function as one value per group."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import click

from bo_sync.core.guardrails import NUMERIC
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text

P = ParamSpec("P")
R = TypeVar("R")

MAX_CONCURRENCY: Final = 64
DEFAULT_CONCURRENCY: Final = 8
DEFAULT_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class Common:
    """The configuration's root, the verbosity, and the day that counts as today (None: the clock's)."""

    root: Path
    quiet: bool
    verbose: bool
    today: date | None

    def day(self, settings: Settings) -> date:
        """The day on which every `until` is judged: as given, or the clock's in the zone of the settings."""
        from bo_sync.config.settings import today

        return self.today or today(settings, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class HubChoice:
    """The hub by the command line; the environment fills what is None (`cli/hub_choice.py`)."""

    address: str | None
    key_file: Path | None
    concurrency: int
    page_size: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which users a plan covers, which numeric guardrails are overridden, and whether blocked users are left out."""

    only: tuple[Text, ...]
    allowed: tuple[tuple[str, int], ...]
    expired: bool = False
    skip_blocked: bool = False


class Day(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day of the calendar, written YYYY-MM-DD", param, ctx)
        if value != day.isoformat():
            self.fail(f"{value!r} is not written YYYY-MM-DD", param, ctx)
        return day


class Allowance(click.ParamType[tuple[str, int]]):
    name = "GUARDRAIL=N"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        name, _, number = value.partition("=")
        guardrail = next((guardrail for guardrail in NUMERIC if guardrail == name), None)
        if guardrail is None:
            self.fail(f"{name!r} is not a guardrail that a number can pass; those are {', '.join(NUMERIC)}", param, ctx)
        if not (number.isascii() and number.isdigit() and len(number) < 8):
            self.fail(f"{value!r}: write the number that you mean, as in {guardrail}=7", param, ctx)
        if guardrail == "min_role_owners" and int(number) < 1:
            self.fail("min_role_owners cannot go below 1: somebody must be able to give access", param, ctx)
        return guardrail, int(number)


def common(command: Callable[Concatenate[Common, P], R]) -> Callable[P, R]:
    """-C, --quiet, --verbose and --today, passed as a `Common` first argument."""
    return located(click.option("--today", type=Day(), help="Read every `until` as on this day.")(command))


def located(command: Callable[Concatenate[Common, P], R]) -> Callable[P, R]:
    """The same without --today, for commands that do not depend on the day."""

    @click.option(
        "-C", "--directory", type=click.Path(path_type=Path), default=Path(), help="The configuration's root."
    )
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but the result and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Add the details to an error.")
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        today = taken(kwargs, "today") if "today" in kwargs else None
        directory, quiet, verbose = (taken(kwargs, name) for name in ("directory", "quiet", "verbose"))
        chosen = Common(directory, quiet, verbose, today)
        if not chosen.root.is_dir():
            raise click.UsageError(f"-C {Text(str(chosen.root))!s}: there is no such directory")
        return command(chosen, *args, **kwargs)

    return gathered


def hub_choice(command: Callable[Concatenate[HubChoice, P], R]) -> Callable[P, R]:
    """--hub, --api-key-file, --concurrency and the page sizes, passed as a `HubChoice` first argument."""

    @click.option("--hub", metavar="URL", help="The hub's GraphQL endpoint, or sandbox: (default: BO_SYNC_HUB_URL).")
    @click.option(
        "--api-key-file",
        type=click.Path(path_type=Path),
        help="A file with the API key, for its owner alone (default: BO_SYNC_API_KEY).",
    )
    @click.option(
        "--concurrency",
        type=click.IntRange(1, MAX_CONCURRENCY),
        default=DEFAULT_CONCURRENCY,
        show_default=True,
        help="Requests in flight at most.",
    )
    @click.option(
        "--page-size", type=click.IntRange(1, 1000), default=DEFAULT_ROWS, show_default=True, help="Rows a page."
    )
    @click.option(
        "--batch-size",
        type=click.IntRange(1, 1000),
        default=DEFAULT_ROWS,
        show_default=True,
        help="People a request of grants.",
    )
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        names = ("hub", "api_key_file", "concurrency", "page_size", "batch_size")
        return command(HubChoice(*(taken(kwargs, name) for name in names)), *args, **kwargs)

    return gathered


def narrowing(command: Callable[Concatenate[Narrowing, P], R]) -> Callable[P, R]:
    """--only, --expired, --skip-blocked and --allow, passed as a `Narrowing` first argument."""

    @click.option(
        "--only",
        metavar="PATTERN",
        multiple=True,
        help="Only these users: an address, a glob over addresses, or a path below users/. Repeatable.",
    )
    @click.option("--expired", is_flag=True, help="Only delete expired accounts and take expired grants back.")
    @click.option(
        "--skip-blocked", is_flag=True, help="Leave out users that a guardrail blocks; --expired does so by itself."
    )
    @click.option("--allow", type=Allowance(), multiple=True, help="Pass a numeric guardrail up to N, for this run.")
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        only, allowed, expired, skips = (taken(kwargs, name) for name in ("only", "allow", "expired", "skip_blocked"))
        twice = {guardrail for guardrail, _ in allowed if [named for named, _ in allowed].count(guardrail) > 1}
        if twice:
            raise click.UsageError(f"--allow names {min(twice)} twice: name one number for a guardrail")
        return command(Narrowing(tuple(map(Text, only)), tuple(allowed), expired, skips), *args, **kwargs)

    return gathered


def command_line(verb: str, common: Common, choice: HubChoice, narrowing: Narrowing, *more: str) -> str:
    """A command with the same options, for a shell. Options with their defaults are left out."""
    usual = HubChoice(None, None, DEFAULT_CONCURRENCY, DEFAULT_ROWS, DEFAULT_ROWS)
    words = [
        *(["-C", str(common.root)] if common.root != Path() else []),
        *(["--hub", choice.address] if choice.address is not None else []),
        *(["--api-key-file", str(choice.key_file)] if choice.key_file is not None else []),
        *_unusual("--concurrency", choice.concurrency, usual.concurrency),
        *_unusual("--page-size", choice.page_size, usual.page_size),
        *_unusual("--batch-size", choice.batch_size, usual.batch_size),
        *(["--today", common.today.isoformat()] if common.today is not None else []),
        *(word for email in narrowing.only for word in ("--only", email.raw)),
        *(["--expired"] if narrowing.expired else []),
        *(word for guardrail, number in narrowing.allowed for word in ("--allow", f"{guardrail}={number}")),
        *(["--skip-blocked"] if narrowing.skip_blocked else []),
    ]
    return shlex.join(["bo-sync", verb, *words, *more])


def _unusual(option: str, number: int, usual: int) -> list[str]:
    return [option, str(number)] if number != usual else []


def output_format(*formats: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """--format with the given choices, the first one the default; passed as the keyword `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Form of the result.",
    )


# click's values are typed by their options, which no type checker can follow
def taken(options: dict[str, Any], name: str) -> Any:
    return options.pop(name)
