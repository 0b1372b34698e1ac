"""The list of mutants that survive is one of mutants that can be made, each argued; `make mutants` tries them all."""

import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from coverage import CoverageData

from tests.mutants.line_map import LineMap
from tests.mutants.listed import DOCUMENT, entry, listed
from tests.mutants.making import Mutant, Mutation, mutants, sample
from tests.mutants.relevant_tests import RelevantTests
from tests.mutants.trying import MODULES, REPOSITORY, SOURCE


def test_every_survivor_of_the_list_is_just_one_mutant_and_is_argued() -> None:
    argued = listed(DOCUMENT.read_text(encoding="utf-8"))
    places: defaultdict[str, set[str]] = defaultdict(set)
    for mutation in argued:
        places[mutation.module].add(mutation.place)
    made = Counter(
        mutant.mutation
        for module, named in places.items()
        for mutant in mutants(module, (SOURCE / module).read_text(encoding="utf-8"), named)
    )
    assert {mutation: made[mutation] for mutation in argued if made[mutation] != 1} == {}
    assert [mutation for mutation, why in argued.items() if not why] == []
    assert len(argued) == DOCUMENT.read_text(encoding="utf-8").count("```diff")


def test_a_survivor_is_read_as_it_was_written() -> None:
    first, second = Mutation("core/x.py", "f", "- a\n+ b"), Mutation("core/x.py", "the module", "- c")
    document = f"# Mutants\n\n{entry(first)}\nBecause\nso.\n\n{entry(second)}\n## More\n"
    assert listed(document) == {first: "Because\nso.", second: ""}


SAMPLE = '''"""X."""
from y import z
WORDS: Final = ("a1", z)
def f(x: int) -> str:
    """Y."""
    if x and z:
        return f"{x} of"
    return str(x + 1)
'''

MADE = {
    "a table without a member": ("the module", '- WORDS: Final = ("a1", z)\n+ WORDS: Final = ("a1", )'),
    "a table with another word": ("the module", '- WORDS: Final = ("a1", z)\n+ WORDS: Final = ("XXa1XX", z)'),
    "a pattern without a character": ("the module", '- WORDS: Final = ("a1", z)\n+ WORDS: Final = ("a", z)'),
    "a condition that always holds": ("f", "- if x and z:\n+ if True:"),
    "a condition with one side": ("f", "- if x and z:\n+ if z:"),
    "a condition turned round": ("f", "- if x and z:\n+ if x or z:"),
    "another text between what is filled in": ("f", '- return f"{x} of"\n+ return f"{x}XX ofXX"'),
    "nothing returned": ("f", "- return str(x + 1)\n+ return None"),
    "another number": ("f", "- return str(x + 1)\n+ return str(x + 2)"),
    "another sum": ("f", "- return str(x + 1)\n+ return str(x - 1)"),
}


@pytest.mark.parametrize(("place", "change"), MADE.values(), ids=MADE.keys())
def test_a_mutant_is_made(place: str, change: str) -> None:
    assert Mutation("x.py", place, change) in {mutant.mutation for mutant in mutants("x.py", SAMPLE)}


def test_no_mutant_is_made_of_what_no_test_could_notice() -> None:
    untouched = ("from y import z", "def f(x: int) -> str:", '"""X."""', '"""Y."""')
    for mutant in mutants("x.py", SAMPLE):
        assert all(line in mutant.text for line in untouched), mutant.mutation


def test_every_module_that_is_mutated_has_its_tests() -> None:
    for module, tests in MODULES.items():
        assert (SOURCE / module).is_file()
        assert all((SOURCE.parents[1] / test.partition("::")[0]).is_file() for test in tests.split())


TEXTS = {"x.py": SAMPLE, "y.py": "def g(x: int) -> int:\n    return (x + x) if x > 1 else 0\n"}


def test_a_sample_that_is_large_enough_has_every_mutant_once() -> None:
    every = Counter(mutant for module, text in TEXTS.items() for mutant in mutants(module, text))
    assert Counter(sample(TEXTS, 1000, 1)) == every


