"""A simulated log of a fraud model: its hourly inference log, its late labels and its training data.

Everything is a pure function of a `World` and an hour: the rows are the same in any order of hours and on any machine.
Without faults the score is calibrated: a label is true with the probability of the score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exporter.demo.faults import Fault
from exporter.demo.population import Floats, calendar, features, risk, traffic

HOUR: Final = timedelta(hours=1)
INFERENCE: Final = "inference/%Y-%m-%dT%H.parquet"
LABELS: Final = "labels/%Y-%m-%dT%H.parquet"
REFERENCE: Final = "reference/train_features_v3.parquet"

Progress = Callable[[int, int], None]
"""Called with the number of written files and their total."""

_MICROSECONDS: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REVIEW, _DECLINE = 0.2, 0.6
_MEDIAN_DELAY: Final = timedelta(hours=24)
_TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class World:
    """The parameters of a simulated log.

    `rate_per_hour` is the mean over a week; `season` is the strength of the seasons in `timezone` (0: none);
    `version` is the model version in the log.
    """

    seed: int = 0
    rate_per_hour: float = 2000.0
    timezone: str = "America/New_York"
    season: float = 1.0
    faults: tuple[Fault, ...] = ()
    version: str = "v3"

    def __post_init__(self) -> None:
        if self.seed < 0 or self.rate_per_hour <= 0 or self.season < 0:
            raise ValueError("a world needs a seed and a season of 0 or more, and a positive rate")
        ZoneInfo(self.timezone)


class _Stream(IntEnum):
    """Independent random streams, so that faults and labels do not change the customers."""

    CUSTOMERS = 0
    LABELS = 1
    REFERENCE = 2
    FAULTS = 3


def inference_hour(world: World, start: datetime) -> pd.DataFrame:
    """Return the predictions of the hour that begins at `start`, in the order of time.

    Returns:
        request_id, event_time (UTC, in `[start, start + 1 h)`), model_version, role, age, credit_balance, txn_count_7d,
        country_code, device_type, predicted_score, decision; possibly no rows, if the rate is low.

    Raises:
        ValueError: when `start` is not a whole hour since 1970 with a time zone.
    """
    return _hour(world, start)[list(_LOG.names)]


def labels(world: World, start: datetime) -> pd.DataFrame:
    """Return the labels of the predictions of the hour that begins at `start`, in the order of the predictions.

    A label is true with the probability from the undamaged features. It arrives after a lognormal delay with a median
    of a day, up to seven times faster for a high score, since likely fraud is reviewed first.

    Returns:
        request_id, is_fraud, labelled_at (UTC, after the prediction), one row per prediction.

    Raises:
        ValueError: as `inference_hour`.
    """
    return _labels(world, start, _hour(world, start))


def reference(world: World, start: datetime, end: datetime, rows: int) -> pd.DataFrame:
    """Return training data from the same world without faults: predictions in `[start, end)`, distributed like traffic.

    The customers differ from the log's, so both are independent even where the times overlap.

    Returns:
        `rows` rows in the order of time: event_time, the features, predicted_score, decision, is_fraud.

    Raises:
        ValueError: as `inference_hour`, or when `[start, end)` has no hour.
    """
    hours = list(hours_between(start, end))
    if not hours:
        raise ValueError("a reference needs at least an hour of time")
    random = _random(world, start, _Stream.REFERENCE)
    when = calendar(hours, world.timezone)
    busy = traffic(when, world.season)
    chosen = np.sort(random.choice(len(hours), rows, p=busy / busy.sum()))
    times = np.sort(chosen * _MICROSECONDS + random.integers(0, _MICROSECONDS, rows))
    drawn = features(random, rows, when.take(chosen), world.season)
    drawn.insert(0, "event_time", _instants(start, times))
    score = risk(drawn)
    drawn["is_fraud"] = random.random(rows) < score
    return _with_score(drawn, score)[list(_TRAINING.names)]


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the whole hours of `[start, end)`, oldest first."""
    return (start + index * HOUR for index in range((end - start) // HOUR))


def _hour(world: World, start: datetime) -> pd.DataFrame:
    """Return the predictions of an hour, with the true probability of fraud in a column `truth`."""
    random = _random(world, start, _Stream.CUSTOMERS)
    when = calendar([start], world.timezone)
    rows = int(random.poisson(world.rate_per_hour * traffic(when, world.season)[0]))
    drawn = features(random, rows, when, world.season)
    ids = random.bytes(16 * rows).hex()
    drawn["request_id"] = pd.array([ids[at : at + 32] for at in range(0, 32 * rows, 32)], dtype="str")
    drawn["event_time"] = _instants(start, np.sort(random.integers(0, _MICROSECONDS, rows)))
    drawn["model_version"] = world.version
    drawn["role"] = "champion"
    truth = risk(drawn)
    damaged = _damaged(world, start, drawn.assign(truth=truth))
    return _with_score(damaged, risk(damaged) if world.faults else truth)


def _damaged(world: World, start: datetime, rows: pd.DataFrame) -> pd.DataFrame:
    for number, fault in enumerate(world.faults):
        if fault.start < start + HOUR:
            rows = fault.apply(rows, _random(world, start, _Stream.FAULTS, number))
    return rows


def _with_score(rows: pd.DataFrame, score: Floats) -> pd.DataFrame:
    decision = np.where(score >= _DECLINE, "decline", np.where(score >= _REVIEW, "review", "approve"))
    return rows.assign(predicted_score=score, decision=pd.array(decision, dtype="str"))


def _labels(world: World, start: datetime, rows: pd.DataFrame) -> pd.DataFrame:
    random = _random(world, start, _Stream.LABELS)
    fraud = random.random(len(rows)) < rows["truth"]
    speedup = np.exp(-2 * rows["predicted_score"])
    delay = (_MEDIAN_DELAY * speedup * random.lognormal(0, 0.9, len(rows))).dt.ceil("s")
    return pd.DataFrame(
        {"request_id": rows["request_id"], "is_fraud": fraud, "labelled_at": rows["event_time"] + delay}
    )


def _random(world: World, start: datetime, stream: _Stream, part: int = 0) -> np.random.Generator:
    if start.tzinfo is None or start < _EPOCH or (start - _EPOCH) % HOUR:
        raise ValueError(f"{start} is not a whole hour since 1970 with a time zone")
    number = (start - _EPOCH) // HOUR
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([world.seed, number, stream, part])))


