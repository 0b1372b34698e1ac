"""bo-sync.yaml: what it may say, and that what it leaves out keeps its default."""

from datetime import UTC, date, datetime
from typing import Final

import pytest

from bo_sync.config.settings import today
from bo_sync.core.model import FieldValue, Role
from bo_sync.core.settings import GuardrailLimits, Limit, Settings, Unmanaged, fixed
from bo_sync.core.text import Text
from tests.config.trees import complaints, tree
from tests.support.cases import told

FULL = """\
defaults: {language: nl, phone: null}
unmanaged: delete
protect: ["break-glass@example.com", "*@propeller-commerce.com"]
email_domains: [example.com]
timezone: Europe/Amsterdam
expiring_within: 30
hub_host: api.helice.cloud
hub_identity: tenant/acme
guardrails: {max_user_deletes: 3, max_access_losses: {cap: 4}, max_grant_losses: {percent: 100, cap: 9999},
  max_expiries: {floor: 0}, min_role_owners: 1}
role_definitions: {sales_hub: sales-management, warehouse: wh, archive: arc}
"""


def settings(text: str) -> Settings:
    read = tree({"bo-sync.yaml": text})
    assert not read.errors, read.errors
    return read.settings


def test_a_full_file_becomes_settings() -> None:
    read = settings(FULL)
    assert read.defaults == (FieldValue("phone", None), FieldValue("language", Text("NL")))
    assert read.unmanaged is Unmanaged.DELETE
    assert read.protect == (Text("break-glass@example.com"), Text("*@propeller-commerce.com"))
    assert read.email_domains == (Text("example.com"),)
    assert read.timezone == "Europe/Amsterdam"
    assert read.expiring_within == 30
    assert read.hub_host == Text("api.helice.cloud")
    assert read.hub_identity == Text("tenant/acme")
    assert read.guardrails == GuardrailLimits(fixed(3), Limit(20, 1, 4), Limit(100, 11, 9999), Limit(20, 0, 200), 1)
    assert read.roles[-2:] == (Role("archive"), Role("warehouse"))
    assert read.roles[:-2] == Settings().roles
    assert read.role_definitions[0] == (Role("sales_hub"), Text("sales-management"))


def test_a_missing_key_keeps_its_default() -> None:
    assert settings("unmanaged: report\n") == Settings()
    assert settings("{}\n") == Settings()
    assert settings("guardrails: {}\ndefaults: {}\n") == Settings()


def test_a_zero_is_a_number_and_not_a_missing_one() -> None:
    limits = settings("guardrails: {max_user_deletes: {percent: 0, floor: 0, cap: 0}, max_expiries: 0}\n").guardrails
    assert (limits.max_user_deletes, limits.max_expiries) == (fixed(0), fixed(0))


def test_an_added_role_is_a_module() -> None:
    settings = {"bo-sync.yaml": "role_definitions: {warehouse: wh}\n"}
    for role, problems in (("warehouse", 0), ("ware_house", 1)):
        user = f"email: a@b.c\nid: 1\nmodules: {{{role}: owner}}\n"
        assert len(complaints({**settings, "users/u.yaml": user})) == problems


KEYS: Final = (
    "defaults, unmanaged, protect, email_domains, timezone, expiring_within, hub_host, hub_identity, catalogue, "
    "guardrails, role_definitions"
)
IDENTITY: Final = "expected sha256: and 64 hexadecimal digits, or tenant/ID, as `bo-sync doctor` prints them"
LIMIT: Final = "a whole number from 0, or a mapping of percent, floor and cap"