def test_the_seed_alone_decides_the_sample() -> None:
    assert sample(TEXTS, 5, 1) == sample(dict(reversed(TEXTS.items())), 5, 1) == sample(TEXTS, 10, 1)[:5]
    assert sample(TEXTS, 5, 1) != sample(TEXTS, 5, 2)


TABLES = """import re
_SIGNS = "ab"
PATTERN = re.compile(
    f"[{_SIGNS}]"
)
class User:
    name: str = ""
def find(text: str, default: int = 0) -> int:
    if text:
        return len(
            PATTERN.findall(text)
        )
    return default
"""
OTHER = """from tables import PATTERN, User
_SIGNS = "c"
class Unused:
    pass
def signs() -> str:
    return _SIGNS
def named() -> User:
    return User(name=signs())
"""
EXECUTED = {
    "tables.py": {"t[finds]": [9, 10, 11], "t[finds nothing]": [9, 13], "fixture": [9]},
    "other.py": {"t[signs]": [6], "t[named]": [8], "t[slow]": [6, 8]},
}
RELEVANT = {
    "a line of a function": (("tables.py", "if text:", "if not text:"), ["t[finds nothing]", "t[finds]", "t[slow]"]),
    "a statement of several lines": (("tables.py", "PATTERN.findall(text)", "None"), ["t[finds]"]),
    "the default of a parameter": (("tables.py", "= 0", "= 1"), ["t[finds nothing]", "t[finds]", "t[slow]"]),
    "a private table that another is made of": (("tables.py", '"ab"', '"a"'), ["t[finds]"]),
    "a private table of the same name": (("other.py", '"c"', '"d"'), ["t[signs]", "t[slow]"]),
    "a field that another module sets": (("tables.py", 'name: str = ""', 'name: str = "X"'), ["t[named]", "t[slow]"]),
    "what nothing uses, within the time": (("other.py", "pass", "a = 1"), ["t[signs]", "t[named]"]),
}


@pytest.mark.parametrize(("mutated", "tests"), RELEVANT.values(), ids=RELEVANT.keys())
def test_a_mutant_meets_the_tests_that_execute_its_line(
    tmp_path: Path, mutated: tuple[str, str, str], tests: list[str]
) -> None:
    module, text, wrong = mutated
    data = CoverageData(str(tmp_path / "lines"))
    for file, executed in EXECUTED.items():
        for context, lines in executed.items():
            data.set_context(context)
            data.add_lines({str(SOURCE / file): lines})
    data.write()
    seconds = {"t[finds nothing]": 1.0, "t[signs]": 1.5, "t[finds]": 2.0, "t[named]": 3.0, "t[slow]": 5.0}
    by_fixture = {"fixture": frozenset({"t[slow]"})}
    texts = {"tables.py": TABLES, "other.py": OTHER}
    relevant = RelevantTests(texts, LineMap(tmp_path / "lines", seconds, by_fixture))
    mutant = Mutant(Mutation(module, "", ""), texts[module].replace(text, wrong))
    assert mutant.text != texts[module]
    assert relevant.of(mutant, 8.0) == tests


TRIED = """
import sys
from pathlib import Path
from tests.mutants.line_map import line_map
from tests.mutants.making import mutants
from tests.mutants.sampled import try_sample
from tests.mutants.trying import SOURCE, warm_up

warm_up()
lines = line_map(1, keep=False, folder=Path(sys.argv[1]), tests=["tests/core/test_plan.py"])
argued, *wrong = [one for one in mutants("core/plan.py", (SOURCE / "core/plan.py").read_text(encoding="utf-8"))
                  if one.mutation.place in ("Plan.refused", "action_of")][:3]
missed = next(mutants("apply/writes.py", (SOURCE / "apply/writes.py").read_text(encoding="utf-8")))
is_enough = try_sample([argued, missed, *wrong], lines, 2, {argued.mutation: "for the test"})
print(is_enough, len(lines.seconds))
"""


def test_a_sample_is_tried_with_the_tests_of_the_map(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n4 mutants drawn, 1 argued away, 2 killed (0 by the clock), 1 survived, 66.7%\n" in done.stdout
    assert " tests:\n### `apply/writes.py`: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("False ")
