"""The JSON of a saved plan, read strictly: each value has the shape that it should have, or StalePlanError says which.

The file may come from anywhere. No key may stand twice, no number be a fraction, and what is refused is quoted only as
`Text`.
"""

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from bo_sync.core.document import Json
from bo_sync.core.text import Text
from bo_sync.errors import StalePlanError


def refuse(message: str) -> NoReturn:
    """Raises StalePlanError, and says what to do."""
    raise StalePlanError(message, hint="make a new one with plan --out FILE, and have that one reviewed")


def parsed(text: str) -> Json:
    """The JSON in `text`."""
    try:
        found: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as err:
        raise StalePlanError(
            f"the saved plan is not the JSON of a plan: {_reason(err)}", hint="make a new one with plan --out FILE"
        ) from err
    return found


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "absurdly nested" if isinstance(error, RecursionError) else str(Text(str(error)[:80]))


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object whose keys are each there once, so that two readers cannot see two plans in one file."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(number: str) -> NoReturn:
    raise ValueError(f"{number} is no whole number")


def entry_of(holder: Mapping[str, Json], key: str) -> Json:
    """What stands under a key that must be there."""
    if key not in holder:
        refuse(f"the saved plan lacks `{key}`")
    return holder[key]


def object_of(found: Json, what: str) -> dict[str, Json]:
    """`found` as an object; `what` names it in a complaint."""
    return found if isinstance(found, dict) else refuse(f"{what} is not a JSON object")


def words_of(holder: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """The strings in a list that must be there."""
    found = list_of(holder, key)
    return tuple(
        word if isinstance(word, str) else refuse(f"`{key}` of the saved plan holds no string") for word in found
    )


def exactly(found: Json, keys: frozenset[str]) -> dict[str, Json]:
    """An object with just these keys: whatever the digest covers is read, and nothing else hides in it."""
    entry = object_of(found, "a profile field or a grant")
    if entry.keys() != keys:
        refuse(f"an entry of the saved plan has other keys than {', '.join(sorted(keys))}")
    return entry


def list_of(holder: Mapping[str, Json], key: str) -> list[Json]:
    """A list under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, list) else refuse(f"`{key}` of the saved plan is not a list")


def objects_of(holder: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """A list of objects under a key."""
    return [object_of(found, f"an entry of `{key}`") for found in list_of(holder, key)]


def text_of(holder: Mapping[str, Json], key: str) -> str:
    """A string under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, str) else refuse(f"`{key}` of the saved plan is not text")


def maybe_text_of(holder: Mapping[str, Json], key: str) -> Text | None:
    """Somebody else's text under a key, or null."""
    return None if entry_of(holder, key) is None else Text(text_of(holder, key))


def word_of(holder: Mapping[str, Json], key: str, words: frozenset[str]) -> str:
    """One of some words under a key."""
    found = text_of(holder, key)
    return found if found in words else refuse(f"`{key}` of the saved plan is none of {', '.join(sorted(words))}")


def name_of(holder: Mapping[str, Json], key: str, form: re.Pattern[str]) -> str:
    """A name of ours under a key: it has the form that all of its kind have, so that it is safe to print."""
    found = text_of(holder, key)
    return found if form.fullmatch(found) else refuse(f"`{key}` of the saved plan is not spelled as bo-sync spells it")


def number_of(holder: Mapping[str, Json], key: str) -> int:
    """A whole number under a key."""
    found = maybe_number_of(holder, key)
    return found if found is not None else refuse(f"`{key}` of the saved plan is null")


def maybe_number_of(holder: Mapping[str, Json], key: str) -> int | None:
    """A whole number under a key, or null."""
    found = entry_of(holder, key)
    if isinstance(found, bool) or not isinstance(found, int | None):
        refuse(f"`{key}` of the saved plan is neither a whole number nor null")
    return found


def flag_of(holder: Mapping[str, Json], key: str) -> bool:
    """True or false under a key."""
    found = entry_of(holder, key)
    return found if isinstance(found, bool) else refuse(f"`{key}` of the saved plan is neither true nor false")
