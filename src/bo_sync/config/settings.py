"""bo-sync.yaml as `Settings`; a missing key keeps its default. And the current day in the settings' zone."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from bo_sync.access.catalogue import CatalogueError, read_operations
from bo_sync.config.documents import ROLE_NAME, SETTINGS_KEYS, GuardrailsDocument, LimitDocument, SettingsDocument
from bo_sync.config.users import read_profile
from bo_sync.config.validation import Complaints, admit, rank
from bo_sync.config.yaml_errors import meant, quoted
from bo_sync.config.yaml_reader import MAX_BYTES
from bo_sync.config.yaml_values import YamlMapping
from bo_sync.core.hub_operations import AddedOperations
from bo_sync.core.model import DEFAULT_HUB_NAMES, MODULES, ROLES_PERMISSIONS, Problem, Role, Source
from bo_sync.core.settings import LIMITS, GuardrailLimits, Limit, Settings, Unmanaged, fixed
from bo_sync.core.text import Message, Text

_DOCUMENTED: Final = {DEFAULT_HUB_NAMES[role]: role for role in MODULES}
"""The modules by the hub's names; the two platform areas are in none of its annotations."""
_REFRESH: Final = "make the table with `bo-sync catalogue refresh --output FILE`"
_is_zone: Final = re.compile("(?!Factory$)[A-Z].*", re.DOTALL).fullmatch
"""Zones begin with a capital letter. Other files next to them (`localtime`, `posixrules`, `right/UTC`) differ on each
machine, and `Factory` is the zone of a machine without one."""
_is_role_name: Final = re.compile(ROLE_NAME).fullmatch


def today(settings: Settings, now: datetime) -> date:
    """The day at `now`, which has its own offset, in the settings' zone."""
    return now.astimezone(ZoneInfo(settings.timezone)).date()


def read_settings(entries: YamlMapping, complaints: Complaints, tables: Mapping[str, bytes]) -> Settings:
    """The settings as in the file; what is wrong keeps its default, and is a problem.

    `tables` are the files that `catalogue` may name, by path.
    """
    document, problems = admit(SettingsDocument, entries, SETTINGS_KEYS, complaints.path)
    complaints.take(problems)
    default = Settings()
    if document is None:
        return default
    return Settings(
        defaults=read_profile(entries.mapping("defaults"), complaints),
        unmanaged=Unmanaged(document.unmanaged),
        protect=tuple(map(Text, document.protect)),
        protect_places=tuple(map(complaints.at, entries.listing("protect").values_at)),
        email_domains=tuple(map(Text, document.email_domains)),
        timezone=_timezone(document.timezone, entries, complaints) or default.timezone,
        expiring_within=int(document.expiring_within or default.expiring_within),
        hub_host=Text(document.hub_host) if document.hub_host else None,
        hub_identity=Text(document.hub_identity) if document.hub_identity else None,
        guardrails=_guardrails(document.guardrails, entries.mapping("guardrails"), complaints),
        role_definitions=_role_definitions(document.role_definitions, entries, complaints),
        catalogue=_catalogue(document.catalogue, tables, entries, complaints) if document.catalogue else None,
    )


def _catalogue(
    path: str, tables: Mapping[str, bytes], entries: YamlMapping, complaints: Complaints
) -> AddedOperations | None:
    """The operations table at `path`, or None with an error at the wrong place in the file."""
    if path not in tables:
        message = Message("catalogue: found {}, which does not exist; expected a table of operations", quoted(path))
        complaints.error(entries.value_at("catalogue"), message)
        return None
    at = Source(Text(path), 1)
    try:
        return _added(Text(path), tables[path])
    except CatalogueError as err:
        complaints.take([Problem(replace(at, line=err.line), Message(f"{err.what}: {_REFRESH}"))])
    except UnicodeDecodeError:
        complaints.take([Problem(at, Message(f"not UTF-8: {_REFRESH}"))])
    return None


def _added(path: Text, data: bytes) -> AddedOperations:
    """Raises CatalogueError, or UnicodeDecodeError."""
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"the file holds {len(data):,} bytes; expected at most {MAX_BYTES:,}")
    taken, operations = read_operations(data.decode("utf-8-sig"))
    try:
        return AddedOperations(path, date.fromisoformat(taken), operations)
    except ValueError as err:
        raise CatalogueError("the day of the table is missing; expected # taken YYYY-MM-DD") from err


