"""What an exposition says of a model, read back as a person would ask for it: per window, what has drifted."""

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
"""What stands for a sample that is not there: never 0."""


@dataclass(frozen=True, slots=True)
class FeatureFinding:
    """One feature in one window; None where there is no sample.

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
    """One window of one model version; None where there is no sample."""

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
        """The features that have drifted."""
        return tuple(finding.feature for finding in self.features if finding.drifted)


Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


def findings(exposition: str, model: str) -> list[WindowFinding]:
    """What an exposition says of a model: its windows, versions and features in the order in which they come.

    Raises:
        ValueError: when `exposition` is not in Prometheus' text format.
    """
    samples = _samples(exposition, model)
    found = samples.get(catalogue.VERSION_ROWS.name, {})
    return [_window(samples, dict(labels)) for labels in found]


def _samples(exposition: str, model: str) -> Samples:
    """The model's samples by name and by labels, without the labels that every one of them bears."""
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
    for found in samples.get(catalogue.FEATURE_ROWS.name, {}):
        others = dict(found)
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


# ------------------------------------------------------------------------------------------------ on paper


def table(found: WindowFinding) -> Table:
    """A window as a table: a row per feature, the drift share and the score below."""
    rows = ABSENT if found.rows is None else f"{found.rows:,.0f}"
    until = "" if found.end is None else f", until {found.end:%Y-%m-%d %H:%M} UTC"
    columns = ("feature", "PSI", "threshold", "KS", "mean shift", "nulls", "verdict")
    made = Table(title=f"Window {found.window}: {rows} rows{until}", title_justify="left", caption_justify="left")
    for name in columns:
        made.add_column(name, justify="left" if name in {"feature", "verdict"} else "right")
    for finding in found.features:
        made.add_row(*row(finding), style="bold red" if finding.drifted else None)
    made.caption = caption(found)
    return made


def row(finding: FeatureFinding) -> Sequence[str]:
    """A feature as the cells of a table."""
    shift = ABSENT if finding.mean_shift is None else f"{finding.mean_shift:+.2f} sd"
    nulls = ABSENT if finding.nulls is None else f"{finding.nulls:.1%}"
    verdict = {None: "too few rows", True: "DRIFTED", False: "ok"}[finding.drifted]
    numbers = (_number(finding.psi), _number(finding.threshold), _number(finding.ks))
    return (finding.feature, *numbers, shift, nulls, verdict)


def caption(found: WindowFinding) -> str:
    """The drift share and the score's shift, each with its threshold."""
    share = _against(found.drift_share, found.drift_share_threshold)
    score = _against(found.score_shift, found.score_shift_threshold)
    return f"drift share {share}\nscore shift (sd) {score}"


def _against(value: float | None, threshold: float | None) -> str:
    if value is None or threshold is None:
        return ABSENT
    return f"{value:.3f} {'ABOVE' if value > threshold else 'within'} its threshold {threshold:.3f}"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"
