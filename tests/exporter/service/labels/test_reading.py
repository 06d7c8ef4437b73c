"""Labels of a log in a refresh: what is joined, counted and evaluated again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from exporter import catalogue
from exporter.demo.simulation import INFERENCE, LABELS, inference_hour
from exporter.service.attempt import Attempt
from exporter.service.labels import joining as label_joining
from exporter.service.reading import ModelReader
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from simulated_log import (
    DAY,
    END,
    HOUR,
    MATURITY,
    NOW,
    START,
    WORLD,
    document,
    label_gauges,
    label_hour,
    mature,
    put_labels,
    reader,
    rejected,
)


def test_a_restart_changes_nothing_and_reads_nothing(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = label_gauges(reader(written).read(Attempt(NOW)))
    with monkeypatch.context() as patch:
        patch.setattr(Local, "profile", lambda *_: pytest.fail("a partition was read again"))
        again = reader(written)
        assert label_gauges(again.read(Attempt(NOW))) == before
        assert label_gauges(again.read(Attempt(NOW))) == before


def test_labels_that_arrive_hour_by_hour_give_the_same_result_as_all_at_once(folder: Path) -> None:
    """Restarted now and then, and with an hour of labels that comes long after those that follow it."""
    expected = label_gauges(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    late = folder / (END - 20 * HOUR).strftime(LABELS)
    held = late.rename(late.with_suffix(".held"))
    slow = reader(folder)
    for hours in range(21, 0, -4):
        slow.read(Attempt(NOW - hours * HOUR))
        if hours % 8 == 1:
            slow = reader(folder)
    assert label_gauges(slow.read(Attempt(NOW))) != expected
    held.rename(late)
    assert label_gauges(slow.read(Attempt(NOW + HOUR / 12))) == expected


def test_at_an_earlier_time_only_labels_that_had_come_by_then_count(folder: Path) -> None:
    """A replay goes back in time, with what it has read and joined at a later one in memory and in the store."""
    then = NOW - 5 * HOUR
    expected = label_gauges(reader(folder).read(Attempt(then)))
    shutil.rmtree(folder / "store")
    one = reader(folder)
    later = label_gauges(one.read(Attempt(NOW)))
    assert later != expected
    assert label_gauges(one.read(Attempt(then))) == expected
    assert label_gauges(one.read(Attempt(NOW))) == later
    assert label_gauges(reader(folder).read(Attempt(then))) == expected


def test_only_the_hours_that_a_new_label_touches_are_evaluated_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    touched = inference_hour(WORLD, END - 30 * HOUR)["request_id"]
    new = pd.DataFrame({"request_id": touched[:3], "is_fraud": True, "labelled_at": END + HOUR / 2})
    put_labels(folder, END, new)
    shutil.copy(folder / (END - HOUR).strftime(INFERENCE), folder / END.strftime(INFERENCE))
    judged: list[int] = []
    outcomes = label_joining.outcomes
    monkeypatch.setattr(
        label_joining,
        "outcomes",
        lambda made, *rest: judged.append(len(made.ids)) or outcomes(made, *rest),
    )
    one.read(Attempt(NOW + HOUR))
    assert sorted(judged) == sorted([len(touched), len(inference_hour(WORLD, END - HOUR))]), "and the new hour"


def test_rejected_labels_change_no_gauge_but_are_counted(folder: Path) -> None:
    before = label_gauges(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    hour = END - 5 * HOUR
    rows = label_hour(folder, hour)
    again = rows[:7].assign(labelled_at=rows["labelled_at"][:7])
    strange = pd.DataFrame({"request_id": ["nobody", "no one", None], "is_fraud": True, "labelled_at": hour})
    empty = rows[:2].assign(is_fraud=None)
    old = rows[:1].assign(labelled_at=hour - 90 * DAY, is_fraud=~rows["is_fraud"][:1])
    put_labels(folder, hour, pd.concat([rows, again, strange, empty, old]).sample(frac=1, random_state=1))
    samples = reader(folder).read(Attempt(NOW))
    assert rejected(samples) == {
        "duplicate": 7,
        "without_prediction": 2,
        "without_id": 1,
        "without_value": 2,
        "older_than_look_back": 1,
    }
    counts = {catalogue.LABEL_ODD_ROWS, catalogue.LOG_USABLE_RATIO}
    known = {key: value for key, value in label_gauges(samples).items() if key[0] not in counts}
    assert known == {key: value for key, value in before.items() if key[0] not in counts}


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S.%f UTC", "%Y/%m/%d %H:%M:%S.%f", "epoch"])
def test_a_label_whose_time_cannot_be_read_costs_only_itself(folder: Path, form: str) -> None:
    """Every label corrects an earlier one, so without the times accuracy would be that of other labels."""
    hours = [START + hour * HOUR for hour in range(54) if (folder / (START + hour * HOUR).strftime(LABELS)).exists()]
    correct = {hour: label_hour(folder, hour) for hour in hours}
    both = {}
    for hour, rows in correct.items():
        wrong = rows.assign(is_fraud=~rows["is_fraud"], labelled_at=rows["labelled_at"] - HOUR / 60)
        both[hour] = pd.concat([rows, wrong], ignore_index=True)
    lost = max(hours, key=lambda hour: (hour < END - DAY, len(correct[hour])))
    for hour, rows in both.items():
        put_labels(folder, hour, rows[1:] if hour == lost else rows)
    expected = label_gauges(reader(folder).read(Attempt(NOW)))
    assert expected[catalogue.ACCURACY, ("v3", "24h")] > 0.5
    shutil.rmtree(folder / "store")
    for hour, rows in both.items():
        times = rows["labelled_at"]
        written = times.astype("int64").astype("float64") if form == "epoch" else times.dt.strftime(form)
        if hour == lost:
            written[0] = np.inf if form == "epoch" else ""
        put_labels(folder, hour, rows.assign(labelled_at=written))
    samples = reader(folder).read(Attempt(NOW))
    assert rejected(samples)["with_unreadable_time"] == 1
    odd = catalogue.LABEL_ODD_ROWS
    found = {key: value for key, value in label_gauges(samples).items() if key[0] is not odd}
    assert found == pytest.approx({key: value for key, value in expected.items() if key[0] is not odd})


def test_a_correction_wins_and_a_label_before_its_prediction_is_counted(folder: Path) -> None:
    one = reader(folder)
    rows = mature(24)
    positives = rows[rows["is_fraud"].eq(True)]
    before = label_gauges(one.read(Attempt(NOW)))[catalogue.LABEL_ROWS, ("v3", "24h")]
    unlabelled = rows[rows["labelled_at"].isna()]
    corrected = positives[["request_id"]].assign(is_fraud=False, labelled_at=END + HOUR / 2)
    early = unlabelled[["request_id"]][:1].assign(is_fraud=True, labelled_at=START)
    put_labels(folder, END, pd.concat([corrected, early]))
    samples = one.read(Attempt(NOW + HOUR))
    assert rejected(samples) == {"corrected": len(positives), "before_prediction": 1}
    # The window has moved on by an hour, so only its share of positives is told.
    moved = mature(24, END - MATURITY + HOUR)
    assert label_gauges(samples)[catalogue.LABEL_ROWS, ("v3", "24h")] == pytest.approx(before, rel=0.2)
    recall = label_gauges(samples).get((catalogue.RECALL, ("v3", "24h")))
    left = moved[moved["is_fraud"].eq(True) & ~moved["request_id"].isin(positives["request_id"])]
    assert (recall is not None) == bool(len(left) + early["request_id"].isin(moved["request_id"]).sum())


def test_a_rewritten_hour_of_labels_replaces_the_old_one(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    hour = END - 26 * HOUR
    rows = label_hour(folder, hour)
    put_labels(folder, hour, rows[: len(rows) // 2].assign(is_fraud=True))
    rewritten = label_gauges(one.read(Attempt(NOW + HOUR / 12)))
    shutil.rmtree(folder / "store")
    assert rewritten == label_gauges(reader(folder).read(Attempt(NOW)))
    (folder / hour.strftime(LABELS)).unlink()
    removed = label_gauges(one.read(Attempt(NOW + HOUR / 6)))
    shutil.rmtree(folder / "store")
    assert removed == label_gauges(reader(folder).read(Attempt(NOW)))
    assert removed != rewritten


def test_a_rewritten_hour_of_predictions_is_joined_anew(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    path = folder / (END - 10 * HOUR).strftime(INFERENCE)
    table = pq.read_table(path)
    pq.write_table(table.slice(0, table.num_rows // 2), path)
    again = label_gauges(one.read(Attempt(NOW + DAY)))
    shutil.rmtree(folder / "store")
    assert again == label_gauges(reader(folder).read(Attempt(NOW + DAY)))


def test_labels_that_stop_have_a_silence_and_its_threshold(folder: Path) -> None:
    one = reader(folder)
    before = label_gauges(one.read(Attempt(NOW)))
    assert before[catalogue.LABEL_SILENCE_SECONDS, ()] == 0
    assert before[catalogue.LABEL_SILENCE_SECONDS_THRESHOLD, ()] == DAY.total_seconds()
    for hours in range(26):
        (folder / (END - (hours + 1) * HOUR).strftime(LABELS)).unlink()
    assert label_gauges(one.read(Attempt(NOW + HOUR)))[catalogue.LABEL_SILENCE_SECONDS, ()] == 27 * 3600


@pytest.mark.parametrize(
    "body",
    [{"labels": None}, {"task": "ranking"}, {"inference": {"source": {"local": INFERENCE}}}],
    ids=["no labels", "no query", "no score"],
)
def test_a_model_without_labels_that_are_evaluated_has_no_reader(written: Path, body: dict[str, Any]) -> None:
    assert reader(written, **body)._labels is None


def test_a_replayed_log_has_the_labels_that_are_replayed(written: Path) -> None:
    loaded = LoadedSpec(written / "fraud.yaml", ModelSpec.model_validate(document()))
    logs = Local(INFERENCE, written), Local(LABELS, written)
    assert loaded.spec.spec.labels is not None
    without, replayed = (
        ModelReader(loaded, ProfileStore(written / name), logs[0], labels=labels)
        for name, labels in (("without", None), ("replayed", logs[1]))
    )
    assert label_gauges(without.read(Attempt(NOW))) == {}
    expected = label_gauges(ModelReader(loaded, ProfileStore(written / "own")).read(Attempt(NOW)))
    assert label_gauges(replayed.read(Attempt(NOW))) == expected != {}


def test_what_a_refresh_leaves_of_labels_and_of_the_past_waits(folder: Path) -> None:
    one = reader(folder)

    def waiting() -> list[float]:
        return [each.value for each in one.own_samples() if each.metric is catalogue.PARTITIONS_WAITING]

    one.read(Attempt(NOW))
    assert waiting() == [0]
    one.record.waiting["row counts"], one._labels.left = 2, 3
    assert waiting() == [5]


def test_the_label_log_is_a_separate_stream(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    own = {sample.metric: sample.value for sample in one.own_samples() if sample.labels[1:] == ("labels",)}
    assert own[catalogue.PROFILES_BUILT_TOTAL] == 54
    assert own[catalogue.SOURCE_REQUESTS_TOTAL] > 54
