"""The list of mutants that survive is one of mutants that can be made, each argued; `make mutants` tries them all."""

from collections import Counter, defaultdict

import pytest

from tests.mutants.listed import DOCUMENT, entry, listed
from tests.mutants.making import Mutation, mutants
from tests.mutants.trying import MODULES, SOURCE


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
