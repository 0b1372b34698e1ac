"""JSON Schemas (draft-07) for editors, made from the models that validate, plus what the models leave to later checks.

An editor's YAML knows numbers and we do not, so text may be a number there. A schema is a help while typing;
`bo-sync validate` decides. What depends on a repository, the names of its presets and of the modules that its settings
add, is given as its `Vocabulary`.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Final, cast

from bo_sync.access.catalogue import Catalogue
from bo_sync.config.documents import (
    ADDRESS,
    GRANT_KEYS,
    POLICY_KEYS,
    PRESET_KEYS,
    ROLE_NAME,
    SETTINGS_KEYS,
    USER_KEYS,
    Document,
    PolicyDocument,
    PresetDocument,
    SettingsDocument,
    UserDocument,
)
from bo_sync.config.files import Kind
from bo_sync.config.schema_words import LANGUAGE, PATTERNS, PRESET_NAME, role_description, said
from bo_sync.config.vocabulary import Vocabulary
from bo_sync.core.model import MODULES, PLATFORM, PROFILE_LIMITS, ProfileField, Role

Schema = dict[str, object]

ANY: Final = Vocabulary()
KINDS: Final[tuple[Kind, ...]] = ("user", "preset", "policy", "config")

_is_number: Final = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?").fullmatch
_TEXT: Final = ["string", "number"]


def json_schema(kind: Kind, words: Vocabulary = ANY) -> str:
    """The schema of one kind of file as JSON text in pure ASCII, the same every time for the same words."""
    if kind == "user":
        schema = _user(words)
    elif kind == "preset":
        schema = _model(PresetDocument, PRESET_KEYS)
        _limit_presets(schema, words.presets)
        _limit_roles(schema, words.modules)
    elif kind == "policy":
        schema = _policy(words.modules, words.facts)
    else:
        schema = _model(SettingsDocument, SETTINGS_KEYS)
        _part(_part(schema, "properties"), "role_definitions")["propertyNames"] = {"pattern": ROLE_NAME}
        defaults = _part(_part(_part(schema, "definitions"), "ProfileDocument"), "properties")
        for name, limits in _profile_limits().items():
            _part(defaults, name).update(limits)
    head: Schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:bo-sync:schema:{kind}",
        "title": f"bo-sync {kind}",
    }
    return json.dumps({**head, **cast("Schema", _explained(schema))}, indent=2) + "\n"


def _user(words: Vocabulary) -> Schema:
    """One person, or `users:` with a list of them."""
    person = _model(UserDocument, USER_KEYS)
    definitions = _part(person, "definitions")
    del person["definitions"]
    _limit_presets(person, words.presets)
    _limit_roles(person, words.modules)
    either: Schema = {"if": {"required": ["preset"]}, "then": {"properties": {"presets": False}}}
    person |= {"required": ["email"], "allOf": [either], **_unless_held()}
    people: Schema = {
        "type": "object",
        "description": "Several people in one file.",
        "properties": {
            "users": {
                "type": "array",
                "description": "People, each with the keys of a file of their own.",
                "items": {"$ref": "#/definitions/Person"},
            }
        },
        "required": ["users"],
        "additionalProperties": False,
    }
    return {
        "definitions": {**definitions, "Person": person, "People": people},
        "if": {"type": "object", "required": ["users"]},
        "then": {"$ref": "#/definitions/People"},
        "else": {"$ref": "#/definitions/Person"},
    }


def _policy(modules: Collection[Role], facts: Catalogue) -> Schema:
    """A policy, with the roles, the menu's items and the hub's operations by name."""
    schema = _model(PolicyDocument, POLICY_KEYS)
    definitions = _part(schema, "definitions")
    clause = _part(definitions, "ClauseDocument")
    clause |= {"minProperties": 1, "maxProperties": 1}
    named = _part(clause, "properties")
    levels = _part(_part(named, "has"), "additionalProperties")
    _part(named, "has")["properties"] = {
        **_described(PLATFORM, {"const": True}),
        **_described(modules or MODULES, {"enum": [word for word in _words(levels) if word is not True]}),
    }
    _part(named, "has")["additionalProperties"] = False if modules else levels
    _part(named, "can").update({"items": {"enum": [operation.name for operation in facts.operations]}, "minItems": 1})
    _replace(named, "menu", {"enum": [item.name for item in facts.menu]})
    match = _part(definitions, "MatchDocument")
    match |= {"minProperties": 1, "maxProperties": 1}
    for key in _part(match, "properties").values():
        cast("Schema", key)["minItems"] = 1
    return {**schema, "required": ["id", "match"]}


def _unless_held() -> Schema:
    """Names, limits and the address's form are demanded of people whom the hub does not hold yet."""
    names: tuple[ProfileField, ...] = ("first_name", "last_name")
    return {
        "if": {
            "anyOf": [
                {"required": ["id"]},
                {"properties": {"state": {"const": "absent"}}, "required": ["state"]},
            ]
        },
        "else": {
            "required": ["first_name", "last_name"],
            "properties": {
                "email": {"type": "string", "pattern": ADDRESS},
                **_profile_limits(),
                **{name: {"type": _TEXT, "minLength": 1, "maxLength": PROFILE_LIMITS[name]} for name in names},
            },
        },
    }


