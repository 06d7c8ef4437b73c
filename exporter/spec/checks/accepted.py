"""Checks of what is accepted: the feature, its category, and the day."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from exporter.spec.checks.mistakes import Checks, Mistakes, duplicates
from exporter.spec.model import Body


def _accepted(body: Body) -> Mistakes:
    types = {feature.name: feature.type for feature in body.features}
    yield from duplicates(("accepted",), [(each.feature, each.category, each.since) for each in body.accepted])
    for index, each in enumerate(body.accepted):
        if each.feature not in types:
            near = difflib.get_close_matches(each.feature, types, n=1)
            yield ("accepted", index, "feature"), "is not a feature" + (f'; did you mean "{near[0]}"?' if near else "")
        elif each.category is not None and types[each.feature] != "categorical":
            yield ("accepted", index, "category"), f"is only for a categorical feature; {each.feature} is numeric"


def future_changes(body: Body, now: datetime) -> Mistakes:
    """Yield a mistake for each change that is accepted from a day on that has not begun at `now`."""
    today = now.astimezone(ZoneInfo(body.seasonality.timezone)).date()
    for index, each in enumerate(body.accepted):
        if each.since > today:
            yield ("spec", "accepted", index, "since"), f"is in the future: today is {today}"


ACCEPTED_CHECKS: Final[Checks] = {_accepted: frozenset({"accepted", "features"})}
