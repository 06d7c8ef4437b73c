"""Replay with the exporter's own code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulated_log
from exporter import catalogue
from exporter.backtest.injection import FaultKind, Injection, InjectionRequest, damage
from exporter.backtest.label_faults import label_injections
from exporter.backtest.replaying import Replayer, evaluation_times
from exporter.demo.simulation import write_log as write_simulated
from exporter.errors import LeewayError, UsageError
from exporter.samples.conditions import Condition
from exporter.samples.judgements import judgements, nearest
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.spec.solved import with_rate
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from replayed import ALERT_TIMINGS, HOUR, PERIOD, RAISED, loaded, replayer, write_log


@pytest.fixture(scope="module")
def folder_of_labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two days with its labels, which no test changes."""
    folder = tmp_path_factory.mktemp("labels")
    write_simulated(simulated_log.WORLD, folder, simulated_log.START, simulated_log.END, weeks=1, rows=2000)
    return folder


AGE = Condition(catalogue.FEATURE_DRIFT_HIGH, ("fraud", "v3", "age", "1h", "", ""))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two days, which no test changes."""
    folder = tmp_path_factory.mktemp("replaying")
    write_log(folder)
    return folder


def test_evaluation_times_are_when_windows_are_complete(folder: Path) -> None:
    inference = loaded(folder).spec.spec.inference
    span = Window(datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC))
    complete = [datetime(2026, 11, 23, hour, 0, 1, tzinfo=UTC) for hour in (2, 3)]
    assert evaluation_times(inference, span) == complete, "the delay of this log is a second"


def test_a_replay_has_the_conditions_of_the_exporter(folder: Path, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    replay = replayer(folder).replay(lambda done, total: progress.append((done, total)))
    exporter = ModelReader(loaded(folder), ProfileStore(tmp_path))
    for time, holding in replay.conditions.items():
        judged = judgements(exporter.spec, exporter.read(Attempt(time)))
        assert holding == {condition for condition, each in judged.items() if each.holds}
    assert progress == [(done, 24) for done in range(1, 25)]


def test_a_drift_fires_at_the_right_time(folder: Path) -> None:
    replay = replayer(folder).replay()
    drifted = {time.hour - 1 for time, holding in replay.conditions.items() if AGE in holding}
    assert drifted == set(RAISED)
    (alert,) = [firing for firing in replay.firings if firing.condition == AGE]
    first = PERIOD.start + RAISED[0] * HOUR
    assert alert.start == first + HOUR + timedelta(seconds=1, minutes=10)
    assert alert.end == first + 4 * HOUR + timedelta(seconds=1, minutes=15)
    ratios = [values[catalogue.FEATURE_DRIFT_HIGH] for values in replay.threshold_ratios.values()]
    assert [value > 1 for value in ratios] == [hour in RAISED for hour in range(24)]


def test_a_second_replay_uses_stored_profiles(folder: Path) -> None:
    first = replayer(folder)
    first.replay()
    again = replayer(folder)
    again.replay()
    assert again.reader.record.built == 0


def test_another_rate_uses_the_same_profiles(folder: Path) -> None:
    first = replayer(folder, thresholds={"prediction_mean_shift": 0})
    replay = first.replay()
    strict = first.with_spec(with_rate(first.loaded.spec, 1e-9))
    other = strict.replay()
    assert strict.reader.record.built == 0
    assert all(other.conditions[time] <= holding for time, holding in replay.conditions.items())
    nearest = max(values[catalogue.PREDICTION_SCORE_SHIFT] for values in replay.threshold_ratios.values())
    assert max(values[catalogue.PREDICTION_SCORE_SHIFT] for values in other.threshold_ratios.values()) < nearest


def _fault(replaying: Replayer, kind: FaultKind, column: str, hour: int) -> Injection:
    at = PERIOD.start + hour * HOUR
    return Injection(kind, column, at, damage(kind, column, replaying.reference(at + HOUR), 0))


def test_a_detection_includes_partition_delay_refresh_and_for(folder: Path) -> None:
    replaying = replayer(folder)
    baseline = replaying.replay()
    detection = replaying.detect(_fault(replaying, FaultKind.NULLS, "credit_balance", 2), baseline, timedelta(hours=6))
    assert detection.alert is not None
    assert detection.alert.condition.label(catalogue.FEATURE) in {"credit_balance", ""}
    assert detection.after == HOUR + timedelta(seconds=1 + 1, minutes=10)
    assert replaying.source.injection is None


def test_alerts_of_the_baseline_are_not_detections(folder: Path) -> None:
    replaying = replayer(folder)
    baseline = replaying.replay()
    nothing = replace(_fault(replaying, FaultKind.SHIFT, "age", RAISED[0]), damage=lambda column: column)
    detection = replaying.detect(nothing, baseline, timedelta(hours=6))
    assert (detection.alert, detection.after) == (None, None)


def test_a_replay_forgets_the_alarming_weeks_of_another(folder: Path) -> None:
    replaying = replayer(folder)
    replaying.store.save_alarming_weeks("fraud", [datetime(2026, 11, 9, tzinfo=UTC).date()])
    replaying.replay()
    assert replaying.store.load_alarming_weeks("fraud") == frozenset()


def test_only_the_hours_that_the_log_has_are_replayed_and_counted(folder: Path, tmp_path: Path) -> None:
    longer = Window(PERIOD.start - timedelta(weeks=4), PERIOD.end + timedelta(weeks=1))
    found = Replayer.of(loaded(folder), longer, ProfileStore(tmp_path, forgets=False), ALERT_TIMINGS)
    assert found.period == Window(PERIOD.start - timedelta(days=1), PERIOD.end)
    assert found._counted() == timedelta(days=2)
    for hours, counted in ((range(30, 32), 48), (range(1, 47), 48)):
        source = replace(found.source, listed={**found.source.listed})
        source.listed.update(dict.fromkeys((found.period.start + hour * HOUR for hour in hours), None))
        assert replace(found, source=source)._counted() == counted * HOUR, "a gap as at night"
    late = found.period.end + timedelta(days=4)
    found.source.listed[late] = found.source.listed[found.period.start]
    assert replace(found, period=Window(found.period.start, late + HOUR))._counted() == 49 * HOUR, "an outage"


def test_labels_and_objectives_are_judged_with_what_had_come_by_then(folder_of_labels: Path, tmp_path: Path) -> None:
    slo = {"name": "auroc", "metric": "auroc", "at_least": 0.6, "objective": 0.5, "period": "2d", "slice": "12h"}
    spec = ModelSpec.model_validate(simulated_log.document(slos=[slo]))
    one = LoadedSpec(folder_of_labels / "fraud.yaml", spec)
    end = simulated_log.END
    replaying = Replayer.of(
        one, Window(end - 2 * HOUR, end), ProfileStore(tmp_path / "replayed", forgets=False), ALERT_TIMINGS
    )
    replay = replaying.replay()
    for time, ratios in replay.threshold_ratios.items():
        samples = ModelReader(one, ProfileStore(tmp_path / f"{time:%H}")).read(Attempt(time))
        assert ratios == nearest(judgements(spec, samples))
        assert {
            catalogue.LABEL_COVERAGE_LOW,
            catalogue.LABELS_LATE,
            catalogue.CALIBRATION_POOR,
            catalogue.ERROR_BUDGET_EXHAUSTED,
        } <= ratios.keys()
    assert replaying.labels is not None
    (stopped,) = label_injections(InjectionRequest.parse("stop"), spec.spec, end - 30 * HOUR)
    detection = replaying.detect(stopped, replay, HOUR)
    assert detection.alert is not None
    assert detection.alert.condition.alert.layer is catalogue.Layer.LABELS
    assert replaying.labels.injection is None


def test_days_without_partitions_are_refused(folder: Path) -> None:
    empty = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(UsageError, match=r"is empty from 2026-01-01 00:00 to 2026-01-02 00:00 UTC"):
        Replayer.of(loaded(folder), empty, ProfileStore(folder / "replayed", forgets=False), ALERT_TIMINGS)


def test_a_failed_evaluation_is_reported_with_its_time(folder: Path) -> None:
    replaying = replayer(folder, reference={"source": {"local": "nowhere.parquet"}})
    with pytest.raises(LeewayError, match=r"fraud at 2026-11-23 01:00 UTC: there is nothing at nowhere\.parquet"):
        replaying.replay()
