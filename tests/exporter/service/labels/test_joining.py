"""The join on disk: only what new labels touch is joined, written and evaluated again."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.labels import plan
from exporter.labels.evaluation import Evaluation
from exporter.labels.join import Chunk, KnownLabels
from exporter.labels.plan import Joined
from exporter.labels.rows import LabelRows
from exporter.profiles.naming import CodedColumn
from exporter.service.attempt import Attempt
from exporter.service.labels import joining as label_joining
from exporter.service.labels.logs import StoredPartition
from exporter.store.labels import LabelStore, load_labels, load_predictions, save_labels, save_predictions
from exporter.store.profiles import Key, ProfileStore
from label_world import EVALUATION, FIRST, HOUR, START, World, labelled, matched, results


def test_each_hour_has_its_labels_and_their_number_of_rows(world: World) -> None:
    joiner = world.joiner()
    assert world.join(joiner)
    assert matched(joiner) == [3, 2, 0]
    outcomes = [hour.outcomes for hour in joiner.hours.values()]
    assert [labelled(each) for each in outcomes] == [1, 2, 0]


def test_only_hours_that_a_label_touches_are_evaluated_again(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    before = [hour.outcomes for hour in joiner.hours.values()]
    world.label(2, (13, 1, 9))
    world.join(joiner)
    after = [hour.outcomes for hour in joiner.hours.values()]
    assert [old is new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_segments_are_evaluated_only_where_they_are_needed(world: World) -> None:
    joiner = world.joiner()
    first, second, _ = world.predictions

    def evaluated(*starts: datetime) -> list[bool]:
        assert joiner.bring_up_to_date(Attempt(START), world.predictions, world.labels, FIRST, starts)
        return [hour.segments is not None for hour in joiner.hours.values()]

    assert evaluated(first) == [True, False, False]
    before = joiner.hours[first].segments
    assert before is not None
    assert [(group.role, group.segment.value) for group in sorted(before)] == [
        ("challenger", "free"),
        ("champion", "free"),
        ("champion", "paid"),
    ]
    assert evaluated(first, second) == [True, True, False]
    assert joiner.hours[first].segments is before
    world.label(2, (3, 1, 9))
    evaluated(first, second)
    assert labelled(joiner.hours[first].segments) == labelled(before) + 1
    assert evaluated() == [False] * 3


def test_without_time_segments_are_evaluated_by_the_next_refresh(world: World) -> None:
    joiner = world.joiner()
    joiner.bring_up_to_date(Attempt(START), world.predictions, world.labels, FIRST)
    assert not world.join(joiner, Attempt(START, overdue=lambda: True))
    assert world.join(joiner)


def test_another_evaluation_computes_all_outcomes_again(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    joiner.evaluate_by(EVALUATION)
    assert all(hour.outcomes for hour in joiner.hours.values())
    joiner.evaluate_by(Evaluation(binary=True, threshold=0.5, edges=None))
    assert not any(hour.outcomes for hour in joiner.hours.values())


def test_a_rewritten_or_removed_partition_leaves_nothing(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.label(1, (12, 0, 8), tag="b")
    assert world.join(joiner)
    assert matched(joiner) == [1, 2, 0]
    world.labels.clear()
    assert world.join(joiner)
    assert matched(joiner) == [0, 0, 0]
    assert [labelled(hour.outcomes) for hour in joiner.hours.values()] == [0, 0, 0]


def test_labels_that_have_left_the_look_back_stay_joined(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    expected = [hour.outcomes for hour in joiner.hours.values()]
    del world.labels[START]
    assert world.join(joiner, first="20261120T0100")
    assert [hour.outcomes for hour in joiner.hours.values()] == expected


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hours whose known labels are written, by name."""
    names: list[str] = []
    save = LabelStore.save_known

    def noted(self: LabelStore, key: Key, known: label_joining.KnownLabels, joined: Joined) -> None:
        names.append(key.name)
        save(self, key, known, joined)

    monkeypatch.setattr(LabelStore, "save_known", noted)
    return names


def test_only_hours_that_a_label_touches_are_written(world: World, written: list[str]) -> None:
    joiner = world.joiner()
    world.join(joiner)
    assert set(written) == {"20261120T0000", "20261120T0100"}
    written.clear()
    world.label(2, (13, 1, 9))
    world.join(joiner)
    assert written == ["20261120T0100"]


def test_after_labels_are_rewritten_only_the_hours_that_had_them_begin_anew(world: World, written: list[str]) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.label(2, (13, 1, 9))
    world.join(joiner)
    written.clear()
    world.label(2, (14, 1, 9), tag="b")
    world.join(joiner)
    assert set(written) == {"20261120T0100"}
    assert matched(joiner) == [3, 3, 0]


