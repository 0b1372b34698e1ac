"""`--expired` takes what has expired, and makes no other change of the users that it chooses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bo_sync.sandbox.population import UserRecord, baseline_population
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import TODAY, by_address, file, rows, seen, user
from tests.support.inside import inside
from tests.support.process import Ran, write

OWNS: Final = "platform: {backoffice: true}"
PAST: Final = "until: 2026-06-14"
LINE: Final = "{} of users with an expired account or grant {} left for a full apply."


def modules(*lines: str) -> str:
    return "modules:\n" + "\n".join(f"  {line}" for line in lines)


LIVE: Final[tuple[UserRecord, ...]] = (
    user("ben@example.com", *rows(sales="OWNER", pricing="OWNER", product="OWNER"), firstName="Ben", lastName="Bo"),
    user("cas@example.com", *rows(sales="OWNER"), firstName="Cas", lastName="Co"),
    user("dan@example.com", *rows(pricing="OWNER"), firstName="Dan", lastName="Do"),
    user("eve@example.com", *rows(pricing="VIEWER"), firstName="Eve", lastName="Eo"),
)
FILES: Final = {
    "users/ben.yaml": file(
        "ben@example.com",
        "job: Boss",
        "platform: {sales_hub: true}",
        modules(
            f"pricing: {{access: owner, {PAST}}}",
            f"logistics: {{access: none, {PAST}}}",
            "api_keys: owner",
            "roles_permissions: editor",
        ),
        first="Ben",
        last="Bo",
    ),
    "users/cas.yaml": file(
        "cas@example.com",
        OWNS,
        modules("roles_permissions: owner", f"logistics: {{access: none, {PAST}}}"),
        first="Cas",
        last="Co",
    ),
    "users/dan.yaml": file("dan@example.com", PAST, modules("api_keys: owner"), first="Dan", last="Do"),
    "users/eve.yaml": file(
        "eve@example.com", "preset: prices", modules(f"pricing: {{access: viewer, {PAST}}}"), first="Eve", last="Eo"
    ),
    "users/new.yaml": file(
        "new@example.com",
        OWNS,
        modules("roles_permissions: owner", f"logistics: {{access: viewer, {PAST}}}"),
        first="New",
        last="No",
    ),
    "presets/prices.yaml": "label: Prices\ndescription: Owns prices\nmodules: {pricing: owner}\n",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    start = baseline_population()
    with observed({**start, "users": [*start["users"], *LIVE]}) as found:
        for name, value in found.env().items():
            monkeypatch.setenv(name, value)
        yield found


def run(root: Path, *words: str) -> Ran:
    return inside(words[0], "-C", str(root), "--today", TODAY, *words[1:])


def held(hub: ObservedHub) -> dict[str, tuple[str | None, dict[str, str]]]:
    """The job and the access of each user but those that the sandbox begins with."""
    return {
        email: (found.get("job"), dict(seen(found).access))
        for email, found in by_address(hub.holds()).items()
        if email in {each["email"] for each in LIVE} | {"new@example.com"}
    }


AFTERWARDS: Final = {
    "ben@example.com": (None, {"sales": "OWNER", "product": "OWNER"}),
    "cas@example.com": (None, {"sales": "OWNER"}),
    "eve@example.com": (None, {"pricing": "VIEWER"}),
}


def test_nothing_but_what_has_expired_is_changed(hub: ObservedHub, tmp_path: Path) -> None:
    done = run(write(tmp_path, FILES), "apply", "--yes", "--expired")
    assert (done.code, held(hub)) == (0, AFTERWARDS), done.out + done.err
    assert LINE.format("9 other changes", "are") in done.out + done.err


def test_a_saved_plan_of_what_has_expired_is_run(hub: ObservedHub, tmp_path: Path) -> None:
    root, saved = write(tmp_path, FILES), str(tmp_path / "plan.json")
    assert run(root, "plan", "--expired", "--out", saved).code == 0
    document = json.loads(Path(saved).read_text())
    assert document["left_for_full_apply"] == 9
    assert [(change["email"], change["action"]) for change in document["changes"]] == [
        ("ben@example.com", "update"),
        ("dan@example.com", "delete"),
    ]
    assert run(root, "apply", saved, "--yes").code == 6
    assert run(root, "apply", saved, "--yes", "--expired").code == 0
    assert held(hub) == AFTERWARDS


def test_every_form_counts_what_is_left(hub: ObservedHub, tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    assert LINE.format("9 other changes", "are") in run(root, "plan", "--expired").out
    assert LINE.format("1 other change", "is") in run(root, "plan", "--expired", "--only", "new@example.com").out
    assert LINE.format("9 other changes", "are") in run(root, "plan", "--expired", "--format", "markdown").out
    assert "left for a full apply" not in run(root, "plan").out
    assert held(hub).keys() == {each["email"] for each in LIVE}
