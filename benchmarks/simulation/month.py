"""One simulated model: its reference, four weeks without drift, and injections into single hours.

Everything is evaluated by the exporter's own code: profiles, reference, `evaluate`, and the conditions of alerts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa
from scipy import stats
from simulation.traffic import MONDAY, SCORE, TIME, WEEK, Population, Traffic, hour

from exporter import catalogue
from exporter.backtest.injection import FaultKind, Injection, damage, fitting_kinds
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile, merge_profiles, numeric_column
from exporter.profiles.profile import categorical_column as categorical
from exporter.reference.reference import Reference, build_binning, profile_by_hour
from exporter.samples.conditions import Condition, conditions
from exporter.samples.windows import WindowProfile, evaluate
from exporter.service.references.reading import seasonal_reference, selected_columns, with_score_bins
from exporter.sources.source import Batch
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.statistics.drift import population_stability_index

LIVE_WEEKS: Final = 4
FOLLOWED: Final = 12
"""Hours after an injection that are evaluated."""
PAGE: Final = catalogue.Severity.CRITICAL
CONVENTION: Final = 0.2
"""The usual threshold of a PSI."""
_EDGE_STEP: Final = 10
_KS_STEP: Final = 12
_KS_ROWS: Final = 20_000

Seen = tuple[str, str]
"""The injected fault, and the windows in which it is to be detected."""


@dataclass
class Findings:
    """The results of one month; `delays` are hours until an alert (None for never)."""

    pages: int = 0
    page_hours: int = 0
    tickets: int = 0
    ticket_hours: int = 0
    by_window: dict[str, int] = field(default_factory=dict)
    pooled: int = 0
    pooled_hours: int = 0
    ks_share: float = math.nan
    ks_hours: float = math.nan
    delays: dict[Seen, list[int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A model with its reference; `pooled` is one profile of all rows of the reference."""

    spec: ModelSpec
    reference: Reference
    pooled: Profile
    sample: pa.Table

    @property
    def binning(self) -> Binning:
        """The binning of all columns."""
        return self.reference.binning


