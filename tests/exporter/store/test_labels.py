"""Predictions and labels come back bit for bit or not at all."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from exporter.labels.join import KnownLabels, chunk, join, matches, merge_chunks
from exporter.labels.plan import Joined
from exporter.labels.predictions import Predictions, reduced
from exporter.labels.rows import LabelRows
from exporter.spec.sections.logs import InferenceColumns
from exporter.spec.sections.task import Task
from exporter.spec.windows import Window
from exporter.store.labels import (
    LabelStore,
    load_known_labels,
    load_labels,
    load_predictions,
    load_unmatched_partitions,
    save_known_labels,
    save_labels,
    save_predictions,
    save_unmatched_partitions,
)
from exporter.store.profiles import Key, ProfileStore
from profiling import whole

PARTITION = Window(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(hours=1))

KEY = Key("fraud/labels", "20261122T1000", ("data", "columns"))


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(tmp_path)


def flat(value: Any) -> Any:
    """All that is in a value: bytes and kinds of arrays, plain data as it is."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.tobytes()
    if hasattr(value, "__dataclass_fields__"):
        return [flat(getattr(value, field.name)) for field in fields(value)]
    return value


def predictions(rows: int = 3) -> Predictions:
    table = pa.table(
        {"id": list(range(rows)), "score": np.linspace(0, 1, rows), "v": ["é\0"] * rows, "at": [None] * rows}
    )
    columns = InferenceColumns(prediction_id="id", score="score", model_version="v", timestamp="at")
    return replace(reduced(whole(table), columns, PARTITION)[0], problem="column id: é")


def labels(rows: int = 3) -> LabelRows:
    some = chunk(np.arange(rows, dtype=np.uint64), np.ones(rows), np.arange(rows))
    return LabelRows(some, {"without_id": 4}, ("x", "é"), "column id: é")


@pytest.mark.parametrize("rows", [0, 3])
def test_predictions_come_back(store: ProfileStore, rows: int) -> None:
    save_predictions(store, KEY, predictions(rows))
    assert flat(load_predictions(store, KEY)) == flat(predictions(rows))


def test_roles_and_segments_come_back(store: ProfileStore) -> None:
    table = pa.table({"id": [1, 2, 3], "s": [0.1, 0.2, 0.3], "r": ["x", "é\0", None], "score": ["a", None, "b"]})
    columns = InferenceColumns(prediction_id="id", score="s", role="r")
    made = reduced(whole(table), columns, PARTITION, segments=["score", "r", "nowhere"])[0]
    save_predictions(store, KEY, made)
    back = load_predictions(store, KEY)
    assert back is not None
    assert (back.names, flat(back.groups)) == (made.names, flat(made.groups))
    assert {column: flat(part) for column, part in back.segments.items()} == {
        column: flat(part) for column, part in made.segments.items()
    }


@pytest.mark.parametrize("task", ["multiclass_classification", "ranking"])
def test_what_only_one_task_has_comes_back(store: ProfileStore, task: Task) -> None:
    table = pa.table(
        {"id": [1, 2, 3], "s": [0.1, 0.7, 0.2], "c": ["x", "y", "é"], "r": [0.9, 0.3, 0.8], "q": [1, 1, 2]}
    )
    columns = InferenceColumns(prediction_id="id", score="s", prediction="c", query="q", scores={"x": "s", "y": "r"})
    made = reduced(whole(table), columns, PARTITION, task)[0]
    save_predictions(store, KEY, made)
    back = load_predictions(store, KEY)
    assert back is not None
    assert flat(back) == flat(made)
    assert (back.class_names, back.queries is None) == ((("x", "y", "é"), True) if task != "ranking" else ((), False))


@pytest.mark.parametrize("rows", [0, 3])
def test_labels_come_back(store: ProfileStore, rows: int) -> None:
    save_labels(store, KEY, labels(rows))
    assert flat(load_labels(store, KEY)) == flat(labels(rows))


def test_known_labels_come_back_and_can_be_joined_with_more(store: ProfileStore) -> None:
    ids = np.arange(5, dtype=np.uint64)
    first, every = merge_chunks([labels().labels]), np.ones(1, bool)
    answers = join(matches(ids, first, every), KnownLabels.none(5), first)
    save_known_labels(store, KEY, answers, {"b": 3, "a": 0})
    kept = load_known_labels(store, KEY)
    assert kept is not None
    assert flat(kept[0]) == flat(answers)
    assert kept[1] == {"b": 3, "a": 0}
    more = merge_chunks([labels(5).labels])
    assert join(matches(ids, more, every), kept[0], more).rows.tolist() == [2, 2, 2, 1, 1]


def test_unmatched_partitions_come_back_for_the_wanted_predictions(store: ProfileStore) -> None:
    apart = {"nine": {"b", "a"}, "ten": set[str](), "eleven": {"c"}}
    save_unmatched_partitions(store, KEY, apart)
    assert load_unmatched_partitions(store, KEY, ["nine", "ten", "twelve"]) == {"nine": {"a", "b"}, "ten": set()}


@pytest.mark.parametrize("apart", [{}, {"nine": set[str]()}])
def test_no_unmatched_partitions_come_back_as_none(store: ProfileStore, apart: dict[str, set[str]]) -> None:
    save_unmatched_partitions(store, KEY, apart)
    assert load_unmatched_partitions(store, KEY, ["nine"]) == apart


