"""The join on disk: any order of labels, any interruption and any damage to files give the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.labels.evaluation import Classes, Evaluation, Lists
from exporter.service.attempt import Attempt
from exporter.store.labels import LabelStore
from label_world import EDGES, EVALUATION, GROUP, PLANS, START, Row, World, labelled, matched, results

rows = st.lists(st.tuples(st.integers(0, 24), st.sampled_from([0.0, 1.0]), st.integers(0, 4)), max_size=12)

TASKS = {
    "two classes": EVALUATION,
    "several classes": Evaluation(
        False, 0.5, None, classes=Classes(np.array([0.0, 1.0]), (EDGES, EDGES)), segments=PLANS
    ),
    "ranking": Evaluation(False, 0.5, None, lists=Lists(None, None), segments=PLANS),
}
DAMAGES = ("lost", "torn", "as before")


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=15)
@given(st.lists(rows, min_size=4, max_size=4), st.permutations(range(4)), st.data())
def test_neither_order_nor_restarts_nor_interruptions_change_anything(
    tmp_path_factory: pytest.TempPathFactory, task: str, parts: list[list[Row]], order: list[int], data: st.DataObject
) -> None:
    at_once = World(tmp_path_factory.mktemp("once"), 2, TASKS[task])
    for hour, part in enumerate(parts):
        at_once.label(hour, *part)
    whole = at_once.joiner()
    assert at_once.join(whole)
    slow = World(tmp_path_factory.mktemp("slow"), 2, TASKS[task])
    joiner = slow.joiner()
    for hour in order:
        slow.label(hour, *parts[hour])
        before = slow.files()
        checks = iter(range(data.draw(st.integers(0, 6))))
        slow.join(joiner, Attempt(START, lambda checks=checks: next(checks, None) is None))  # type: ignore[misc]
        names = sorted(slow.files() | before)
        # By name and in order: paths and the order of sets differ from run to run, and the same choices must give the
        # same files.
        for name in sorted(data.draw(st.sets(st.sampled_from(names)))) if before else ():
            damage(slow.folder / GROUP / name, before.get(name), data.draw(st.sampled_from(DAMAGES)))
            joiner = slow.joiner()
        if data.draw(st.booleans()):
            joiner = slow.joiner()
    assert slow.join(joiner)
    assert slow.known() == at_once.known()
    assert results(joiner) == results(whole)


def damage(path: Path, before: bytes | None, how: str) -> None:
    """Leave of a file what a crash can leave: nothing, a part, or what it was before the last refresh."""
    if how == "torn" and path.exists():
        path.write_bytes(path.read_bytes()[:-5])
    elif how == "as before" and before is not None:
        path.write_bytes(before)
    else:
        path.unlink(missing_ok=True)


def test_known_labels_that_were_changed_on_disk_are_joined_again(world: World) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.store.discard(world.known_key(0))
    world.label(2, (2, 1, 9))
    assert not world.join(joiner)
    assert joiner.missing == {world.known_key(0)}
    assert world.join(joiner)
    assert matched(joiner) == [4, 2, 0]


@pytest.mark.parametrize("how", DAMAGES)
def test_known_labels_that_were_changed_on_disk_are_joined_again_before_they_are_evaluated(
    world: World, how: str
) -> None:
    joiner = world.joiner()
    world.join(joiner)
    world.label(2, (2, 1, 9))
    before = world.files()
    world.join(joiner)
    expected = results(joiner)
    path = world.folder / world.known_key(0).path
    damage(path, before[path.name], how)
    joiner.evaluate_by(Evaluation(binary=True, threshold=0.5, edges=None))
    joiner.evaluate_by(EVALUATION)
    assert not world.join(joiner)
    assert world.join(joiner)
    assert matched(joiner) == [4, 2, 0]
    assert labelled(joiner.hours[START].outcomes) == 2
    assert results(joiner) == expected


def test_what_is_missing_in_the_store_is_named(world: World) -> None:
    missing = [world.labels[START].key, world.predictions[START].key]
    for key in missing:
        (world.folder / key.path).unlink()
    joiner = world.joiner()
    assert not world.join(joiner)
    assert joiner.missing == set(missing)
    world.label(0, (1, 1, 5), (11, 0, 6), (99, 1, 7))
    world.predictions[START] = world.predict(0)
    assert world.join(joiner)
    assert matched(joiner) == [3, 2, 0]


def test_a_crash_between_known_labels_and_the_index_costs_only_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = world.joiner()
    world.join(whole)
    expected = results(whole)
    world.label(2, (13, 1, 9), (2, 1, 9))
    with monkeypatch.context() as crash:
        crash.setattr(LabelStore, "save_unmatched", _refuse)
        with pytest.raises(OSError, match="full"):
            world.join(world.joiner())  # a new process saves the index with its first partition
    again = world.joiner()
    assert world.join(again)
    assert matched(again) == [4, 3, 0]
    assert results(again)[2] == expected[2]


def _refuse(*_: object) -> None:
    raise OSError("the disk is full")
