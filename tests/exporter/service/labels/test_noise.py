"""Where the variance of performance between days comes from: labels of the reference, or of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

from certain_excess import certain
from exporter import catalogue
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise
from exporter.samples.windows import Sample
from exporter.service.labels.noise import SUBJECT, LogFits, load_noise, past_hours, save_noise
from exporter.service.model_state import ModelState
from exporter.service.reading import ModelReader
from exporter.service.web import status_page
from exporter.sources.stores.local import Local
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import Key, ProfileStore
from labelled_weeks import weeks
from scored_log import AT, DAY, LABEL, SCORE, START, ScoredLog, after, document, moments

TIMES: Final[dict[str, Any]] = {
    "reference": {"source": {"local": "reference.parquet"}, "columns": {"label": LABEL, "timestamp": AT}}
}
DAYS, ROWS = 35, 300
STORMS = np.random.default_rng(1).normal(0, 0.12, DAYS)


def reference(folder: Path) -> None:
    """Five weeks before the log whose days have storms."""
    random = np.random.default_rng(0)
    at, scores = moments(random, DAYS * ROWS, DAYS) - DAYS * DAY, random.beta(1, 4, DAYS * ROWS)
    day = ((at - START) // DAY + DAYS).to_numpy()
    labels = random.random(DAYS * ROWS) < np.clip(scores + STORMS[day], 0, 1)
    ScoredLog(folder).put_reference(pd.DataFrame({AT: at, SCORE: scores, LABEL: labels}))


def effects(samples: list[Sample]) -> dict[str, float]:
    return {one.labels[2]: one.value for one in samples if one.metric is catalogue.LABEL_DESIGN_EFFECT}


def value(samples: list[Sample], metric: catalogue.Metric) -> float:
    (found,) = [one.value for one in samples if one.metric == metric]
    return found


def test_the_references_days_come_first_and_a_restart_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rate of 0.2 varies by 0.12 from day to day; the look-back of the log has too few days of its own."""
    weeks(tmp_path, 21)
    reference(tmp_path)
    log = ScoredLog(tmp_path)
    calm, stormy = log.read(21, "other", reference={"source": {"local": "reference.parquet"}}), log.read(21, **TIMES)
    assert effects(calm) == {}
    assert effects(stormy)["calibration_error"] > 10
    threshold = catalogue.CALIBRATION_ERROR_THRESHOLD
    assert value(stormy, threshold) > 2 * value(calm, threshold)
    assert effects(stormy)["accuracy"] > 2
    assert value(stormy, catalogue.ACCURACY_CI_LOWER) < value(calm, catalogue.ACCURACY_CI_LOWER)
    with monkeypatch.context() as patch:
        patch.setattr(Local, "profile", lambda *_: pytest.fail("rows were read again"))
        assert effects(log.read(21, **TIMES)) == effects(stormy)


def test_else_the_hours_of_the_log_that_are_in_memory_count(tmp_path: Path) -> None:
    """A window of a week has a look-back of a week and some days."""
    weeks(tmp_path, 14)
    source = {"source": {"local": "predictions/%Y-%m-%d.parquet"}}
    samples = ScoredLog(tmp_path).read(14, windows=["7d"], reference=source)
    assert effects(samples).keys() >= {"accuracy", "precision"}
    assert min(effects(samples).values()) >= 1


def test_without_days_of_labels_it_is_unknown_and_the_page_says_so(tmp_path: Path) -> None:
    weeks(tmp_path, 5)
    reader = ScoredLog(tmp_path).reader(reference={"source": {"local": "predictions/%Y-%m-%d.parquet"}})
    samples = reader.read(after(5))
    assert value(samples, catalogue.ACCURACY) > 0
    assert effects(samples) == {}
    assert reader.problems == {}
    assert set(reader.notes) == {SUBJECT}
    loaded = LoadedSpec(tmp_path / "loans.yaml", ModelSpec.model_validate(document()))
    assert "labels are taken as independent" in status_page.render({"loans": ModelState(loaded, reader)})


