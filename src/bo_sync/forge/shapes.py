"""Entries of an API's answers, taken out of JSON: what is not there as it must be is an error, never a guess."""

from bo_sync.core.text import Text
from bo_sync.forge.api import Api
from bo_sync.forge.failures import ForgeError
from bo_sync.forge.sticky import Entry
from bo_sync.hub.answers import JsonObject, JsonValue


def number_at(api: Api, found: JsonValue, *keys: str) -> int:
    """The whole number at the end of a path of keys."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise ForgeError(
            f"{api.name} at {api.root} answers without a number at `{'.'.join(keys)}`",
            hint="check the address of the API, and what stands between",
        )
    return found


def maybe_number_at(found: JsonValue, *keys: str) -> int | None:
    """The same, or None: an account that was deleted has none."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def text_at(found: JsonObject, key: str) -> str:
    """A text, which forges leave out or null where it is empty."""
    text = found.get(key)
    return text if isinstance(text, str) else ""


def entry_of(api: Api, found: JsonValue, keys: tuple[str, str, str], author: str) -> Entry:
    """An entry; `keys` are those of its number, its body and its address, `author` that of who wrote it."""
    content: JsonObject = found if isinstance(found, dict) else {}
    number, body, url = keys
    wrote = maybe_number_at(content, author, "id")
    return Entry(
        number_at(api, content, number),
        -1 if wrote is None else wrote,
        text_at(content, body),
        Text(text_at(content, url)),
    )
