"""One simulated model: its reference, four weeks in which nothing drifts, and what is injected into single hours.

All that is judged is judged by the exporter's own code: profiles, reference, `evaluate`, and an alert's condition,
which is a gauge above its threshold.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats
from simulation.traffic import SCORE, TIME, WEEK, Population, Traffic, hour

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.evaluation import WindowProfile, evaluate
from exporter.profiles.binning import Binning
from exporter.profiles.kernel import profile_partition
from exporter.profiles.profile import Profile, merge, numeric_column
from exporter.profiles.profile import categorical_column as categorical
from exporter.profiles.reference import Reference, build_binning, profile_by_hour
from exporter.service.reference_reading import seasonal_reference, selected, with_score
from exporter.sources.source import Batch
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import Calendar
from exporter.spec.windows import Window
from exporter.statistics.drift import population_stability_index

LIVE_WEEKS: Final = 4
FOLLOWED: Final = 6
"""Hours after an injection that are looked at."""
SHIFT: Final = 0.3
CONVENTION: Final = 0.2
"""The usual threshold of a PSI."""
_EDGE_STEP: Final = 10
_KS_STEP: Final = 12
_KS_ROWS: Final = 20_000

Condition = tuple[Alert, str, str]
"""An alert whose gauge is above its threshold, the feature (or nothing), the window."""
Injection = Callable[[Sequence[pa.Table], str], list[pa.Array] | None]


@dataclass
class Findings:
    """What one month came to; `delays` are hours until an alert (None for never) by what was injected."""

    pages: int = 0
    page_hours: int = 0
    tickets: int = 0
    ticket_hours: int = 0
    by_window: dict[str, int] = field(default_factory=dict)
    pooled: int = 0
    pooled_hours: int = 0
    ks_share: float = math.nan
    ks_hours: float = math.nan
    delays: dict[str, list[int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A model with its reference, and `pooled`, all of the reference's rows in one profile."""

    spec: ModelSpec
    reference: Reference
    pooled: Profile
    sample: pa.Table

    @property
    def binning(self) -> Binning:
        """The cells of everything."""
        return self.reference.binning


def spec_of(traffic: Traffic) -> ModelSpec:
    """The shortest spec that has seasons; every threshold is the default."""
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
    """The model with a reference of its first weeks; the edges come from every tenth row, the counts from all."""
    spec = spec_of(population.traffic)
    weeks = [population.week(index) for index in range(population.traffic.weeks)]
    step = _EDGE_STEP if population.traffic.rows > 500 else 1
    sample = pa.concat_tables([week.take(np.arange(0, week.num_rows, step)) for week in weeks])
    selection = selected(spec, keys=())
    plain, _ = build_binning(batches([sample]), selection, spec.spec.limits.categories)
    binning = with_score(spec, plain)
    by_hour, history = profile_by_hour(batches(weeks), binning, TIME, Calendar.of(spec.spec.seasonality))
    reference = seasonal_reference(spec, binning, by_hour, history)
    rows = np.random.default_rng(population.seed).permutation(sample.num_rows)[:_KS_ROWS]
    return Model(spec, reference, merge(binning, by_hour.versions.values()), sample.take(rows))


def batches(tables: Sequence[pa.Table]) -> Iterator[Batch]:
    """Tables as a source gives them."""
    return (Batch(table, first=True, schema=table.schema) for table in tables)


# ------------------------------------------------------------------------------------------------ the quiet month


