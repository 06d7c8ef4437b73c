"""A stream of labels that come over a fortnight, sooner for high scores, some twice, some corrected, some never.

Once all have come every gauge is what pandas and scikit-learn make of the rows themselves; before that, what is told
provisionally is near what will turn out to be true.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.samples.windows import Sample
from scored_log import AT, DAY, ID, LABEL, SCORE, START, ScoredLog, after, moments

DAYS, LONGEST, MATURITY = 24, 14, 16
"""Days of predictions, and how many a label takes at most; a correction takes half a day more."""
ROWS = 36_000
THRESHOLD = 0.25
WINDOW = "14d"
KEY = ("loans", "v1", WINDOW)
OPEN = (14, 18, 24)
"""Days at whose end the newest fortnight is looked at, while its labels come."""
BODY = {
    "labels": {
        "source": {"local": "labels/%Y-%m-%d.parquet"},
        "grain": "1d",
        "columns": {"prediction_id": ID, "label": LABEL, "timestamp": AT},
        "maturity": f"{MATURITY}d",
        "threshold": THRESHOLD,
    },
    "windows": [WINDOW],
}


@dataclass(frozen=True)
class Stream:
    """Predictions and the rows of the label log, as they come."""

    seed: int

    @cached_property
    def predictions(self) -> pd.DataFrame:
        random = np.random.default_rng(self.seed)
        made = pd.DataFrame({ID: np.arange(ROWS), AT: moments(random, ROWS, DAYS), SCORE: random.beta(1, 8, ROWS)})
        return made.assign(truth=random.random(ROWS) < made[SCORE])

    @cached_property
    def labels(self) -> pd.DataFrame:
        """Half a day at the highest scores, a week at the lowest; some labels are corrected."""
        random, made = np.random.default_rng([self.seed, 1]), self.predictions
        days = np.minimum(7 * np.exp(-4 * made[SCORE]) * random.lognormal(0, 0.7, ROWS), LONGEST)
        fate = random.random(ROWS)
        corrected, doubled, never = fate < 0.03, (fate >= 0.03) & (fate < 0.05), fate >= 0.99
        first = made.assign(**{AT: made[AT] + pd.to_timedelta(days, unit="D").dt.ceil("s")})
        first[LABEL] = first["truth"] ^ corrected
        later = first.assign(**{AT: first[AT] + DAY / 2, LABEL: first["truth"]})
        rows = pd.concat([first[~never], later[corrected], first[doubled]])[[ID, AT, LABEL]]
        return rows.sample(frac=1, random_state=self.seed)

    def window(self, end: int) -> pd.DataFrame:
        """The predictions of the fortnight that ends after so many days, with their last labels."""
        first, made = START + (end - 14) * DAY, self.predictions
        rows = made[(made[AT] >= first) & (made[AT] < START + end * DAY)]
        newest = self.labels.sort_values(AT).groupby(ID)[[AT, LABEL]].last().add_prefix("newest_")
        return rows.merge(newest, on=ID, how="left")

    def written(self, folder: Path) -> ScoredLog:
        log, random = ScoredLog(folder), np.random.default_rng([self.seed, 2])
        scores = random.beta(1, 8, 20_000)
        log.put_reference(pd.DataFrame({SCORE: scores, LABEL: random.random(20_000) < scores}))
        log.put_predictions(self.predictions.drop(columns="truth"))
        log.put_labels(self.labels)
        return log


def values(samples: list[Sample]) -> dict[Metric, float]:
    return {one.metric: one.value for one in samples if one.labels[:3] == KEY}


def scikit_learn(rows: pd.DataFrame) -> dict[Metric, float]:
    truth, scores = rows[f"newest_{LABEL}"].astype(bool), rows[SCORE]
    decided = scores >= THRESHOLD
    return {
        catalogue.F1_SCORE: metrics.f1_score(truth, decided),
        catalogue.PRECISION: metrics.precision_score(truth, decided),
        catalogue.RECALL: metrics.recall_score(truth, decided),
        catalogue.ACCURACY: metrics.accuracy_score(truth, decided),
        catalogue.LOG_LOSS: metrics.log_loss(truth, scores),
        catalogue.BRIER_SCORE: metrics.brier_score_loss(truth, scores),
    }


def auroc(rows: pd.DataFrame) -> float:
    return float(metrics.roc_auc_score(rows[f"newest_{LABEL}"].astype(bool), rows[SCORE]))


def test_after_the_last_label_every_gauge_is_that_of_the_rows_themselves(tmp_path: Path) -> None:
    stream = Stream(1)
    log = stream.written(tmp_path)
    reader = log.reader(**BODY)
    for day in (*range(10, 14 + MATURITY, 7), 14 + MATURITY):  # as the stream comes, with a restart in between
        reader = log.reader(**BODY) if day == 24 else reader
        samples = reader.read(after(day))
    rows = stream.window(14)
    known = rows.dropna(subset=[f"newest_{LABEL}"])
    found = values(samples)
    exact = scikit_learn(known) | {
        catalogue.LABEL_ROWS: len(known),
        catalogue.LABEL_COVERAGE_RATIO: len(known) / len(rows),
    }
    assert {metric: found[metric] for metric in exact} == pytest.approx(exact)
    assert found[catalogue.AUROC] == pytest.approx(auroc(known), abs=0.001)
    delays = (known[f"newest_{AT}"] - known[AT]).dt.total_seconds()
    told = {one.labels[-1]: one.value for one in samples if one.metric is catalogue.LABEL_DELAY_SECONDS}
    assert told == pytest.approx(
        {str(share): np.quantile(delays, share / 100, method="inverted_cdf") for share in (50, 90, 99)}, rel=0.0105
    )
    assert 0.985 < len(known) / len(rows) < 0.995


def deviations(stream: Stream, log: ScoredLog, day: int, metric: Metric, truth: float) -> float:
    """How many standard errors a provisional value is off, by its interval of 1.96 of them on either side."""
    found = values(log.read(day, f"store-{day}", **BODY))
    lower, upper = metric.provisional().interval()
    return abs(found[metric.provisional()] - truth) / ((found[upper] - found[lower]) / 3.92)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", OPEN)
def test_before_it_provisional_metrics_are_within_two_standard_errors_of_the_truth(
    tmp_path: Path, seed: int, day: int
) -> None:
    stream = Stream(seed)
    log, rows = stream.written(tmp_path), stream.window(day).dropna(subset=[f"newest_{LABEL}"])
    assert deviations(stream, log, day, catalogue.AUROC, auroc(rows)) < 2


def test_labels_that_have_come_alone_would_be_far_from_it(tmp_path: Path) -> None:
    """What the weights are for: of the newest fortnight, early labels are of high scores."""
    stream = Stream(1)
    log, rows = stream.written(tmp_path), stream.window(24).dropna(subset=[f"newest_{LABEL}"])
    found = values(log.read(24, **BODY))
    early = rows[rows[f"newest_{AT}"] < START + 24 * DAY]
    truth, plain = scikit_learn(rows), scikit_learn(early)
    for metric in (catalogue.RECALL, catalogue.BRIER_SCORE, catalogue.LOG_LOSS):
        assert abs(found[metric.provisional()] - truth[metric]) < abs(plain[metric] - truth[metric]) / 2
    assert found[catalogue.LABEL_REPRESENTED_RATIO] > 0.9
    assert found[catalogue.LABEL_EFFECTIVE_ROWS] < len(early)
