"""The tables of docs/files.md, made from the schemas that editors are given: every key, its values, its meaning."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from bo_sync.config.files import Kind
from bo_sync.config.json_schema import json_schema

Schema = dict[str, Any]

TABLES: Final[dict[str, tuple[Kind, str]]] = {
    "a person": ("user", "Person"),
    "an entry of modules": ("user", "TimedAccess"),
    "an entry of platform": ("user", "TimedSwitch"),
    "an item of ignore": ("user", "Suppression"),
    "a preset": ("preset", ""),
    "bo-sync.yaml": ("config", ""),
    "defaults": ("config", "ProfileDocument"),
    "guardrails": ("config", "GuardrailsDocument"),
    "a limit": ("config", "LimitDocument"),
    "a policy": ("policy", ""),
    "match": ("policy", "MatchDocument"),
    "an item of match": ("policy", "ClauseDocument"),
    "an item of except": ("policy", "ExceptionDocument"),
}
"""The mark of a table: the schema, and its part."""
_REGION: Final = re.compile(r"(<!-- keys: (.+?) -->\n).*?(<!-- /keys -->)", re.DOTALL)
MOST_WORDS: Final = 12
"""An enumeration that is longer is a catalogue, which stands elsewhere."""


def renewed(page: str) -> str:
    """The page with its tables as they must be."""
    return _REGION.sub(lambda found: found[1] + "\n".join(["", *table(found[2]), "", found[3]]), page)


def table(mark: str) -> Iterator[str]:
    """The lines of one table."""
    kind, part = TABLES[mark]
    schema: Schema = json.loads(json_schema(kind))
    at: Schema = schema["definitions"][part] if part else schema
    required = {*at.get("required", ())}
    yield "| key | value | |"
    yield "|---|---|---|"
    for key, value in at["properties"].items():
        needed = " Required." if key in required else ""
        default = f" Default: `{_yaml(value['default'])}`." if "default" in value else ""
        examples = [example for example in value.get("examples", ()) if example is not None]
        example = f" Example: `{_yaml(examples[-1])}`" if examples else ""
        values = "; ".join(dict.fromkeys(_values(value)))
        yield f"| `{key}` | {values} | {value['description']}{needed}{default}{example} |"


def _values(value: Schema) -> Iterator[str]:
    """What may be written, in words."""
    if "enum" in value:
        words = [_yaml(word) for word in value["enum"] if word is not None]
        yield ", ".join(f"`{word}`" for word in words) if len(words) <= MOST_WORDS else "one of the catalogue"
    elif "const" in value:
        yield f"`{_yaml(value['const'])}`"
    elif "anyOf" in value:
        for choice in value["anyOf"]:
            yield from _values(choice)
    elif "$ref" in value:
        yield "a mapping, below"
    elif "patternErrorMessage" in value:
        yield value["patternErrorMessage"].removeprefix("Expected ").removesuffix(".")
    else:
        yield from _typed(value)


def _typed(value: Schema) -> Iterator[str]:
    match value["type"]:
        case "array":
            inner = "; ".join(_values(value["items"]))
            yield "a list" if inner in {"text", "a mapping, below"} else f"a list: {inner}"
        case "object":
            yield "a mapping"
        case "boolean":
            yield "`true`, `false`"
        case "null":
            yield "`null`"
        case _:
            yield "text"


def _yaml(value: object) -> str:
    """One value as it is written in a file, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_yaml, value)) + "]"
        case True | False | None:
            return json.dumps(value)
        case str() if re.search(r"[>,:*]", value):
            return json.dumps(value)
        case _:
            return str(value)
