"""Write the pages that are generated from the code: `make docs`. A test checks that they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runbooks import runbooks, written

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.spec.docs_page import spec_page
from exporter.spec.loading import load_all
from exporter.spec.schema import schema_text
from generator.commands.delays import COLUMNS, rows

HERE = Path(__file__).resolve().parent

_METRICS = """\
# Metrics

Generated from `exporter/catalogue.py` by `make docs`.

Metrics of a model are `ml_*`, metrics of the exporter are `leeway_*`. Ratios are from 0 to 1, units are base units.
Every series with a `model` label also has the model's constant labels (`metadata.labels` of its spec).
A series with `window` describes the newest window of that length. The exporter refreshes on its own schedule, so read
the age of a value from `{end}`.
Values that need labels of predictions describe a window that ends `labels.maturity` earlier (see
[statistics.md](statistics.md#performance-and-calibration)). Those with `…_provisional` describe the newest window with
the labels that have arrived, and those with `…_estimated` need no labels.
An unknown value is absent, never 0. A series label without a value is absent too: `role` where the log has none, and
`segment` on series of the whole.

A `gaugehistogram` has the series `…_bucket`, with the label `le`, `…_gcount` and `…_gsum`. Prometheus' text format does
not have this type, so the buckets look like those of a histogram; they count the rows of a window, and do not grow.

A statistic with an alert has a second series with equal labels, its threshold: the alert is `score > threshold`, and a
panel draws both.

| metric | kind | labels | unit | meaning |
|---|---|---|---|---|
{metrics}

# Metrics of the retraining hook

`leeway retrain-hook` exposes these [at its own `/metrics`](retraining.md#watching-it), without a model's
constant labels.

| metric | kind | labels | unit | meaning |
|---|---|---|---|---|
{hook}

# Recorded series

`rules/leeway-fleet.yaml` has recording rules for [the dashboard of all models](dashboards.md#all-models). They have no
constant labels.

| series | labels | meaning |
|---|---|---|
{recorded}

# Alerts

| alert | severity | layer | reads | page |
|---|---|---|---|---|
{alerts}
"""


def metrics_page() -> str:
    """Return the page of metrics and alerts."""
    return _METRICS.format(
        end=catalogue.WINDOW_END_TIMESTAMP_SECONDS.name,
        metrics="\n".join(map(_metric_row, catalogue.METRICS)),
        hook="\n".join(map(_metric_row, catalogue.HOOK_METRICS)),
        recorded="\n".join(map(_recorded_row, catalogue.RECORDED)),
        alerts="\n".join(map(_alert_row, catalogue.ALERTS)),
    )


def _metric_row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit.value} | {metric.help} |"


def _recorded_row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {labels} | {metric.help} |"


def _alert_row(alert: Alert) -> str:
    page = f"[alerts/{alert.name}.md](alerts/{alert.name}.md)"
    return f"| `{alert.name}` | {alert.severity.value} | {alert.layer.value} | `{alert.metric.name}` | {page} |"


def delays_table() -> str:
    """Return how soon each alert of the example is sent, as a table."""
    [loaded] = load_all([HERE.parent / "models" / "fraud.yaml"])
    cells = [COLUMNS, ("---",) * len(COLUMNS), *rows(loaded.spec)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def pages() -> dict[Path, str]:
    """Return every page that is generated from the code, by its path."""
    return {
        HERE / "metrics.md": metrics_page(),
        HERE / "spec.md": spec_page(),
        HERE / "schema" / "model.json": schema_text(),
        HERE / "alerting.md": written((HERE / "alerting.md").read_text(), "delays", delays_table()),
        **runbooks(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(f"wrote {path.relative_to(HERE.parent)}")  # noqa: T201 - the output of `make docs`
