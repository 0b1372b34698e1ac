"""What `--skip-blocked` runs: everything but the users that a guardrail blocks, so that one row cannot hold up revokes.

Guardrails of the run count what is left. Where they block that too, nothing runs.
"""

from dataclasses import replace

from bo_sync.core.changes import Change
from bo_sync.core.diff import Difference
from bo_sync.core.guardrails import (
    OF_USER,
    GuardrailName,
    GuardrailResult,
    Situation,
    check,
    is_without_file,
    look_alikes,
    unprotected,
)

_Skipped = dict[GuardrailName, GuardrailResult]


def without_blocked(situation: Situation) -> tuple[Difference, tuple[GuardrailResult, ...]]:
    """What is left of a difference without the blocked users, and every guardrail's result.

    A guardrail of users that is not ok is `skipped`, and so is `self`: its rows are about one user. So is
    `min_role_owners`, without every user who would no longer be an owner, and then `max_user_deletes` where leaving out
    all deletions without a file is enough to keep it: its rows are then those deletions.
    """
    first = {result.guardrail: result for result in check(situation)}
    names = {*OF_USER, "self"} & first.keys()
    skipped = {name: replace(first[name], skipped=True) for name in names if not first[name].ok}
    rest = _without_users(situation, skipped)
    results = {result.guardrail: result for result in check(rest)} | skipped
    if not results["min_role_owners"].ok:
        rest, skipped = _without_owners(rest, results["min_role_owners"], skipped)
        results = {result.guardrail: result for result in check(rest)} | skipped
    if not results["max_user_deletes"].ok:
        fewer = _only(rest, [change for change in rest.difference.changes if not is_without_file(change)])
        counted = {result.guardrail: result for result in check(fewer)}
        if counted["max_user_deletes"].ok:
            rest, results = fewer, counted | skipped | {"max_user_deletes": _deletions_left_out(results, rest)}
    return rest.difference, tuple(results[name] for name in first)


def _without_owners(situation: Situation, found: GuardrailResult, skipped: _Skipped) -> tuple[Situation, _Skipped]:
    """The same without the users of the rows: all losses of ownership, so that the owners stay as many as they are."""
    owners = {row.email.folded for row in found.rows}
    rest = [change for change in situation.difference.changes if change.email.folded not in owners]
    return _only(situation, rest), {**skipped, "min_role_owners": replace(found, skipped=True)}


def _deletions_left_out(results: dict[GuardrailName, GuardrailResult], rest: Situation) -> GuardrailResult:
    """The result that counts every deletion, with a row for each that is left out."""
    left_out = {change.email for change in rest.difference.changes if is_without_file(change)}
    found = results["max_user_deletes"]
    return replace(found, skipped=True, rows=tuple(row for row in found.rows if row.email in left_out))


def _without_users(situation: Situation, skipped: _Skipped) -> Situation:
    """The same without the users of the rows.

    Of two users who look alike neither is touched, for one of them may be the other's new address. An entry of
    `protect` that protects no user may mean any user without a file, so that none of these is deleted. For an ambiguous
    address the revokes run: they go by id, and the plan holds no deletion there.
    """
    blocked = {
        row.email.folded for name, result in skipped.items() if name != "ambiguous_address" for row in result.rows
    }
    blocked |= {user.email.folded for _, user in look_alikes(situation)}
    keeps_unmanaged = any(True for _ in unprotected(situation))

    def runs(change: Change) -> bool:
        return change.email.folded not in blocked and not (keeps_unmanaged and is_without_file(change))

    return _only(situation, [change for change in situation.difference.changes if runs(change)])


def _only(situation: Situation, changes: list[Change]) -> Situation:
    return replace(situation, difference=replace(situation.difference, changes=tuple(changes), conflicts=(), ending=()))
