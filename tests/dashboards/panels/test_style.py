from __future__ import annotations

from dashboards.panels import style
from dashboards.panels.queries import Query, Role
from exporter import catalogue
from exporter.catalogue import ALERTS, Unit


def test_every_unit_has_a_name_in_grafana_and_an_axis() -> None:
    assert set(style.UNITS) == set(style.LIMITS) == set(Unit)


def test_a_part_of_a_whole_is_in_percent_from_0_and_a_score_is_a_decimal_number_where_it_is() -> None:
    assert (style.UNITS[Unit.RATIO], style.UNITS[Unit.SCORE]) == ("percentunit", "none")
    assert (style.LIMITS[Unit.RATIO], style.LIMITS[Unit.SCORE]) == ((0, 0.01), (None, None))


def test_roles_have_colours_of_their_own_only_where_the_series_differ_by_nothing_else() -> None:
    by_name = {"mode": "palette-classic-by-name"}
    blue, [challenger] = style.value_colours([Query("a", "{{role}} {{version}}"), Query("b", "", Role.THRESHOLD)])
    assert blue == {"mode": "fixed", "fixedColor": "blue"}
    assert challenger["matcher"] == {"id": "byRegexp", "options": "/\\bchallenger\\b/"}
    assert challenger["properties"][0]["value"]["fixedColor"] == "purple"
    assert style.value_colours([Query("a", "{{role}} {{segment}} {{version}}")]) == (by_name, [challenger])
    for legends in (["{{version}}"], ["{{feature}} {{role}}"], ["{{class}} {{role}}"], ["{{role}} a", "{{role}} b"]):
        assert style.value_colours([Query("a", legend) for legend in legends]) == (by_name, [])


def test_a_metric_has_the_colour_of_its_alert() -> None:
    assert style.alert_colour(catalogue.DATA_DRIFT_SHARE) == "red"
    assert style.alert_colour(catalogue.FEATURE_PSI) == "orange"
    assert style.alert_colour(catalogue.SERIES_LIMITED) == "blue"
    assert style.alert_colour(catalogue.FEATURE_MEAN) == "blue"


def test_severities_have_different_colours() -> None:
    colours = {style.SEVERITY_COLOURS[alert.severity] for alert in ALERTS} | {style.GOOD, style.UNKNOWN}
    assert len(colours) == len({alert.severity for alert in ALERTS}) + 2
