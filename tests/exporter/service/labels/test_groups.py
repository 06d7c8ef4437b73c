"""Performance by role and by segment, from a log: each group equals what scikit-learn computes from its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.windows import Sample
from exporter.service.snapshot import render
from scored_log import AT, ID, LABEL, SCORE, ScoredLog, after, document, moments

ROWS = 6000
PLAN, ROLE = "plan", "role"
INFERENCE = document()["spec"]["inference"]
BODY: dict[str, Any] = {
    "inference": {**INFERENCE, "columns": {**INFERENCE["columns"], "role": ROLE}},
    "segments": [PLAN],
    "limits": {"segments": 2},
}
THRESHOLD = 0.25


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """Two days of predictions: a challenger that ranks worse, and plans of which one is rare and one is not named."""
    random = np.random.default_rng(4)
    truth, plans = random.beta(1, 4, ROWS), ["free", "paid", "rare", None]
    shadow = random.random(ROWS) < 0.3
    rows = pd.DataFrame(
        {
            ID: np.arange(ROWS),
            AT: moments(random, ROWS, 2),
            SCORE: np.where(shadow, random.beta(1, 4, ROWS), truth),
            ROLE: np.where(shadow, "challenger", "champion"),
            PLAN: random.choice(plans, ROWS, p=[0.5, 0.3, 0.1, 0.1]),
            LABEL: random.random(ROWS) < truth,
        }
    )
    return rows.assign(came=random.random(ROWS) < 0.9)


@pytest.fixture
def log(tmp_path: Path, made: pd.DataFrame) -> ScoredLog:
    random, written = np.random.default_rng(5), ScoredLog(tmp_path)
    scores = random.beta(1, 4, 8000)
    plans = random.choice(["free", "paid", "rare"], 8000, p=[0.6, 0.3, 0.1])
    written.put_reference(pd.DataFrame({SCORE: scores, LABEL: random.random(8000) < scores, PLAN: plans}))
    written.put_predictions(made.drop(columns=[LABEL, "came"]))
    written.put_labels(made.loc[made["came"], [ID, AT, LABEL]])
    return written


def told(samples: list[Sample], role: str = "", segment: str = "") -> dict[Metric, float]:
    return {one.metric: one.value for one in samples if one.labels == ("loans", "v1", "24h", role, segment)}


def exact(rows: pd.DataFrame) -> dict[Metric, float]:
    known = rows[rows["came"]]
    truth, scores = known[LABEL], known[SCORE]
    return {
        catalogue.LABEL_ROWS: len(known),
        catalogue.LABEL_COVERAGE_RATIO: len(known) / len(rows),
        catalogue.RECALL: metrics.recall_score(truth, scores >= THRESHOLD),
        catalogue.F1_SCORE: metrics.f1_score(truth, scores >= THRESHOLD),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truth, scores),
    }


def first_day(made: pd.DataFrame) -> pd.DataFrame:
    return made[made[AT] < made[AT].min().normalize() + pd.Timedelta(days=1)]


def test_each_role_and_segment_has_the_metrics_of_its_rows(log: ScoredLog, made: pd.DataFrame) -> None:
    samples, day = log.read(2, **BODY), first_day(made)
    for role in ("champion", "challenger"):
        whole = day[day[ROLE] == role]
        parts = {"": whole} | {f"{PLAN}={plan}": whole[whole[PLAN] == plan] for plan in ("free", "paid")}
        for segment, rows in parts.items():
            found, expected = told(samples, role, segment), exact(rows)
            assert {metric: found[metric] for metric in expected} == pytest.approx(expected)
            known = rows[rows["came"]]
            assert found[catalogue.AUROC] == pytest.approx(metrics.roc_auc_score(known[LABEL], known[SCORE]), abs=0.002)
            assert {catalogue.CALIBRATION_ERROR, catalogue.AUROC_CI_LOWER, catalogue.LOG_LOSS} <= found.keys()
    segments = {one.labels[-1] for one in samples if one.metric is catalogue.LABEL_ROWS}
    assert segments == {"", "plan=free", "plan=paid"}, "capped: the reference's most frequent"


def test_roles_have_provisional_metrics_and_estimates_and_segments_have_none(log: ScoredLog) -> None:
    samples = log.read(2, **BODY)
    for metric in (catalogue.AUROC_PROVISIONAL, catalogue.AUROC_ESTIMATED, catalogue.AUROC_ESTIMATED_GAP):
        assert [one.labels for one in samples if one.metric == metric] == [
            ("loans", "v1", "24h", role) for role in ("challenger", "champion")
        ]


def test_a_restart_changes_nothing_and_another_choice_of_segments_reads_no_prediction_again(log: ScoredLog) -> None:
    reader = log.reader(**BODY)
    before = reader.read(after(2))
    again = log.reader(**BODY)
    assert again.read(after(2)) == before
    reference = pd.read_parquet(log.folder / "reference.parquet")
    log.put_reference(reference.assign(**{PLAN: np.where(reference[PLAN] == "free", "rare", "paid")}))
    assert again._labels is not None
    found = {one.labels[-1] for one in again.read(after(2)) if one.metric is catalogue.LABEL_ROWS}
    assert found == {"", "plan=rare", "plan=paid"}
    assert again._labels._logs.predictions.built == 0


def test_without_a_role_or_segments_no_series_has_their_labels(log: ScoredLog) -> None:
    text = render(log.read(2), {}).text.decode()
    lines = [line for line in text.splitlines() if line.startswith(("ml_auroc", "ml_label_rows", "ml_calibration"))]
    assert lines
    assert not any("role=" in line or "segment=" in line for line in lines)
