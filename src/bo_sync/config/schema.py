"""JSON Schemas (draft-07) for editors, made from the models that validate, plus what the models leave to later checks.

An editor's YAML knows numbers and we do not, so text may be a number there. A schema is a help while typing;
`bo-sync validate` decides.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Final, cast

from bo_sync.access.catalogue import catalogue
from bo_sync.config.documents import (
    ADDRESS,
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
from bo_sync.core.model import MODULES, PLATFORM, PROFILE_LIMITS, ProfileField

Schema = dict[str, object]

_PRESET_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_is_number: Final = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?").fullmatch
_TEXT: Final = ["string", "number"]


def json_schema(kind: Kind, presets: Collection[str] = ()) -> str:
    """The schema of one kind of file as JSON text in pure ASCII, the same every time.

    `presets` limits names of presets to those that exist; without it any sound name will do.
    """
    if kind == "user":
        schema = _user(presets)
    elif kind == "preset":
        schema = _model(PresetDocument, PRESET_KEYS)
        _limit_presets(schema, presets)
        _limit_roles(schema)
    elif kind == "policy":
        schema = _policy()
    else:
        schema = _model(SettingsDocument, SETTINGS_KEYS)
        _part(_part(schema, "properties"), "role_definitions")["propertyNames"] = {"pattern": ROLE_NAME}
        defaults = _part(_part(_part(schema, "definitions"), "ProfileDocument"), "properties")
        for name, limits in _profile_limits().items():
            _part(defaults, name).update(limits)
    head: Schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"bo-sync {kind}"}
    return json.dumps({**head, **schema}, indent=2) + "\n"


def _user(presets: Collection[str]) -> Schema:
    """One person, or `users:` with a list of them."""
    person = _model(UserDocument, USER_KEYS)
    definitions = _part(person, "definitions")
    del person["definitions"]
    _limit_presets(person, presets)
    _limit_roles(person)
    person |= {"required": ["email"], "not": {"required": ["preset", "presets"]}, **_unless_held()}
    people: Schema = {
        "type": "object",
        "description": "Several people in one file.",
        "properties": {"users": {"type": "array", "items": {"$ref": "#/definitions/Person"}}},
        "required": ["users"],
        "additionalProperties": False,
    }
    return {
        "definitions": {**definitions, "Person": person, "People": people},
        "if": {"type": "object", "required": ["users"]},
        "then": {"$ref": "#/definitions/People"},
        "else": {"$ref": "#/definitions/Person"},
    }


def _policy() -> Schema:
    """A policy, with the menu's items and the hub's operations by name."""
    schema = _model(PolicyDocument, POLICY_KEYS)
    definitions = _part(schema, "definitions")
    facts = catalogue()
    clause = _part(definitions, "ClauseDocument")
    clause |= {"minProperties": 1, "maxProperties": 1}
    named = _part(clause, "properties")
    can: Schema = {"items": {"enum": [operation.name for operation in facts.operations]}, "minItems": 1}
    named["can"] = {**_part(named, "can"), **can}
    named["menu"] = {"description": _part(named, "menu")["description"], "enum": [item.name for item in facts.menu]}
    match = _part(definitions, "MatchDocument")
    match |= {"minProperties": 1, "maxProperties": 1}
    for key in _part(match, "properties").values():
        cast("Schema", key)["minItems"] = 1
    return {**schema, "definitions": {**definitions, "ClauseDocument": clause, "MatchDocument": match}} | {
        "required": ["id", "match"]
    }


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
    limits["language"] = {"type": ["string", "null"], "pattern": "^[A-Za-z]{2}$|^$"}
    return limits


def _model(model: type[Document], keys: Collection[str]) -> Schema:
    """A model's schema with its properties in the canonical order."""
    schema = cast("Schema", _tidy(model.model_json_schema(ref_template="#/definitions/{model}")))
    properties = _part(schema, "properties")
    schema["properties"] = {key: properties[key] for key in keys}
    if "$defs" in schema:
        schema["definitions"] = schema.pop("$defs")
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


def _limit_presets(schema: Schema, presets: Collection[str]) -> None:
    """A name such as `2024` is text to us and a number to an editor."""
    numbers = [float(preset) for preset in sorted(presets) if _is_number(preset)]
    name: Schema = {"enum": [*sorted(presets), *numbers]} if presets else {"type": _TEXT, "pattern": _PRESET_NAME}
    properties = _part(schema, "properties")
    for key in {"preset", "presets", "extends"} & set(properties):
        limited = {"items": name, "uniqueItems": True} if key != "preset" else name
        properties[key] = {**_part(properties, key), **limited}


def _limit_roles(schema: Schema) -> None:
    """Name the roles that are known. More modules may be added in bo-sync.yaml, so others are let through there."""
    properties = _part(schema, "properties")
    for area, roles, rest in (("platform", PLATFORM, False), ("modules", MODULES, True)):
        part = _part(properties, area)
        grant = part.pop("additionalProperties")
        part["properties"] = dict.fromkeys(roles, grant)
        part["additionalProperties"] = grant if rest else False
        part["propertyNames"] = {"pattern": ROLE_NAME, **({"not": {"enum": list(PLATFORM)}} if rest else {})}