def _profile_limits() -> dict[str, Schema]:
    """What the hub takes of each field. A language is never a number."""
    limits: dict[str, Schema] = {name: {"maxLength": limit} for name, limit in PROFILE_LIMITS.items()}
    limits["language"] = {"type": ["string", "null"], "pattern": LANGUAGE}
    return limits


def _model(model: type[Document], keys: Collection[str]) -> Schema:
    """A model's schema with its properties in the canonical order, each with what is said of it."""
    schema = cast("Schema", _tidy(model.model_json_schema(ref_template="#/definitions/{model}")))
    properties = _part(schema, "properties")
    schema["properties"] = {key: properties[key] for key in keys}
    schema["definitions"] = schema.pop("$defs", {})
    parts = {model.__name__: schema, **cast("dict[str, Schema]", schema["definitions"])}
    for name, part in parts.items():
        own = _part(part, "properties")
        if set(own) == set(GRANT_KEYS):
            part["properties"] = {key: own[key] for key in GRANT_KEYS}
        for key, value in own.items():
            cast("Schema", value).update(said(name, key))
    return schema


def _tidy(node: object) -> object:
    """Without the titles and defaults that the models add, which would only confuse an editor's hover."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept: Schema = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, dict):
            kept[key] = {name: _tidy(part) for name, part in value.items()}
        elif key not in {"title", "default"}:
            kept[key] = _tidy(value)
    return kept


def _part(schema: Mapping[str, object], key: str) -> Schema:
    return cast("Schema", schema.get(key, {}))


def _explained(node: object) -> object:
    """With the sentence that an editor shows in place of a regular expression."""
    if isinstance(node, list):
        return [_explained(item) for item in node]
    if not isinstance(node, dict):
        return node
    explained: Schema = {key: _explained(value) for key, value in node.items()}
    expected = PATTERNS.get(str(node.get("pattern")))
    return {**explained, "patternErrorMessage": f"Expected {expected}."} if expected else explained


def _words(schema: Schema) -> list[object]:
    return cast("list[object]", schema["enum"])


def _replace(properties: Schema, key: str, limits: Schema) -> None:
    """Another type for a key, of which everything is said that was said before."""
    kept = {word: value for word, value in _part(properties, key).items() if word in {"description", "examples"}}
    properties[key] = {**kept, **limits}


def _limit_presets(schema: Schema, presets: Collection[str]) -> None:
    """A name such as `2024` is text to us and a number to an editor."""
    numbers = [float(preset) for preset in sorted(presets) if _is_number(preset)]
    name: Schema = {"enum": [*sorted(presets), *numbers]} if presets else {"type": _TEXT, "pattern": PRESET_NAME}
    properties = _part(schema, "properties")
    for key in sorted({"preset", "presets", "extends"} & set(properties)):
        limited = {"type": "array", "items": name, "uniqueItems": True} if key != "preset" else name
        _replace(properties, key, limited)
        if presets:
            del _part(properties, key)["examples"]  # they are names of presets that may not be there


def _limit_roles(schema: Schema, modules: Collection[Role]) -> None:
    """Name the roles that are known. Without `modules`, any may have been added by the settings, and is let through."""
    properties = _part(schema, "properties")
    for area, roles, others in (("platform", PLATFORM, False), ("modules", modules or MODULES, not modules)):
        part = _part(properties, area)
        grant = cast("Schema", part.pop("additionalProperties"))
        part["properties"] = _described(roles, grant)
        part["additionalProperties"] = grant if others else False
        if others:
            part["propertyNames"] = {"pattern": ROLE_NAME, "not": {"enum": list(PLATFORM)}}


def _described(roles: Collection[Role], grant: Schema) -> Schema:
    """A property for each role, of which its documentation is said."""
    return {role: {**grant, "description": role_description(role)} for role in roles}
