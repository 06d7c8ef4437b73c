from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sharding import WHOLE, Shard, hashmod, parse


@pytest.mark.parametrize(("text", "number"), [("baz", 976), ("foo\nbar", 734)])
def test_the_hash_is_that_of_prometheus(text: str, number: int) -> None:
    assert hashmod(text, 1000) == number  # as its own tests of hashmod have it


@given(st.text(), st.integers(1, 50))
def test_a_model_is_in_exactly_one_shard(model: str, total: int) -> None:
    assert sum(Shard(index, total).has(model) for index in range(total)) == 1


@given(st.text())
def test_one_shard_has_every_model(model: str) -> None:
    assert WHOLE.has(model)


def test_models_are_spread() -> None:
    shards = [hashmod(f"model_{number}", 4) for number in range(1000)]
    assert all(200 < shards.count(index) < 300 for index in range(4))


@given(st.integers(1, 999_999).flatmap(lambda total: st.tuples(st.integers(0, total - 1), st.just(total))))
def test_a_shard_is_read_as_it_is_written(numbers: tuple[int, int]) -> None:
    assert parse(str(Shard(*numbers))) == Shard(*numbers)


@pytest.mark.parametrize("text", ["", "1", "a/b", "-1/3", "1/3/5", "1 / 3", "0.5/2", "\u0661/\u0663", "0/9999999"])
def test_a_text_that_is_no_shard_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a shard such as 0/3: its number from 0, and how many there are"):
        parse(text)


@pytest.mark.parametrize(("text", "last"), [("3/3", "2/3"), ("7/2", "1/2")])
def test_a_shard_beyond_the_last_is_an_error(text: str, last: str) -> None:
    with pytest.raises(ValueError, match=f"there is no shard {text}: of {text[-1]} the last is {last}"):
        parse(text)


def test_a_total_of_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no shard 0/0"):
        parse("0/0")
