"""The demo's model and its world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from exporter.errors import UsageError
from exporter.replay.population import CATEGORICAL, NUMERIC
from exporter.replay.scenario import BROKEN_FEATURE, BROKEN_FOR, FULL, MODEL, SPEC, own_folder, world
from exporter.replay.simulation import HOUR, hours_between, inference_hour, reference
from exporter.spec.file import LoadedSpec, load
from exporter.spec.model import Body

EXAMPLE = Path(__file__).parents[3] / "models" / "fraud.yaml"
END = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedSpec:
    path = tmp_path / "fraud.yaml"
    path.write_text(SPEC)
    return load(path)


def test_the_spec_is_right_and_is_that_of_the_worked_example(loaded: LoadedSpec) -> None:
    def told(body: Body) -> tuple[object, ...]:
        sources = (body.inference.columns, body.inference.grain, body.inference.delay, body.seasonality.timezone)
        return (body.features, body.windows, body.thresholds, *sources)

    assert loaded.spec.name == MODEL
    assert told(loaded.spec.spec) == told(load(EXAMPLE).spec.spec)


def test_the_spec_names_the_features_that_are_simulated(loaded: LoadedSpec) -> None:
    types = {feature.name: feature.type for feature in loaded.spec.spec.features}

    assert types == dict.fromkeys(NUMERIC, "numeric") | dict.fromkeys(CATEGORICAL, "categorical")
    assert loaded.spec.spec.seasonality.timezone == world(END, FULL).timezone


def stability_index(before: pd.Series[int], now: pd.Series[int]) -> float:
    """PSI by its textbook formula: deciles of the reference, or its categories, half a count in each."""
    if before.dtype == "str":
        names = sorted(set(before) | set(now))
        counts = [values.value_counts().reindex(names, fill_value=0).to_numpy() for values in (before, now)]
    else:
        edges = np.unique(np.quantile(before, np.arange(1, 10) / 10))
        cells = (np.searchsorted(edges, values.to_numpy()) for values in (before, now))
        counts = [np.bincount(cell, minlength=len(edges) + 1) for cell in cells]
    shares: list[npt.NDArray[np.float64]] = [(count + 0.5) / (count + 0.5).sum() for count in counts]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


@pytest.fixture(scope="module")
def training() -> pd.DataFrame:
    return reference(world(END, FULL), END - 5 * WEEK, END - WEEK, 30_000)


def shift_of_score(rows: pd.DataFrame, training: pd.DataFrame) -> float:
    score = training["predicted_score"]
    return float(abs(rows["predicted_score"].mean() - score.mean()) / score.std())


def test_no_ordinary_hour_of_the_week_drifts_by_itself(training: pd.DataFrame) -> None:
    calm = replace(world(END, FULL), faults=())
    for hour in list(hours_between(END - WEEK, END))[::5]:  # every hour of the day, on changing days
        rows = inference_hour(calm, hour)
        assert max(stability_index(training[name], rows[name]) for name in (*NUMERIC, *CATEGORICAL)) < 0.2, hour
        assert shift_of_score(rows, training) < 0.15, hour


@pytest.mark.parametrize("hour", [0, 7, 14, 21, 28, 35, 42, 49, 90, 140])
def test_at_whatever_hour_it_is_shown_one_feature_and_the_score_have_drifted(hour: int, training: pd.DataFrame) -> None:
    end = END - hour * HOUR
    rows = inference_hour(world(end, FULL), end - HOUR)
    index = {name: stability_index(training[name], rows[name]) for name in (*NUMERIC, *CATEGORICAL)}

    assert [name for name, value in index.items() if value > 0.2] == [BROKEN_FEATURE]
    assert index[BROKEN_FEATURE] > 0.3  # above the weekend's floor too
    assert 0.15 < shift_of_score(rows, training) < 1


def test_all_is_well_until_six_hours_ago() -> None:
    broken = world(END, FULL)
    calm = replace(broken, faults=())
    began = END - BROKEN_FOR

    pd.testing.assert_frame_equal(inference_hour(broken, began - HOUR), inference_hour(calm, began - HOUR))
    assert inference_hour(broken, began)[BROKEN_FEATURE].sum() > inference_hour(calm, began)[BROKEN_FEATURE].sum()


# ------------------------------------------------------------------------------------------------ the folder


def test_the_folder_of_an_earlier_demo_is_emptied_of_what_it_made_only(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with own_folder(folder):
        (folder / "log").mkdir()
        (folder / "log" / "old.parquet").touch()
        (folder / "notes.txt").touch()
    with own_folder(folder):
        assert not (folder / "log").exists()
        assert (folder / "notes.txt").exists()


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    with own_folder(tmp_path):
        assert list(tmp_path.iterdir())


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(UsageError, match="holds something else"), own_folder(tmp_path):
        pass

    assert (tmp_path / "log").is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(UsageError, match="holds something else"), own_folder(tmp_path / "demo"):
        pass


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with own_folder(tmp_path / "demo"):
        (tmp_path / "demo" / "log").mkdir()
        with pytest.raises(UsageError, match="another demo runs"), own_folder(tmp_path / "demo"):
            pass
        assert (tmp_path / "demo" / "log").is_dir()
