"""The join of late labels: the newest wins, in whatever order and pieces they come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.labels.join import Chunk, KnownLabels, chunk, join, matched_rows, matches, merge_chunks
from exporter.profiles.times import NO_TIME

Row = tuple[int, float, int]
"""An id, a label, and when it became known."""


def of(*rows: Row) -> Chunk:
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return chunk(table[:, 0].astype(np.uint64), table[:, 1], table[:, 2].astype(np.int64))


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


def plain(answers: KnownLabels) -> list[tuple[float, int, int, bool]]:
    """Row by row, with -1 for no label."""
    columns = (np.nan_to_num(answers.labels, nan=-1.0), answers.labelled_at, answers.rows, answers.disputed)
    return list(zip(*(column.tolist() for column in columns), strict=True))


NOTHING = (-1.0, NO_TIME, 0, False)


def after(predictions: np.ndarray, before: KnownLabels, *chunks: Chunk) -> KnownLabels:
    """With the chunks joined together."""
    labels = merge_chunks(chunks)
    return join(matches(predictions, labels, np.ones(len(chunks), bool)), before, labels)


def rows_of(predictions: np.ndarray, chunks: list[Chunk], wanted: list[bool] | None = None) -> list[int]:
    labels = merge_chunks(chunks)
    found = matches(predictions, labels, np.array(wanted or [True] * len(chunks), bool))
    return matched_rows(found, labels).tolist()


def joined(predictions: np.ndarray, *runs: list[Chunk] | Chunk) -> list[tuple[float, int, int, bool]]:
    """With one run of chunks joined after the other."""
    known = KnownLabels.none(len(predictions))
    for run in runs:
        known = after(predictions, known, *(run if isinstance(run, list) else [run]))
    return plain(known)


def test_a_label_finds_its_prediction_and_no_other() -> None:
    assert joined(ids(2, 5, 9), of((5, 1, 100), (4, 1, 100))) == [NOTHING, (1.0, 100, 1, False), NOTHING]


def test_the_newest_label_wins_and_the_older_one_is_remembered_as_a_dispute() -> None:
    first, correction = of((5, 1, 100)), of((5, 0, 200))
    assert joined(ids(5), first, correction) == joined(ids(5), correction, first) == [(0.0, 200, 2, True)]
    assert joined(ids(5), of((5, 0, 200), (5, 1, 100))) == [(0.0, 200, 2, True)]


def test_a_label_that_comes_twice_is_no_dispute() -> None:
    assert joined(ids(5), of((5, 1, 100)), of((5, 1, 300))) == [(1.0, 300, 2, False)]


def test_of_two_labels_of_one_moment_the_greater_wins() -> None:
    assert joined(ids(5), of((5, 1, 100)), of((5, 0, 100))) == [(1.0, 100, 2, True)]


def test_a_chunk_without_any_of_the_predictions_changes_nothing() -> None:
    before = KnownLabels.none(2)
    assert after(ids(1, 2), before, of((3, 1, 100))) is before
    assert after(ids(1, 2), before, of()) is before
    assert after(ids(), KnownLabels.none(0), of((3, 1, 100))).labels.size == 0


def test_what_was_known_is_not_written_over() -> None:
    before = after(ids(1), KnownLabels.none(1), of((1, 0, 100)))
    after(ids(1), before, of((1, 1, 200)))
    assert plain(before) == [(0.0, 100, 1, False)]


def test_ids_beyond_the_signed_integers_are_found() -> None:
    great = np.array([1, 2**64 - 1], dtype=np.uint64)
    labels = chunk(great[1:], np.array([1.0]), np.array([7]))
    assert joined(great, labels) == [NOTHING, (1.0, 7, 1, False)]


def test_minus_zero_is_zero() -> None:
    assert np.signbit(of((1, -0.0, 5)).known.labels).tolist() == [False]


rows = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.0, 1.0]), st.integers(0, 4)), max_size=25)


@st.composite
def cut_rows(draw: st.DrawFn) -> tuple[list[Row], list[list[Row]]]:
    """Rows of a label log, and the same rows in another order, cut into chunks."""
    given_rows = draw(rows)
    shuffled = draw(st.permutations(given_rows))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=5)))
    return given_rows, [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@given(cut_rows())
def test_neither_order_nor_pieces_change_anything(case: tuple[list[Row], list[list[Row]]]) -> None:
    whole, pieces = case
    predictions = ids(0, 2, 3, 6)
    expected = joined(predictions, of(*whole))
    chunks = [of(*piece) for piece in pieces]
    assert joined(predictions, *chunks) == expected
    assert joined(predictions, chunks) == expected
    half = len(chunks) // 2
    assert joined(predictions, chunks[half:], chunks[:half]) == expected


@given(rows)
def test_the_join_equals_a_join_row_by_row(given_rows: list[Row]) -> None:
    expected = []
    for number in range(7):
        own = [(when, label) for key, label, when in given_rows if key == number]
        when, label = max(own, default=(NO_TIME, -1.0))
        expected.append((label, when, len(own), len({label for _, label in own}) > 1))
    assert joined(ids(*range(7)), of(*given_rows)) == expected


@given(rows, st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_labels_that_come_again_change_no_label(given_rows: list[Row], order: list[int], again: list[int]) -> None:
    chunks = [of(*given_rows[start::4]) for start in range(4)]
    once = joined(ids(*range(7)), *chunks)
    twice = joined(ids(*range(7)), *(chunks[index] for index in [*order, *again]))
    assert [(label, when, disputed) for label, when, _, disputed in twice] == [
        (label, when, disputed) for label, when, _, disputed in once
    ]


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_chunks_of_nothing_are_nothing(parts: int) -> None:
    none = merge_chunks([of()] * parts)
    assert none.order.tolist() == []
    assert rows_of(ids(1), [of()] * parts) == [0] * parts


@given(rows, rows, rows)
def test_of_chunks_that_are_gathered_each_knows_its_rows(one: list[Row], two: list[Row], three: list[Row]) -> None:
    parts = [one, two, three]
    predictions = ids(1, 3, 4)
    expected = [sum(key in (1, 3, 4) for key, _, _ in part) for part in parts]
    chunks = [of(*part) for part in parts]
    assert rows_of(predictions, chunks) == expected
    assert joined(predictions, chunks) == joined(predictions, of(*one, *two, *three))


def test_no_predictions_have_no_labels() -> None:
    assert rows_of(ids(), [of((1, 1, 1))]) == [0]


@given(cut_rows(), st.data())
def test_of_chunks_that_are_not_wanted_nothing_is_joined(
    case: tuple[list[Row], list[list[Row]]], data: st.DataObject
) -> None:
    chunks = [of(*piece) for piece in case[1]]
    wanted = [data.draw(st.booleans()) for _ in chunks]
    labels, predictions = merge_chunks(chunks), ids(0, 2, 3, 6)
    found = matches(predictions, labels, np.array(wanted))
    chosen = [chunk for chunk, asked in zip(chunks, wanted, strict=True) if asked]
    assert plain(join(found, KnownLabels.none(4), labels)) == joined(predictions, chosen)
    expected = iter(rows_of(predictions, chosen))
    assert matched_rows(found, labels).tolist() == [next(expected) if asked else 0 for asked in wanted]
