"""Labels and scores as teams write them: judged where the spec says how, withheld and explained where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.labels.classes import class_keys
from exporter.labels.outcomes import Outcome
from exporter.labels.sums.classified import Classified, classified
from exporter.labels.truths import LabelRule
from exporter.profiles.group import Group
from exporter.samples.conditions import conditions
from exporter.samples.labels.labels import MatureWindow
from exporter.samples.windows import Sample
from exporter.service.labels import remarks
from exporter.spec.model import ModelSpec
from scored_log import AT, DAY, ID, LABEL, SCORE, START, ScoredLog, after, document

# By hand: of 1,000 predictions 100 are positive, and 60 of these are right; so are 895 of the others.
TRUTHS = np.repeat([1, 0, 1, 0], [60, 40, 5, 895])
SCORES = np.repeat([0.9, 0.1], [100, 900])
RIGHT = {catalogue.ACCURACY: 0.955, catalogue.PRECISION: 0.6, catalogue.RECALL: 60 / 65}
REFERENCE = {"source": {"local": "reference.parquet"}}
PERFORMANCE = {*RIGHT, catalogue.AUROC, catalogue.F1_SCORE, catalogue.LOG_LOSS, catalogue.CALIBRATION_ERROR}


def write(
    log: ScoredLog, labels: Any, scores: Any = SCORES, *, days: int = 1, late: pd.Timedelta | None = None
) -> None:
    """Predictions at noon of each day, and their labels a day later unless it is said how late."""
    number = np.arange(1000 * days)
    at = pd.Series(pd.Timestamp(START)) + DAY / 2
    made = at.repeat(1000 * days).reset_index(drop=True) + pd.to_timedelta(number // 1000, unit="D")
    log.put_reference(pd.DataFrame({SCORE: np.tile(np.asarray(scores), days)}))
    log.put_predictions(pd.DataFrame({ID: number, AT: made, SCORE: np.tile(np.asarray(scores), days)}))
    values = pd.Series(list(labels) * days)
    log.put_labels(pd.DataFrame({ID: number, AT: made + (DAY if late is None else late), LABEL: values}))


def labels_section(**more: Any) -> dict[str, Any]:
    section = {
        "source": {"local": "labels/%Y-%m-%d.parquet"},
        "grain": "1d",
        "columns": {"prediction_id": ID, "label": LABEL, "timestamp": AT},
        "maturity": "1d",
    }
    return section | more


def read(log: ScoredLog, day: int = 2, **labels: Any) -> tuple[list[Sample], dict[str, str]]:
    """The samples after a day, and what the status page says."""
    reader = log.reader(labels=labels_section(**labels), reference=REFERENCE)
    samples = reader.read(after(day))
    return samples, reader.problems


def values(samples: list[Sample]) -> dict[Metric, float]:
    return {one.metric: one.value for one in samples if "" in one.labels or one.labels == ("loans", "v1", "1d", "")}


def alerts(samples: list[Sample]) -> set[Alert]:
    return {condition.alert for condition in conditions(samples, ["24h"])}


@pytest.mark.parametrize(
    ("labels", "more"),
    [
        (np.where(TRUTHS, True, False), {}),
        (np.where(TRUTHS, "true", "false"), {}),
        (np.where(TRUTHS, "1.0", "0.0"), {}),
        (np.where(TRUTHS, 1, 2), {"positive": 1}),
        (np.where(TRUTHS, 1.0, -1.0), {"positive": [1]}),
        (np.where(TRUTHS, "yes", "no"), {"positive": True}),
        (np.where(TRUTHS, "fraud", "ok"), {"positive": "fraud"}),
    ],
    ids=["booleans", "words", "float texts", "1 and 2", "1 and -1", "yes and no", "fraud and ok"],
)
def test_labels_are_judged_however_they_are_written(tmp_path: Path, labels: Any, more: dict[str, Any]) -> None:
    log = ScoredLog(tmp_path)
    write(log, labels.tolist())
    samples, problems = read(log, **more)
    found = values(samples)
    assert {metric: found[metric] for metric in RIGHT} == pytest.approx(RIGHT)
    assert (found[catalogue.LABEL_INVALID_RATIO], problems) == (0, {})
    assert catalogue.PERFORMANCE_WITHHELD not in alerts(samples)


@pytest.mark.parametrize(
    ("labels", "share"),
    [
        (np.where(TRUTHS, 1, 2), 0.935),
        (np.where(TRUTHS, 1, -1), 0.935),
        (np.where(TRUTHS, "yes", "no"), 1),
        (np.where(np.arange(1000) < 11, 5, TRUTHS), 0.011),
    ],
    ids=["1 and 2", "1 and -1", "yes and no", "a few too many"],
)
def test_the_valid_part_of_labels_is_not_judged_alone(
    tmp_path: Path, labels: Any, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    log = ScoredLog(tmp_path)
    write(log, labels.tolist())
    samples, problems = read(log)
    found = values(samples)
    assert not PERFORMANCE & found.keys()
    assert found[catalogue.LABEL_INVALID_RATIO] == pytest.approx(share)
    assert found[catalogue.LABEL_ROWS] == round(1000 * (1 - share))
    assert catalogue.PERFORMANCE_WITHHELD in alerts(samples)
    assert (catalogue.LOG_ROWS_UNUSABLE in alerts(samples)) == (share > 0.2)
    expected = f"withheld in the 24h window: {round(1000 * share)} of 1000 labels are neither 0 nor 1"
    assert problems["performance of version v1"].startswith(expected)
    assert expected in caplog.text
    rejected = {one.labels[1]: one.value for one in samples if one.metric is catalogue.LABEL_ODD_ROWS}
    assert rejected["with_invalid_value"] == round(1000 * share)


def test_a_few_invalid_labels_are_left_out(tmp_path: Path) -> None:
    """By hand: 10 of the right positives are unknown, so 945 of 990 are right."""
    log = ScoredLog(tmp_path)
    write(log, np.where(np.arange(1000) < 10, 5, TRUTHS).tolist())
    samples, problems = read(log)
    assert values(samples)[catalogue.ACCURACY] == pytest.approx(945 / 990)
    assert problems == {}


def test_a_correction_of_an_invalid_label_counts(tmp_path: Path) -> None:
    log = ScoredLog(tmp_path)
    write(log, np.where(TRUTHS, 1, 2).tolist())
    rows = pd.read_parquet(tmp_path / "labels" / f"{START + DAY:%Y-%m-%d}.parquet")
    again = rows.assign(**{LABEL: TRUTHS, AT: rows[AT] + DAY / 4})
    pd.concat([rows, again]).to_parquet(tmp_path / "labels" / f"{START + DAY:%Y-%m-%d}.parquet")
    found = values(read(log)[0])
    assert {metric: found[metric] for metric in RIGHT} == pytest.approx(RIGHT)


def test_a_positive_value_that_no_label_has_is_told(tmp_path: Path) -> None:
    log = ScoredLog(tmp_path)
    write(log, np.where(TRUTHS, "FRAUD", "ok").tolist())
    problems = read(log, positive="fraud")[1]
    assert problems["labels"] == "none of 1000 is in labels.positive (fraud): their values are FRAUD, ok"


def test_scores_in_percent_are_withheld_until_the_threshold_is_in_percent(tmp_path: Path) -> None:
    log = ScoredLog(tmp_path)
    write(log, TRUTHS.tolist(), 100 * SCORES)
    samples, problems = read(log)
    found = values(samples)
    assert not PERFORMANCE & found.keys()
    assert found[catalogue.LABEL_INVALID_RATIO] == 1
    assert (found[catalogue.LABEL_ROWS], found[catalogue.LABEL_COVERAGE_RATIO]) == (1000, 1), "they have a label"
    assert catalogue.PERFORMANCE_WITHHELD in alerts(samples)
    assert "1000 of 1000 scores are no probabilities from 0 to 1; they look like percent" in " ".join(problems.values())
    found = values(read(log, threshold=25)[0])
    assert {metric: found[metric] for metric in RIGHT} == pytest.approx(RIGHT)
    assert catalogue.LOG_LOSS not in found


def test_a_few_scores_that_are_no_probabilities_are_left_out(tmp_path: Path) -> None:
    """By hand: 10 of the right negatives cannot be judged, so 945 of 990 are right."""
    log = ScoredLog(tmp_path)
    write(log, TRUTHS.tolist(), np.where(np.arange(1000) < 990, SCORES, 7.0))
    samples, problems = read(log)
    found = values(samples)
    assert found[catalogue.ACCURACY] == pytest.approx(945 / 990)
    assert catalogue.LOG_LOSS in found
    assert problems == {}
    rejected = {one.labels[1]: one.value for one in samples if one.metric is catalogue.LABEL_ODD_ROWS}
    assert rejected["prediction_with_improper_score"] == 10


def outcome(performance: Classified, improper: int = 0) -> Outcome:
    return Outcome(performance.rows, performance.rows, improper, np.zeros(0, np.int64), performance)


def remark(found: Outcome) -> dict[str, str]:
    body = {"task": "multiclass_classification", "labels": labels_section(), "reference": REFERENCE}
    columns = {"prediction_id": ID, "prediction": "answer", "scores": {"cat": "p_cat", "dog": "p_dog"}}
    inference = {"source": {"local": "predictions/%Y-%m-%d.parquet"}, "grain": "1d", "columns": columns}
    spec = ModelSpec.model_validate(document(**body, inference=inference))
    window = MatureWindow("24h", START, {Group("v1"): found})
    return dict(remarks.withheld(spec, LabelRule("multiclass_classification"), [window]))


def test_classes_that_the_two_logs_name_differently_are_not_compared() -> None:
    """By hand: cat and dog against 0 and 1. One class that is always wrong is a bad model, not another name."""
    cat, dog, zero, one = class_keys(["cat", "dog", "0", "1"])
    rows, none = np.arange(200), np.full(200, np.nan)
    other = outcome(classified(np.where(rows % 2, cat, dog), np.where(rows % 3, zero, one), none))
    assert other.withheld
    assert remark(other)["performance of version v1"].startswith("withheld in the 24h window: no label is one of the")
    wrong = outcome(classified(np.full(200, cat), np.where(rows % 2, dog, zero), none))
    shared = outcome(classified(np.where(rows % 2, cat, dog), np.where(rows == 1, cat, zero), none))
    assert (wrong.withheld, shared.withheld) == (False, False)
    assert remark(wrong) == remark(shared) == {}


def test_scores_of_classes_that_are_no_probabilities_are_told() -> None:
    cat, dog = class_keys(["cat", "dog"])
    rows = np.arange(200)
    found = remark(outcome(classified(np.where(rows % 2, cat, dog), np.full(200, cat), np.full(200, np.nan)), 200))
    ((subject, reason),) = found.items()
    assert subject == "log loss, Brier score and calibration of version v1"
    assert "the scores of 200 of 200 rows are no probabilities, each from 0 to 1 and together 1" in reason


def delays(samples: list[Sample]) -> list[float]:
    return [sample.value for sample in samples if sample.metric is catalogue.LABEL_DELAY_SECONDS]


def test_a_delay_is_withheld_where_labels_are_partitioned_by_their_prediction(tmp_path: Path) -> None:
    """Without a time of their own, labels in the partition of their prediction would seem to take half a day."""
    untimed = {"columns": {"prediction_id": ID, "label": LABEL}}
    by_arrival, by_prediction = ScoredLog(tmp_path / "arrival"), ScoredLog(tmp_path / "prediction")
    write(by_arrival, TRUTHS.tolist(), days=4)
    write(by_prediction, TRUTHS.tolist(), days=4, late=pd.Timedelta(0))
    samples, problems = read(by_arrival, 5, **untimed)
    assert delays(samples) == pytest.approx([1.5 * 86400] * 3, rel=0.02), "from noon to the end of the next day"
    assert problems == {}
    samples, problems = read(by_prediction, 5, **untimed)
    assert delays(samples) == []
    assert values(samples)[catalogue.ACCURACY] == pytest.approx(0.955), "performance does not depend on it"
    assert problems["delay of labels"].startswith("withheld: every label is in the partition of its prediction")
    assert delays(read(by_prediction, 5)[0]) == pytest.approx([1] * 3, rel=0.02), "their own time tells"


@pytest.mark.parametrize(
    ("log_name", "days", "subject"),
    [
        ("predictions", -2, "times of predictions"),
        ("predictions", 2, "times of predictions"),
        ("labels", 3, "times of labels"),
    ],
)
def test_times_that_are_shifted_out_of_their_partition_are_told(
    tmp_path: Path, log_name: str, days: int, subject: str
) -> None:
    log = ScoredLog(tmp_path)
    write(log, TRUTHS.tolist())
    for path in (tmp_path / log_name).iterdir():
        rows = pd.read_parquet(path)
        rows.assign(**{AT: rows[AT] + days * DAY}).to_parquet(path)
    # The newest window is the day of the rows.
    samples, problems = read(log, 1 if log_name == "predictions" else 2)
    assert catalogue.LOG_ROWS_UNUSABLE in alerts(samples)
    assert problems[subject].startswith("1000 of 1000 rows are left out: their time is")
