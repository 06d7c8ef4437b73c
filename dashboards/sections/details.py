"""Data quality: what can be read, nulls, new categories. The dashboard of a feature has the kind of its drift."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from dashboards.panels.builders import StatusHistory, status_history
from dashboards.panels.charts import chart, panel_info
from dashboards.panels.layout import Section
from dashboards.panels.queries import Query, history, latest, legend, range_extreme
from dashboards.panels.scopes import Scope
from dashboards.panels.style import FROM_ZERO, SEVERITY_COLOURS, State
from exporter import catalogue
from exporter.catalogue import Metric, Severity
from exporter.spec.model import ModelSpec


def sections(spec: ModelSpec, scope: Scope) -> list[Section]:
    """One collapsed section."""
    return [Section("quality", "Data quality", _quality(spec, scope))]


def _quality(spec: ModelSpec, scope: Scope) -> list[Any]:
    draw = partial(chart, spec, scope)
    return [
        draw(
            catalogue.DATA_READABLE_RATIO,
            "Readable features and scores",
            "If a line is below its dashed threshold: columns are missing in the files or have another type, and drift "
            "of them is unknown. The next panel names them.",
        ),
        draw(
            catalogue.COLUMN_READABLE_RATIO,
            "Readable rows by column",
            "If a column is below its dashed threshold: ask who writes the log what changed. The log of the exporter "
            "has the reason for each file.",
            rank=f"-{latest(catalogue.COLUMN_READABLE_RATIO, scope)}",
        ),
        _broken(spec, scope),
        draw(
            catalogue.FEATURE_NULL_RATIO,
            "Nulls by feature",
            "If a feature is above its dashed threshold: more values are missing than in the reference (dotted). Ask "
            "the owner of the source.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO,
            "New categories by feature",
            "If a feature is above its dashed threshold: find out whether its new categories are really new; the next "
            "panels name them. What is right and will stay belongs in the spec under `accepted`.",
            limits=FROM_ZERO,
            window="a week; that of *now* is the newest `$window`.",
            beside=_now(catalogue.FEATURE_NEW_CATEGORY_RATIO, scope),
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS,
            "Time since a new category was first seen",
            "A new category that is as old as the longest window may be older. Compare its first hour with releases.",
        ),
        draw(
            catalogue.FEATURE_NEW_CATEGORY_ROWS,
            "New categories by name",
            "A typing error or a change of case: fix the source. A really new category: retrain.",
        ),
        draw(
            catalogue.FEATURE_ACCEPTED_TIMESTAMP_SECONDS,
            "Time since accepted changes",
            "These changes are known, are right, and stay: their thresholds are raised. Retrain, make the new data the "
            "reference, and remove them from the spec.",
            no_data="The spec accepts no change",
        ),
        draw(
            catalogue.FEATURE_OUT_OF_RANGE_RATIO,
            "Out of range by feature",
            "If it is above the reference (dotted): look for a change of unit, a default such as -1, or an overflow.",
            limits=FROM_ZERO,
        ),
        draw(
            catalogue.FEATURE_ROWS,
            "Rows by feature",
            "If there are fewer rows than in the window: the column is missing in some files.",
            meaning=f"{catalogue.FEATURE_ROWS.help} Shows the ten of the selected features with the fewest.",
            rank=f"-{latest(catalogue.FEATURE_ROWS, scope)}",
        ),
        draw(
            catalogue.FEATURE_DETECTABLE_SHIFT,
            "What would be seen",
            "0.3 means that a shift by 0.3 standard deviations would alarm. If it is above 1, the feature is hardly "
            "watched: see `leeway validate --data`.",
            limits=FROM_ZERO,
        ),
    ]


def _now(metric: Metric, scope: Scope) -> list[Query]:
    """A metric beside another one, of which it is the value in the newest window."""
    return [replace(query, legend=f"{query.legend} now") for query in history(metric, scope)]


def _broken(spec: ModelSpec, scope: Scope) -> StatusHistory:
    broken = catalogue.FEATURE_BROKEN
    info = panel_info(
        spec,
        broken,
        "Features broken over time",
        "A red feature pages: its name is followed by the reason. Check its pipeline first: a join, a default, a unit, "
        "a producer upstream.",
        meaning=f"{broken.help} Shows the features that were broken in the time range.",
        no_data="No feature was broken in the time range",
        size=(24, 6),
    )
    query = Query(f"{range_extreme('max', broken, scope)} == 1", legend(broken, scope))
    return status_history(info, query, {1: State("broken", SEVERITY_COLOURS[Severity.CRITICAL])})
