"""The weeks of the log that an estimator is fitted on: it does not adapt to concept drift."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest

from exporter import catalogue
from exporter.samples.conditions import conditions
from exporter.samples.windows import Sample
from exporter.sources.stores.local import Local
from exporter.store.profiles import ProfileStore
from labelled_weeks import A_DAY, WEEK, estimated, expected, expected_fit, weeks
from scored_log import START, ScoredLog, after

TRAILING: Final[dict[str, Any]] = {"reference": {"trailing": "2w"}}


def of_weeks(rows: pd.DataFrame, *numbers: int) -> pd.DataFrame:
    return rows[(rows["day"] // WEEK).isin(numbers)]


def agrees(log: ScoredLog, rows: pd.DataFrame, fitted: pd.DataFrame, day: int, samples: list[Sample]) -> bool:
    """Whether the estimates of the newest day are what those rows give to expect of it."""
    reader, now = log.reader("other", **TRAILING), after(day).now
    exact = expected(reader, expected_fit(reader, fitted, now), rows[rows["day"] == day - 1], now)
    found = estimated(samples)
    return found.keys() == exact.keys() and found == pytest.approx(exact, rel=1e-9)


def alarms(samples: list[Sample]) -> bool:
    return catalogue.CONCEPT_DRIFT_ALERT in {found.alert for found in conditions(samples, {"7d"})}


def test_the_newest_whole_mature_weeks_are_fitted(tmp_path: Path) -> None:
    """After four weeks the last one is not mature, a day being needed; a day later it is."""
    rows, log = weeks(tmp_path, 29), ScoredLog(tmp_path)
    reader = log.reader(**TRAILING)
    assert agrees(log, rows, of_weeks(rows, 1, 2), 28, reader.read(after(28)))
    assert agrees(log, rows, of_weeks(rows, 2, 3), 29, reader.read(after(29)))


def test_an_alarming_week_is_excluded_and_without_any_other_the_last_fit_stays(tmp_path: Path) -> None:
    """The look-back is four weeks and some days: the first week is no longer whole in it."""
    rows, log = weeks(tmp_path, 29), ScoredLog(tmp_path)
    reader, store = log.reader(**TRAILING), ProfileStore(tmp_path / "store")
    first = reader.read(after(28))
    mondays = [START.date() + timedelta(weeks=week) for week in range(4)]
    for name in ("loans/outcomes", "loans"):
        store.save_alarming_weeks("loans/outcomes", ())
        store.save_alarming_weeks(name, {mondays[2]})
        samples = log.read(28, **TRAILING)
        assert len(estimated(samples)) == 5
        assert estimated(samples) != estimated(first)
    store.save_alarming_weeks("loans", ())
    store.save_alarming_weeks("loans/outcomes", {mondays[2]})
    assert agrees(log, rows, of_weeks(rows, 1), 28, reader.read(after(28)))
    store.save_alarming_weeks("loans/outcomes", mondays)
    for one in (reader, log.reader(**TRAILING)):
        assert agrees(log, rows, of_weeks(rows, 1), 28, one.read(after(28)))
    store.save_alarming_weeks("loans/outcomes", ())
    assert estimated(reader.read(after(28))) == estimated(first)


def test_other_outcomes_alarm_for_as_long_as_they_last(tmp_path: Path) -> None:
    """They begin in the fourth week; at the end all that is looked back on is theirs, and the alert still holds."""
    weeks(tmp_path, 56, others_from=22)
    reader = ScoredLog(tmp_path).reader(**TRAILING, windows=["1d", "7d"], alerting={"windows": ["7d"]})
    found = {day: alarms(reader.read(after(day))) for day in range(21, 57, 5)}
    assert found == {21: False, 26: False, 31: True, 36: True, 41: True, 46: True, 51: True, 56: True}


def test_a_restart_reads_nothing_and_fits_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks(tmp_path, 28)
    before = estimated(ScoredLog(tmp_path).read(28, **TRAILING))
    assert len(before) == 5
    monkeypatch.setattr(Local, "profile", lambda *_: pytest.fail("a log was read again"))
    assert estimated(ScoredLog(tmp_path).read(28, **TRAILING)) == before


def test_before_a_week_is_mature_there_are_no_estimates_and_the_page_shows_why(tmp_path: Path) -> None:
    weeks(tmp_path, 8)
    reader = ScoredLog(tmp_path).reader(**TRAILING, labels=None)
    assert estimated(reader.read(after(8))) == {}, "a log without labels teaches nothing"
    reader = ScoredLog(tmp_path).reader("late", **TRAILING)
    assert estimated(reader.read(after(7))) == {}
    assert reader.problems == {"labels of the reference": "the log holds no whole week without an alarm that is mature"}
    assert reader.record.failures == {}, "nothing has failed"
    assert len(estimated(reader.read(after(8)))) == 5
    assert reader.problems == {}


def test_a_challenger_s_outcomes_are_not_fitted(tmp_path: Path) -> None:
    """Half of the rows are a challenger's, whose scores are the wrong way round."""
    rows, log = weeks(tmp_path, 28), ScoredLog(tmp_path)
    for day in range(28):
        path = next((tmp_path / "predictions").glob(f"*{START + pd.Timedelta(days=day):%Y-%m-%d}*"))
        table = pd.read_parquet(path)
        shadow = table["id"] % 2 == 1
        table["score"] = table["score"].where(~shadow, 1 - table["score"])
        table.assign(role=shadow.map({True: "challenger", False: "champion"})).to_parquet(path, index=False)
    assert len(rows) == 28 * A_DAY
    inference = log.reader().spec.spec.inference.model_dump(mode="json", by_alias=True, exclude_none=True)
    inference["columns"]["role"] = "role"
    samples = log.read(28, inference=inference, **TRAILING)
    area = {one.labels[3]: one.value for one in samples if one.metric == catalogue.AUROC_ESTIMATED}
    assert area["champion"] > 0.7
