"""The join on disk: whatever order labels arrive in, whenever it is cut short, the same comes out."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.labels.join import chunk
from exporter.labels.outcomes import Classes, Evaluation, Lists, Outcome
from exporter.labels.predictions import Predictions
from exporter.labels.rows import LabelRows
from exporter.profiles.group import Group
from exporter.profiles.naming import CodedColumn
from exporter.service.attempt import Attempt
from exporter.service.labels import joining as label_joining
from exporter.service.labels.joining import Joiner
from exporter.service.labels.logs import StoredPartition
from exporter.store.labels import load_known_labels, save_labels, save_predictions
from exporter.store.profiles import Key, ProfileStore

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, tzinfo=UTC)
PLANS = {"plan": ("free", "paid")}
JUDGEMENT = Evaluation(binary=True, threshold=0.5, edges=np.array([0.25, 0.5, 0.75]), segments=PLANS)
FIRST = "20261101T0000"
GROUP = "fraud/answers"

Row = tuple[int, float, int]
"""An id, a label, and when it became known."""


class World:
    """A store with hours of predictions, ten ids each, and hours of labels."""

    def __init__(self, folder: Path, predictions: int, judgement: Evaluation = JUDGEMENT) -> None:
        self.store = ProfileStore(folder)
        self.judgement = judgement
        self.predictions = {START + hour * HOUR: self._predict(hour) for hour in range(predictions)}
        self.labels: dict[datetime, StoredPartition] = {}

    def _predict(self, hour: int) -> StoredPartition:
        ids = np.arange(10 * hour, 10 * hour + 10, dtype=np.uint64)
        zeros = np.zeros(10, np.int64)
        sure, names = np.linspace(0, 1, 10), (Group("v", "challenger"), Group("v", "champion"))
        scores, lists = np.column_stack([sure, 1 - sure]), np.repeat(np.arange(5, dtype=np.uint64), 2)
        made = Predictions(
            ids,
            sure,
            zeros,
            (np.arange(10) % 3 == 0).astype(np.int8),
            names,
            {},
            classes=(sure < 0.5) * 1.0,
            class_scores=scores,
            queries=lists,
            segments={"plan": CodedColumn((np.arange(10, dtype=np.int16) // 3) - 1, ("free", "gone", "paid"))},
        )
        key = Key("fraud/predictions", f"{START + hour * HOUR:%Y%m%dT%H%M}", ("a",))
        save_predictions(self.store, key, made)
        return StoredPartition(key, 10, {})

    def label(self, hour: int, *rows: Row, tag: str = "a") -> None:
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        labels = chunk(table[:, 0].astype(np.uint64), table[:, 1], table[:, 2].astype(np.int64))
        key = Key("fraud/labels", f"{START + hour * HOUR:%Y%m%dT%H%M}", (tag,))
        save_labels(self.store, key, LabelRows(labels, {}))
        self.labels[START + hour * HOUR] = StoredPartition(key, len(rows), {})

    def joiner(self) -> Joiner:
        return Joiner(GROUP, self.store, self.judgement)

    def join(self, joiner: Joiner, attempt: Attempt | None = None, first: str = FIRST) -> bool:
        divided = set(self.predictions)
        return joiner.bring_up_to_date(attempt or Attempt(START), self.predictions, self.labels, first, divided)

    def answers_key(self, kept: StoredPartition) -> Key:
        return Key(GROUP, kept.key.name, kept.key.sources)

    def known(self) -> list[Any]:
        """All that is kept of every hour's predictions."""
        found = []
        for kept in self.predictions.values():
            answers = load_known_labels(self.store, self.answers_key(kept))
            if answers is None:
                found.append([])
                continue
            columns = (answers[0].labels, answers[0].labelled_at, answers[0].rows, answers[0].disputed)
            found.append([column.tobytes() for column in columns] + [dict(sorted(answers[1].items()))])
        return found


def told(joiner: Joiner) -> list[tuple[bytes, bytes]]:
    """All that is said of every hour, to the last bit."""
    # One by one, since what is pickled together depends on which names happen to be one object.
    return [(pickle.dumps(hour.outcomes), pickle.dumps(hour.segments)) for hour in joiner.hours.values()]


def known(outcomes: Mapping[Group, Outcome] | None) -> int:
    """How many predictions have a label, in all their roles."""
    return sum(outcome.known for outcome in (outcomes or {}).values())