def _instants(start: datetime, microseconds: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    first = (start - _EPOCH) // timedelta(microseconds=1)
    return pd.DatetimeIndex((first + microseconds).view("datetime64[us]"), tz="UTC")


# ------------------------------------------------------------------------------------------------ on disk

_FEATURES: Final = [
    pa.field("age", pa.int64()),
    pa.field("credit_balance", pa.float64()),
    pa.field("txn_count_7d", pa.int64()),
    pa.field("country_code", pa.string()),
    pa.field("device_type", pa.string()),
]
_OUTPUT: Final = [pa.field("predicted_score", pa.float64()), pa.field("decision", pa.string())]
_LOG: Final = pa.schema(
    [
        pa.field("request_id", pa.string()),
        pa.field("event_time", _TIME),
        pa.field("model_version", pa.string()),
        pa.field("role", pa.string()),
        *_FEATURES,
        *_OUTPUT,
    ]
)
_TRAINING: Final = pa.schema([pa.field("event_time", _TIME), *_FEATURES, *_OUTPUT, pa.field("is_fraud", pa.bool_())])
_LABELS: Final = pa.schema(
    [pa.field("request_id", pa.string()), pa.field("is_fraud", pa.bool_()), pa.field("labelled_at", _TIME)]
)


def write_log(
    world: World,
    folder: Path,
    start: datetime,
    end: datetime,
    *,
    weeks: int = 8,
    rows: int = 200_000,
    progress: Progress = lambda done, total: None,
) -> None:
    """Write a log like a serving system: one file per hour, labels by the hour of their arrival.

    Args:
        world: the world to simulate.
        folder: the folder of `inference/`, `labels/` and `reference/`; each file is written completely or not at all.
        start: the first hour of the log; the training data end there.
        end: the end of the log; labels that arrive later are not written.
        weeks: the weeks of training data.
        rows: the rows of training data.
        progress: called after each file of the log.

    Raises:
        ValueError: as `inference_hour`.
        OSError: when a file cannot be written.
    """
    training = reference(world, start - timedelta(weeks=weeks), start, rows)
    _write(training, _TRAINING, folder / REFERENCE)
    hours = list(hours_between(start, end))
    pending = _LABELS.empty_table()
    for done, hour in enumerate(hours, 1):
        predictions = _hour(world, hour)
        _write(predictions, _LOG, folder / hour.strftime(INFERENCE))
        pending = pa.concat_tables([pending, _table(_labels(world, hour, predictions), _LABELS)])
        due = pc.less(pending["labelled_at"], pa.scalar(hour + HOUR, _TIME))
        _write_table(pending.filter(due).sort_by("labelled_at"), folder / hour.strftime(LABELS))
        pending = pending.filter(pc.invert(due))
        progress(done, len(hours))


def _table(rows: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(rows, schema, preserve_index=False, nthreads=1).replace_schema_metadata(None)


def _write(rows: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    _write_table(_table(rows, schema), path)


def _write_table(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    repeating = [field.name for field in table.schema if field.type == pa.string() and field.name != "request_id"]
    try:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeating)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
