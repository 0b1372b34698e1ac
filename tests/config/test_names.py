"""File names: readable, stable, and good on every system."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.config.files import compared, file_name, kind_of


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        pytest.param("Jane.Doe+1@Example.com", "jane.doe+1@example.com.yaml", id="an address is lowered"),
        pytest.param("o'neil/x@b.c", "o-neil-x@b.c.yaml", id="what a name may not hold becomes a dash"),
        pytest.param("jané@b.c", "jan-@b.c.yaml", id="letters beyond ASCII become dashes"),
        pytest.param("con.x@b.c", "con.x@b.c-e815b5.yaml", id="a name that Windows keeps gets a hash"),
        pytest.param("_jane@b.c", "jane@b.c-70fba9.yaml", id="a name that would not be read gets another"),
        pytest.param("", "person-e3b0c4.yaml", id="nothing at all"),
    ],
)
def test_a_name_follows_from_the_address(email: str, expected: str) -> None:
    assert file_name(email) == expected


def test_a_name_that_is_taken_gets_a_hash_and_stays_the_same() -> None:
    used = {"jan-@b.c.yaml"}
    second = file_name("janè@b.c", used)
    assert re.fullmatch(r"jan-@b\.c-[0-9a-f]{6}\.yaml", second)
    assert file_name("janè@b.c", compared({"JAN-@B.C.yaml"})) == second
    assert file_name("janè@b.c", {*used, second}).startswith(second.removesuffix(".yaml"))


@given(st.text(max_size=300))
def test_any_address_gets_a_name_that_is_read_and_never_leaves_its_folder(email: str) -> None:
    name = file_name(email)
    assert re.fullmatch(r"[a-z0-9@+-][a-z0-9._@+-]*\.yaml", name)
    assert len(name) <= 140
    assert kind_of(f"users/{name}") == "user"
    assert file_name(email) == name
    assert compared({name}) == {name}
