"""Labels from a log as a serving system leaves it: every gauge is what scikit-learn says of the rows themselves."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.demo.simulation import INFERENCE, LABELS, REFERENCE, World, inference_hour, labels, write_log
from exporter.errors import SourceUnavailable
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.labels import joining as label_joining
from exporter.service.labels import reading as label_reading
from exporter.service.reading import ModelReader
from exporter.sources.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
END = START + 54 * HOUR
NOW = END + HOUR / 4
WORLD = World(seed=3, rate_per_hour=60)
MATURITY = DAY
THRESHOLD = 0.1


def document(**body: Any) -> dict[str, Any]:
    return {
        "apiVersion": "leeway/v1",
        "kind": "Model",
        "metadata": {"name": "fraud"},
        "spec": {
            "task": "binary_classification",
            "inference": {
                "source": {"local": INFERENCE},
                "columns": {
                    "timestamp": "event_time",
                    "prediction_id": "request_id",
                    "model_version": "model_version",
                    "score": "predicted_score",
                },
            },
            "labels": {
                "source": {"local": LABELS},
                "columns": {"prediction_id": "request_id", "label": "is_fraud", "timestamp": "labelled_at"},
                "maturity": "1d",
                "threshold": THRESHOLD,
            },
            "reference": {"source": {"local": REFERENCE}},
            "features": [{"name": "age", "type": "numeric"}],
            "windows": ["1h", "24h"],
            **body,
        },
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of a log."""
    folder = tmp_path_factory.mktemp("log")
    write_log(WORLD, folder, START, END, weeks=1, rows=2000)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """The log, for a test to change."""
    shutil.copytree(written, tmp_path / "log")
    return tmp_path / "log"


def reader(folder: Path, **body: Any) -> ModelReader:
    spec = ModelSpec.model_validate(document(**body))
    return ModelReader(LoadedSpec(folder / "fraud.yaml", spec), ProfileStore(folder / "store"))


def told(samples: list[Sample]) -> dict[tuple[Metric, tuple[str, ...]], float]:
    """The samples about labels."""
    first = catalogue.METRICS.index(catalogue.LABEL_ROWS)
    last = catalogue.METRICS.index(catalogue.MAE_PROVISIONAL_CI_UPPER)
    ours = set(catalogue.METRICS[first : last + 1])
    return {(one.metric, tuple(filter(None, one.labels[1:]))): one.value for one in samples if one.metric in ours}


def odd(samples: list[Sample]) -> dict[str, float]:
    """The reasons that have rows."""
    found = {one.labels[1]: one.value for one in samples if one.metric is catalogue.LABEL_ODD_ROWS}
    return {reason: rows for reason, rows in found.items() if rows}


def mature(hours: int, end: datetime = END - MATURITY) -> pd.DataFrame:
    """The predictions of the hours before `end`, and of those labels that came by the end of the log."""
    starts = [end - (index + 1) * HOUR for index in range(hours)]
    made = pd.concat(inference_hour(WORLD, start) for start in starts)
    late = pd.concat(labels(WORLD, start) for start in starts)
    return made.merge(late[late["labelled_at"] < END], on="request_id", how="left")


def put_labels(folder: Path, start: datetime, rows: pd.DataFrame) -> None:
    """Write an hour of the label log anew."""
    rows.to_parquet(folder / start.strftime(LABELS), index=False)


def label_hour(folder: Path, start: datetime) -> pd.DataFrame:
    return pd.read_parquet(folder / start.strftime(LABELS))


