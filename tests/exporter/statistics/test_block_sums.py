"""Sums from blocks: those of all parts at once, with few additions, and the same bits."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from exporter.statistics.block_sums import BlockSums


def text_sums(added: list[int] | None = None) -> BlockSums[str, str]:
    """Sums of texts, so that order and gaps show; each addition is counted."""

    def add(left: str, right: str) -> str:
        if added is not None:
            added.append(1)
        return left + right

    return BlockSums(lambda _, part: part, add)


class TestBlockSums:
    @given(
        st.dictionaries(st.integers(0, 200), st.sampled_from("abc"), max_size=60),
        st.integers(0, 200),
        st.integers(0, 200),
    )
    def test_a_sum_has_every_part_once_and_in_order(self, parts: dict[int, str], first: int, length: int) -> None:
        sums = text_sums()
        sums.update(parts)
        expected = "".join(parts[place] for place in sorted(parts) if first <= place < first + length)
        assert (sums.total(first, first + length) or "") == expected

    def test_nothing_is_none(self) -> None:
        sums = text_sums()
        sums.update({5: "a"})
        assert sums.total(0, 5) is None
        assert sums.total(5, 5) is None

    @given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcd")), max_size=20))
    def test_a_part_that_changes_or_goes_changes_every_sum_that_holds_it(self, changes: list[tuple[int, str]]) -> None:
        sums, parts = text_sums(), dict.fromkeys(range(41), "x")
        for place, part in changes:
            if part == "d":
                parts.pop(place, None)
            else:
                parts[place] = part
            sums.update(parts)
            assert (sums.total(0, 41) or "") == "".join(parts[each] for each in sorted(parts))

    def test_a_window_of_a_month_that_moves_by_an_hour_needs_few_additions(self) -> None:
        added: list[int] = []
        sums, parts = text_sums(added), dict.fromkeys(range(720), "x")
        sums.update(parts)
        sums.total(0, 720)
        before = len(added)
        for end in range(721, 821):
            parts = dict.fromkeys(range(end - 720, end), "x")
            sums.update(parts)
            assert len(sums.total(end - 720, end) or "") == 720
        assert (len(added) - before) / 100 < 32

    def test_a_sum_is_the_same_object_until_a_part_of_it_changes_or_nobody_asks(self) -> None:
        sums, parts = text_sums(), dict.fromkeys(range(20), "x")
        sums.update(parts)
        first, second = sums.total(0, 10), sums.total(10, 20)
        sums.update(parts | {15: "y"})
        assert sums.total(0, 10) is first
        assert sums.total(10, 20) == "xxxxxyxxxx" != second
        sums.update(parts | {15: "y"})
        sums.update(parts | {15: "y"})
        assert sums.total(0, 10) == first
        assert sums.total(0, 10) is not first

    def test_the_bits_do_not_depend_on_what_was_summed_before(self) -> None:
        values = {place: random.Random(place).random() * 10**place for place in range(60)}
        warm, cold = (BlockSums[float, float](lambda _, part: part, lambda a, b: a + b) for _ in range(2))
        for end in range(1, 61):
            warm.update({place: values[place] for place in range(end)})
            warm.total(0, end)
        cold.update(values)
        assert warm.total(3, 59) == cold.total(3, 59)