def matched(joiner: Joiner) -> list[int]:
    return [sum(hour.joined.values()) for hour in joiner.hours.values()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, 3)
    world.label(0, (1, 1, 5), (11, 0, 6), (99, 1, 7))
    world.label(1, (1, 0, 9), (12, 1, 8), (1, 0, 9))
    return world


def test_each_hour_knows_its_labels_and_how_many_rows_they_were(world: World) -> None:
    joiner = world.joiner()
    assert world.join(joiner)
    assert matched(joiner) == [3, 2, 0]
    outcomes = [hour.outcomes for hour in joiner.hours.values()]
    assert [known(each) for each in outcomes] == [1, 2, 0]


def test_only_what_a_label_touches_is_told_anew(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    before = [hour.outcomes for hour in joiner.hours.values()]
    world.label(2, (13, 1, 9))
    world.join(joiner)
    after = [hour.outcomes for hour in joiner.hours.values()]
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_segments_are_told_of_the_hours_that_somebody_asks_for_and_of_no_others(world: World) -> None:
    joiner = world.joiner()
    first, second, _ = world.predictions

    def told(*divided: datetime) -> list[bool]:
        assert joiner.bring_up_to_date(Attempt(START), world.predictions, world.labels, FIRST, divided)
        return [hour.segments is not None for hour in joiner.hours.values()]

    assert told(first) == [True, False, False]
    before = joiner.hours[first].segments
    assert before is not None
    assert [(group.role, group.segment.value) for group in sorted(before)] == [
        ("challenger", "free"),
        ("champion", "free"),
        ("champion", "paid"),
    ]
    assert told(first, second) == [True, True, False]
    assert joiner.hours[first].segments is before
    world.label(2, (3, 1, 9))
    told(first, second)
    assert known(joiner.hours[first].segments) == known(before) + 1
    assert told() == [False] * 3


def test_without_time_segments_are_told_by_the_next_refresh(world: World) -> None:
    joiner = world.joiner()
    joiner.bring_up_to_date(Attempt(START), world.predictions, world.labels, FIRST)
    assert not world.join(joiner, Attempt(START, overdue=lambda: True))
    assert world.join(joiner)


def test_another_way_to_judge_tells_all_anew(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    joiner.judge_by(JUDGEMENT)
    assert all(hour.outcomes for hour in joiner.hours.values())
    joiner.judge_by(Evaluation(binary=True, threshold=0.5, edges=None))
    assert not any(hour.outcomes for hour in joiner.hours.values())


def test_a_rewritten_or_removed_partition_leaves_nothing_of_itself(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.label(1, (12, 0, 8), tag="b")
    assert world.join(joiner)
    assert matched(joiner) == [1, 2, 0]
    world.labels.clear()
    assert world.join(joiner)
    assert matched(joiner) == [0, 0, 0]
    assert [known(hour.outcomes) for hour in joiner.hours.values()] == [0, 0, 0]


def test_labels_that_have_left_the_look_back_stay_joined(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    expected = [hour.outcomes for hour in joiner.hours.values()]
    del world.labels[START]
    assert world.join(joiner, first="20261120T0100")
    assert [hour.outcomes for hour in joiner.hours.values()] == expected


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hours whose answers are written, by name."""
    names: list[str] = []
    keep = label_joining.keep_answers
    monkeypatch.setattr(
        label_joining, "keep_answers", lambda store, key, *rest: names.append(key.name) or keep(store, key, *rest)
    )
    return names


def test_only_hours_that_a_label_touches_are_written(world: World, written: list[str]) -> None:
    joiner = world.joiner()
    world.join(joiner)
    assert set(written) == {"20261120T0000", "20261120T0100"}
    written.clear()
    world.label(2, (13, 1, 9))
    world.join(joiner)
    assert written == ["20261120T0100"]


def test_of_labels_that_are_rewritten_only_the_hours_that_had_them_begin_anew(world: World, written: list[str]) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.label(2, (13, 1, 9))
    world.join(joiner)
    written.clear()
    world.label(2, (14, 1, 9), tag="b")
    world.join(joiner)
    assert set(written) == {"20261120T0100"}
    assert matched(joiner) == [3, 3, 0]


def test_after_a_restart_no_label_is_looked_for_where_it_is_known_not_to_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.joiner()
    world.join(first)
    monkeypatch.setattr(label_joining, "gathered", lambda _: pytest.fail("labels were joined again"))
    again = world.joiner()
    assert world.join(again)
    assert told(again) == told(first)


def test_answers_that_were_changed_behind_the_joiner_are_gone_by(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    key = world.answers_key(world.predictions[START])
    world.store.discard(key)
    world.label(2, (2, 1, 9))
    assert not world.join(joiner)
    assert joiner.lost == {key}
    assert world.join(joiner)
    assert matched(joiner) == [4, 2, 0]


def test_what_the_store_has_lost_is_named(world: World, tmp_path: Path) -> None:
    lost = [world.labels[START].key, world.predictions[START].key]
    for key in lost:
        (tmp_path / key.path).unlink()
    joiner = world.joiner()
    assert not world.join(joiner)
    assert joiner.lost == set(lost)
    world.label(0, (1, 1, 5), (11, 0, 6), (99, 1, 7))
    world.predictions[START] = world._predict(0)
    assert world.join(joiner)
    assert matched(joiner) == [3, 2, 0]


def test_many_hours_are_joined_with_merged_labels_and_few_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    gathered = label_joining.gathered
    monkeypatch.setattr(label_joining, "gathered", lambda chunks: sizes.append(len(chunks)) or gathered(chunks))
    monkeypatch.setattr(label_joining, "MERGED_LABELS", 5)
    world = World(tmp_path, 10)
    for hour in range(4):
        world.label(hour, (hour, 1, 5), (50 + hour, 1, 5))
    joiner = world.joiner()
    world.join(joiner)
    world.predictions[START + 20 * HOUR] = world._predict(20)
    world.join(joiner)
    assert sizes == [2, 2, 1, 1, 1, 1]


rows = st.lists(st.tuples(st.integers(0, 24), st.sampled_from([0.0, 1.0]), st.integers(0, 4)), max_size=12)


EDGES = np.array([0.25, 0.5, 0.75])
TASKS = {
    "two classes": JUDGEMENT,
    "several classes": Evaluation(
        False, 0.5, None, classes=Classes(np.array([0.0, 1.0]), (EDGES, EDGES)), segments=PLANS
    ),
    "ranking": Evaluation(False, 0.5, None, lists=Lists(None, None), segments=PLANS),
}


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=15, deadline=None)
@given(st.lists(rows, min_size=4, max_size=4), st.permutations(range(4)), st.data())
def test_neither_order_nor_restarts_nor_interruptions_change_anything(
    tmp_path_factory: pytest.TempPathFactory, task: str, parts: list[list[Row]], order: list[int], data: st.DataObject
) -> None:
    at_once = World(tmp_path_factory.mktemp("once"), 2, TASKS[task])
    for hour, part in enumerate(parts):
        at_once.label(hour, *part)
    whole = at_once.joiner()
    assert at_once.join(whole)
    folder = tmp_path_factory.mktemp("slow")
    slow = World(folder, 2, TASKS[task])
    joiner = slow.joiner()
    for hour in order:
        slow.label(hour, *parts[hour])
        before = kept_files(folder)
        asked = iter(range(data.draw(st.integers(0, 6))))
        slow.join(joiner, Attempt(START, lambda asked=asked: next(asked, None) is None))  # type: ignore[misc]
        for path in data.draw(st.sets(st.sampled_from(sorted(kept_files(folder) | before)))) if before else ():
            harm(path, before.get(path), data.draw(st.sampled_from(HARMS)))
            joiner = slow.joiner()
        if data.draw(st.booleans()):
            joiner = slow.joiner()
    assert slow.join(joiner)
    assert slow.known() == at_once.known()
    assert told(joiner) == told(whole)


HARMS = ("lost", "torn", "as before")


def kept_files(folder: Path) -> dict[Path, bytes]:
    """The answers and the note of what is apart."""
    return {path: path.read_bytes() for path in (folder / GROUP).glob("*.arrow")}


def harm(path: Path, before: bytes | None, how: str) -> None:
    """What a crash can leave of a file: nothing, a part, or what was there before the last refresh wrote it."""
    if how == "torn" and path.exists():
        path.write_bytes(path.read_bytes()[:-5])
    elif how == "as before" and before is not None:
        path.write_bytes(before)
    else:
        path.unlink(missing_ok=True)


def test_a_crash_between_the_answers_and_the_note_costs_only_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = world.joiner()
    world.join(whole)
    expected = told(whole)
    world.label(2, (13, 1, 9), (2, 1, 9))
    with monkeypatch.context() as crash:
        crash.setattr(label_joining, "keep_apart", _refuse)
        with pytest.raises(OSError, match="full"):
            world.join(whole)
    again = world.joiner()
    assert world.join(again)
    assert matched(again) == [4, 3, 0]
    assert told(again)[2] == expected[2]


def _refuse(*_: object) -> None:
    raise OSError("the disk is full")