def test_a_damaged_index_of_unmatched_partitions_has_none(store: ProfileStore, tmp_path: Path) -> None:
    assert load_unmatched_partitions(store, KEY, ["nine"]) == {}
    save_unmatched_partitions(store, KEY, {"nine": {"a"}})
    path = tmp_path / KEY.path
    path.write_bytes(path.read_bytes()[:-9])
    assert load_unmatched_partitions(store, KEY, ["nine"]) == {}


@pytest.mark.parametrize("kept", [load_predictions, load_labels, load_known_labels])
def test_what_is_missing_or_damaged_is_none(store: ProfileStore, tmp_path: Path, kept: Any) -> None:
    assert kept(store, KEY) is None
    save_labels(store, KEY, labels())
    path = tmp_path / KEY.path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert kept(store, KEY) is None


def test_arrays_of_any_kind_come_back_with_their_metadata(store: ProfileStore) -> None:
    arrays = {"yes": np.array([True, False]), "whole": np.array([1, 2], np.int8), "part": np.array([np.nan, np.inf])}
    told = {"names": ["a", "\0é"], "count": 3}
    store.save_arrays(KEY, arrays, told)
    kept = store.load_arrays(KEY)
    assert kept is not None
    assert {name: flat(values) for name, values in kept[0].items()} == {
        name: flat(values) for name, values in arrays.items()
    }
    assert kept[1] == json.loads(json.dumps(told))


class TestLabelStore:
    """One model's predictions, labels and known labels."""

    PREDICTIONS = Key("fraud/predictions", "20261122T1000", ("data",))

    def test_known_labels_and_unmatched_partitions_come_back(self, store: ProfileStore) -> None:
        kept = LabelStore(store, "fraud/answers")
        assert kept.joined([self.PREDICTIONS]) == {self.PREDICTIONS: Joined({}, frozenset())}
        assert flat(kept.known(self.PREDICTIONS, 3)[0]) == flat(KnownLabels.none(3))
        joined = Joined({"b": 2}, frozenset("abc"))
        kept.save_known(self.PREDICTIONS, KnownLabels.none(3), joined)
        kept.save_unmatched([(self.PREDICTIONS, joined)])
        assert kept.known(self.PREDICTIONS, 3)[1] == {"b": 2}
        assert kept.joined([self.PREDICTIONS]) == {self.PREDICTIONS: joined}
        kept.discard(self.PREDICTIONS)
        assert kept.joined([self.PREDICTIONS]) == {self.PREDICTIONS: Joined({}, frozenset("ac"))}

    def test_what_is_missing_is_noted(self, store: ProfileStore) -> None:
        kept = LabelStore(store, "fraud/answers")
        save_labels(store, KEY, labels())
        other = Key("fraud/labels", "20261122T1100", ("data",))
        assert kept.predictions(self.PREDICTIONS) is None
        assert list(kept.labels([KEY, other])) == [KEY.path.name]
        assert kept.missing == {self.PREDICTIONS, other}
        kept.note_changed(self.PREDICTIONS)
        assert len(kept.missing) == 3

    def test_the_last_predictions_stay_in_memory_until_it_is_finished(self, store: ProfileStore) -> None:
        kept = LabelStore(store, "fraud/answers")
        save_predictions(store, self.PREDICTIONS, predictions())
        first = kept.predictions(self.PREDICTIONS)
        assert kept.predictions(self.PREDICTIONS) is first is not None
        kept.finish([self.PREDICTIONS], [])
        assert kept.predictions(self.PREDICTIONS) is not first

    @pytest.mark.parametrize("room", [0, 1_000])
    def test_partitions_without_any_of_some_ids_are_known_where_they_were_written_or_read(
        self, store: ProfileStore, monkeypatch: pytest.MonkeyPatch, room: int
    ) -> None:
        monkeypatch.setattr("exporter.store.labels.MOST_IDS", room)
        made, answers = predictions(), LabelStore(store, "fraud/answers")
        others = np.arange(100, 200, dtype=np.uint64)
        save_predictions(store, self.PREDICTIONS, made)
        save_labels(store, KEY, labels())
        assert answers.without_any([self.PREDICTIONS, KEY], others) == {self.PREDICTIONS, KEY}
        assert answers.without_any([self.PREDICTIONS], np.sort(made.ids)[:1]) == frozenset()
        assert answers.without_any([KEY], labels().labels.ids[-1:]) == frozenset()
        answers.finish([self.PREDICTIONS], [])
        assert answers.without_any([self.PREDICTIONS], others) == {self.PREDICTIONS}
        assert store.load_column(self.PREDICTIONS, "ids").tolist() == made.ids.tolist()
        assert store.load_column(self.PREDICTIONS, "nowhere") is None
        unread = LabelStore(ProfileStore(store._files.place.folder), "fraud/answers")
        assert unread.without_any([self.PREDICTIONS], others) == frozenset(), "nobody has checked the file"
        unread.predictions(self.PREDICTIONS)
        assert unread.without_any([self.PREDICTIONS], others) == {self.PREDICTIONS}
        (store._files.place.folder / self.PREDICTIONS.path).write_bytes(b"harmed")
        assert store.load_column(self.PREDICTIONS, "ids") is None, "it is not as it was"

    def test_known_labels_of_other_partitions_are_removed(self, store: ProfileStore) -> None:
        kept = LabelStore(store, "fraud/answers")
        kept.save_known(self.PREDICTIONS, KnownLabels.none(3), Joined({"b": 2}, frozenset("b")))
        kept.finish([], [])
        assert kept.known(self.PREDICTIONS, 3)[1] == {}
