"""JSON that is printed to a pipeline's log: the same values, and no command in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.render.escape import json_text
from tests.support.hostile import HOSTILE

VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.characters() | st.sampled_from("#\\[u0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("#\\ab", max_size=4), inner, max_size=3),
)


@given(value=VALUES)
def test_it_holds_what_it_was_given_in_ascii_without_a_command(value: object) -> None:
    written = json_text({"value": value})
    assert json.loads(written) == {"value": value}
    assert written.isascii()
    assert "##" not in written


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_no_attack_begins_a_line(attack: str) -> None:
    written = json_text({attack: [attack]})
    assert not any(line.lstrip().startswith("::") for line in written.splitlines())


def test_of_each_pair_one_is_written_as_an_escape() -> None:
    assert json_text({"#": "a ##[b] ### #"}) == '{\n  "#": "a #\\u0023[b] #\\u0023# #"\n}\n'
