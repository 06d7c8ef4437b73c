"""The commands of the runbooks: the rule's query, a run of the exporter, and rows of the log. `make docs` writes them.

The example is `models/fraud.yaml`, without its constant labels, so that a query needs only another model's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from exporter import catalogue
from exporter.catalogue import Alert
from exporter.spec.loading import load_all
from generator.arguments import rule_arguments
from generator.jsonnet import evaluate
from generator.options import Options

FOLDER: Final = Path(__file__).resolve().parent / "alerts"
[_LOADED] = load_all([FOLDER.parents[1] / "models" / "fraud.yaml"])
_SPEC: Final = _LOADED.spec
_BARE: Final = _SPEC.model_copy(update={"metadata": _SPEC.metadata.model_copy(update={"labels": {}})})

NOW: Final = "2026-11-24T16:15:00Z"
_HOUR, _DAY, _MATURE, _MONTH = "2026-11-24T15", "2026-11-24T*", "2026-11-17T*", "2026-11-*"
_BOUNDS: Final = {
    _HOUR: ("2026-11-24 15:00:00", "2026-11-24 16:00:00"),
    _DAY: ("2026-11-24 00:00:00", "2026-11-25 00:00:00"),
    _MATURE: ("2026-11-17 00:00:00", "2026-11-18 00:00:00"),
    _MONTH: ("2026-11-01 00:00:00", "2026-12-01 00:00:00"),
}
"""Each period as it is in the names of files, with its beginning and end."""

_COLUMNS: Final = _SPEC.spec.inference.columns
_TIME, _ID, _SCORE, _CLASS = _COLUMNS.timestamp, _COLUMNS.prediction_id, _COLUMNS.score, _COLUMNS.prediction
_LABELS: Final = _SPEC.spec.labels.columns
_LABEL, _LABELLED = _LABELS.label, _LABELS.timestamp
_NAMES: Final = [feature.name for feature in _SPEC.spec.features if feature.type == "numeric"]
_FEATURE, _CATEGORY = _NAMES[-1], next(each.name for each in _SPEC.spec.features if each.type == "categorical")


class Rows(NamedTuple):
    """A statement, and the period of each table that it reads; the reference has none."""

    sql: str
    inference: str | None = _HOUR
    labels: str | None = None
    reference: bool = False


_CELLS: Final = Rows(
    f"""\
select round(({_FEATURE} - mean) / nullif(deviation, 0)) as cell,
  sum(logged) as logged, sum(1 - logged) as in_reference,
  min({_FEATURE}) as lowest, max({_FEATURE}) as highest, min({_ID}) as example
from (
  select {_FEATURE}, {_ID}, 1 as logged from inference
  union all select {_FEATURE}, null as {_ID}, 0 as logged from reference
) as parts
cross join (select avg({_FEATURE}) as mean, stddev({_FEATURE}) as deviation from reference) as usual
group by 1 order by 1""",
    reference=True,
)
_MEANS: Final = ", ".join(f"avg({name}) as {name}" for name in _NAMES)
_SCORES: Final = Rows(
    f"""\
select round(10 * {_SCORE}) / 10 as score, count(*) as n, min({_ID}) as example
from inference group by 1 order by 1"""
)
_HOURS: Final = Rows(
    f"""\
select extract(hour from {_TIME}) as hour, count(*) as n, min({_TIME}) as earliest, max({_TIME}) as latest
from inference group by 1 order by 1""",
    inference=_DAY,
)
_OUTCOMES: Final = Rows(
    f"""\
select round(10 * {_SCORE}) / 10 as score, count(*) as n, avg(1e0 * cast({_LABEL} as integer)) as observed
from inference join labels using ({_ID}) group by 1 order by 1""",
    inference=_MATURE,
    labels=_MONTH,
)
_ANY: Final = Rows("select * from inference limit 5")

ROWS: Final = {
    catalogue.WINDOW_STALE: _HOURS,
    catalogue.INFERENCE_LOGS_MISSING: _HOURS,
    catalogue.TRAFFIC_UNUSUAL: _HOURS,
    catalogue.FILES_SKIPPED_ALERT: _ANY,
    catalogue.DATA_UNREADABLE: _ANY,
    catalogue.COLUMN_UNREADABLE: _ANY,
    catalogue.SERIES_LIMITED_ALERT: Rows(
        f"select {_CATEGORY}, count(*) as n from inference group by 1 order by 2 desc limit 200", inference=_DAY
    ),
    catalogue.LOG_ROWS_UNUSABLE: Rows(
        f"select * from inference\nwhere {_ID} is null or {_TIME} is null or {_SCORE} is null limit 20"
    ),
    catalogue.LABELS_LATE: Rows(
        f"""\
