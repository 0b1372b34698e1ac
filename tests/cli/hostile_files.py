"""Where hostile text goes into a configuration: a table of places, each with the files that hold an attack there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.support.hostile import HOSTILE

Files = Mapping[str, str]
SETTINGS: Final = "bo-sync.yaml"
JANE: Final = "first_name: Jane\nlast_name: Doe\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, whose message holds `says` and quotes what stands there.

    `files` is given a number, unlike any other's, and the attack as a YAML scalar.
    """

    name: str
    files: Callable[[int, str], Files]
    says: str


def scalar(attack: str) -> str:
    """`attack` as a YAML scalar between double quotes, in ASCII: a reader gets exactly these characters back."""
    return '"' + "".join(map(_written, attack)) + '"'


def _written(character: str) -> str:
    if " " <= character <= "~":
        return f"\\{character}" if character in '"\\' else character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


LONGEST_KEY: Final = 300
ATTACKS: Final = {
    name: attack if len(attack) <= LONGEST_KEY else attack[:LONGEST_KEY] + attack[-9:]
    for name, attack in HOSTILE.items()
    if attack and name != "lone surrogates"
}
"""No YAML holds a lone surrogate or a very long key, and an empty text is another mistake."""


def _user_entry(lines: str) -> Callable[[int, str], Files]:
    """A user with more lines, in which `…` stands for the attack."""
    return lambda number, attack: {
        f"users/{number}.yaml": f"email: p{number}@example.com\n{JANE}" + lines.replace("…", attack) + "\n"
    }


def _user(text: str) -> Callable[[int, str], Files]:
    return lambda number, attack: {f"users/{number}.yaml": text.replace("…", attack) + "\n"}


def _preset(lines: str) -> Callable[[int, str], Files]:
    return lambda number, attack: {f"presets/p{number}.yaml": lines.replace("…", attack) + "\n"}


def _policy(lines: str) -> Callable[[int, str], Files]:
    """A sound policy with more lines, in which `…` stands for the attack."""
    sound = "id: p{}\nmatch: {{any_of: [{{menu: Sales > Orders}}]}}\n"
    return lambda number, attack: {f"policies/{number}.yaml": sound.format(number) + lines.replace("…", attack) + "\n"}


def _match(clause: str) -> Callable[[int, str], Files]:
    return lambda number, attack: {
        f"policies/{number}.yaml": f"id: p{number}\nmatch: {{any_of: [{clause.replace('…', attack)}]}}\n"
    }


def _settings(lines: str) -> Callable[[int, str], Files]:
    return lambda _, attack: {SETTINGS: lines.replace("…", attack) + "\n"}


def _foreign(number: int, attack: str) -> Files:
    return {SETTINGS: "email_domains: [example.com]\n", f"users/{number}.yaml": f"email: {attack}\nid: {number + 1}\n"}


def _domain(number: int, attack: str) -> Files:
    return {SETTINGS: f"email_domains: [{attack}]\n", f"users/{number}.yaml": f"email: a@example.com\n{JANE}"}


def _twice(number: int, attack: str) -> Files:
    text = f"email: {attack}\nstate: absent\n"
    return {f"users/{number}a.yaml": text, f"users/{number}b.yaml": text}


