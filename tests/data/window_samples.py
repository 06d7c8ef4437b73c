"""Specs, references and windows for tests of their samples, and the samples by metric and labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.profiles.binning import Binning
from exporter.profiles.group import Group
from exporter.profiles.profile import Profile
from exporter.reference.reference import Reference
from exporter.samples.windows import Sample, WindowProfile, evaluate
from exporter.spec.model import ModelSpec
from exporter.spec.seasons import HOURS_OF_WEEK
from exporter.spec.windows import Window
from fraud_log import local_spec_document
from profiling import count

END = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = Window(END - timedelta(hours=1), END)
V1 = Group("v1")
FEATURES = (("x", "numeric"), ("c", "categorical"))

FEATURE_PAIRS = (
    (catalogue.FEATURE_PSI, catalogue.FEATURE_PSI_THRESHOLD),
    (catalogue.FEATURE_NULL_RATIO, catalogue.FEATURE_NULL_RATIO_THRESHOLD),
    (catalogue.DATA_DRIFT_SHARE, catalogue.DATA_DRIFT_SHARE_THRESHOLD),
    (catalogue.PREDICTION_MEAN_SHIFT, catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD),
    (catalogue.PREDICTION_PSI, catalogue.PREDICTION_PSI_THRESHOLD),
)
NUMERIC_ONLY = {
    catalogue.FEATURE_KS_STATISTIC,
    catalogue.FEATURE_OUT_OF_RANGE_RATIO,
    catalogue.FEATURE_OUT_OF_RANGE_RATIO_REFERENCE,
    catalogue.FEATURE_SCALE_FACTOR,
    catalogue.FEATURE_WASSERSTEIN_DISTANCE,
    catalogue.FEATURE_MEAN,
    catalogue.FEATURE_MEAN_REFERENCE,
    catalogue.FEATURE_MEAN_SHIFT,
    catalogue.FEATURE_STDDEV_RATIO,
}
CATEGORICAL_ONLY = {
    catalogue.FEATURE_CHI2_STATISTIC,
    catalogue.FEATURE_CHI2_P_VALUE,
    catalogue.FEATURE_NEW_CATEGORY_RATIO,
}
EVERY_FEATURE = {
    catalogue.FEATURE_ROWS,
    catalogue.FEATURE_PSI,
    catalogue.FEATURE_PSI_THRESHOLD,
    catalogue.FEATURE_DETECTABLE_SHIFT,
    catalogue.FEATURE_DRIFTED,
    catalogue.FEATURE_BROKEN,
    catalogue.FEATURE_JS_DISTANCE,
    catalogue.FEATURE_NULL_RATIO,
    catalogue.FEATURE_NULL_RATIO_REFERENCE,
    catalogue.FEATURE_NULL_RATIO_THRESHOLD,
}


def make_spec(score: str | None = None, min_rows: int = 2, **body: Any) -> ModelSpec:
    """A spec whose features are x and c, unless `body` has others."""
    features = [{"name": "x", "type": "numeric"}, {"name": "c", "type": "categorical"}]
    limits = {"min_rows": min_rows, "false_positive_rate": 0.001, **body.pop("thresholds", {})}
    document = local_spec_document(**{"features": features, **body, "thresholds": limits})
    document["spec"]["inference"]["columns"] = {"score": score} if score else {}
    return ModelSpec.model_validate(document)


def make_reference(cells: Binning, /, **columns: Any) -> Reference:
    return Reference.whole(cells, count(cells, **columns))


def make_window(groups: Mapping[Group, Profile], name: str = "1h") -> WindowProfile:
    hours = {group: np.bincount([0], [profile.rows], HOURS_OF_WEEK) for group, profile in groups.items()}
    return WindowProfile(name, HOUR, groups, hours)


Found = dict[tuple[Metric, tuple[str, ...]], float]


def named(sample: Sample) -> tuple[str, ...]:
    """The labels of a sample that are not empty."""
    return tuple(filter(None, sample.labels))


def found_in(samples: list[Sample]) -> Found:
    found = {(sample.metric, named(sample)): sample.value for sample in samples}
    assert len(found) == len(samples), "a series was given twice"
    return found


def values_of(samples: list[Sample], feature: str | None = None) -> dict[Metric, float]:
    """The values of one feature, or those without a feature, for the only version and window; without bins."""
    values = {}
    for sample in samples:
        labels = dict(zip(sample.metric.labels, sample.labels, strict=True))
        if labels.get(catalogue.FEATURE) == feature and labels.keys().isdisjoint({catalogue.CATEGORY, catalogue.BIN}):
            values[sample.metric] = sample.value
    return values


def one_window(spec: ModelSpec, reference: Reference, /, **columns: Any) -> list[Sample]:
    return evaluate(spec, reference, [make_window({V1: count(reference.binning, **columns)})])
