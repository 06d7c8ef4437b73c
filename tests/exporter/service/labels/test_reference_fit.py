"""The estimator is fitted on the reference's labels once; without one only the estimates are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exporter import catalogue
from exporter.errors import SourceUnavailable
from exporter.samples.windows import Sample
from exporter.sources.stores.local import Local
from scored_log import AT, ID, LABEL, SCORE, ScoredLog, after, moments

ROWS = 3000


@pytest.fixture
def log(tmp_path: Path) -> ScoredLog:
    random, written = np.random.default_rng(1), ScoredLog(tmp_path)
    scores = random.beta(1, 4, ROWS)
    written.put_reference(pd.DataFrame({SCORE: scores, LABEL: random.random(ROWS) < scores}))
    written.put_predictions(pd.DataFrame({ID: np.arange(ROWS), AT: moments(random, ROWS, 1), SCORE: scores}))
    return written


def estimated(samples: list[Sample]) -> dict[str, float]:
    return {one.metric.name: one.value for one in samples if one.metric.name.endswith("_estimated")}


def test_a_restart_fits_the_same_and_reads_nothing(log: ScoredLog, monkeypatch: pytest.MonkeyPatch) -> None:
    before = estimated(log.read(1, labels=None))
    assert len(before) == 5
    with monkeypatch.context() as patch:
        patch.setattr(Local, "profile", lambda *_: pytest.fail("the reference was read again"))
        reader = log.reader(labels=None)
        assert [estimated(reader.read(after(1))) for _ in range(2)] == [before, before]


def test_a_rewritten_reference_is_fitted_again(log: ScoredLog) -> None:
    reader = log.reader(labels=None)
    before = estimated(reader.read(after(1)))
    random = np.random.default_rng(2)
    scores = random.beta(1, 4, ROWS)
    log.put_reference(pd.DataFrame({SCORE: scores, LABEL: random.random(ROWS) < 0.5}))
    now = estimated(reader.read(after(1)))
    assert now[catalogue.AUROC_ESTIMATED.name] < before[catalogue.AUROC_ESTIMATED.name] - 0.1
    assert len(list((log.folder / "store" / "loans" / "labelled-reference").glob("*.arrow"))) == 1


@pytest.mark.parametrize(
    ("columns", "stage", "why"),
    [
        ({"label": "nobody"}, "column", "the column nobody is missing"),
        ({"label": "unknown"}, "reference", "none of its rows has a label"),
    ],
)
def test_a_reference_without_an_estimator_costs_only_the_estimates(
    log: ScoredLog, columns: dict[str, str], stage: str, why: str
) -> None:
    rows = pd.read_parquet(log.folder / "reference.parquet")
    log.put_reference(rows.assign(unknown=np.nan))
    body: dict[str, Any] = {"labels": None, "reference": {"source": {"local": "reference.parquet"}, "columns": columns}}
    reader = log.reader(**body)
    for _ in range(2):
        samples = reader.read(after(1))
        assert estimated(samples) == {}
        assert catalogue.PREDICTION_MEAN in {one.metric for one in samples}
        assert reader.problems == {"labels of the reference": why}
    assert reader.record.failures == {stage: 1}, "told once"


def test_a_source_that_does_not_answer_is_read_again(log: ScoredLog, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = estimated(log.read(1, store="other", labels=None))
    reader, read = log.reader(labels=None), Local.profile

    def refuse(source: Local, partition: Any, selection: Any, reduce: Any) -> Any:
        if selection.keys == (SCORE, LABEL):
            raise SourceUnavailable("busy")
        return read(source, partition, selection, reduce)

    with monkeypatch.context() as patch:
        patch.setattr(Local, "profile", refuse)
        assert estimated(reader.read(after(1))) == {}
        assert reader.problems == {"labels of the reference": "busy"}
    assert estimated(reader.read(after(1))) == expected
    assert reader.problems == {}


def test_without_a_score_in_the_reference_nothing_is_fitted(log: ScoredLog) -> None:
    rows = pd.read_parquet(log.folder / "reference.parquet")
    log.put_reference(rows.drop(columns=SCORE))
    assert estimated(log.read(1, labels=None)) == {}