@pytest.mark.parametrize("reference_of", [{"period": {"from": "2026-03-02", "to": "2026-03-09"}}, {"trailing": "2w"}])
def test_the_part_of_the_log_that_is_the_reference_is_kept_on_disk(
    tmp_path: Path, reference_of: dict[str, Any]
) -> None:
    weeks(tmp_path, 21)
    log = ScoredLog(tmp_path)
    first = log.reader(reference=reference_of)
    before = effects(first.read(after(21)))
    assert before.keys() >= {"auroc", "accuracy", "calibration_error"}
    assert first.notes == {}
    assert len(list((tmp_path / "store" / "loans" / "label-noise").glob("*.arrow"))) == 1
    assert effects(log.read(21, reference=reference_of)) == before


class TestStore:
    def test_what_is_saved_is_loaded(self, tmp_path: Path) -> None:
        store, key = ProfileStore(tmp_path), Key("loans/label-noise", "reference", ("a",))
        excess = certain((1, 0.1), (24, 0.2))
        save_noise(store, key, LabelNoise(48.0, {"auroc": excess}))
        found = load_noise(store, key)
        assert found is not None
        assert (found.hours, found.excess.keys()) == (48, {"auroc"})
        assert found.excess["auroc"].variance(24) == excess.variance(24)
        assert load_noise(store, Key("loans/label-noise", "reference", ("b",))) is None
        earlier = {"hours": 48.0, "excess": {"auroc": [[1.0, 24.0], [0.1, 0.2], [9.0, 9.0]]}}
        store.save_arrays(key, {}, earlier)
        assert load_noise(store, key) is None, "an earlier release kept degrees of freedom"
        save_noise(store, key, INDEPENDENT)
        assert load_noise(store, key) == INDEPENDENT


class TestHours:
    def test_the_longest_window_is_left_out_where_two_weeks_remain(self) -> None:
        spec = ModelSpec.model_validate(document(windows=["1d", "7d"]))
        for days, kept in ((20, 20), (21, 14), (40, 33)):
            hours: dict[Any, Any] = {START + day * DAY: {} for day in range(days)}
            assert len(past_hours(spec, hours, START + days * DAY)) == kept
        assert past_hours(spec, {}, START) == {}

    def test_all_hours_of_a_local_day_have_the_same_days_before_them(self) -> None:
        """The look-back moves on by an hour each hour, and begins within a day; the zone is an hour ahead of UTC."""
        hourly = {"inference": {**document()["spec"]["inference"], "grain": "1h"}, "windows": ["1d"]}
        spec = ModelSpec.model_validate(document(**hourly, seasonality={"timezone": "Europe/Berlin"}))
        found = []
        for hour in range(24, 48):
            hours: dict[Any, Any] = {START + (hour + back) * DAY / 24: {} for back in range(20 * 24)}
            found.append(sorted(past_hours(spec, hours, START + 20 * DAY + hour * DAY / 24)))
        assert found[0] == found[22] != found[23]
        assert (len(found[0]), found[0][0]) == (18 * 24, START + DAY * 47 / 24)

    def test_the_same_outcomes_are_fitted_once(self) -> None:
        calls: list[int] = []
        fit, one, other = LogFits(lambda hours: calls.append(len(hours))), {}, dict[Any, Any]()
        for hours in ({START: one}, {START: one}, {START: other}, {START: other, START + DAY: one}):
            fit.fit(hours)
        assert calls == [1, 1, 2]


def test_a_reader_without_labels_has_no_notes(tmp_path: Path) -> None:
    reference(tmp_path)
    loaded = LoadedSpec(tmp_path / "loans.yaml", ModelSpec.model_validate(document(labels=None)))
    assert ModelReader(loaded, ProfileStore(tmp_path / "store")).notes == {}
