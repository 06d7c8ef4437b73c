"""Write the pages that are made from the code: `make docs`. A test keeps them true."""

from __future__ import annotations

from pathlib import Path

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.spec.docs_page import spec_page
from exporter.spec.schema import schema_text

HERE = Path(__file__).resolve().parent

_METRICS = """\
# Metrics

Made from `exporter/catalogue.py` by `make docs`.

Facts about a model are `ml_*`, facts about the exporter are `leeway_*`. Ratios run 0 to 1, units are base units. A
model's constant labels (`metadata.labels` of its spec) stand on every series with a `model` label, beside those listed.
A series with `window` is about the newest window of that length; the exporter refreshes on a schedule of its own, so
judge age by `{end}`.
Values that labels tell are about a window that ends `labels.maturity` before that (see
[statistics.md](statistics.md#performance-and-calibration)); those of `…_provisional` are about the newest window as far
as its labels have come, and those of `…_estimated` need none of them.
A value that is not known is absent, never 0. A label that says nothing is absent too: `role` where the log names none,
`segment` on what is said of the whole.

A `gaugehistogram` stands as `…_bucket`, with the label `le`, `…_gcount` and `…_gsum`. In Prometheus' text format, which
has no such kind, its buckets are a histogram's; they are rows of a window, and do not grow.

A statistic that an alert reads has its threshold beside it, in a series of equal labels: the alert is
`score > threshold`, and a panel draws both.

| metric | kind | labels | unit | meaning |
|---|---|---|---|---|
{metrics}

# Metrics of the retraining hook

`leeway retrain-hook` exposes these [at its own `/metrics`](retraining.md#watching-it), without a model's
constant labels.

| metric | kind | labels | unit | meaning |
|---|---|---|---|---|
{hook}

# Alerts

| alert | severity | layer | reads | page |
|---|---|---|---|---|
{alerts}
"""


def metrics_page() -> str:
    """The page of metrics and alerts."""
    return _METRICS.format(
        end=catalogue.WINDOW_END_TIMESTAMP_SECONDS.name,
        metrics="\n".join(map(_metric_row, catalogue.METRICS)),
        hook="\n".join(map(_metric_row, catalogue.HOOK_METRICS)),
        alerts="\n".join(map(_alert_row, catalogue.ALERTS)),
    )


def _metric_row(metric: Metric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit.value} | {metric.help} |"


def _alert_row(alert: Alert) -> str:
    page = f"[alerts/{alert.name}.md](alerts/{alert.name}.md)"
    return f"| `{alert.name}` | {alert.severity.value} | {alert.layer.value} | `{alert.metric.name}` | {page} |"


def pages() -> dict[Path, str]:
    """Every page that is made from the code, by its path."""
    return {
        HERE / "metrics.md": metrics_page(),
        HERE / "spec.md": spec_page(),
        HERE / "schema" / "model.json": schema_text(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(f"wrote {path.relative_to(HERE.parent)}")  # noqa: T201 - what a person sees of `make docs`
