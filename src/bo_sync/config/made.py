"""Values of the core, made in half the time.

A frozen dataclass sets each of its fields through `object.__setattr__`, by name. Ten thousand files become a quarter of
a million values, a twentieth of the whole load, so here each slot is set by its own descriptor. A test holds these
functions to the classes' own constructors, field by field.
"""

from collections.abc import Callable
from datetime import date
from typing import Final, cast

from bo_sync.core.model import Access, FieldValue, Override, ProfileField, Role, Source
from bo_sync.core.text import Text


def _setter(of: type, name: str) -> Callable[[object, object], None]:
    return cast("Callable[[object, object], None]", vars(of)[name].__set__)


_new: Final = object.__new__
_set_raw: Final = _setter(Text, "raw")
_set_field, _set_value = _setter(FieldValue, "field"), _setter(FieldValue, "value")
_set_path, _set_line, _set_column = _setter(Source, "path"), _setter(Source, "line"), _setter(Source, "column")
_set_role, _set_access, _set_source = (
    _setter(Override, "role"),
    _setter(Override, "access"),
    _setter(Override, "source"),
)
_set_until, _set_reason = _setter(Override, "until"), _setter(Override, "reason")


def text(raw: str) -> Text:
    """`Text(raw)`"""
    made = _new(Text)
    _set_raw(made, raw)
    return made


def field_value(field: ProfileField, raw: str) -> FieldValue:
    """`FieldValue(field, Text(raw))`"""
    value = _new(Text)
    _set_raw(value, raw)
    made = _new(FieldValue)
    _set_field(made, field)
    _set_value(made, value)
    return made


def source(path: Text, line: int, column: int) -> Source:
    """`Source(path, line, column)`"""
    made = _new(Source)
    _set_path(made, path)
    _set_line(made, line)
    _set_column(made, column)
    return made


def override(role: Role, access: Access, source: Source, limits: tuple[date | None, Text | None]) -> Override:
    """`Override(role, access, source, *limits)`"""
    made = _new(Override)
    _set_role(made, role)
    _set_access(made, access)
    _set_source(made, source)
    until, reason = limits
    _set_until(made, until)
    _set_reason(made, reason)
    return made
