"""The drift of a model per window, read from the exporter's `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from rich.table import Table

from exporter import catalogue
from exporter.catalogue import Metric

ABSENT: Final = "-"
"""The text for a missing sample; never 0."""


@dataclass(frozen=True, slots=True)
class FeatureFinding:
    """One feature in one window; None for a missing sample.

    `mean_shift` is in reference standard deviations, `psi` in nats, the others are ratios.
    """

    feature: str
    psi: float | None
    threshold: float | None
    ks: float | None
    mean_shift: float | None
    nulls: float | None
    drifted: bool | None


@dataclass(frozen=True, slots=True)
class WindowFinding:
    """One window of one model version; None for a missing sample."""

    window: str
    version: str
    end: datetime | None
    rows: float | None
    drift_share: float | None
    drift_share_threshold: float | None
    score_shift: float | None
    score_shift_threshold: float | None
    features: tuple[FeatureFinding, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """The names of the drifted features."""
        return tuple(finding.feature for finding in self.features if finding.drifted)


Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def findings(exposition: str, model: str) -> list[WindowFinding]:
    """Return the windows of a model in an exposition, with versions and features in their order.

    Raises:
        ValueError: when `exposition` is not in Prometheus' text format.
    """
    samples = _samples(exposition, model)
    return [_window(samples, dict(labels)) for labels in samples.get(catalogue.VERSION_ROWS.name, {})]


def _samples(exposition: str, model: str) -> Samples:
    """Return the model's samples by name and labels, only with the labels that differ between them."""
    known = {catalogue.VERSION, catalogue.FEATURE, catalogue.WINDOW, catalogue.STREAM}
    samples: Samples = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.labels.get(catalogue.MODEL) == model:
                labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name in known))
                samples.setdefault(sample.name, {})[labels] = sample.value
    return samples


def _window(samples: Samples, labels: dict[str, str]) -> WindowFinding:
    def value(metric: Metric) -> float | None:
        return _value(samples, metric, labels)

    end = _value(
        samples,
        catalogue.WINDOW_END_TIMESTAMP_SECONDS,
        {catalogue.STREAM: catalogue.INFERENCE, catalogue.WINDOW: labels[catalogue.WINDOW]},
    )
    return WindowFinding(
        labels[catalogue.WINDOW],
        labels[catalogue.VERSION],
        None if end is None else datetime.fromtimestamp(end, UTC),
        value(catalogue.VERSION_ROWS),
        value(catalogue.DATA_DRIFT_SHARE),
        value(catalogue.DATA_DRIFT_SHARE_THRESHOLD),
        value(catalogue.PREDICTION_MEAN_SHIFT),
        value(catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD),
        tuple(_feature(samples, labels, name) for name in _features(samples, labels)),
    )


def _features(samples: Samples, labels: dict[str, str]) -> Iterator[str]:
    for feature_labels in samples.get(catalogue.FEATURE_ROWS.name, {}):
        others = dict(feature_labels)
        feature = others.pop(catalogue.FEATURE)
        if others == labels:
            yield feature


def _feature(samples: Samples, labels: dict[str, str], feature: str) -> FeatureFinding:
    def value(metric: Metric) -> float | None:
        return _value(samples, metric, {**labels, catalogue.FEATURE: feature})

    drifted = value(catalogue.FEATURE_DRIFTED)
    return FeatureFinding(
        feature,
        value(catalogue.FEATURE_PSI),
        value(catalogue.FEATURE_PSI_THRESHOLD),
        value(catalogue.FEATURE_KS_STATISTIC),
        value(catalogue.FEATURE_MEAN_SHIFT),
        value(catalogue.FEATURE_NULL_RATIO),
        None if drifted is None else bool(drifted),
    )


def _value(samples: Samples, metric: Metric, labels: dict[str, str]) -> float | None:
    return samples.get(metric.name, {}).get(tuple(sorted(labels.items())))


# ------------------------------------------------------------------------------------------------ the tables


def table(window: WindowFinding) -> Table:
    """Return a window as a table: one row per feature, the drift share and the score in the caption."""
    rows = ABSENT if window.rows is None else f"{window.rows:,.0f}"
    until = "" if window.end is None else f", until {window.end:%Y-%m-%d %H:%M} UTC"
    columns = ("feature", "PSI", "threshold", "KS", "mean shift", "nulls", "verdict")
    result = Table(title=f"Window {window.window}: {rows} rows{until}", title_justify="left", caption_justify="left")
    for name in columns:
        result.add_column(name, justify="left" if name in {"feature", "verdict"} else "right")
    for finding in window.features:
        result.add_row(*row(finding), style="bold red" if finding.drifted else None)
    result.caption = caption(window)
    return result


def row(finding: FeatureFinding) -> Sequence[str]:
    """Return a feature as the cells of a table row."""
    shift = ABSENT if finding.mean_shift is None else f"{finding.mean_shift:+.2f} sd"
    nulls = ABSENT if finding.nulls is None else f"{finding.nulls:.1%}"
    verdict = {None: "too few rows", True: "DRIFTED", False: "ok"}[finding.drifted]
    numbers = (_number(finding.psi), _number(finding.threshold), _number(finding.ks))
    return (finding.feature, *numbers, shift, nulls, verdict)


def caption(window: WindowFinding) -> str:
    """Return the drift share and the score's shift, each with its threshold."""
    share = _compared(window.drift_share, window.drift_share_threshold)
    score = _compared(window.score_shift, window.score_shift_threshold)
    return f"drift share {share}\nscore shift (sd) {score}"


def _compared(value: float | None, threshold: float | None) -> str:
    if value is None or threshold is None:
        return ABSENT
    return f"{value:.3f} {'ABOVE' if value > threshold else 'within'} its threshold {threshold:.3f}"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"
