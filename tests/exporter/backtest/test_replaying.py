"""The past through the exporter's own code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exporter import catalogue
from exporter.backtest.injection import FaultKind, Injection, damage
from exporter.backtest.replaying import Replayer, moments
from exporter.errors import LeewayError, UsageError
from exporter.samples.conditions import Condition, conditions
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.solved import with_rate
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from replayed import HOUR, PACES, RAISED, STRETCH, loaded, replayer, write_log

AGE = Condition(catalogue.FEATURE_DRIFT_HIGH, ("fraud", "v3", "age", "1h", "", ""))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two days, which no test changes."""
    folder = tmp_path_factory.mktemp("replaying")
    write_log(folder)
    return folder


def test_a_moment_is_when_a_window_is_complete(folder: Path) -> None:
    inference = loaded(folder).spec.spec.inference
    span = Window(datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC))
    complete = [datetime(2026, 11, 23, hour, 0, 1, tzinfo=UTC) for hour in (2, 3)]
    assert moments(inference, span) == complete, "the delay of this log is a second"


def test_it_says_at_every_moment_what_the_exporter_would_have_said(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    replay = replayer(folder).replay(lambda done, total: told.append((done, total)))
    exporter = ModelReader(loaded(folder), ProfileStore(tmp_path))
    for moment, held in replay.held.items():
        assert held == conditions(exporter.read(Attempt(moment)), {"1h"})
    assert told == [(done, 24) for done in range(1, 25)]


def test_what_went_wrong_is_found_when_it_did(folder: Path) -> None:
    replay = replayer(folder).replay()
    drifted = {moment.hour - 1 for moment, held in replay.held.items() if AGE in held}
    assert drifted == set(RAISED)
    (alert,) = [firing for firing in replay.firings if firing.condition == AGE]
    first = STRETCH.start + RAISED[0] * HOUR
    assert alert.start == first + HOUR + timedelta(seconds=1, minutes=10)
    assert alert.end == first + 4 * HOUR + timedelta(seconds=1, minutes=15)
    near = [values[catalogue.FEATURE_DRIFT_HIGH] for values in replay.near.values()]
    assert [value > 1 for value in near] == [hour in RAISED for hour in range(24)]


def test_a_second_replay_reads_nothing_again(folder: Path) -> None:
    first = replayer(folder)
    first.replay()
    again = replayer(folder)
    again.replay()
    assert again.reader.record.built == 0


def test_another_rate_is_another_threshold_on_the_same_profiles(folder: Path) -> None:
    first = replayer(folder, thresholds={"prediction_mean_shift": 0})
    replay = first.replay()
    strict = first.under(with_rate(first.loaded.spec, 1e-9))
    other = strict.replay()
    assert strict.reader.record.built == 0
    assert all(other.held[moment] <= held for moment, held in replay.held.items())
    nearest = max(values[catalogue.PREDICTION_SCORE_SHIFT] for values in replay.near.values())
    assert max(values[catalogue.PREDICTION_SCORE_SHIFT] for values in other.near.values()) < nearest


def _fault(replaying: Replayer, kind: FaultKind, column: str, hour: int) -> Injection:
    at = STRETCH.start + hour * HOUR
    return Injection(kind, column, at, damage(kind, column, replaying.reference(at + HOUR), 0))


def test_a_fault_is_seen_after_its_partition_the_delay_a_refresh_and_the_hold(folder: Path) -> None:
    replaying = replayer(folder)
    calm = replaying.replay()
    sighting = replaying.sight(_fault(replaying, FaultKind.NULLS, "credit_balance", 2), calm, timedelta(hours=6))
    assert sighting.alert is not None
    assert sighting.alert.condition.label(catalogue.FEATURE) in {"credit_balance", ""}
    assert sighting.after == HOUR + timedelta(seconds=1 + 1, minutes=10)
    assert replaying.source.injection is None


def test_what_fires_anyway_is_not_the_faults(folder: Path) -> None:
    replaying = replayer(folder)
    calm = replaying.replay()
    nothing = replace(_fault(replaying, FaultKind.SHIFT, "age", RAISED[0]), damage=lambda column: column)
    sighting = replaying.sight(nothing, calm, timedelta(hours=6))
    assert (sighting.alert, sighting.after) == (None, None)


def test_a_trailing_reference_begins_each_replay_with_no_week_left_out(folder: Path) -> None:
    replaying = replayer(folder)
    replaying.store.save_alarming_weeks("fraud", [datetime(2026, 11, 9, tzinfo=UTC).date()])
    replaying.replay()
    assert replaying.store.load_alarming_weeks("fraud") == frozenset()


def test_days_of_which_the_log_has_nothing_are_refused(folder: Path) -> None:
    empty = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(UsageError, match=r"holds nothing from 2026-01-01 00:00 to 2026-01-02 00:00 UTC"):
        Replayer.of(loaded(folder), empty, ProfileStore(folder / "replayed", forgets=False), PACES)


def test_a_moment_that_cannot_be_evaluated_is_named(folder: Path) -> None:
    replaying = replayer(folder, reference={"source": {"local": "nowhere.parquet"}})
    with pytest.raises(LeewayError, match=r"fraud at 2026-11-23 01:00 UTC: there is nothing at nowhere\.parquet"):
        replaying.replay()