def test_every_gauge_is_what_scikit_learn_says_of_the_rows(written: Path) -> None:
    found = told(reader(written).read(Attempt(NOW)))
    rows = mature(24)
    known = rows[rows["labelled_at"].notna()]
    y, p = known["is_fraud"].astype(int), known["predicted_score"]
    decided = p >= THRESHOLD
    exact = {
        catalogue.LABEL_ROWS: len(known),
        catalogue.LABEL_COVERAGE_RATIO: len(known) / len(rows),
        catalogue.F1_SCORE: metrics.f1_score(y, decided),
        catalogue.PRECISION: metrics.precision_score(y, decided),
        catalogue.RECALL: metrics.recall_score(y, decided),
        catalogue.ACCURACY: metrics.accuracy_score(y, decided),
        catalogue.LOG_LOSS: metrics.log_loss(y, p),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(y, p),
    }
    assert {metric: found[metric, ("v3", "24h")] for metric in exact} == pytest.approx(exact)
    assert found[catalogue.AUROC, ("v3", "24h")] == pytest.approx(metrics.roc_auc_score(y, p), abs=0.002)
    delays = (known["labelled_at"] - known["event_time"]).dt.total_seconds()
    for percent in (50, 90, 99):
        exact_delay = np.quantile(delays, percent / 100, method="inverted_cdf")
        assert found[catalogue.LABEL_DELAY_SECONDS, ("24h", str(percent))] == pytest.approx(exact_delay, rel=0.0105)
    assert 0.4 < len(known) / len(rows) < 1, "some labels are not there, and are no negatives"