GENERATED: Final = [
    *(
        pytest.param(
            f"timezone: {name}\n",
            [f'1:11: error: timezone: found "{name}"; expected a zone such as Europe/Amsterdam{near}'],
            id=f"{name}, which each machine reads in its own way",
        )
        for name, near in (
            *((name, "") for name in ("localtime", "posixrules", "posix/UTC", "Factory", "zone.tab")),
            ("right/Europe/Amsterdam", "; did you mean Europe/Amsterdam?"),
        )
    ),
    *(
        pytest.param(
            f"hub_identity: {written}\n",
            [f'1:15: error: hub_identity: found "{written}"; {IDENTITY}'],
            id=f"a hub identity that is {kind}",
        )
        for written, kind in (
            ("acme", "a bare tenant"),
            ("tenant/", "a tenant without an id"),
            ("sha256:3f2c1ab0", "too short"),
            ("SHA256:3f2c1ab0", "in capitals"),
            ("https://api.helice.cloud", "an address"),
        )
    ),
    *(
        pytest.param(
            f"protect: [x@example.com, '{written}']\n",
            [
                f'1:26: error: protect: found "{shown or written}"; expected an address, or a pattern with @ such as '
                "*@example.com" + (f'; did you mean "{meant}"?' if meant else "")
            ],
            id=f"protect: {told}",
        )
        for told, written, shown, meant in (
            ("nothing", "", "", ""),
            ("a space after the address", "jane@example.com ", "", "jane@example.com"),
            ("a space before the address", " jane@example.com", "", "jane@example.com"),
            ("a no-break space", "jane@example.com\u00a0", "jane@example.com\\xa0", "jane@example.com"),
            ("angle brackets", "<jane@example.com>", "", "jane@example.com"),
            ("a display name", "Jane Doe <jane@example.com>", "", "jane@example.com"),
            ("mailto:", "mailto:jane@example.com", "", "jane@example.com"),
            ("a domain", "example.com", "", "*@example.com"),
            ("a domain with @", "@example.com", "", "*@example.com"),
            ("a name without a domain", "jane@", "", ""),
            ("a name", "jane", "", ""),
            ("a pattern without @", "*", "", ""),
            ("two addresses", "a@example.com, b@example.com", "", ""),
            ("two @", "jane@doe@example.com", "", ""),
            ("a bracket that opens alone", "[break-glass@example.com", "", ""),
            ("a bracket that closes alone", "break-glass@example.com]", "", ""),
            ("a bracket that opens in the domain", "break-glass@[example.com", "", ""),
            ("brackets around nothing", "break-glass[]@example.com", "", ""),
            ("a bracket in brackets", "break-glass[[a]@example.com", "", ""),
        )
    ),
]