def _timezone(name: str, entries: YamlMapping, complaints: Complaints) -> str:
    """`name`, or "" if there is no such zone."""
    if "timezone" not in entries:
        return ""
    try:
        zone = ZoneInfo(name).key if _is_zone(name) else ""
    except (OSError, ValueError, LookupError):  # unknown, a folder of zones, a path, not a zone's file
        zone = ""
    if not zone:
        near = meant(name, ()) or _nearest_zone(name)
        message = Message("timezone: found {}; expected a zone such as Europe/Amsterdam{}", quoted(name), near)
        complaints.error(entries.value_at("timezone"), message)
    return zone


def _nearest_zone(name: str) -> str:
    by_lower = {zone.lower(): zone for zone in sorted(filter(_is_zone, available_timezones()))}
    near = meant(name, by_lower)
    lower = near.removeprefix("; did you mean ").removesuffix("?")
    return f"; did you mean {by_lower[lower]}?" if near else ""


def _guardrails(written: GuardrailsDocument, entries: YamlMapping, complaints: Complaints) -> GuardrailLimits:
    default = GuardrailLimits()

    def limit(name: str, written: str | LimitDocument, usual: Limit) -> Limit:
        found = _limit(written, usual)
        if found.floor <= found.cap:
            return found
        _exceeding(name, found, entries.mapping(name), complaints)
        return usual

    return GuardrailLimits(
        **{name: limit(name, getattr(written, name), default.of(name)) for name in LIMITS},
        min_role_owners=int(written.min_role_owners or default.min_role_owners),
    )


def _exceeding(name: str, found: Limit, written: YamlMapping, complaints: Complaints) -> None:
    """Reports a floor above the cap, at the one that is written, unless a wrong value was reported already."""
    if any(written.had(key) and key not in written for key in ("floor", "cap")):
        return
    floor, cap = (
        f"{key} {number}" if key in written else f"{key} {number} (the default)"
        for key, number in (("floor", found.floor), ("cap", found.cap))
    )
    message = f"guardrails.{name}: {floor} exceeds {cap}; expected a floor that is not above the cap"
    complaints.error(written.value_at("floor" if "floor" in written else "cap"), message)


def _limit(written: str | LimitDocument, usual: Limit) -> Limit:
    """The limit as written; an omitted key keeps its default."""
    if isinstance(written, str):
        return fixed(int(written))
    return Limit(
        int(written.percent or usual.percent), int(written.floor or usual.floor), int(written.cap or usual.cap)
    )


def _role_definitions(
    written: Mapping[str, str], entries: YamlMapping, complaints: Complaints
) -> tuple[tuple[Role, Text], ...]:
    """The defaults with the written names over them, in the order of roles; each hub name once."""
    names = dict(Settings().role_definitions)
    part = entries.mapping("role_definitions")
    for word, hub_name in written.items():
        if not _is_role_name(word):
            message = Message(
                "role_definitions: found {}; expected a name of a-z, 0-9 and _ that starts with a letter", quoted(word)
            )
            complaints.error(part.key_at(word), message)
            continue
        if wrong := _misnamed(word, hub_name):
            complaints.error(part.value_at(word), Message("role_definitions: {}", wrong))
            continue
        names[Role(word)] = Text(hub_name)
    for role, other in _shared(names):
        at = part.value_at(role if part.had(role) else other)
        message = Message(
            "role_definitions: {} and {} both mean {}; expected two hub names", other, role, quoted(names[role].raw)
        )
        complaints.error(at, message)
    return tuple(sorted(names.items(), key=lambda pair: rank(pair[0])))


def _misnamed(word: str, hub_name: str) -> Message:
    """What is wrong with a name, or "".

    A module of the hub's annotations under another name of ours would hide its effect. Without the hub's own Roles &
    permissions, the guardrail of the owners would count no users.
    """
    meant = _DOCUMENTED.get(hub_name)
    if meant is not None and meant != word:
        return Message("{} is the hub's own name of {}; expected no other name of ours for it", quoted(hub_name), meant)
    own = DEFAULT_HUB_NAMES[ROLES_PERMISSIONS]
    if word == ROLES_PERMISSIONS and hub_name != own:
        return Message(f"the hub itself calls {word} {own}; expected that, or no entry")
    return Message()


def _shared(names: Mapping[Role, Text]) -> list[tuple[Role, Role]]:
    """Each of our names whose hub name an earlier one already has, with that earlier one."""
    first: dict[Text, Role] = {}
    ordered = sorted(names, key=rank)
    return [(role, first[names[role]]) for role in ordered if first.setdefault(names[role], role) != role]
