"""PromQL asked of a real Prometheus over weeks, kept, and missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from exporter.errors import SourceError, SourceUnavailable
from exporter.profiles.proxies import Moment
from exporter.samples.proxies import ProxyHistory
from exporter.service.attempt import Attempt
from exporter.service.proxies.queries import ProxyQueries
from exporter.sources.prometheus import Limits, Prometheus
from exporter.spec.model import ModelSpec
from exporter.spec.windows import Window
from exporter.store.profiles import ProfileStore
from fraud_log import local_spec_document
from stack import backfilled_prometheus

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
END = datetime(2026, 11, 22, 10, tzinfo=UTC)
SPAN = Window(END - 4 * WEEK, END)
NOBODY = Prometheus("http://127.0.0.1:1", limits=Limits(connect_timeout=1, attempts=1))
CONVERSION = {"name": "conversion", "promql": "sum(orders) / sum(views)"}


class Asked:
    """A Prometheus that says at which instants it was asked, and what its own hour counts as."""

    def __init__(self, *, without: tuple[datetime, ...] = (), fails: SourceError | None = None) -> None:
        self.stretches: list[tuple[str, datetime, int]] = []
        self.without = without
        self.fails = fails

    def values(self, expression: str, first: datetime, step: timedelta, instants: int) -> npt.NDArray[np.float64]:
        self.stretches.append((expression, first, instants))
        if self.fails:
            raise self.fails
        ends = [first + place * step for place in range(instants)]
        return np.array([np.nan if end in self.without else (end - SPAN.start) / HOUR for end in ends])


def reader(folder: Path, prometheus: Any, *proxies: dict[str, Any], **inference: Any) -> tuple[ProxyQueries, list[str]]:
    document = local_spec_document(proxies=list(proxies or (CONVERSION,)))
    document["spec"]["inference"] |= inference
    told: list[str] = []
    spec = ModelSpec.model_validate(document)
    failed = lambda stage, what, why: told.append(f"{stage}: {what}: {why}")  # noqa: E731 - as short as it is
    return ProxyQueries(spec, ProfileStore(folder), failed, prometheus), told


def values(histories: Iterator[ProxyHistory] | list[ProxyHistory]) -> npt.NDArray[np.float64]:
    (history,) = histories
    known = history.sums[:, Moment.DENOMINATOR] > 0
    return np.where(known, history.sums[:, Moment.NUMERATOR], np.nan)


@pytest.mark.e2e
def test_weeks_are_asked_of_a_real_prometheus_and_outlive_it(tmp_path: Path) -> None:
    hours = [SPAN.start + place * HOUR for place in range(1, 4 * 168 + 1)]
    samples = {
        "orders": {at: float(at.hour) for at in hours},
        'views{region="eu"}': dict.fromkeys(hours, 40.0),
        'views{region="us"}': dict.fromkeys(hours, 60.0),
    }
    with backfilled_prometheus(tmp_path / "prometheus", samples) as address:
        queries, told = reader(tmp_path / "store", Prometheus(address))
        before = values(queries.read(Attempt(END), SPAN))
    np.testing.assert_allclose(before, [at.hour / 100 for at in hours])
    again, _ = reader(tmp_path / "store", NOBODY)
    np.testing.assert_array_equal(values(again.read(Attempt(END), SPAN)), before)
    assert told == []


def test_each_hour_is_asked_once_the_newest_week_first(tmp_path: Path) -> None:
    asked = Asked()
    queries, _ = reader(tmp_path, asked)
    assert values(queries.read(Attempt(END), SPAN)).tolist() == list(range(1, 4 * 168 + 1))
    assert [first for _, first, _ in asked.stretches] == [END - week * WEEK + HOUR for week in range(1, 5)]
    assert {count for _, _, count in asked.stretches} == {168}
    asked.stretches.clear()
    later = Window(SPAN.start + HOUR, END + HOUR)
    assert values(queries.read(Attempt(END + HOUR), later))[-1] == 4 * 168 + 1
    assert asked.stretches == [(CONVERSION["promql"], END + HOUR, 1)]


def test_a_gap_is_asked_for_again_while_it_is_new_and_once_a_day_when_it_is_old(tmp_path: Path) -> None:
    new, old = END - 3 * HOUR, END - 2 * WEEK
    asked = Asked(without=(new, old))
    queries, _ = reader(tmp_path, asked)
    for after, expected in ((0, 4), (1, 1), (2, 1)):
        asked.stretches.clear()
        assert np.isnan(values(queries.read(Attempt(END + after * HOUR), SPAN))).sum() == 2
        assert len(asked.stretches) == expected
    asked.stretches.clear()
    asked.without = ()
    assert not np.isnan(values(queries.read(Attempt(END + DAY), SPAN))).any()
    assert [(first, count) for _, first, count in asked.stretches] == [(new, 1), (old, 1)]


def test_a_prometheus_that_is_away_is_asked_once_and_costs_only_what_is_new(tmp_path: Path) -> None:
    other = {"name": "other", "promql": "sum(clicks)"}
    asked = Asked()
    queries, told = reader(tmp_path, asked, CONVERSION, other)
    list(queries.read(Attempt(END), SPAN))
    asked.stretches.clear()
    asked.fails = SourceUnavailable("does not answer")
    later = Window(SPAN.start, END + HOUR)
    histories = list(queries.read(Attempt(END + HOUR), later))
    assert [np.isnan(values([history])).sum() for history in histories] == [1, 1]
    assert len(asked.stretches) == 1
    assert told == ["query: proxy conversion: does not answer"]


def test_a_refused_expression_does_not_keep_others_from_being_asked(tmp_path: Path) -> None:
    asked = Asked(fails=SourceError("Prometheus refuses the expression: parse error"))
    queries, told = reader(tmp_path, asked, CONVERSION, {"name": "other", "promql": "sum(clicks)"})
    list(queries.read(Attempt(END), SPAN))
    assert [expression for expression, _, _ in asked.stretches] == ["sum(orders) / sum(views)", "sum(clicks)"]
    assert [line.rpartition(": ")[0] for line in told] == [
        f"query: proxy {name}: Prometheus refuses the expression" for name in ("conversion", "other")
    ]


def test_another_expression_has_a_past_of_its_own(tmp_path: Path) -> None:
    queries, _ = reader(tmp_path, Asked())
    list(queries.read(Attempt(END), SPAN))
    changed, _ = reader(tmp_path, NOBODY, {**CONVERSION, "promql": "sum(orders)"})
    assert np.isnan(values(changed.read(Attempt(END), SPAN))).all()


def test_when_its_time_is_over_it_goes_on_the_next_time(tmp_path: Path) -> None:
    asked = Asked()
    queries, _ = reader(tmp_path, asked)
    overdue = replace(Attempt(END), overdue=lambda: len(asked.stretches) >= 2)
    assert np.isfinite(values(queries.read(overdue, SPAN))).sum() == 2 * 168
    asked.stretches.clear()
    assert np.isfinite(values(queries.read(Attempt(END), SPAN))).all()
    assert len(asked.stretches) == 2


@pytest.mark.parametrize(("grain", "path", "slots"), [("15m", "%Y%m%dT%H%M", 4 * 672), ("1d", "%Y%m%d", 672)])
def test_slots_are_hours_or_the_shorter_partition(tmp_path: Path, grain: str, path: str, slots: int) -> None:
    asked = Asked()
    source = {"local": f"inference/{path}.parquet"}
    document = {"grain": grain, "source": source, "stale_after": "3d"}
    spec_windows = ["1h"] if grain == "15m" else ["24h"]
    base = local_spec_document(proxies=[CONVERSION], windows=spec_windows)
    base["spec"]["inference"] |= document
    queries = ProxyQueries(ModelSpec.model_validate(base), ProfileStore(tmp_path), lambda *_: None, asked)  # type: ignore[arg-type]
    assert len(values(queries.read(Attempt(END), SPAN))) == slots


def test_a_disk_that_refuses_costs_nothing_but_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "fraud").write_text("in the way")
    queries, told = reader(tmp_path, Asked())
    assert np.isfinite(values(queries.read(Attempt(END), SPAN))).all()
    assert [line.partition(":")[0] for line in told] == ["store"]
