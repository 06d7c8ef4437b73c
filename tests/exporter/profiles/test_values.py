"""Values are compared, not the texts that stand for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.profiles.values import find_values, value_of
from written_values import SPELLINGS


@pytest.mark.parametrize(("value", "texts"), SPELLINGS.items())
def test_a_value_is_one_however_it_is_written(value: str, texts: tuple[str, ...]) -> None:
    assert {value_of(text) for text in texts} == {value}


def test_different_values_stay_apart() -> None:
    assert len(set(SPELLINGS)) == len({value_of(text) for texts in SPELLINGS.values() for text in texts})


@given(st.text() | st.from_regex(r"-?[0-9]{1,3}(\.0*)?", fullmatch=True))
def test_a_value_is_its_own_text(text: str) -> None:
    assert value_of(value_of(text)) == value_of(text)


@given(st.integers(-(10**20), 10**20), st.integers(1, 20))
def test_whole_numbers_are_integers_however_long_they_are(number: int, zeros: int) -> None:
    assert value_of(f"{number}.{'0' * zeros}") == str(number)


def test_a_text_is_found_as_it_is_written_and_else_by_its_value() -> None:
    known = ("1.0", "1", "true", "word")
    assert find_values(["1", "true", "TRUE", "1.00", "word", "Word", None], known) == [1, 2, 0, 0, 3, -1, -1]
    assert find_values([], known) == []
    assert find_values(["1", None], ()) == [-1, -1]
