"""The properties of the simulated log."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.demo.faults import Fault, freeze, nulls, rescale
from exporter.demo.population import CATEGORICAL, NUMERIC
from exporter.demo.simulation import (
    HOUR,
    INFERENCE,
    LABELS,
    REFERENCE,
    World,
    hours_between,
    inference_hour,
    labels,
    reference,
    write_log,
)

SATURDAY = datetime(2026, 11, 14, 5, tzinfo=UTC)  # midnight in New York
TUESDAY = datetime(2026, 11, 17, 5, tzinfo=UTC)
DAY = timedelta(days=1)
WORLD = World(seed=3, rate_per_hour=300)


def log(world: World, start: datetime, end: datetime) -> pd.DataFrame:
    return pd.concat([inference_hour(world, hour) for hour in hours_between(start, end)], ignore_index=True)


def test_an_hour_is_equal_in_any_order_of_hours() -> None:
    hours = list(hours_between(TUESDAY, TUESDAY + timedelta(hours=8)))
    once = {hour: inference_hour(WORLD, hour) for hour in hours}
    random.Random(1).shuffle(hours)

    for hour in hours:
        pd.testing.assert_frame_equal(inference_hour(WORLD, hour), once[hour])


def test_an_hour_is_equal_in_another_time_zone() -> None:
    elsewhere = TUESDAY.astimezone(tz=None)

    pd.testing.assert_frame_equal(inference_hour(WORLD, elsewhere), inference_hour(WORLD, TUESDAY))


def test_other_seeds_and_hours_have_other_customers() -> None:
    here = set(inference_hour(WORLD, TUESDAY)["request_id"])

    assert here.isdisjoint(inference_hour(World(seed=4, rate_per_hour=300), TUESDAY)["request_id"])
    assert here.isdisjoint(inference_hour(WORLD, TUESDAY + HOUR)["request_id"])
    assert len(here) == len(inference_hour(WORLD, TUESDAY))


def test_an_hour_has_the_columns_and_types_of_the_log() -> None:
    assert inference_hour(WORLD, TUESDAY).dtypes.astype(str).to_dict() == {
        "request_id": "str",
        "event_time": "datetime64[us, UTC]",
        "model_version": "str",
        "role": "str",
        "age": "int64",
        "credit_balance": "float64",
        "txn_count_7d": "int64",
        "country_code": "str",
        "device_type": "str",
        "predicted_score": "float64",
        "decision": "str",
    }


@given(seed=st.integers(0, 2**32), hour=st.integers(0, 10**6), rate=st.floats(0.1, 50))
@settings(max_examples=40, deadline=None)
def test_rows_are_in_their_hour_in_order_with_a_probability(seed: int, hour: int, rate: float) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC) + hour * HOUR
    rows = inference_hour(World(seed=seed, rate_per_hour=rate), start)

    assert rows["event_time"].between(start, start + HOUR, inclusive="left").all()
    assert rows["event_time"].is_monotonic_increasing
    assert rows["predicted_score"].between(0, 1, inclusive="neither").all()
    assert set(rows["decision"]) <= {"approve", "review", "decline"}


def test_an_hour_without_customers_has_no_rows_and_the_same_types() -> None:
    empty = inference_hour(World(rate_per_hour=1e-9), TUESDAY)

    assert empty.empty
    assert empty.dtypes.equals(inference_hour(WORLD, TUESDAY).dtypes)


def test_the_rate_is_the_mean_of_a_week() -> None:
    rows = sum(len(inference_hour(WORLD, hour)) for hour in hours_between(SATURDAY, SATURDAY + 7 * DAY))

    assert rows / 168 == pytest.approx(300, rel=0.02)  # four standard errors of 50,400 arrivals


def test_a_saturday_differs_from_a_tuesday() -> None:
    saturday, tuesday = log(WORLD, SATURDAY, SATURDAY + DAY), log(WORLD, TUESDAY, TUESDAY + DAY)

    assert len(saturday) < 0.8 * len(tuesday)
    assert saturday["age"].mean() < tuesday["age"].mean() - 5
    assert (saturday["device_type"] == "mobile").mean() > (tuesday["device_type"] == "mobile").mean() + 0.1
    assert saturday["txn_count_7d"].mean() < 0.95 * tuesday["txn_count_7d"].mean()


@pytest.mark.parametrize("bad", [datetime(2026, 1, 1, 0, 30, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)])
def test_only_whole_hours_since_1970_are_accepted(bad: datetime) -> None:
    with pytest.raises(ValueError, match="not a whole hour"):
        inference_hour(WORLD, bad)


def test_an_hour_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="not a whole hour since 1970 with a time zone"):
        inference_hour(WORLD, datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("bad", [{"seed": -1}, {"rate_per_hour": 0}, {"season": -0.1}])
def test_an_impossible_world_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a world needs"):
        World(**bad)  # type: ignore[arg-type] # the names are World's own


# ------------------------------------------------------------------------------------------------ labels


def labelled(world: World, start: datetime, hours: int) -> pd.DataFrame:
    starts = list(hours_between(start, start + hours * HOUR))
    found = pd.concat([labels(world, hour) for hour in starts], ignore_index=True)
    return log(world, start, start + hours * HOUR).merge(found, on="request_id", validate="one_to_one")


def test_the_score_is_calibrated() -> None:
    rows = labelled(World(seed=5, rate_per_hour=3000), TUESDAY, 24)
    bins = rows.groupby(pd.qcut(rows["predicted_score"], 20), observed=True)
    expected = bins["predicted_score"].mean()
    error = np.sqrt(bins["predicted_score"].agg(lambda score: (score * (1 - score)).sum())) / bins.size()
    away = (bins["is_fraud"].mean() - expected) / error

    assert len(away) == 20
    assert away.abs().max() < 4
    # Under calibration the sum of squares is chi-squared with 20 degrees: 45 is beyond its 0.999 quantile.
    assert (away**2).sum() < 45


def test_every_prediction_gets_one_label_after_it() -> None:
    rows = labelled(WORLD, TUESDAY, 5)

    assert len(rows) == len(log(WORLD, TUESDAY, TUESDAY + 5 * HOUR))
    assert (rows["labelled_at"] > rows["event_time"]).all()
    assert rows["is_fraud"].dtype == np.bool_


def test_labels_are_a_day_late_and_earlier_for_high_scores() -> None:
    rows = labelled(World(seed=5, rate_per_hour=3000), TUESDAY, 24)
    delay = rows["labelled_at"] - rows["event_time"]
    high = rows["predicted_score"] > 0.5

    assert delay.median() / pd.Timedelta("24h") == pytest.approx(1, abs=0.05)
    assert delay[high].median() < 0.4 * delay[~high].median()
    assert 0.95 < (delay < pd.Timedelta("7D")).mean() < 1


def test_a_fault_changes_the_score_and_not_the_labels() -> None:
    stuck = Fault(TUESDAY, partial(freeze, feature="txn_count_7d", value=40))
    whole, spoiled = (labels(World(seed=5, faults=faults), TUESDAY) for faults in ((), (stuck,)))

    pd.testing.assert_series_equal(whole["is_fraud"], spoiled["is_fraud"])
    score = inference_hour(World(seed=5, faults=(stuck,)), TUESDAY)["predicted_score"]
    assert score.mean() > 3 * spoiled["is_fraud"].mean()


# ------------------------------------------------------------------------------------------------ faults


def test_a_fault_begins_at_its_start_and_changes_its_column_and_the_score() -> None:
    began = TUESDAY + timedelta(minutes=90)
    fault = Fault(began, partial(rescale, feature="credit_balance"))
    calm = log(WORLD, TUESDAY, TUESDAY + 3 * HOUR)
    spoiled = log(World(seed=3, rate_per_hour=300, faults=(fault,)), TUESDAY, TUESDAY + 3 * HOUR)
    before, answer = spoiled["event_time"] < began, ["predicted_score", "decision"]

    pd.testing.assert_frame_equal(spoiled[before], calm[before])
    assert np.allclose(spoiled.loc[~before, "credit_balance"], 100 * calm.loc[~before, "credit_balance"])
    assert (spoiled.loc[~before, "predicted_score"] < calm.loc[~before, "predicted_score"]).all()
    untouched = [name for name in calm.columns if name not in {"credit_balance", *answer}]
    pd.testing.assert_frame_equal(spoiled[untouched], calm[untouched])


def test_two_faults_have_independent_random_streams() -> None:
    both = tuple(Fault(TUESDAY, partial(nulls, feature=name, share=0.5)) for name in ("age", "txn_count_7d"))
    rows = inference_hour(World(seed=3, rate_per_hour=2000, faults=both), TUESDAY)

    assert rows["age"].isna().corr(rows["txn_count_7d"].isna()) == pytest.approx(0, abs=0.15)


# ------------------------------------------------------------------------------------------------ reference


def test_the_reference_comes_from_the_same_world() -> None:
    fault = Fault(SATURDAY - 30 * DAY, partial(freeze, feature="age", value=50))
    training = reference(World(seed=3, faults=(fault,)), SATURDAY - 28 * DAY, SATURDAY, 60_000)
    week = log(WORLD, SATURDAY, SATURDAY + 7 * DAY)

    assert list(training) == ["event_time", *NUMERIC, *CATEGORICAL, "predicted_score", "decision", "is_fraud"]
    assert training["is_fraud"].mean() == pytest.approx(training["predicted_score"].mean(), rel=0.05)
    assert len(training) == 60_000
    assert training["event_time"].is_monotonic_increasing
    assert training["event_time"].between(SATURDAY - 28 * DAY, SATURDAY, inclusive="left").all()
    for name in (*NUMERIC, "predicted_score"):
        assert training[name].mean() == pytest.approx(week[name].mean(), rel=0.03)
    shares = [rows["country_code"].value_counts(normalize=True) for rows in (training, week)]
    assert (shares[0] - shares[1]).abs().max() < 0.01


def test_the_reference_has_the_seasons_of_the_log() -> None:
    training = reference(WORLD, SATURDAY - 28 * DAY, SATURDAY, 60_000)
    weekend = training["event_time"].dt.tz_convert("America/New_York").dt.day_of_week >= 5

    assert training.loc[~weekend, "age"].mean() - training.loc[weekend, "age"].mean() > 5
    assert weekend.mean() < 0.25


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="at least an hour"):
        reference(WORLD, SATURDAY, SATURDAY, 10)


# ------------------------------------------------------------------------------------------------ on disk


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    fault = Fault(TUESDAY + 40 * HOUR, partial(nulls, feature="age", share=0.5))
    write_log(World(seed=3, rate_per_hour=100, faults=(fault,)), folder, TUESDAY, TUESDAY + 2 * DAY, rows=500)
    return folder


def test_there_is_a_file_for_every_hour_and_nothing_else(written: Path) -> None:
    hours = list(hours_between(TUESDAY, TUESDAY + 2 * DAY))
    expected = {hour.strftime(template) for hour in hours for template in (INFERENCE, LABELS)} | {REFERENCE}

    assert {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()} == expected


def test_the_files_contain_the_simulated_rows(written: Path) -> None:
    table = pq.read_table(written / TUESDAY.strftime(INFERENCE))

    pd.testing.assert_frame_equal(table.to_pandas(), inference_hour(World(seed=3, rate_per_hour=100), TUESDAY))


def test_a_fault_does_not_change_types_on_disk(written: Path) -> None:
    tables = [pq.read_table(path) for path in sorted((written / "inference").iterdir())]

    assert {table.schema for table in tables} == {tables[0].schema}
    assert tables[0].schema.field("age").type == pa.int64()
    assert tables[0]["age"].null_count == 0
    assert tables[-1]["age"].null_count > 0


def test_repeating_strings_are_dictionary_encoded_and_pages_compressed(written: Path) -> None:
    group = pq.ParquetFile(written / TUESDAY.strftime(INFERENCE)).metadata.row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}

    assert columns["country_code"].has_dictionary_page
    assert not columns["request_id"].has_dictionary_page
    assert {column.compression for column in columns.values()} == {"ZSTD"}


def test_labels_are_in_the_file_of_their_arrival(written: Path) -> None:
    for path in (written / "labels").iterdir():
        start = datetime.strptime(path.name, "%Y-%m-%dT%H.parquet").replace(tzinfo=UTC)
        came = pq.read_table(path).to_pandas()["labelled_at"]
        assert came.between(start, start + HOUR, inclusive="left").all()
        assert came.is_monotonic_increasing


def test_all_labels_before_the_end_are_written_once(written: Path) -> None:
    world, end = World(seed=3, rate_per_hour=100), TUESDAY + 2 * DAY
    made = pd.concat([labels(world, hour) for hour in hours_between(TUESDAY, end)])
    # A null age changes the score, and with it how fast a label comes, but never what it says.
    found = pd.concat([pq.read_table(path).to_pandas() for path in (written / "labels").iterdir()])

    assert found["request_id"].is_unique
    calm = made[made["labelled_at"] < TUESDAY + 40 * HOUR]
    assert set(calm["request_id"]) <= set(found["request_id"])
    merged = found.merge(made, on="request_id", validate="one_to_one")
    assert len(merged) == len(found)
    assert (merged["is_fraud_x"] == merged["is_fraud_y"]).all()


def test_progress_counts_the_hours(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    write_log(
        World(rate_per_hour=5),
        tmp_path,
        TUESDAY,
        TUESDAY + 3 * HOUR,
        rows=10,
        progress=lambda *step: steps.append(step),
    )

    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_rewritten_log_is_equal_and_no_partial_file_remains(tmp_path: Path) -> None:
    world = World(rate_per_hour=5)
    contents = []
    for _ in range(2):
        write_log(world, tmp_path, TUESDAY, TUESDAY + 3 * HOUR, rows=10)
        contents.append({path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.parquet")})

    assert contents[0] == contents[1]
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]