def spec_of(traffic: Traffic) -> ModelSpec:
    """Return the shortest spec with seasons; every threshold is the default."""
    kinds = {name: "categorical" if kind == "category" else "numeric" for name, kind in traffic.kinds.items()}
    body = {
        "task": "binary_classification",
        "inference": {"source": {"local": "%Y-%m-%dT%H.parquet"}, "columns": {"score": SCORE}},
        "reference": {"source": {"local": "reference.parquet"}, "columns": {"timestamp": TIME}},
        "features": [{"name": name, "type": kind} for name, kind in kinds.items()],
        "windows": ["1h", "24h"],
        "seasonality": {"season": "hour_of_week"},
    }
    data = {"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "simulated"}, "spec": body}
    return ModelSpec.model_validate(data)


def make_model(population: Population) -> Model:
    """Make a model with a reference of its first weeks; the edges come from every tenth row, the counts from all."""
    spec = spec_of(population.traffic)
    weeks = [population.week(index) for index in range(population.traffic.weeks)]
    step = _EDGE_STEP if population.traffic.rows > 500 else 1
    sample = pa.concat_tables([week.take(np.arange(0, week.num_rows, step)) for week in weeks])
    selection = selected_columns(spec, keys=())
    plain, _ = build_binning(batches([sample]), selection, spec.spec.limits.categories)
    binning = with_score_bins(spec, plain)
    by_hour = profile_by_hour(batches(weeks), binning, TIME, Calendar.of(spec.spec.seasonality))
    reference = seasonal_reference(spec, binning, by_hour)
    rows = np.random.default_rng(population.seed).permutation(sample.num_rows)[:_KS_ROWS]
    return Model(spec, reference, merge_profiles(binning, by_hour.by_cell.values()), sample.take(rows))


def batches(tables: Sequence[pa.Table]) -> Iterator[Batch]:
    """Yield tables as a source does."""
    return (Batch(table, first=True, schema=table.schema) for table in tables)


# ------------------------------------------------------------------------------------------------ the quiet month


def month(traffic: Traffic, seed: int, starts: int) -> Findings:
    """Evaluate four weeks every hour; then inject each kind of fault `starts` times, at random hours."""
    population = Population(traffic, seed)
    model, findings = make_model(population), Findings()
    seen: list[frozenset[Condition]] = []
    pooled: list[set[str]] = []
    loud: list[list[bool]] = []
    day: deque[Profile] = deque(maxlen=24)
    cells: deque[int] = deque(maxlen=24)
    before: list[Profile] = []
    generator = np.random.default_rng([seed, 10**6])
    for week in range(LIVE_WEEKS):
        tables = hourly(population.week(traffic.weeks + week))
        for cell, table in enumerate(tables):
            day.append(profile(model, table))
            cells.append(cell)
            before.append(day[-1])
            end = (traffic.weeks + week) * WEEK + cell + 1
            newest = window(model, "1h", [day[-1]], [cell], end)
            seen.append(alarms(model, [newest, *_day(model, day, cells, end)]))
            pooled.append(pooled_drift(model, day[-1]))
            if (cell + week) % _KS_STEP == 0:
                loud.append(kolmogorov_smirnov(model, table))
        for start in generator.integers(0, WEEK - FOLLOWED, starts // LIVE_WEEKS + (week < starts % LIVE_WEEKS)):
            past = before[: week * WEEK + start][-23:]
            inject(model, tables, int(start), traffic.weeks + week, findings, past=past)
    return count(findings, seen, pooled, loud)


def hourly(week: pa.Table) -> list[pa.Table]:
    """Return the rows of a week by hour, without their times."""
    times = week.column(TIME).to_numpy()
    first = times[0] - np.timedelta64(0, "s")
    ends = np.searchsorted(times, first + np.arange(WEEK + 1) * np.timedelta64(3600, "s"))
    plain = week.drop_columns([TIME])
    return [plain.slice(ends[cell], ends[cell + 1] - ends[cell]) for cell in range(WEEK)]


def profile(model: Model, table: pa.Table) -> Profile:
    """Return the profile of an hour."""
    return profile_partition(batches([table]), model.binning).groups[Group(catalogue.UNKNOWN_VERSION)]


def window(model: Model, name: str, hours: Sequence[Profile], cells: Sequence[int], end: int) -> WindowProfile:
    """Return a window of some hours, the last of which ends at `end`."""
    rows = np.zeros(WEEK)
    np.add.at(rows, list(cells), [part.rows for part in hours])
    span = Window(hour(end) - timedelta(hours=len(hours)), hour(end))
    group = Group(catalogue.UNKNOWN_VERSION)
    return WindowProfile(name, span, {group: merge_profiles(model.binning, hours)}, {group: rows})


def _day(model: Model, day: Sequence[Profile], cells: Sequence[int], end: int) -> Iterator[WindowProfile]:
    if len(day) == 24:
        yield window(model, "24h", day, cells, end)


def alarms(model: Model, windows: Sequence[WindowProfile]) -> frozenset[Condition]:
    """Return the alerts whose gauges are above their thresholds."""
    return conditions(evaluate(model.spec, model.reference, windows), {window.name for window in windows})


def pooled_drift(model: Model, now: Profile) -> set[str]:
    """Return the features whose PSI against the whole reference is above 0.2, the usual method."""
    drifted = set()
    for name in model.binning.by_name:
        read = numeric_column if name in model.binning.numeric else categorical
        sides = (read(side, model.binning, name).cells for side in (model.pooled, now))
        if name != SCORE and population_stability_index(*sides) > CONVENTION:
            drifted.add(name)
    return drifted


def kolmogorov_smirnov(model: Model, table: pa.Table) -> list[bool]:
    """Return for each numeric feature whether a plain test at 5 % against the whole reference fires."""
    names = [name for name in model.binning.numeric if name != SCORE]
    tests = (stats.ks_2samp(model.sample[name].to_numpy(), table[name].to_numpy(), method="asymp") for name in names)
    return [bool(test.pvalue < 0.05) for test in tests]


def count(
    findings: Findings, seen: Sequence[frozenset[Condition]], pooled: Sequence[set[str]], loud: Sequence[list[bool]]
) -> Findings:
    """Count episodes: sequences of hours in which the same alert of the same feature and window holds."""
    pages = [frozenset(item for item in hour_ if item.alert.severity == PAGE) for hour_ in seen]
    tickets = [hour_ - page for hour_, page in zip(seen, pages, strict=True)]
    findings.pages, findings.page_hours = episodes(pages), sum(map(bool, pages))
    findings.tickets, findings.ticket_hours = episodes(tickets), sum(map(bool, tickets))
    for name in ("1h", "24h"):
        own = [frozenset(item for item in hour_ if item.label(catalogue.WINDOW) == name) for hour_ in tickets]
        findings.by_window[name] = episodes(own)
    findings.pooled, findings.pooled_hours = episodes(pooled), sum(map(bool, pooled))
    findings.ks_share = float(np.mean(loud))
    findings.ks_hours = float(np.mean([any(hour_) for hour_ in loud]))
    return findings


def episodes(hours: Sequence[frozenset[Condition]] | Sequence[set[str]]) -> int:
    """Return how many episodes begin."""
    return sum(len(now - before) for before, now in zip([frozenset(), *hours], hours))  # noqa: B905 - the lengths differ by one


# ------------------------------------------------------------------------------------------------ injections


def inject(
    model: Model, week: Sequence[pa.Table], start: int, number: int, findings: Findings, *, past: Sequence[Profile]
) -> None:
    """Inject each kind of fault into all columns at once; columns are evaluated separately, so each is one run.

    `past` are the hours before, for windows of 24h; if there are too few, there is no such run. For windows of 1h, the
    runs whose first three hours have at least `min_rows` rows are also counted separately.
    """
    hours = week[start : start + FOLLOWED]
    enough = min(table.num_rows for table in hours[:3]) >= model.spec.spec.thresholds.min_rows
    views: dict[str, tuple[str, ...]] = {"1h": ("1h",)}
    if enough:
        views["1h, enough rows"] = ("1h",)
    if len(past) == 23:
        views |= {"24h": ("24h",), "either": ("1h", "24h")}
    for kind in TITLES:
        tables, touched = _injected(model, hours, kind, start)
        delays: dict[tuple[str, str], int] = {}
        day = deque(past, maxlen=24)
        for after, table in enumerate(tables):
            day.append(profile(model, table))
            cells = [(start + after - ago) % WEEK for ago in range(len(day) - 1, -1, -1)]
            end = number * WEEK + start + after + 1
            newest = window(model, "1h", [day[-1]], cells[-1:], end)
            for condition in alarms(model, [newest, *_day(model, day, cells, end)]):
                scored = condition.alert.layer is catalogue.Layer.SCORE
                column = SCORE if scored else condition.label(catalogue.FEATURE)
                delays.setdefault((column, condition.label(catalogue.WINDOW)), after + 1)
        for column in touched:
            for view, names in views.items():
                delay = min((delays[column, name] for name in names if (column, name) in delays), default=None)
                findings.delays.setdefault((_title(kind, column), view), []).append(delay)


def _title(kind: FaultKind, column: str) -> str:
    return f"{TITLES[kind]}, {column.partition('_')[0]}" if kind is FaultKind.SHIFT else TITLES[kind]


def _injected(model: Model, hours: Sequence[pa.Table], kind: FaultKind, start: int) -> tuple[list[pa.Table], list[str]]:
    """Return the hours with every fitting column damaged, and the names of these columns."""
    columns = [name for name, bins in model.binning.by_name.items() if kind in fitting_kinds(bins, score=name == SCORE)]
    faults = [Injection(kind, name, MONDAY, damage(kind, name, model.reference, start)) for name in columns]
    return [_damaged(table, faults) for table in hours], columns


def _damaged(table: pa.Table, faults: Sequence[Injection]) -> pa.Table:
    (batch,) = batches([table])
    for fault in faults:
        batch = fault.apply(batch)
    return batch.table


TITLES: Final[Mapping[FaultKind, str]] = {
    FaultKind.SHIFT: "shift by 0.3 sd",
    FaultKind.NULLS: "column of nulls",
    FaultKind.UNIT: "unit x 100",
    FaultKind.RENAME: "category renamed",
    FaultKind.FREEZE: "frozen",
}