def test_new_predictions_are_no_reason_to_save_which_labels_are_unmatched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have seen none of the old labels; only new partitions of labels count, of which `_SAVED_EVERY` are one."""
    saved: list[int] = []
    monkeypatch.setattr(LabelStore, "save_unmatched", lambda _, hours: saved.append(len(list(hours))))
    monkeypatch.setattr(label_joining, "_SAVED_EVERY", 2)
    joiner = world.joiner()
    world.join(joiner)
    assert saved == [3]
    for hour in range(3, 6):
        world.predictions[START + hour * HOUR] = world.predict(hour)
        world.join(joiner)
    assert saved == [3]
    for hour in (2, 3):
        world.label(hour, (13, 1, 9))
        world.join(joiner)
    assert saved == [3, 6]


def test_after_a_restart_no_unmatched_partition_is_joined_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.joiner()
    world.join(first)
    monkeypatch.setattr(label_joining, "merge_chunks", lambda _: pytest.fail("labels were joined again"))
    again = world.joiner()
    assert world.join(again)
    assert results(again) == results(first)


def test_many_hours_are_joined_with_merged_labels_and_few_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    merge = label_joining.merge_chunks
    monkeypatch.setattr(label_joining, "merge_chunks", lambda chunks: sizes.append(len(chunks)) or merge(chunks))
    monkeypatch.setattr(plan, "MERGED_LABELS", 5)
    monkeypatch.setattr(plan, "_SMALL", 1)
    world = World(tmp_path, 10)
    for hour in range(4):
        world.label(hour, (hour, 1, 5), (210 + hour, 1, 5))
    joiner = world.joiner()
    world.join(joiner)
    world.predictions[START + 20 * HOUR] = world.predict(20)
    world.join(joiner)
    assert sizes == [2, 2], "the ids alone show that none of the labels is of the new hour"
    world.predictions[START + 21 * HOUR] = world.predict(21)
    world.join(joiner)
    assert sizes == [2, 2, 1, 1, 1, 1], "a label of each is"


def test_partitions_in_parts_have_the_outcomes_of_whole_ones(tmp_path: Path) -> None:
    whole, parted = (labelled_world(tmp_path / name) for name in ("whole", "parted"))
    for partitions in (parted.predictions, parted.labels):
        partitions.update({start: in_parts(parted.store, stored) for start, stored in partitions.items()})
    joiners = whole.joiner(), parted.joiner()
    assert all(world.join(joiner) for world, joiner in zip((whole, parted), joiners, strict=True))
    one, several = (list(joiner.hours.values()) for joiner in joiners)
    for left, right in zip(one, several, strict=True):
        assert (left.rejected_rows, sum(left.joined.rows.values())) == (
            right.rejected_rows,
            sum(right.joined.rows.values()),
        )
        for by_group, others in ((left.outcomes, right.outcomes), (left.segments, right.segments)):
            assert by_group is not None
            assert others is not None
            assert set(by_group) == set(others)
            for group in by_group:
                np.testing.assert_allclose(numbers(by_group[group]), numbers(others[group]), rtol=1e-12)
    assert next(iter(joiners[1].hours.values())) is several[0], "what has not changed is the same object"
    parted.label(3, (0, 0.0, 9))
    assert parted.join(joiners[1])
    again = list(joiners[1].hours.values())
    assert (again[0] is several[0], again[1] is several[1]) == (False, False), "each has seen the new labels"
    assert (again[0].outcomes is several[0].outcomes, matched(joiners[1])[0]) == (False, 4)


def labelled_world(folder: Path) -> World:
    world = World(folder, 2)
    world.label(1, (0, 1, 5), (3, 0, 5), (12, 1, 5))
    world.label(2, (0, 0, 7), (19, 1, 6), (77, 1, 6))
    return world


def in_parts(store: ProfileStore, stored: StoredPartition) -> StoredPartition:
    """Save a partition anew in three parts by id, of which the second is empty."""
    ends, parts = (0, 4, 4, 10**6), dict[Key, int]()
    made = load_predictions(store, stored.key) if "predictions" in stored.key.group else None
    rows = load_labels(store, stored.key) if made is None else None
    for place in range(3):
        key, part = stored.key.part(place), slice(*ends[place : place + 2])
        if made is not None:
            columns = {each: value[part] for each, value in vars_of(made).items() if isinstance(value, np.ndarray)}
            plan = made.segments["plan"]
            segments = {"plan": CodedColumn(plan.codes[part], plan.names)}
            save_predictions(store, key, replace(made, **columns, segments=segments, parts=3))
            parts[key] = len(columns["ids"])
        else:
            assert rows is not None
            known = KnownLabels(*(value[part] for value in vars_of(rows.labels.known).values()))
            save_labels(store, key, LabelRows(Chunk(rows.labels.ids[part], known), {}, parts=3))
            parts[key] = int(known.rows.sum())
    return StoredPartition(parts, stored.left_out)


def vars_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def numbers(value: Any) -> np.ndarray:
    """All numbers of an outcome."""
    if is_dataclass(value):
        return np.concatenate([np.zeros(0), *(numbers(each) for each in vars_of(value).values())])
    return np.zeros(0) if value is None else np.asarray(value, np.float64).ravel()