BREACHES: Final = """
an unknown key
    protec: [a]⏎
    1:1: error: unknown key "protec"; expected one of KEYS; did you mean protect?
a key of the hub, which is never read from here
    api_key: x⏎
    1:1: error: unknown key "api_key"; expected one of KEYS
an unknown word for the unmanaged
    unmanaged: remove⏎
    1:12: error: unmanaged: found "remove"; expected report, ignore or delete
a zone that does not exist
    timezone: Europe/Amsterdan⏎
    1:11: error: timezone: found "Europe/Amsterdan"; expected a zone such as Europe/Amsterdam; did you mean
        Europe/Amsterdam?
a zone that is a path
    timezone: ../../etc/passwd⏎
    1:11: error: timezone: found "../../etc/passwd"; expected a zone such as Europe/Amsterdam
a zone that is a folder of zones
    timezone: Europe⏎
    1:11: error: timezone: found "Europe"; expected a zone such as Europe/Amsterdam; did you mean Europe/Rome?
a time that is no number of days
    expiring_within: two weeks⏎
    1:18: error: expiring_within: found "two weeks"; expected a whole number from 0
a host that is an address
    hub_host: https://api.helice.cloud/v2⏎
    1:11: error: hub_host: found "https://api.helice.cloud/v2"; expected a host name, without scheme, port or path
more than all
    guardrails: {max_user_deletes: {percent: 101}}⏎
    1:42: error: guardrails.max_user_deletes.percent: found "101"; expected a whole number from 0 to 100
fewer than none
    guardrails: {max_user_deletes: {floor: -1}}⏎
    1:40: error: guardrails.max_user_deletes.floor: found "-1"; expected a whole number from 0
a number that is neither floor nor cap
    guardrails: {max_user_deletes: {count: 1, percent: 20}}⏎
    1:33: error: unknown key "count"; expected one of percent, floor, cap
a floor above the cap
    guardrails: {max_expiries: {floor: 9, cap: 8}}⏎
    1:36: error: guardrails.max_expiries: floor 9 exceeds cap 8; expected a floor that is not above the cap
a floor above the default cap
    guardrails:⏎  max_grant_losses: {floor: 201}⏎
    2:29: error: guardrails.max_grant_losses: floor 201 exceeds cap 200 (the default); expected a floor that is not
        above the cap
a cap below the default floor
    guardrails: {max_access_losses: {cap: 0}}⏎
    1:39: error: guardrails.max_access_losses: floor 1 (the default) exceeds cap 0; expected a floor that is not
        above the cap
a cap that is not a number is one error, beside a floor above the default cap
    guardrails: {max_user_deletes: {floor: 50, cap: many}}⏎
    1:49: error: guardrails.max_user_deletes.cap: found "many"; expected a whole number from 0
a limit that is a list
    guardrails: {max_user_deletes: [3]}⏎
    1:32: error: guardrails.max_user_deletes: found a list; expected LIMIT
a limit that is a truth
    guardrails: {max_expiries: true}⏎
    1:28: error: guardrails.max_expiries: found true; expected LIMIT
a limit that is a text
    guardrails: {max_grant_losses: 20%}⏎
    1:32: error: guardrails.max_grant_losses: found "20%"; expected LIMIT
no owner at all
    guardrails: {min_role_owners: 0}⏎
    1:31: error: guardrails.min_role_owners: found "0"; expected a whole number from 1
an unknown guardrail
    guardrails: {max_user_delete: {}}⏎
    1:14: error: unknown key "max_user_delete"; expected one of max_user_deletes, max_access_losses,
        max_grant_losses, max_expiries, min_role_owners; did you mean max_user_deletes?
two of our names for one hub name, one of them a default
    role_definitions: {sales_hub: backoffice}⏎
    1:31: error: role_definitions: sales_hub and backoffice both mean "backoffice"; expected two hub names
two of our names for one hub name
    role_definitions: {x: wh, y: wh}⏎
    1:30: error: role_definitions: x and y both mean "wh"; expected two hub names
a documented module under another name
    role_definitions: {minor: apikey}⏎
    1:27: error: role_definitions: "apikey" is the hub's own name of api_keys; expected no other name of ours for it
a module of the annotations renamed
    role_definitions: {roles_permissions: Role}⏎
    1:39: error: role_definitions: the hub itself calls roles_permissions role; expected that, or no entry
a name that cannot be ours
    role_definitions: {Ware House: wh}⏎
    1:20: error: role_definitions: found "Ware House"; expected a name of a-z, 0-9 and _ that starts with a letter
a default that no person may have
    defaults: {language: dutch}⏎
    1:22: error: language: found "dutch"; expected two letters (ISO 639-1), such as nl
a domain with an @
    email_domains: ['@example.com']⏎
    1:17: error: email_domains: found "@example.com"; expected a domain such as example.com
a list
    - a⏎
    1:1: error: found a list; expected a mapping of settings
"""


@pytest.mark.parametrize(("text", "expected"), [*told(BREACHES), *GENERATED])
def test_a_breach_is_told_at_its_place(text: str, expected: list[str]) -> None:
    expected = [message.replace("KEYS", KEYS).replace("LIMIT", LIMIT) for message in expected]
    assert complaints({"bo-sync.yaml": text}) == [f"bo-sync.yaml:{message}" for message in expected]


def test_what_day_it_is_depends_on_the_zone() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
    assert today(Settings(), late) == date(2026, 6, 15)
    assert today(Settings(timezone="Europe/Amsterdam"), late) == date(2026, 6, 16)
    assert today(Settings(timezone="America/New_York"), datetime(2026, 6, 15, 3, tzinfo=UTC)) == date(2026, 6, 14)


def test_an_entry_of_protect_knows_its_place() -> None:
    read = settings("protect:\n  - break-glass@example.com\n  - '*@\u4f8b.example'\n  - user[12]?@example.com\n")
    assert [place.line for place in read.protect_places] == [2, 3, 4]
    assert len(read.protect) == 3