PLACES: Final = (
    Place("a person's key", _user_entry("…: x"), "unknown key"),
    Place("a person's key without a value", _user_entry("…:"), "has no value"),
    Place("a key that is given twice", _user_entry("…: x\n…: y"), "is given twice"),
    Place("an address", _user(f"email: …\n{JANE}"), "email: found"),
    Place("the address of a person whom the hub holds", _user("email: …\nstate: absent"), "warning: email"),
    Place("an address in no domain of ours", _foreign, "email"),
    Place("an address that is there twice", _twice, "a second entry for"),
    Place("a gender", _user_entry("gender: …"), "gender: found"),
    Place("a language", _user_entry("language: …"), "language: found"),
    Place("a state", _user_entry("state: …"), "state: found"),
    Place("the last day of an account", _user_entry("until: …"), "until: found"),
    Place("an id", _user_entry("id: …"), "id: found"),
    Place("a preset", _user_entry("preset: …"), "unknown preset"),
    Place("one of several presets", _user_entry("presets: […, …]"), "unknown preset"),
    Place("presets that are no list", _user_entry("presets: …"), "presets: found"),
    Place("modules that are no mapping", _user_entry("modules: …"), "modules: found"),
    Place("a platform area", _user_entry("platform: {…: true}"), "unknown role under platform"),
    Place("a switch", _user_entry("platform: {backoffice: …}"), "platform.backoffice: found"),
    Place("a module", _user_entry("modules: {…: viewer}"), "unknown role under modules"),
    Place("a level", _user_entry("modules: {pricing: …}"), "modules.pricing: found"),
    Place("a level with an end", _user_entry("modules: {pricing: {access: …}}"), "modules.pricing.access: found"),
    Place("a key of a grant", _user_entry("modules: {pricing: {access: viewer, …: x}}"), "unknown key"),
    Place("the last day of a grant", _user_entry("modules: {pricing: {access: viewer, until: …}}"), "until: found"),
    Place("the end of an unknown grant", _user_entry("modules: {…: {access: viewer, until: x}}"), "until: found"),
    Place("a finding's key", _user_entry("ignore: [{…: x}]"), "unknown key"),
    Place("a finding's last day", _user_entry("ignore: [{rule: BOS007, reason: x, until: …}]"), "until: found"),
    Place("a key of one in a list", _user(f"users:\n- email: a@b.example\n  …: x\n  {JANE[:16]}"), "unknown key"),
    Place("one in a list", _user("users: […]"), "expected a mapping with one person's keys"),
    Place("a list's neighbour", _user("users: []\n…: x"), "unknown key"),
    Place("a file that is one text", _user("…"), "expected a mapping"),
    Place("a preset's key", _preset("…: x"), "unknown key"),
    Place("a preset that a preset extends", _preset("extends: […]"), "unknown preset"),
    Place("a preset's module", _preset("modules: {…: owner}"), "unknown role under modules"),
    Place("a preset's level", _preset("modules: {pricing: …}"), "modules.pricing: found"),
    Place("a preset's switch", _preset("platform: {sales_hub: …}"), "platform.sales_hub: found"),
    Place("a preset that is one text", _preset("…"), "expected a mapping"),
    Place("a policy's key", _policy("…: x"), "unknown key"),
    Place("a policy's id", lambda number, attack: {f"policies/{number}.yaml": f"id: {attack}\n"}, "id: found"),
    Place("a policy's severity", _policy("severity: …"), "severity: found"),
    Place("a policy's limit", _policy("at_most: …"), "at_most: found"),
    Place("a condition's key", _match("{…: x}"), "unknown key"),
    Place("an operation", _match("{can: […]}"), "unknown operation"),
    Place("operations that are no list", _match("{can: …}"), "match.any_of.can: found"),
    Place("a menu item", _match("{menu: …}"), "unknown menu item"),
    Place("a role that a policy asks for", _match("{has: {…: owner}}"), "unknown role"),
    Place("a level that a policy asks for", _match("{has: {pricing: …}}"), "match.has.pricing: found"),
    Place("an exception's key", _policy("except: [{email: x, reason: x, until: 2099-01-01, …: x}]"), "unknown key"),
    Place("an exception's last day", _policy("except: [{email: x, reason: x, until: …}]"), "except.until: found"),
    Place(
        "a policy that is one text", lambda number, attack: {f"policies/{number}.yaml": attack}, "expected a mapping"
    ),
    Place("a setting", _settings("…: x"), "unknown key"),
    Place("settings that are one text", _settings("…"), "expected a mapping of settings"),
    Place("a default", _settings("defaults: {…: x}"), "unknown key"),
    Place("a default gender", _settings("defaults: {gender: …}"), "defaults.gender: found"),
    Place("a default language", _settings("defaults: {language: …}"), "language: found"),
    Place("a policy for the unmanaged", _settings("unmanaged: …"), "unmanaged: found"),
    Place("protections that are no list", _settings("protect: …"), "protect: found"),
    Place("domains that are no list", _settings("email_domains: …"), "email_domains: found"),
    Place("a domain", _domain, "email"),
    Place("a time zone", _settings("timezone: …"), "timezone: found"),
    Place("the host of the hub", _settings("hub_host: …"), "hub_host"),
    Place("a guardrail", _settings("guardrails: {…: 1}"), "unknown key"),
    Place("a limit", _settings("guardrails: {min_role_owners: …}"), "guardrails.min_role_owners: found"),
    Place("a share", _settings("guardrails: {max_user_deletes: {…: 1}}"), "unknown key"),
    Place("a limit's floor", _settings("guardrails: {max_user_deletes: {floor: …}}"), "found"),
    Place("our name of a role", _settings("role_definitions: {…: x}"), "role_definitions: found"),
    Place("the hub's name of two roles", _settings("role_definitions: {sales_hub: …, pricing: …}"), "both mean"),
)