def month(traffic: Traffic, seed: int, starts: int) -> Findings:
    """Four weeks, judged every hour; then as many injections of each kind as there are `starts`, at random hours."""
    population = Population(traffic, seed)
    model, findings = make_model(population), Findings()
    seen: list[set[Condition]] = []
    pooled: list[set[str]] = []
    loud: list[list[bool]] = []
    day: deque[Profile] = deque(maxlen=24)
    cells: deque[int] = deque(maxlen=24)
    generator = np.random.default_rng([seed, 10**6])
    for week in range(LIVE_WEEKS):
        tables = hourly(population.week(traffic.weeks + week))
        for cell, table in enumerate(tables):
            day.append(profile(model, table))
            cells.append(cell)
            end = (traffic.weeks + week) * WEEK + cell + 1
            newest = window(model, "1h", [day[-1]], [cell], end)
            seen.append(conditions(model, [newest, *_day(model, day, cells, end)]))
            pooled.append(pooled_drift(model, day[-1]))
            if (cell + week) % _KS_STEP == 0:
                loud.append(kolmogorov_smirnov(model, table))
        for start in generator.integers(0, WEEK - FOLLOWED, starts // LIVE_WEEKS + (week < starts % LIVE_WEEKS)):
            inject(model, tables, int(start), traffic.weeks + week, findings)
    return count(findings, seen, pooled, loud)


def hourly(week: pa.Table) -> list[pa.Table]:
    """A week's rows, hour by hour, without their times."""
    times = week.column(TIME).to_numpy()
    first = times[0] - np.timedelta64(0, "s")
    ends = np.searchsorted(times, first + np.arange(WEEK + 1) * np.timedelta64(3600, "s"))
    plain = week.drop_columns([TIME])
    return [plain.slice(ends[cell], ends[cell + 1] - ends[cell]) for cell in range(WEEK)]


def profile(model: Model, table: pa.Table) -> Profile:
    """An hour's profile."""
    return profile_partition(batches([table]), model.binning, None).versions[catalogue.UNKNOWN_VERSION]


def window(model: Model, name: str, hours: Sequence[Profile], cells: Sequence[int], end: int) -> WindowProfile:
    """A window of some hours, the last of which ends at `end`."""
    rows = np.zeros(WEEK)
    np.add.at(rows, list(cells), [part.rows for part in hours])
    span = Window(hour(end) - timedelta(hours=len(hours)), hour(end))
    version = catalogue.UNKNOWN_VERSION
    return WindowProfile(name, span, {version: merge(model.binning, hours)}, {version: rows})


def _day(model: Model, day: Sequence[Profile], cells: Sequence[int], end: int) -> Iterator[WindowProfile]:
    if len(day) == 24:
        yield window(model, "24h", day, cells, end)


def conditions(model: Model, windows: Sequence[WindowProfile]) -> set[Condition]:
    """The alerts whose gauges are above their thresholds."""
    samples = evaluate(model.spec, model.reference, windows)
    values = {(sample.metric, sample.labels): sample.value for sample in samples}
    thresholds = {alert.metric.threshold(): alert for alert in JUDGED}
    found = set()
    for (metric, labels), level in values.items():
        alert = thresholds.get(metric)
        if alert and values[alert.metric, labels] > level:
            named = dict(zip(metric.labels, labels, strict=True))
            found.add((alert, named.get(catalogue.FEATURE, ""), named[catalogue.WINDOW]))
    return found


JUDGED: Final = (
    catalogue.DATA_DRIFT_HIGH,
    catalogue.PREDICTION_SCORE_SHIFT,
    catalogue.PREDICTION_DISTRIBUTION_SHIFT,
    catalogue.CONFIDENCE_SHIFT,
    catalogue.FEATURE_DRIFT_HIGH,
    catalogue.FEATURE_NULLS_HIGH,
    catalogue.NEW_CATEGORIES,
)


def pooled_drift(model: Model, now: Profile) -> set[str]:
    """What the usual way would say: the features whose PSI against the whole reference is above 0.2."""
    found = set()
    for name in model.binning.by_name:
        read = numeric_column if name in model.binning.numeric else categorical
        sides = (read(side, model.binning, name).cells for side in (model.pooled, now))
        if name != SCORE and population_stability_index(*sides) > CONVENTION:
            found.add(name)
    return found


def kolmogorov_smirnov(model: Model, table: pa.Table) -> list[bool]:
    """Whether a plain test at 5 % against the whole reference would fire, for each numeric feature."""
    names = [name for name in model.binning.numeric if name != SCORE]
    tests = (stats.ks_2samp(model.sample[name].to_numpy(), table[name].to_numpy(), method="asymp") for name in names)
    return [bool(test.pvalue < 0.05) for test in tests]


def count(
    findings: Findings, seen: Sequence[set[Condition]], pooled: Sequence[set[str]], loud: Sequence[list[bool]]
) -> Findings:
    """Conditions as episodes: stretches of hours in which the same alert of the same feature and window holds."""
    pages = [{found for found in hour_ if found[0].severity == catalogue.Severity.CRITICAL} for hour_ in seen]
    tickets = [hour_ - page for hour_, page in zip(seen, pages, strict=True)]
    findings.pages, findings.page_hours = episodes(pages), sum(map(bool, pages))
    findings.tickets, findings.ticket_hours = episodes(tickets), sum(map(bool, tickets))
    for name in ("1h", "24h"):
        findings.by_window[name] = episodes([{found for found in hour_ if found[2] == name} for hour_ in tickets])
    findings.pooled, findings.pooled_hours = episodes(pooled), sum(map(bool, pooled))
    findings.ks_share = float(np.mean(loud))
    findings.ks_hours = float(np.mean([any(hour_) for hour_ in loud]))
    return findings


def episodes(hours: Sequence[set[Condition]] | Sequence[set[str]]) -> int:
    """How often something begins."""
    return sum(len(now - before) for before, now in zip([set(), *hours], hours))  # noqa: B905 - one fewer is meant


# ------------------------------------------------------------------------------------------------ what is injected


def inject(model: Model, week: Sequence[pa.Table], start: int, number: int, findings: Findings) -> None:
    """Each kind of injection into every column at once: each column is judged for itself, so each is a run."""
    hours = week[start : start + FOLLOWED]
    for kind, change in INJECTIONS.items():
        tables, touched = _changed(hours, change)
        delays: dict[str, int] = {}
        for after, table in enumerate(tables):
            end = number * WEEK + start + after + 1
            found = conditions(model, [window(model, "1h", [profile(model, table)], [start + after], end)])
            for alert, feature, _ in found:
                name = SCORE if alert.layer is catalogue.Layer.SCORE else feature
                delays.setdefault(name, after + 1)
        for name in touched:
            findings.delays.setdefault(_told(kind, name), []).append(delays.get(name))


def _told(kind: str, column: str) -> str:
    return f"{kind}, {column.partition('_')[0]}" if kind == SHIFTED else kind


def _changed(hours: Sequence[pa.Table], change: Injection) -> tuple[list[pa.Table], list[str]]:
    changed = {name: change(hours, name) for name in hours[0].column_names}
    touched = {name: arrays for name, arrays in changed.items() if arrays is not None}
    tables = []
    for index, table in enumerate(hours):
        own: Mapping[str, pa.Array] = {name: arrays[index] for name, arrays in touched.items()}
        tables.append(pa.table({name: own.get(name, table[name]) for name in table.column_names}))
    return tables, list(touched)


def _numbers(hours: Sequence[pa.Table], name: str) -> list[npt.NDArray[np.float64]] | None:
    if pa.types.is_dictionary(hours[0][name].type):
        return None
    return [table[name].to_numpy().astype(np.float64) for table in hours]


def _shifted(hours: Sequence[pa.Table], name: str) -> list[pa.Array] | None:
    """By 0.3 of the standard deviation of these hours; of whole numbers, some by 1, so that the mean moves as much."""
    numbers = _numbers(hours, name)
    if numbers is None:
        return None
    by = SHIFT * float(np.std(np.concatenate([part - part.mean() for part in numbers])))
    if not pa.types.is_integer(hours[0][name].type):
        return [pa.array(part + by) for part in numbers]
    return [pa.array(part + np.floor(by + np.random.default_rng(0).random(len(part)))) for part in numbers]


def _nulls(hours: Sequence[pa.Table], name: str) -> list[pa.Array] | None:
    return None if name == SCORE else [pa.nulls(len(table), table.schema.field(name).type) for table in hours]


def _hundredfold(hours: Sequence[pa.Table], name: str) -> list[pa.Array] | None:
    numbers = None if name == SCORE else _numbers(hours, name)
    return None if numbers is None else [pa.array(part * 100) for part in numbers]


def _renamed(hours: Sequence[pa.Table], name: str) -> list[pa.Array] | None:
    """One category, whichever the first row has, comes under another name."""
    if _numbers(hours, name) is not None:
        return None
    texts = [pc.cast(table[name], pa.string()).combine_chunks() for table in hours]
    return [pc.if_else(pc.equal(part, texts[0][0]), "renamed", part) for part in texts]


def _frozen(hours: Sequence[pa.Table], name: str) -> list[pa.Array] | None:
    """Every row repeats the first row's value."""
    if name == SCORE:
        return None
    texts = _numbers(hours, name) is None
    value = hours[0][name][0].as_py()
    return [
        pa.array([value] * len(table)).dictionary_encode() if texts else pa.repeat(value, len(table)) for table in hours
    ]


SHIFTED: Final = "shift by 0.3 sd"
INJECTIONS: Final[Mapping[str, Injection]] = {
    SHIFTED: _shifted,
    "column of nulls": _nulls,
    "unit x 100": _hundredfold,
    "category renamed": _renamed,
    "frozen": _frozen,
}
