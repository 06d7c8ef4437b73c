"""The demo's model and its simulated world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from exporter import catalogue
from exporter.demo.population import CATEGORICAL, NUMERIC
from exporter.demo.scenario import BROKEN_FEATURE, BROKEN_FOR, FULL, MODEL, SPEC, own_folder, world
from exporter.demo.simulation import HOUR, hours_between, inference_hour, reference
from exporter.errors import UsageError
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import merge_profiles
from exporter.reference.reference import Reference, build_binning, profile_by_hour
from exporter.samples.windows import WindowProfile, evaluate
from exporter.service.references.reading import seasonal_reference, selected_columns
from exporter.spec.loading import LoadedSpec, load
from exporter.spec.model import Body, ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK, Calendar
from exporter.spec.windows import Window
from profiling import whole

EXAMPLE = Path(__file__).parents[3] / "models" / "fraud.yaml"
END = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSpec:
    path = tmp_path / "fraud.yaml"
    path.write_text(SPEC)
    return load(path)


def test_the_spec_is_valid_and_matches_the_example(loaded: LoadedSpec) -> None:
    def compared(body: Body) -> tuple[object, ...]:
        sources = (body.inference.columns, body.inference.grain, body.inference.delay, body.seasonality.timezone)
        return (body.features, body.windows, body.thresholds, *sources)

    assert loaded.spec.name == MODEL
    assert compared(loaded.spec.spec) == compared(load(EXAMPLE).spec.spec)


def test_the_spec_has_the_simulated_features(loaded: LoadedSpec) -> None:
    types = {feature.name: feature.type for feature in loaded.spec.spec.features}

    assert types == dict.fromkeys(NUMERIC, "numeric") | dict.fromkeys(CATEGORICAL, "categorical")
    assert loaded.spec.spec.seasonality.timezone == world(END, FULL).timezone


SPECIFIED = ModelSpec.model_validate(yaml.safe_load(SPEC))
COLUMNS = selected_columns(SPECIFIED, keys=("event_time",))


@pytest.fixture(scope="module")
def training() -> Reference:
    """The demo's reference, by hour of the week."""
    calendar = Calendar.of(SPECIFIED.spec.seasonality)
    rows = pa.Table.from_pandas(reference(world(END, FULL), END - 5 * WEEK, END - WEEK, FULL.training_rows))
    cells, problems = build_binning(whole(rows), COLUMNS, SPECIFIED.spec.limits.categories)
    assert problems == {}
    return seasonal_reference(SPECIFIED, cells, profile_by_hour(whole(rows), cells, "event_time", calendar))


def too_high(before: Reference, rows: pd.DataFrame, start: datetime) -> set[str]:
    """Return what is above its threshold in an hour: features by name, and the score."""
    profile = profile_partition(whole(pa.Table.from_pandas(rows)), before.binning)
    (group,) = profile.groups
    hours = np.bincount([Calendar.of(SPECIFIED.spec.seasonality).cell(start)], [len(rows)], HOURS_OF_WEEK)
    window = WindowProfile("1h", Window(start, start + HOUR), profile.groups, {group: hours})
    samples = evaluate(SPECIFIED, before, [window])
    found = {sample.metric: sample.value for sample in samples}
    drifted = {sample.labels[2] for sample in samples if sample.metric is catalogue.FEATURE_DRIFTED and sample.value}
    shifted = found[catalogue.PREDICTION_MEAN_SHIFT] > found[catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD]
    return drifted | ({"score"} if shifted else set())


def test_no_normal_hour_of_the_week_drifts(training: Reference) -> None:
    calm = replace(world(END, FULL), faults=())
    for hour in list(hours_between(END - WEEK, END))[::5]:  # every hour of the day, on changing days
        assert too_high(training, inference_hour(calm, hour), hour) == set(), hour


def test_without_seasons_a_normal_weekend_looks_like_drift(training: Reference) -> None:
    calm, saturday = replace(world(END, FULL), faults=()), datetime(2026, 11, 21, 12, tzinfo=UTC)
    together = Reference.whole(training.binning, merge_profiles(training.binning, training.by_cell.values()))
    assert "age" in too_high(together, inference_hour(calm, saturday), saturday)


@pytest.mark.parametrize("hour", [0, 7, 14, 21, 28, 35, 42, 49, 90, 140])
def test_at_any_hour_exactly_one_feature_has_drifted(hour: int, training: Reference) -> None:
    end = END - hour * HOUR
    found = too_high(training, inference_hour(world(end, FULL), end - HOUR), end - HOUR)
    assert found - {"score"} == {BROKEN_FEATURE}  # the score's shift may be within the noise of a quiet hour


def test_the_fault_begins_six_hours_ago() -> None:
    broken = world(END, FULL)
    calm = replace(broken, faults=())
    began = END - BROKEN_FOR

    pd.testing.assert_frame_equal(inference_hour(broken, began - HOUR), inference_hour(calm, began - HOUR))
    assert inference_hour(broken, began)[BROKEN_FEATURE].sum() > inference_hour(calm, began)[BROKEN_FEATURE].sum()


# ------------------------------------------------------------------------------------------------ the folder


def test_only_the_files_of_an_earlier_demo_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with own_folder(folder):
        (folder / "log").mkdir()
        (folder / "log" / "old.parquet").touch()
        (folder / "notes.txt").touch()
    with own_folder(folder):
        assert not (folder / "log").exists()
        assert (folder / "notes.txt").exists()


def test_an_empty_folder_is_accepted(tmp_path: Path) -> None:
    with own_folder(tmp_path):
        assert list(tmp_path.iterdir())


def test_a_folder_with_other_contents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(UsageError, match="has other contents"), own_folder(tmp_path):
        pass

    assert (tmp_path / "log").is_dir()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(UsageError, match="has other contents"), own_folder(tmp_path / "demo"):
        pass


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with own_folder(tmp_path / "demo"):
        (tmp_path / "demo" / "log").mkdir()
        with pytest.raises(UsageError, match="another demo runs"), own_folder(tmp_path / "demo"):
            pass
        assert (tmp_path / "demo" / "log").is_dir()