select extract(hour from {_LABELLED}) as hour, count(*) as n, max({_LABELLED}) as latest
from labels group by 1 order by 1""",
        inference=None,
        labels=_DAY,
    ),
    catalogue.LABEL_COVERAGE_LOW: Rows(
        f"""\
select {_TIME}, {_ID}, {_SCORE} from inference
where {_ID} not in (select {_ID} from labels where {_ID} is not null)
order by {_TIME} limit 20""",
        inference=_MATURE,
        labels=_MONTH,
    ),
    catalogue.PERFORMANCE_WITHHELD: Rows(
        f"select {_LABEL}, count(*) as n, min({_ID}) as example from labels group by 1 order by 2 desc limit 20",
        inference=None,
        labels=_DAY,
    ),
    catalogue.FEATURE_NULLS_HIGH: Rows(f"select * from inference where {_FEATURE} is null order by {_TIME} limit 20"),
    catalogue.NEW_CATEGORIES: Rows(
        f"""\
select {_CATEGORY}, count(*) as n, min({_TIME}) as earliest, min({_ID}) as example from inference
where {_CATEGORY} not in (select {_CATEGORY} from reference where {_CATEGORY} is not null)
group by 1 order by 2 desc limit 20""",
        reference=True,
    ),
    catalogue.DATA_DRIFT_HIGH: Rows(
        f"""\
select 'logged' as part, count(*) as n, {_MEANS} from inference
union all select 'reference' as part, count(*) as n, {_MEANS} from reference""",
        reference=True,
    ),
    catalogue.FEATURE_BROKEN_ALERT: _CELLS,
    catalogue.FEATURE_DRIFT_HIGH: _CELLS,
    catalogue.FEATURE_INSENSITIVE: Rows(
        f"""\
select extract(month from {_TIME}) as month, count(*) as n, avg({_FEATURE}) as mean, stddev({_FEATURE}) as deviation
from reference group by 1 order by 1""",
        inference=None,
        reference=True,
    ),
    catalogue.SEGMENT_DRIFT_ALERT: Rows(
        f"""\
select {_CATEGORY}, count(*) as n, avg({_SCORE}) as score, {_MEANS}
from inference group by 1 order by 2 desc limit 20"""
    ),
    catalogue.PREDICTION_SCORE_SHIFT: _SCORES,
    catalogue.PREDICTION_DISTRIBUTION_SHIFT: _SCORES,
    catalogue.CONFIDENCE_SHIFT: _SCORES,
    catalogue.PREDICTION_CLASS_SHIFT: Rows(
        f"select {_CLASS}, count(*) as n, min({_ID}) as example from inference group by 1 order by 2 desc"
    ),
    catalogue.CALIBRATION_POOR: _OUTCOMES,
    catalogue.CONCEPT_DRIFT_ALERT: _OUTCOMES,
    catalogue.BASE_RATE_SHIFT_ALERT: _OUTCOMES,
    catalogue.ERROR_BUDGET_BURN_FAST: _OUTCOMES,
    catalogue.ERROR_BUDGET_BURN_SLOW: _OUTCOMES,
    catalogue.ERROR_BUDGET_EXHAUSTED: _OUTCOMES,
    catalogue.PROXY_UNUSUAL: Rows(
        f"""\
select extract(hour from {_TIME}) as hour, count(*) as n,
  avg(case when {_CLASS} = 'review' then 1e0 else 0e0 end) as review_rate
