"""From a positioned mapping to a checked document, with every complaint at its place and in our words.

What a model refuses is reported and then taken out, so the rest of the entry is still looked at and one run shows
everything. The models speak pydantic; nothing outside this module does.
"""

from collections.abc import Sequence
from typing import Final, TypedDict, TypeVar, cast

from pydantic import ValidationError

from bo_sync.config.documents import (
    ACCEPTANCE_KEYS,
    CLAUSE_KEYS,
    COUNT,
    DAY,
    EXCEPTION_KEYS,
    EXPECTED,
    GRANT_KEYS,
    GUARDRAIL_KEYS,
    LIMIT_KEYS,
    MATCH_KEYS,
    Document,
)
from bo_sync.config.values import Entries, Items, Mark, Value, source
from bo_sync.config.words import meant, quoted, unknown
from bo_sync.core.model import PROFILE_FIELDS, Problem
from bo_sync.core.text import Text

D = TypeVar("D", bound=Document)

_MAPPINGS: Final = frozenset(("TimedSwitch", "TimedAccess", "LimitDocument"))
_NUMBER: Final = "constrained-str"
_BRANCHES: Final = _MAPPINGS | {"bool", _NUMBER}
"""The names that pydantic puts into a place for the branch of a union; those of literals start with `literal[`."""
_TYPES: Final = {
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
_TRUTH: Final = {"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}
_NESTED_KEYS: Final = {
    "platform": GRANT_KEYS,
    "modules": GRANT_KEYS,
    "ignore": ACCEPTANCE_KEYS,
    "defaults": PROFILE_FIELDS,
    "guardrails": GUARDRAIL_KEYS,
    "match": MATCH_KEYS,
    "except": EXCEPTION_KEYS,
}
_DEEPER_KEYS: Final = {("guardrails", 3): LIMIT_KEYS, ("match", 4): CLAUSE_KEYS}
"""The keys of mappings further down, by the part of the entry and the steps to the key."""
_REQUIRED: Final = {
    ("platform", "access"): "true or false",
    ("modules", "access"): "owner, editor, viewer or none",
    ("ignore", "rule"): "the number of a finding, such as BOS007",
    ("ignore", "reason"): "why it is accepted",
    ("ignore", "until"): EXPECTED[DAY],
    ("except", "email"): "the address of somebody whom the policy does not count",
    ("except", "reason"): "why this is right",
    ("except", "until"): EXPECTED[DAY],
}
"""What is to be written under a key that must not be left out, by the part of the entry."""


class _Detail(TypedDict):
    type: str
    loc: tuple[str | int, ...]
    ctx: dict[str, object]


def admit(model: type[D], entries: Entries, keys: Sequence[str], path: Text) -> tuple[D | None, list[Problem]]:
    """The document, and what is wrong with it. `keys` are the model's, in their canonical order.

    With problems, the document holds only what is sound, and `entries` has lost the rest; it is None when nothing is.
    """
    try:
        return model.model_validate(entries), []
    except ValidationError as error:
        details = _details(error)
    problems = [_problem(detail, entries, keys, path) for detail in details if _is_meant(detail, entries)]
    while details:
        wrong = {tuple(_follow(detail["loc"], entries)[0]) for detail in details}
        if not sum([_take_out(steps, entries) for steps in wrong]):
            return None, problems
        try:
            return model.model_validate(entries), problems
        except ValidationError as error:
            details = _details(error)
    return None, problems


def _details(error: ValidationError) -> list[_Detail]:
    return cast("list[_Detail]", error.errors(include_url=False, include_input=False))


def _is_meant(detail: _Detail, entries: Entries) -> bool:
    """Whether an error speaks of the branch that was written: a mapping's own errors, or the word's, never both."""
    branch = next((part for part in detail["loc"][2:3] if _is_branch(part)), None)
    if branch is None:
        return True
    _, value, _ = _follow(detail["loc"][:2], entries)
    return isinstance(value, Entries) == (branch in _MAPPINGS)


def _is_branch(part: str | int) -> bool:
    return part in _BRANCHES or (isinstance(part, str) and part.startswith("literal["))


def _follow(loc: Sequence[str | int], entries: Entries) -> tuple[list[str | int], Value, Mark]:
    """The steps of `loc` that exist in `entries`, what stands there, and its position."""
    steps: list[str | int] = []
    value: Value = entries
    at = entries.at
    for index, part in enumerate(loc):
        if index == 2 and _is_branch(part):
            continue
        further = _step(value, part)
        if further is None:
            break
        value, at = further
        steps.append(part)
    return steps, value, at


def _step(value: Value, part: str | int) -> tuple[Value, Mark] | None:
    if isinstance(value, Entries) and isinstance(part, str) and part in value:
        return value[part], value.value_at(part)
    if isinstance(value, Items) and isinstance(part, int) and part < len(value):
        return value[part], value.values_at[part]
    return None


def _problem(detail: _Detail, entries: Entries, keys: Sequence[str], path: Text) -> Problem:
    steps, value, at = _follow(detail["loc"], entries)
    if detail["type"] == "extra_forbidden":
        _, parent, _ = _follow(detail["loc"][:-1], entries)
        word = str(steps[-1])
        at = parent.key_at(word) if isinstance(parent, Entries) else at
        return Problem(source(path, at), unknown("key", word, _keys_beside(steps, keys)))
    if detail["type"] == "missing":
        missing = str(detail["loc"][-1])
        expected = _REQUIRED[str(steps[0]), missing]
        return Problem(source(path, at), f"{_named([*steps, missing])} is missing; expected {expected}")
    expected = _expected(detail)
    near = _meant(value, expected, detail)
    return Problem(source(path, at), f"{_named(steps)}: found {found(value)}; expected {expected}{near}")


def _keys_beside(steps: Sequence[str | int], keys: Sequence[str]) -> Sequence[str]:
    """The keys that are known in the mapping in which the last step stands."""
    if len(steps) == 1:
        return keys
    part = str(steps[0])
    return _DEEPER_KEYS.get((part, len(steps)), _NESTED_KEYS[part])


def _named(steps: Sequence[str | int]) -> str:
    """`modules.pricing`: the steps that are words. Keys may be foreign, so they are shown harmlessly."""
    return ".".join(str(Text(part[:40])) for part in steps if isinstance(part, str))


def _expected(detail: _Detail) -> str:
    if detail["type"] == "literal_error":
        return str(detail["ctx"]["expected"]).replace("'", "")
    if _NUMBER in detail["loc"]:
        return f"{EXPECTED[COUNT]}, or a mapping of percent, floor and cap"
    if detail["type"] == "string_pattern_mismatch":
        return EXPECTED[str(detail["ctx"]["pattern"])]
    return _TYPES[detail["type"]]


def found(value: Value) -> str:
    """A value as messages name it. Never more than a short piece of foreign text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case Entries():
            return "a mapping"
        case Items():
            return "a list"


def _meant(value: Value, expected: str, detail: _Detail) -> str:
    """What was most probably meant, or how to say that nothing is meant."""
    if value is None:
        return "" if detail["loc"] == ("email",) else "; leave the key out instead"
    if isinstance(value, bool) and detail["type"] == "string_type" and _NUMBER not in detail["loc"]:
        return "; for this very word, put it in quotes"
    if not isinstance(value, str):
        return ""
    if detail["type"] == "bool_type":
        return (
            f"; did you mean {_TRUTH[value.lower()]}?" if value.lower() in _TRUTH else meant(value, ("true", "false"))
        )
    return meant(value, expected.replace(" or ", ", ").split(", ")) if detail["type"] == "literal_error" else ""


def _take_out(steps: Sequence[str | int], entries: Entries) -> bool:
    """Remove the innermost key among `steps`, with all that it holds; False when there is none to remove."""
    kept = list(steps)
    while kept and not isinstance(kept[-1], str):
        kept.pop()
    if not kept:
        return False
    _, parent, _ = _follow(kept[:-1], entries)
    if isinstance(parent, Entries):
        parent.take_out(str(kept[-1]))
    return True
