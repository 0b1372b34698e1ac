"""What stands in the place of a plan's comment when no plan could be made: an older verdict must not stay there."""

from typing import Final

from bo_sync.core.text import Text
from bo_sync.errors import ExitCode
from bo_sync.render.comment import Detail, code, prose
from bo_sync.render.markdown import marker_of

_WHY: Final[dict[int, tuple[str, str]]] = {
    ExitCode.FAILED: (
        "the hub, the network or bo-sync failed",
        "run it again; `bo-sync doctor` looks at the way there",
    ),
    ExitCode.INVALID: ("the files are invalid", "`bo-sync validate` tells all that is wrong with them, offline"),
    ExitCode.PARTIAL: ("it was interrupted", "run it again"),
    ExitCode.USAGE: ("it was called in a way that it refuses", "mend the pipeline, or its variables"),
}
_KILLED: Final = ("it did not end by itself", "run it again")
WITH_A_PLAN: Final = frozenset({ExitCode.OK, ExitCode.PENDING, ExitCode.REFUSED})
"""The exit codes of `plan` with which there is one."""


def failed_markdown(
    hub_url: str, code_of_plan: int, *, identity: str = "", commit: Text | None = None, log: str = ""
) -> str:
    """Says so, with the marker of that hub's plan, or of every plan at that address when `identity` is "".

    `log` is an address of our own, where the run tells more.
    """
    why, advice = _WHY.get(code_of_plan, _KILLED)
    place = f"the [log of this run]({log})" if log else "the log of this run"
    at = f"<sub>Commit {code(commit.raw, Detail())}</sub>" if commit is not None else ""
    lines = (
        marker_of("plan", hub_url, identity),
        "### ⛔ bo-sync: there is no plan",
        "",
        f"**`plan` ended with exit code {code_of_plan}: {why}.** What an older plan said here no longer counts.",
        "",
        f"**Next:** {place} says more; {prose(advice)}.",
        *(("", at) if at else ()),
    )
    return "".join(f"{line}\n" for line in lines)
