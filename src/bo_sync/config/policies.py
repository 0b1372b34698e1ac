"""Policy files: the users of each, in words that the catalogue of menu items and operations knows.

A policy with an error is left out, because a policy that is read only in part would match other users.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bo_sync.access.catalogue import Catalogue
from bo_sync.config.documents import CLAUSE_KEYS, MATCH_KEYS, POLICY_KEYS, PolicyDocument
from bo_sync.config.validation import Area, Complaints, Known, admit, found, rank
from bo_sync.config.yaml_errors import meant, one_of, quoted, unknown
from bo_sync.config.yaml_values import Items, Mark, YamlMapping
from bo_sync.core.model import Access, Role, Severity
from bo_sync.core.policy import Can, Clause, Exemption, Has, Match, Opens, Policy
from bo_sync.core.text import Message, Text

_SEVERITIES: Final = {"error": Severity.ERROR, "warning": Severity.WARNING}


def read_policy(
    entries: YamlMapping, known: Known, others: Mapping[str, Policy], complaints: Complaints
) -> Policy | None:
    """The policy in a file; None if it has an error. `others` are those read before, by id."""
    document, problems = admit(PolicyDocument, entries, POLICY_KEYS, complaints.path)
    complaints.take(problems)
    if document is None:
        return None
    name = _id(entries, others, complaints)
    match = _match(entries, known, complaints)
    at_most, at_least = _limits(document, entries, complaints)
    exemptions = tuple(_exemptions(entries.listing("except"), complaints))
    if complaints.errors or match is None:
        return None
    return Policy(
        id=name,
        title=Text(document.title or name),
        match=match,
        source=complaints.at(entries.at),
        severity=_SEVERITIES[document.severity],
        why=Text(document.why) if document.why else None,
        at_most=at_most,
        at_least=at_least,
        exemptions=exemptions,
    )


def _id(entries: YamlMapping, others: Mapping[str, Policy], complaints: Complaints) -> str:
    name = entries.get("id")
    if not isinstance(name, str):
        if not entries.had("id"):
            complaints.error(entries.at, "id is missing; expected a name of a-z, 0-9 and - such as price-and-order")
        return ""
    if name in others:
        message = Message(
            "a second policy {}; the first is {}: keep one, or give one another id", name, others[name].source.text
        )
        complaints.error(entries.value_at("id"), message)
    return name


def _limits(document: PolicyDocument, entries: YamlMapping, complaints: Complaints) -> tuple[int | None, int | None]:
    at_most = int(document.at_most) if document.at_most else None
    at_least = int(document.at_least) if document.at_least else None
    if at_most is not None and at_least is not None and at_least > at_most:
        message = f"at_least: found {at_least}, above at_most, which is {at_most}; expected no more than that"
        complaints.error(entries.value_at("at_least"), message)
    return (0 if at_most is None and at_least is None else at_most), at_least


def _match(entries: YamlMapping, known: Known, complaints: Complaints) -> Match | None:
    expected = 'expected `all_of` or `any_of` with a list, as in {any_of: [{menu: "Orders > Carriers"}]}'
    if "match" not in entries:
        if not entries.had("match"):
            complaints.error(entries.at, f"match is missing; {expected}")
        return None
    match = entries.mapping("match")
    given = [key for key in MATCH_KEYS if key in match]
    clauses = [clause for key in given for clause in _clauses(key, match, known, complaints)]
    if len(given) == 1:
        return Match(tuple(clauses), is_all=given[0] == "all_of")
    if given or not match.marks:  # otherwise the written value is wrong, and reported already
        message = f"match: found {'both' if given else 'neither'}; {expected}"
        complaints.error(entries.value_at("match"), message)
    return None


def _clauses(key: str, match: YamlMapping, known: Known, complaints: Complaints) -> Iterator[Clause]:
    written = match.listing(key)
    if not written:
        complaints.error(match.value_at(key), f"match.{key}: found an empty list; expected at least one item")
    for item in written:
        clause = _clause(item, known, complaints) if isinstance(item, YamlMapping) else None
        if clause is not None:
            yield clause


def _clause(entries: YamlMapping, known: Known, complaints: Complaints) -> Clause | None:
    """One condition, or None with a complaint."""
    given = [key for key in CLAUSE_KEYS if key in entries]
    if len(given) != 1:
        if given or not entries.marks:  # otherwise the written value is wrong, and reported already
            what = " and ".join(given) or "none of them"
            told = Message("match: found {}; expected just {} in one item", what, one_of(CLAUSE_KEYS))
            complaints.error(entries.at, told)
        return None
    match given[0]:
        case "has":
            return _has(entries.mapping("has"), entries.value_at("has"), known, complaints)
        case "can":
            return _can(entries.listing("can"), entries.value_at("can"), known.facts, complaints)
        case _:
            return _menu(str(entries["menu"]), entries.value_at("menu"), known.facts, complaints)


def _has(entries: YamlMapping, at: Mark, known: Known, complaints: Complaints) -> Has | None:
    grants = {}
    for word, level in entries.items():
        area = known.platform if word in known.platform.roles else known.modules
        if word not in area.roles:
            message = unknown("role", word, [*known.platform.roles, *known.modules.roles])
            complaints.error(entries.key_at(word), message)
            continue
        access = _level(area, level)
        if access is Access.NONE:
            expected = "true" if area is known.platform else "owner, editor or viewer"
            near = (
                meant(level, expected.replace(" or ", ", ").split(", "))
                if isinstance(level, str) and level != "none"
                else ""
            )
            message = Message("match.has.{}: found {}; expected {}{}", word, found(level), expected, near)
            complaints.error(entries.value_at(word), message)
        grants[Role(word)] = access
    if not entries:
        complaints.error(
            at, "match.has: found an empty mapping; expected a role and its level, as in {pricing: editor}"
        )
    return Has(tuple(sorted(grants.items(), key=lambda grant: rank(grant[0]))))


def _level(area: Area, level: object) -> Access:
    """What is written for a role; NONE if it is not a level, or is none."""
    return area.levels.get(level, Access.NONE) if isinstance(level, str | bool) else Access.NONE


def _can(items: Items, at: Mark, facts: Catalogue, complaints: Complaints) -> Can:
    """Operations, each known. One that no grant opens by itself cannot be judged: a warning."""
    operations = {operation.name: operation for operation in facts.operations}
    for name, place in zip(map(str, items), items.values_at, strict=True):
        if name not in operations:
            message = Message("unknown operation {}: not in the operations table of {}", quoted(name), facts.taken)
            complaints.error(place, Message("{}{}", message, _near(name, operations)))
        elif not operations[name].is_annotated:
            complaints.warn(place, f"{name}: the hub does not say who may run it, so nobody matches by it")
        elif not operations[name].alternatives:
            complaints.warn(place, f"{name}: no grant opens it by itself, so nobody matches by it")
    if not items:
        complaints.error(at, "match.can: found an empty list; expected operations, as in [orderUpdate]")
    return Can(tuple(sorted(set(map(str, items)))))


def _menu(name: str, at: Mark, facts: Catalogue, complaints: Complaints) -> Opens:
    items = [item.name for item in facts.menu]
    if name not in items:
        expected = f"expected one of the {len(items)} that the catalogue knows"
        complaints.error(at, Message("unknown menu item {}; {}{}", quoted(name), expected, _near(name, items)))
    return Opens(name)


def _near(name: str, words: Iterable[str]) -> str:
    """The nearest word of the catalogue, as a clause; these words have capitals."""
    by_lower = {word.lower(): word for word in words}
    lower = meant(name, by_lower).removeprefix("; did you mean ").removesuffix("?")
    return f"; did you mean {by_lower[lower]}?" if lower else ""


def _exemptions(items: Items, complaints: Complaints) -> Iterator[Exemption]:
    seen: dict[str, Mark] = {}
    for item in items:
        if not isinstance(item, YamlMapping) or not {"email", "reason", "until"} <= item.keys():
            continue
        email = Text(str(item["email"]))
        if email.folded in seen:
            message = Message("except: {} is listed twice; expected each once", quoted(email.raw))
            complaints.error(item.value_at("email"), message)
        seen[email.folded] = item.at
        until = complaints.day(str(item["until"]), item, "except.until")
        if until is not None:
            yield Exemption(email, Text(str(item["reason"])), until, complaints.at(item.at))
