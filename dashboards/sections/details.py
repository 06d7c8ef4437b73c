"""The details behind a model's state: the quality of its data, and what kind of shift it is."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from dashboards.panels.charts import chart
from dashboards.panels.layout import Section
from dashboards.panels.queries import Scope, latest
from dashboards.panels.style import Limits
from exporter import catalogue
from exporter.spec.model import ModelSpec

_FROM_ZERO: Final[Limits] = (0, None)
"""For what matters while it is small: on an axis up to 1, a threshold of 1 % would lie on the ground."""


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """Two folded sections."""
    return [
        Section("quality", "Quality of the data", _quality(spec, scope)),
        Section("shift", "What kind of shift", [*_numeric(spec, scope), *_categorical(spec, scope)]),
    ]


def _quality(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    return [
        draw(
            catalogue.FEATURE_NULL_RATIO,
            "Nulls by feature, $window",
            "Above the dashed threshold: missing more often than in the reference (dotted). Ask its source.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_RATIO,
            "New categories by feature, $window",
            "Above the dashed threshold: the model sees values that it never learned. They are named below.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_ROWS,
            "New categories by name, $window",
            "A typing error or a change of case: mend the source. Truly new: retrain.",
        ),
        draw(
            catalogue.FEATURE_OUT_OF_RANGE_RATIO,
            "Out of range by feature, $window",
            "More than in the reference (dotted): look for a change of unit, a default such as -1, or an overflow.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_ROWS,
            "Rows by feature, $window",
            "Fewer than the window has: the column is missing from some of the files.",
            size=(24, 8),
        ),
    ]


def _numeric(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    moved = f"abs({latest(catalogue.FEATURE_MEAN_SHIFT, scope)})"
    spread = f"abs(ln({latest(catalogue.FEATURE_STDDEV_RATIO, scope)}))"
    return [
        draw(
            catalogue.FEATURE_KS_STATISTIC,
            "Kolmogorov-Smirnov statistic, $window",
            "High where mass has moved: 0.2 says that a fifth of the rows stand elsewhere.",
        ),
        draw(
            catalogue.FEATURE_WASSERSTEIN_DISTANCE,
            "Wasserstein distance, $window",
            "High while Kolmogorov-Smirnov is low: a few rows went far. Look for outliers or a change of unit.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_MEAN_SHIFT,
            "Mean shift, $window",
            "Above 0 the values rose, below 0 they fell; beyond 1 in either direction look at the feature's source.",
            rank=moved,
        ),
        draw(
            catalogue.FEATURE_MEAN,
            "Mean and reference, $window",
            "A jump by 100 or 1000 is a unit. Choose one feature above to read its scale.",
            rank=moved,
        ),
        draw(
            catalogue.FEATURE_STDDEV_RATIO,
            "Spread against reference, $window",
            "Far above 1 the values scatter; near 0 they have frozen: look for a constant default.",
            limits=_FROM_ZERO,
            rank=spread,
        ),
    ]


def _categorical(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    return [
        draw(
            catalogue.FEATURE_JS_DISTANCE,
            "Jensen-Shannon distance, $window",
            "A second opinion on PSI, for every kind of feature: where both are high, believe them.",
        ),
        draw(
            catalogue.FEATURE_CHI2_STATISTIC,
            "Chi-squared statistic, $window",
            "It grows with the rows: compare a feature with its own past, and judge drift by PSI.",
            limits=_FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_CHI2_P_VALUE,
            "Chi-squared p-value, $window",
            "For reading only, since any large window rejects: judge drift by PSI.",
            rank=latest(catalogue.FEATURE_CHI2_STATISTIC, scope),
        ),
    ]
