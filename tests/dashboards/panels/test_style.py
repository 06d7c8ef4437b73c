from __future__ import annotations

from dashboards.panels import style
from exporter import catalogue
from exporter.catalogue import ALERTS, Unit


def test_every_unit_has_a_name_in_grafana_and_an_axis() -> None:
    assert set(style.UNITS) == set(style.LIMITS) == set(Unit)


def test_a_share_runs_from_0_to_1() -> None:
    assert style.UNITS[Unit.RATIO] == "percentunit"
    assert style.LIMITS[Unit.RATIO] == (0, 1)


def test_a_metric_has_the_colour_of_its_alert() -> None:
    assert style.alert_colour(catalogue.DATA_DRIFT_SHARE) == "red"
    assert style.alert_colour(catalogue.FEATURE_PSI) == "orange"
    assert style.alert_colour(catalogue.SERIES_LIMITED) == "blue"
    assert style.alert_colour(catalogue.FEATURE_MEAN) == "blue"


def test_severities_have_different_colours() -> None:
    colours = {style.SEVERITY_COLOURS[alert.severity] for alert in ALERTS} | {style.GOOD, style.UNKNOWN}
    assert len(colours) == len({alert.severity for alert in ALERTS}) + 2
