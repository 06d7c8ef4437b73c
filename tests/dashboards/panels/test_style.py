from __future__ import annotations

from dashboards.panels import style
from dashboards.panels.queries import Query
from exporter import catalogue
from exporter.catalogue import ALERTS, Unit


def test_every_unit_has_a_name_in_grafana_and_an_axis() -> None:
    assert set(style.UNITS) == set(style.LIMITS) == set(Unit)


def test_a_part_of_a_whole_is_in_percent_from_0_and_a_score_is_a_decimal_number_where_it_is() -> None:
    assert (style.UNITS[Unit.RATIO], style.UNITS[Unit.SCORE]) == ("percentunit", "none")
    assert (style.LIMITS[Unit.RATIO], style.LIMITS[Unit.SCORE]) == ((0, 0.01), (None, None))


def test_roles_have_colours_of_their_own_where_the_legend_names_them() -> None:
    assert style.role_overrides([Query("a", "{{version}}")]) == []
    champion, challenger = style.role_overrides([Query("a", "{{role}} {{version}}")])
    assert champion["matcher"] == {"id": "byRegexp", "options": "/\\bchampion\\b/"}
    colours = [each["properties"][0]["value"]["fixedColor"] for each in (champion, challenger)]
    assert colours == ["blue", "purple"]


def test_a_metric_has_the_colour_of_its_alert() -> None:
    assert style.alert_colour(catalogue.DATA_DRIFT_SHARE) == "red"
    assert style.alert_colour(catalogue.FEATURE_PSI) == "orange"
    assert style.alert_colour(catalogue.SERIES_LIMITED) == "blue"
    assert style.alert_colour(catalogue.FEATURE_MEAN) == "blue"


def test_severities_have_different_colours() -> None:
    colours = {style.SEVERITY_COLOURS[alert.severity] for alert in ALERTS} | {style.GOOD, style.UNKNOWN}
    assert len(colours) == len({alert.severity for alert in ALERTS}) + 2