def test_a_restart_changes_nothing_and_reads_nothing(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(reader(written).read(Attempt(NOW)))
    with monkeypatch.context() as patch:
        patch.setattr(Local, "profile", lambda *_: pytest.fail("a partition was read again"))
        again = reader(written)
        assert told(again.read(Attempt(NOW))) == before
        assert told(again.read(Attempt(NOW))) == before


def test_labels_that_come_hour_by_hour_end_where_all_at_once_do(folder: Path) -> None:
    """Restarted now and then, and with an hour of labels that comes long after those that follow it."""
    expected = told(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    late = folder / (END - 20 * HOUR).strftime(LABELS)
    held = late.rename(late.with_suffix(".held"))
    slow = reader(folder)
    for hours in range(21, 0, -4):
        slow.read(Attempt(NOW - hours * HOUR))
        if hours % 8 == 1:
            slow = reader(folder)
    assert told(slow.read(Attempt(NOW))) != expected
    held.rename(late)
    assert told(slow.read(Attempt(NOW + HOUR / 12))) == expected


def test_only_the_hours_that_a_new_label_touches_are_judged_again(
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


def test_odd_labels_change_no_gauge_but_are_counted(folder: Path) -> None:
    before = told(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    hour = END - 5 * HOUR
    rows = label_hour(folder, hour)
    again = rows[:7].assign(labelled_at=rows["labelled_at"][:7])
    strange = pd.DataFrame({"request_id": ["nobody", "no one", None], "is_fraud": True, "labelled_at": hour})
    empty = rows[:2].assign(is_fraud=None)
    old = rows[:1].assign(labelled_at=hour - 90 * DAY, is_fraud=~rows["is_fraud"][:1])
    put_labels(folder, hour, pd.concat([rows, again, strange, empty, old]).sample(frac=1, random_state=1))
    samples = reader(folder).read(Attempt(NOW))
    assert odd(samples) == {
        "duplicate": 7,
        "without_prediction": 2,
        "without_id": 1,
        "without_value": 2,
        "older_than_look_back": 1,
    }
    known = {key: value for key, value in told(samples).items() if key[0] is not catalogue.LABEL_ODD_ROWS}
    assert known == {key: value for key, value in before.items() if key[0] is not catalogue.LABEL_ODD_ROWS}


def test_a_correction_wins_and_a_label_before_its_prediction_is_told(folder: Path) -> None:
    one = reader(folder)
    rows = mature(24)
    positives = rows[rows["is_fraud"].eq(True)]
    before = told(one.read(Attempt(NOW)))[catalogue.LABEL_ROWS, ("v3", "24h")]
    unlabelled = rows[rows["labelled_at"].isna()]
    corrected = positives[["request_id"]].assign(is_fraud=False, labelled_at=END + HOUR / 2)
    early = unlabelled[["request_id"]][:1].assign(is_fraud=True, labelled_at=START)
    put_labels(folder, END, pd.concat([corrected, early]))
    samples = one.read(Attempt(NOW + HOUR))
    assert odd(samples) == {"corrected": len(positives), "before_prediction": 1}
    # The window has moved on by an hour, so only its share of positives is told.
    moved = mature(24, END - MATURITY + HOUR)
    assert told(samples)[catalogue.LABEL_ROWS, ("v3", "24h")] == pytest.approx(before, rel=0.2)
    recall = told(samples).get((catalogue.RECALL, ("v3", "24h")))
    left = moved[moved["is_fraud"].eq(True) & ~moved["request_id"].isin(positives["request_id"])]
    assert (recall is not None) == bool(len(left) + early["request_id"].isin(moved["request_id"]).sum())


def test_a_rewritten_hour_of_labels_takes_the_place_of_what_it_said(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    hour = END - 26 * HOUR
    rows = label_hour(folder, hour)
    put_labels(folder, hour, rows[: len(rows) // 2].assign(is_fraud=True))
    rewritten = told(one.read(Attempt(NOW + HOUR / 12)))
    shutil.rmtree(folder / "store")
    assert rewritten == told(reader(folder).read(Attempt(NOW)))
    (folder / hour.strftime(LABELS)).unlink()
    removed = told(one.read(Attempt(NOW + HOUR / 6)))
    shutil.rmtree(folder / "store")
    assert removed == told(reader(folder).read(Attempt(NOW)))
    assert removed != rewritten


def test_a_rewritten_hour_of_predictions_is_joined_anew(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    path = folder / (END - 10 * HOUR).strftime(INFERENCE)
    table = pq.read_table(path)
    pq.write_table(table.slice(0, table.num_rows // 2), path)
    again = told(one.read(Attempt(NOW + DAY)))
    shutil.rmtree(folder / "store")
    assert again == told(reader(folder).read(Attempt(NOW + DAY)))


@pytest.mark.parametrize("broken", ["labels", "inference"])
def test_a_file_that_cannot_be_read_costs_only_its_own_labels(folder: Path, broken: str) -> None:
    path = folder / (END - MATURITY - 10 * HOUR).strftime(f"{broken}/%Y-%m-%dT%H.parquet")
    path.write_bytes(b"PAR1 no more")
    one = reader(folder)
    for _ in range(2):
        found = told(one.read(Attempt(NOW)))
        assert found[catalogue.LABEL_ROWS, ("v3", "24h")] > 0
    assert one.record.failures == {"read": 1 if broken == "labels" else 2}, "of predictions the traffic tells too"
    assert f"partition {path.stem}:00Z of {'labels' if broken == 'labels' else 'predictions'}" in one.problems


def test_labels_of_another_type_fail_like_any_column(folder: Path) -> None:
    hour = END - 5 * HOUR
    put_labels(folder, hour, label_hour(folder, hour).assign(is_fraud="yes"))
    one = reader(folder)
    assert told(one.read(Attempt(NOW)))
    assert one.record.failures == {"column": 1}
    assert "a number was expected" in next(iter(one.problems.values()))


def test_a_label_log_that_does_not_answer_costs_only_what_is_said_of_labels(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(written, tmp_path / "log", ignore=shutil.ignore_patterns("store"))
    expected = reader(tmp_path / "log").read(Attempt(NOW))
    shutil.rmtree(tmp_path / "log" / "store")
    one = reader(tmp_path / "log")
    assert one._labels is not None

    def refuse(*_: Any) -> Any:
        raise SourceUnavailable("busy")

    with monkeypatch.context() as patch:
        patch.setattr(one._labels.source, "partitions", refuse)
        samples = one.read(Attempt(NOW))
    assert told(samples) == {}
    ours = {metric for metric, _ in told(expected)}
    assert samples == [sample for sample in expected if sample.metric not in ours]
    assert one.problems == {"labels": "busy"}
    assert one.read(Attempt(NOW)) == expected, "the next refresh tries again"
    with monkeypatch.context() as patch:
        patch.setattr(one._labels.source, "partitions", refuse)
        assert told(one.read(Attempt(NOW))) == told(expected), "what is known stays"


def test_nothing_is_said_before_all_that_has_arrived_is_joined(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = told(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    monkeypatch.setattr(label_reading, "MOST_PARTITIONS", 20)
    one = reader(folder)
    assert [bool(told(one.read(Attempt(NOW)))) for _ in range(3)] == [False, False, True]
    assert told(one.read(Attempt(NOW))) == expected


def test_when_the_time_is_over_the_next_refresh_goes_on(folder: Path) -> None:
    expected = told(reader(folder).read(Attempt(NOW)))
    shutil.rmtree(folder / "store")
    one = reader(folder)
    one.read(Attempt(NOW - DAY))
    for patience in (30, 60, 90, 120, 160, 10_000):
        asked = iter(range(patience))
        found = told(one.read(Attempt(NOW, lambda asked=asked: next(asked, None) is None)))  # type: ignore[misc]
    assert found == expected


def test_the_store_keeps_no_more_than_the_look_back_and_mends_what_was_lost(folder: Path) -> None:
    def kept(group: str) -> list[Path]:
        return sorted((folder / "store" / "fraud" / group).glob("*.arrow"))

    one = reader(folder)
    expected = told(one.read(Attempt(NOW)))
    arrived = pd.concat(label_hour(folder, START + hour * HOUR) for hour in range(54))["request_id"]
    labelled = sum(inference_hour(WORLD, START + hour * HOUR)["request_id"].isin(arrived).any() for hour in range(54))
    numbers = {"predictions": 54, "labels": 54, "answers": labelled + 1}
    for group, number in numbers.items():
        assert len(kept(group)) == number, "and one that says which labels belong to none of an hour's predictions"
        for path in kept(group)[40:43]:
            path.unlink()
    assert told(reader(folder).read(Attempt(NOW))) == expected
    one.read(Attempt(NOW + 2 * DAY))
    assert [len(kept(group)) for group in numbers] == [25, 25, 25 - (54 - labelled) + 1]


def test_a_store_that_refuses_is_told_and_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(ProfileStore, "save_arrays", full)
    one = reader(folder)
    assert told(one.read(Attempt(NOW))) == {}
    assert one.record.failures == {"store": 1}


def test_labels_that_stop_are_told_and_so_is_how_long_they_may(folder: Path) -> None:
    one = reader(folder)
    before = told(one.read(Attempt(NOW)))
    assert before[catalogue.LABEL_SILENCE_SECONDS, ()] == 0
    assert before[catalogue.LABEL_SILENCE_SECONDS_THRESHOLD, ()] == DAY.total_seconds()
    for hours in range(26):
        (folder / (END - (hours + 1) * HOUR).strftime(LABELS)).unlink()
    assert told(one.read(Attempt(NOW + HOUR)))[catalogue.LABEL_SILENCE_SECONDS, ()] == 27 * 3600


def test_the_newest_windows_are_told_as_far_as_their_labels_have_come(written: Path) -> None:
    """Labels take a day in the median, and are there of the newest day only for those that came soon."""
    found = told(reader(written, thresholds={"min_rows": 2}).read(Attempt(NOW)))
    for window in ("1h", "24h"):
        assert 0 <= found[catalogue.LABEL_REPRESENTED_RATIO, ("v3", window)] <= 1
    newest = mature(24, END)
    early = newest["labelled_at"].notna()
    assert 0.05 < early.mean() < 0.5
    assert 0 < found[catalogue.LABEL_EFFECTIVE_ROWS, ("v3", "24h")] <= early.sum()


def test_a_regression_is_told_its_errors(folder: Path) -> None:
    found = told(reader(folder, task="regression").read(Attempt(NOW)))
    rows = mature(24).dropna(subset=["labelled_at"])
    exact = metrics.root_mean_squared_error(rows["is_fraud"].astype(float), rows["predicted_score"])
    assert found[catalogue.RMSE, ("v3", "24h")] == pytest.approx(exact)


def test_several_classes_are_told_by_name_however_each_log_stores_them(folder: Path) -> None:
    """The log has whole numbers, labels have floats and, in an hour, texts."""
    for path in (folder / "inference").iterdir():
        rows = pd.read_parquet(path)
        score = rows["predicted_score"]
        rows.assign(kind=(score > THRESHOLD).astype(int) + (score > 0.3), p1=score, p0=1 - score).to_parquet(path)
    for start in (START + hour * HOUR for hour in range(54)):
        rows = label_hour(folder, start)
        kinds = rows["is_fraud"].astype(float)
        put_labels(folder, start, rows.assign(is_fraud=kinds.astype(int).astype(str) if start.hour == 9 else kinds))
    inference = document()["spec"]["inference"]
    columns = {name: column for name, column in inference["columns"].items() if name != "score"}
    own = {**columns, "prediction": "kind", "scores": {"1": "p1", "0": "p0"}}
    body = {"task": "multiclass_classification", "inference": {**inference, "columns": own}}
    shutil.copy(folder / (END - HOUR).strftime(INFERENCE), folder / REFERENCE)
    samples = reader(folder, **body).read(Attempt(NOW))
    known = mature(24).dropna(subset=["labelled_at"])
    truths, scores = known["is_fraud"].astype(int), known["predicted_score"]
    returned = (scores > THRESHOLD).astype(int) + (scores > 0.3)
    found = told(samples)
    exact = {
        catalogue.ACCURACY: metrics.accuracy_score(truths, returned),
        catalogue.LOG_LOSS: metrics.log_loss(truths, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truths, scores),
    }
    assert {metric: found[metric, ("v3", "24h")] for metric in exact} == pytest.approx(exact)
    assert found[catalogue.AUROC, ("v3", "24h")] == pytest.approx(metrics.roc_auc_score(truths, scores), abs=0.01)
    assert found[catalogue.CLASS_RECALL, ("v3", "0", "24h")] == pytest.approx(
        metrics.recall_score(truths, returned, labels=[0], average="macro")
    )
    assert found[catalogue.CLASS_LABEL_ROWS, ("v3", "2", "24h")] == 0, "returned, and never true"


def test_a_ranking_is_told_list_by_list(folder: Path) -> None:
    for path in (folder / "inference").iterdir():
        rows = pd.read_parquet(path)
        rows.assign(basket=np.arange(len(rows)) // 4).to_parquet(path)
    inference = document()["spec"]["inference"]
    body = {"task": "ranking", "inference": {**inference, "columns": {**inference["columns"], "query": "basket"}}}
    labels_ = {**document()["spec"]["labels"], "absent": 0}
    found = told(reader(folder, labels=labels_, thresholds={"min_rows": 10}, **body).read(Attempt(NOW)))
    gains = []
    for hour in range(24):
        rows = mature(1, END - MATURITY - hour * HOUR)
        made = inference_hour(WORLD, END - MATURITY - (hour + 1) * HOUR)
        rows = made.merge(rows[["request_id", "is_fraud"]], on="request_id", how="left")
        for _, own in rows.groupby(np.arange(len(rows)) // 4):
            relevance = own["is_fraud"].eq(True).to_numpy(float)
            if len(own) > 1 and relevance.any():
                gains.append(metrics.ndcg_score([relevance], [own["predicted_score"]]))
    assert found[catalogue.NDCG_LISTS, ("v3", "24h")] == len(gains) > 10
    assert found[catalogue.NDCG, ("v3", "24h")] == pytest.approx(np.mean(gains))


@pytest.mark.parametrize(
    "body",
    [{"labels": None}, {"task": "ranking"}, {"inference": {"source": {"local": INFERENCE}}}],
    ids=["no labels", "no query", "no score"],
)
def test_a_model_without_labels_that_are_evaluated_has_no_reader(written: Path, body: dict[str, Any]) -> None:
    assert reader(written, **body)._labels is None


def test_a_log_that_is_replayed_has_no_labels(written: Path) -> None:
    loaded = LoadedSpec(written / "fraud.yaml", ModelSpec.model_validate(document()))
    replayed = ModelReader(loaded, ProfileStore(written / "other"), Local(INFERENCE, written))
    assert told(replayed.read(Attempt(NOW))) == {}


def test_the_label_log_is_a_stream_of_its_own(folder: Path) -> None:
    one = reader(folder)
    one.read(Attempt(NOW))
    own = {sample.metric: sample.value for sample in one.own_samples() if sample.labels[1:] == ("labels",)}
    assert own[catalogue.PROFILES_BUILT_TOTAL] == 54
    assert own[catalogue.SOURCE_REQUESTS_TOTAL] > 54
