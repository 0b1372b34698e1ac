"""A saved plan, a journal and a lock in which somebody wrote: what is said of them shows, and does nothing."""

import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.builders import resealed_digest
from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert, check_shown, inside
from tests.support.process import write

LONGEST: Final = 1000
ATTACKS: Final = tuple(attack[:LONGEST] for attack in HOSTILE.values() if attack)
FILES: Final = {
    "users/jane.yaml": "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\nmodules: {pricing: viewer}\n",
    "users/bob.yaml": "email: bob@example.com\nfirst_name: Bob\nlast_name: Bee\nphone: '1'\n",
}
HUB: Final = ("--hub", "sandbox:")
Document = dict[str, Any]  # JSON, which a test breaks in every place


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files for two users whom the hub has not got, and the plan that creates them, saved."""
    root = write(tmp_path_factory.mktemp("planned"), FILES)
    assert inside("plan", "-C", str(root), *HUB, "--out", str(root / "good.json")).code == 0
    return root


def url(plan: Document, attack: str) -> None:
    plan["hub"]["url"] = attack


def address(plan: Document, attack: str) -> None:
    plan["changes"][0]["email"] = attack


def field(plan: Document, attack: str) -> None:
    plan["changes"][0]["profile"][0]["field"] = attack


def before(plan: Document, attack: str) -> None:
    plan["changes"][0]["profile"][0]["before"] = attack


def after(plan: Document, attack: str) -> None:
    plan["changes"][0]["profile"][0]["after"] = attack


def role(plan: Document, attack: str) -> None:
    plan["changes"][1]["grants"][0]["role"] = attack


@pytest.mark.parametrize("spoil", [url, address, field, before, after, role], ids=lambda spoil: spoil.__name__)
def test_what_moved_since_a_hostile_plan_shows(spoil: Callable[[Document, str], None], planned: Path) -> None:
    for attack in ATTACKS:
        plan: Document = json.loads((planned / "good.json").read_text())
        spoil(plan, attack)
        plan["digest"] = resealed_digest(plan)
        ran = applied(planned, json.dumps(plan))
        assert ran.code == 6
        check_shown(ran, attack)


def applied(planned: Path, plan: str) -> Any:
    (planned / "bad.json").write_text(plan, encoding="utf-8", errors="surrogatepass")
    ran = inside("apply", str(planned / "bad.json"), "-C", str(planned), "--yes", "--verbose", *HUB)
    check_inert(ran)
    return ran


def spoiled(found: Any, attack: str) -> Iterator[Any]:
    """The JSON `found`, with the attack in place of each value and of each key in turn."""
    yield attack
    if isinstance(found, dict):
        for key, value in found.items():
            others = {name: other for name, other in found.items() if name != key}
            yield {**others, attack: value}
            yield from ({**found, key: worse} for worse in spoiled(value, attack))
    if isinstance(found, list):
        for index, value in enumerate(found):
            yield from ([*found[:index], worse, *found[index + 1 :]] for worse in spoiled(value, attack))


def test_no_place_of_a_saved_plan_holds_anything_that_acts(planned: Path) -> None:
    plan: Document = json.loads((planned / "good.json").read_text())
    plan = {key: plan[key] for key in ("format_version", "hub", "changes", "digest")}
    change = plan["changes"][1]
    plan["changes"] = [{**change, "profile": change["profile"][:1], "grants": change["grants"][:1]}]
    attack = "\x1b]52;c;ZXZpbA==\x07\n::error::owned ##[error] \u202e"
    assert {applied(planned, json.dumps(worse)).code for worse in spoiled(plan, attack)} == {6}


@pytest.mark.parametrize("attack", ATTACKS, ids=[name for name in HOSTILE if name != "empty"])
def test_a_saved_plan_that_is_no_json_acts_on_nobody(attack: str, planned: Path) -> None:
    for text in (attack, f'{{"{attack}": ', f'{{"{attack}": NaN}}', f'{{"a": 1.{attack}}}'):
        assert applied(planned, text).code == 6


_FREE: Final = frozenset(
    {"version", "user", "host", "viewer", "url", "commit", "email", "error", "started", "at", "value", "definition"}
)
_NAMES: Final = frozenset({"after", "before"})


def worsened(found: Any, attack: str) -> Any:
    """A journal's line, with the attack wherever it may hold text, and nowhere else."""
    if isinstance(found, list):
        return [worsened(item, attack) for item in found]
    if not isinstance(found, dict):
        return found
    free = _FREE | (_NAMES if "field" in found else frozenset())
    return {
        key: attack
        if key in free and isinstance(value, str | None) and not (key == "before" and value is None)
        else worsened(value, attack)
        for key, value in found.items()
    }


@pytest.fixture(scope="module")
def journaled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of journals in which somebody wrote, and the attack in each, by its run's name."""
    root = write(tmp_path_factory.mktemp("journaled"), FILES)
    assert inside("apply", "-C", str(root), "--yes", *HUB).code == 0
    write(root, {"users/bob.yaml": FILES["users/bob.yaml"] + "state: absent\n"})
    assert inside("apply", "-C", str(root), "--yes", *HUB).code == 0
    folder = root / ".bo-sync" / "journal"
    real = sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    lines = [json.loads(line) for line in real[-1].read_text().splitlines()]
    for path in real:
        path.unlink()
    attacks = {f"20260615T0809{number:02}Z-0a1b2c": attack for number, attack in enumerate(ATTACKS)}
    for run, attack in attacks.items():
        text = "".join(json.dumps(worsened(line, attack)) + "\n" for line in lines)
        (folder / f"{run}.jsonl").write_text(text + attack, encoding="utf-8", errors="surrogatepass")
    return root, attacks


def test_a_list_of_hostile_runs_shows(journaled: tuple[Path, dict[str, str]]) -> None:
    root, attacks = journaled
    listed = inside("journal", "-C", str(root))
    check_inert(listed)
    for attack in attacks.values():
        check_shown(listed, attack)
    assert inside("journal", "-C", str(root), "--format", "json").out.isascii()


def test_a_hostile_run_shows(journaled: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    root, attacks = journaled
    for run, attack in attacks.items():
        shown = inside("journal", run, "-C", str(root))
        before = inside("journal", run, "-C", str(root), "--before", str(tmp_path / run))
        for ran in (shown, before):
            assert ran.code == 0
            check_inert(ran)
            check_shown(ran, attack)
        assert inside("journal", run, "-C", str(root), "--format", "json").out.isascii()


def test_who_holds_the_lock_shows(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    place = write(root, {".bo-sync/lock": ""}) / ".bo-sync" / "lock"
    for attack in ATTACKS:
        with place.open("w") as held:
            json.dump({"pid": 1, "since": attack, "run": "20260615T080910Z-0a1b2c"}, held)
            held.flush()
            fcntl.flock(held, fcntl.LOCK_EX)
            ran = inside("apply", "-C", str(root), "--yes", *HUB)
        assert ran.code == 1
        check_inert(ran)
        check_shown(ran, attack)
