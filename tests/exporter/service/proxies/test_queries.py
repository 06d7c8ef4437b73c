"""PromQL over past weeks: queried of a real Prometheus, stored, and tried again where values are missing."""

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
from exporter.service.attempt import Attempt, Record
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


class Queried:
    """A Prometheus that records its queries; each value is the number of hours since the start."""

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


def reader(folder: Path, prometheus: Any, *proxies: dict[str, Any], **inference: Any) -> tuple[ProxyQueries, Record]:
    document = local_spec_document(proxies=list(proxies or (CONVERSION,)))
    document["spec"]["inference"] |= inference
    record = Record("fraud")
    return ProxyQueries(ModelSpec.model_validate(document), ProfileStore(folder), record, prometheus), record


def values(histories: Iterator[ProxyHistory] | list[ProxyHistory]) -> npt.NDArray[np.float64]:
    (history,) = histories
    known = history.sums[:, Moment.DENOMINATOR] > 0
    return np.where(known, history.sums[:, Moment.NUMERATOR], np.nan)


@pytest.mark.e2e
def test_weeks_are_queried_of_a_real_prometheus_and_outlive_it(tmp_path: Path) -> None:
    hours = [SPAN.start + place * HOUR for place in range(1, 4 * 168 + 1)]
    samples = {
        "orders": {at: float(at.hour) for at in hours},
        'views{region="eu"}': dict.fromkeys(hours, 40.0),
        'views{region="us"}': dict.fromkeys(hours, 60.0),
    }
    with backfilled_prometheus(tmp_path / "prometheus", samples) as address:
        queries, record = reader(tmp_path / "store", Prometheus(address))
        before = values(queries.read(Attempt(END), SPAN))
    np.testing.assert_allclose(before, [at.hour / 100 for at in hours])
    again, _ = reader(tmp_path / "store", NOBODY)
    np.testing.assert_array_equal(values(again.read(Attempt(END), SPAN)), before)
    assert record.failures == {}


def test_each_hour_is_queried_once_the_newest_week_first(tmp_path: Path) -> None:
    server = Queried()
    queries, _ = reader(tmp_path, server)
    assert values(queries.read(Attempt(END), SPAN)).tolist() == list(range(1, 4 * 168 + 1))
    assert [first for _, first, _ in server.stretches] == [END - week * WEEK + HOUR for week in range(1, 5)]
    assert {count for _, _, count in server.stretches} == {168}
    server.stretches.clear()
    later = Window(SPAN.start + HOUR, END + HOUR)
    assert values(queries.read(Attempt(END + HOUR), later))[-1] == 4 * 168 + 1
    assert server.stretches == [(CONVERSION["promql"], END + HOUR, 1)]


def test_a_new_gap_is_queried_at_every_refresh_and_an_old_one_once_a_day(tmp_path: Path) -> None:
    new, old = END - 3 * HOUR, END - 2 * WEEK
    server = Queried(without=(new, old))
    queries, _ = reader(tmp_path, server)
    for after, expected in ((0, 4), (1, 1), (2, 1)):
        server.stretches.clear()
        assert np.isnan(values(queries.read(Attempt(END + after * HOUR), SPAN))).sum() == 2
        assert len(server.stretches) == expected
    server.stretches.clear()
    server.without = ()
    assert not np.isnan(values(queries.read(Attempt(END + DAY), SPAN))).any()
    assert [(first, count) for _, first, count in server.stretches] == [(new, 1), (old, 1)]


def test_a_prometheus_that_does_not_answer_is_queried_once_and_costs_only_new_values(tmp_path: Path) -> None:
    other = {"name": "other", "promql": "sum(clicks)"}
    server = Queried()
    queries, record = reader(tmp_path, server, CONVERSION, other)
    list(queries.read(Attempt(END), SPAN))
    server.stretches.clear()
    server.fails = SourceUnavailable("does not answer")
    later = Window(SPAN.start, END + HOUR)
    histories = list(queries.read(Attempt(END + HOUR), later))
    assert [np.isnan(values([history])).sum() for history in histories] == [1, 1]
    assert len(server.stretches) == 1
    assert record.failures == {"query": 1}
    assert record.problems == {"proxy conversion": "does not answer"}


def test_other_expressions_are_queried_after_one_that_is_refused(tmp_path: Path) -> None:
    server = Queried(fails=SourceError("Prometheus refuses the expression: parse error"))
    queries, record = reader(tmp_path, server, CONVERSION, {"name": "other", "promql": "sum(clicks)"})
    list(queries.read(Attempt(END), SPAN))
    assert [expression for expression, _, _ in server.stretches] == ["sum(orders) / sum(views)", "sum(clicks)"]
    assert record.failures == {"query": 2}
    assert list(record.problems) == ["proxy conversion", "proxy other"]


def test_another_expression_has_a_past_of_its_own(tmp_path: Path) -> None:
    queries, _ = reader(tmp_path, Queried())
    list(queries.read(Attempt(END), SPAN))
    changed, _ = reader(tmp_path, NOBODY, {**CONVERSION, "promql": "sum(orders)"})
    assert np.isnan(values(changed.read(Attempt(END), SPAN))).all()


def test_after_its_timeout_it_continues_the_next_time(tmp_path: Path) -> None:
    server = Queried()
    queries, _ = reader(tmp_path, server)
    overdue = replace(Attempt(END), overdue=lambda: len(server.stretches) >= 2)
    assert np.isfinite(values(queries.read(overdue, SPAN))).sum() == 2 * 168
    server.stretches.clear()
    assert np.isfinite(values(queries.read(Attempt(END), SPAN))).all()
    assert len(server.stretches) == 2


@pytest.mark.parametrize(("grain", "path", "slots"), [("15m", "%Y%m%dT%H%M", 4 * 672), ("1d", "%Y%m%d", 672)])
def test_slots_are_hours_or_the_shorter_partition(tmp_path: Path, grain: str, path: str, slots: int) -> None:
    server = Queried()
    source = {"local": f"inference/{path}.parquet"}
    document = {"grain": grain, "source": source, "stale_after": "3d"}
    spec_windows = ["1h"] if grain == "15m" else ["24h"]
    base = local_spec_document(proxies=[CONVERSION], windows=spec_windows)
    base["spec"]["inference"] |= document
    queries = ProxyQueries(ModelSpec.model_validate(base), ProfileStore(tmp_path), Record("fraud"), server)  # type: ignore[arg-type]
    assert len(values(queries.read(Attempt(END), SPAN))) == slots


def test_a_disk_that_refuses_costs_only_the_saving(tmp_path: Path) -> None:
    (tmp_path / "fraud").write_text("in the way")
    queries, record = reader(tmp_path, Queried())
    assert np.isfinite(values(queries.read(Attempt(END), SPAN))).all()
    assert record.failures == {}  # the model's reader says it once, of all files
