"""The HTML page of a backtest."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from backtested import DRIFTS, SATURDAY, SEEN, UNSEEN, result
from exporter import catalogue
from exporter.backtest.page import render
from exporter.backtest.report import BacktestResult


@pytest.fixture
def found() -> BacktestResult:
    return result(*DRIFTS, SATURDAY, detections=(SEEN, UNSEEN))


def _parsed(found: BacktestResult) -> ET.Element:
    """Return the page as XML: it is valid XML except for its first line and one tag."""
    page = render(found).removeprefix("<!DOCTYPE html>").replace('<meta charset="utf-8">', "")
    return ET.fromstring(page)  # noqa: S314 - our own


def _cells(page: ET.Element) -> list[list[str]]:
    return [[cell.text or "" for cell in row] for row in page.iter("tr")]


def test_the_page_has_a_plot_for_each_alert(found: BacktestResult) -> None:
    plots = list(_parsed(found).iter("svg"))
    assert [plot.findtext("title") for plot in plots] == ["MLDataDriftHigh", "MLFeatureDriftHigh"]
    (line,) = plots[1].iter("polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert len(points) == 48
    assert points[0] == (34.0, 120.0), "0 at the left end"
    assert points[24][1] == 60.0, "at its threshold, half way up"
    assert points[47][1] == pytest.approx(120 * (1 - 47 / 48), abs=0.1)


def test_weekends_and_alerts_are_drawn_at_their_times(found: BacktestResult) -> None:
    plot = list(_parsed(found).iter("svg"))[1]
    hour = (1100 - 34) / 48
    spans = [
        (mark.attrib["class"], float(mark.attrib["x"]), float(mark.attrib["width"]))
        for mark in plot.iter("rect")
        if float(mark.attrib["width"]) > 1
    ]
    assert spans == [
        ("weekend", pytest.approx(34 + 24 * hour, abs=0.1), pytest.approx(24 * hour, abs=0.1)),
        ("fired", pytest.approx(34 + hour, abs=0.1), pytest.approx(2 * hour, abs=0.1)),
        ("fired", pytest.approx(34 + 25 * hour, abs=0.1), pytest.approx(hour, abs=0.1)),
    ]


def test_the_page_has_the_tables_of_the_terminal(found: BacktestResult) -> None:
    rows = _cells(_parsed(found))
    assert ["MLFeatureDriftHigh", "ticket", "3", "3.0", "0", "0", "0", "0", "0", "2", "1", "0"] in rows
    assert ["nulls", "age", "Fri 2026-11-20 00:00", "MLFeatureNullsHigh", "1h30m", "in time"] in rows
    assert ["Sat 2026-11-21 01:00", "1h", "MLFeatureDriftHigh", "v3, age, 1h"] in rows


def test_text_from_data_is_escaped(found: BacktestResult) -> None:
    page = render(found)
    assert "&lt;b&gt;" in page
    assert "[bold]<b>" not in page


def test_a_quiet_replay_has_no_alerts_and_only_evaluated_alerts_have_a_plot(found: BacktestResult) -> None:
    ratios = {moment: {catalogue.DATA_DRIFT_HIGH: float("inf")} for moment in found.replay.threshold_ratios}
    baseline = replace(found, detections=(), replay=replace(found.replay, threshold_ratios=ratios, firings=[]))
    page = _parsed(baseline)
    assert "None fired." in [item.text for item in page.iter("p")]
    (plot,) = page.iter("svg")
    assert {point.split(",")[1] for point in plot.find("polyline").attrib["points"].split()} == {"0.0"}  # type: ignore[union-attr]