from inference group by 1 order by 1""",
        inference=_DAY,
    ),
}
"""What to read of the log, by alert. DuckDB, BigQuery, Athena and Redshift understand each of these statements."""

_INSTEAD: Final = {
    catalogue.EXPORTER_DOWN: "curl -sS http://localhost:9877/-/ready",
    catalogue.REFRESH_OVERDUE: "curl -sS http://localhost:9877/-/healthy",
    catalogue.SPEC_MISMATCH: "leeway check --out build models/fraud.yaml",
    catalogue.SPEC_REJECTED: "leeway validate models/fraud.yaml",
    catalogue.RETRAINING_NOT_STARTED: (
        f"curl -sS http://leeway-retrain-hook:9878/metrics | grep {catalogue.RETRAINING_NOT_STARTED.metric.name}"
    ),
}
"""What reproduces an alert that is not about a model's data."""


def runbooks() -> dict[Path, str]:
    """Return every runbook with its commands made anew, by its path."""
    queries = _queries()
    paths = {alert: FOLDER / f"{alert.name}.md" for alert in catalogue.ALERTS}
    return {
        path: written(path.read_text(), "commands", "\n".join(_commands(alert, queries[alert.name])))
        for alert, path in paths.items()
    }


def written(text: str, name: str, body: str) -> str:
    """Return a page with the part of this name, between its two comments, made anew."""
    block = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
    return block.sub(lambda found: f"{found[1]}\n{body}\n{found[2]}", text)


def _queries() -> dict[str, str]:
    """Return the expression of each alert of the example; that of the spec's fingerprint matches every fingerprint."""
    groups = evaluate(Path("rules/mixin.libsonnet"), rule_arguments(_BARE, Options()))["groups"]
    rules = (rule for group in groups for rule in group["rules"])
    return {rule["alert"]: rule["expr"].replace(_BARE.fingerprint(), "") for rule in rules}


def _commands(alert: Alert, query: str) -> Iterator[str]:
    yield from ("The rule's query, for Prometheus or Grafana:", "", "```promql", query, "```", "")
    if alert in _INSTEAD:
        yield from ("The same question, asked at the source:", "", "```sh", _INSTEAD[alert], "```", "")
    else:
        yield from ("The same values, read again as of the time of the notification:", "")
        yield from ("```sh", _run(query), "```", "")
    if alert in ROWS:
        rows = ROWS[alert]
        yield from (
            "Rows of the log in files, with the names of `models/fraud.yaml`:",
            "",
            "```sh",
            duckdb(rows),
            "```",
            "",
        )
        yield from ("The same of a table in BigQuery, Athena or Redshift:", "", "```sql", table(rows), "```", "")


def _run(query: str) -> str:
    metrics = dict.fromkeys(re.findall(r"\b(?:ml|leeway)_\w+(?=\{)", query))
    pattern = rf"^({'|'.join(metrics)})\{{"
    return (
        "leeway-exporter --config.file=models/fraud.yaml --storage.path=/tmp/leeway --once \\\n"
        f"  --now={NOW} | grep -E '{pattern}'"
    )


def duckdb(rows: Rows) -> str:
    """Return the shell command that runs a statement with DuckDB on the example's files."""
    body = _SPEC.spec
    sources = {"inference": (body.inference.source, rows.inference), "labels": (body.labels.source, rows.labels)}
    paths = {name: re.sub("%.*H", period, source.s3) for name, (source, period) in sources.items() if period}
    if rows.reference:
        paths["reference"] = body.reference.source.s3
    views = (f"create view {name} as select * from read_parquet('{path}');" for name, path in paths.items())
    return "\n".join(
        ('duckdb -c "', "create secret (type s3, provider credential_chain);", *views, f"{rows.sql};", '"')
    )


def table(rows: Rows) -> str:
    """Return a statement on tables of the data set `ml`, limited to its periods."""
    tables = {"inference": (_TIME, rows.inference), "labels": (_LABELLED, rows.labels)}
    parts = [_period(name, column, period) for name, (column, period) in tables.items() if period]
    parts += ["reference as (select * from ml.reference)"] * rows.reference
    return "with " + ",\n".join(parts) + f"\n{rows.sql}"


def _period(name: str, column: str, period: str) -> str:
    start, end = (f"timestamp '{each}'" for each in _BOUNDS[period])
    return f"{name} as (\n  select * from ml.{name} where {column} >= {start} and {column} < {end}\n)"
