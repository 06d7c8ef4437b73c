"""A period that is long past gives the same estimator as a data set: it is read once, and dropped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.errors import SourceUnavailable
from exporter.service.labels import period_outcomes
from exporter.sources.stores.local import Local
from labelled_weeks import estimated, expected, expected_fit, weeks
from scored_log import ID, LABEL, ScoredLog, after

PERIOD: Final[dict[str, Any]] = {"reference": {"period": {"from": "2026-03-02", "to": "2026-03-08"}}}


@pytest.mark.parametrize("task", ["binary_classification", "regression"])
def test_its_outcomes_give_the_same_estimator_as_its_rows(tmp_path: Path, task: str) -> None:
    binary = task == "binary_classification"
    rows, log = weeks(tmp_path, 21, regression=not binary), ScoredLog(tmp_path)
    reader, now = log.reader(task=task, **PERIOD), after(21).now
    found = estimated(reader.read(after(21)))
    fitted = expected_fit(reader, rows[rows["day"] < 7], now, binary=binary)
    exact = expected(reader, fitted, rows[rows["day"] == 20], now)
    assert found.keys() == exact.keys()
    assert found == pytest.approx(exact, rel=1e-9)


def test_it_is_read_once_and_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks(tmp_path, 21)
    log, read, times = ScoredLog(tmp_path), Local.profile, Counter[str]()

    def counted(source: Local, partition: Any, selection: Any, reduce: Any) -> Any:
        times[partition.name] += LABEL in selection.columns and ID in selection.columns
        return read(source, partition, selection, reduce)

    monkeypatch.setattr(Local, "profile", counted)
    reader = log.reader(**PERIOD)
    before = estimated(reader.read(after(21)))
    assert len(before) == 5
    assert max(times.values()) == 1, "no partition of labels is read twice"
    for kind in ("predictions", "labels", "answers"):
        assert not list((tmp_path / "store" / "loans" / f"period-{kind}").glob("*.arrow"))
    monkeypatch.setattr(Local, "profile", lambda *_: pytest.fail("a log was read again"))
    assert estimated(reader.read(after(21))) == before
    assert estimated(log.read(21, **PERIOD)) == before, "after a restart"


def test_it_waits_until_its_last_prediction_is_mature(tmp_path: Path) -> None:
    weeks(tmp_path, 21)
    reader = ScoredLog(tmp_path).reader(**PERIOD)
    assert estimated(reader.read(after(7))) == {}
    why = "the labels of its period are not mature before 2026-03-10 00:00 UTC"
    assert reader.problems == {"labels of the reference": why}
    assert len(estimated(reader.read(after(8)))) == 5


def test_a_refresh_reads_a_part_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weeks(tmp_path, 21)
    expected_ = estimated(ScoredLog(tmp_path).read(21, "other", **PERIOD))
    monkeypatch.setattr(period_outcomes, "MOST_PARTITIONS", 3)
    reader = ScoredLog(tmp_path).reader(**PERIOD)
    found = [estimated(reader.read(after(21))) for _ in range(4)]
    assert found == [{}, {}, expected_, expected_]
    reader = ScoredLog(tmp_path).reader("broken", **PERIOD)
    assert estimated(reader.read(after(21))) == {}
    assert reader.problems == {"labels of the reference": "the labels of its period are being read"}
    assert [estimated(ScoredLog(tmp_path).reader("broken", **PERIOD).read(after(21))) for _ in range(2)][
        -1
    ] == expected_


def test_a_label_log_that_does_not_answer_costs_the_estimates_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks(tmp_path, 21)
    reader, listed = ScoredLog(tmp_path).reader(**PERIOD), Local.partitions

    def refuse(source: Local, starts: Any) -> Any:
        if starts and starts[0] == after(0).now.replace(hour=0) and len(starts) == 8:
            raise SourceUnavailable("busy")
        return listed(source, starts)

    with monkeypatch.context() as patch:
        patch.setattr(Local, "partitions", refuse)
        samples = reader.read(after(21))
        assert samples
        assert estimated(samples) == {}
        assert reader.record.failures == {"read": 1}
    assert len(estimated(reader.read(after(21)))) == 5


def test_without_labels_nothing_is_fitted(tmp_path: Path) -> None:
    weeks(tmp_path, 21)
    for path in sorted((tmp_path / "labels").glob("*"))[:9]:
        path.unlink()
    reader = ScoredLog(tmp_path).reader(**PERIOD)
    assert estimated(reader.read(after(21))) == {}
    assert reader.problems == {"labels of the reference": "no prediction of its period has a label"}
