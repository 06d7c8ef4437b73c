from __future__ import annotations

import pytest

from dashboards.panels.builders import panel_id
from dashboards.panels.charts import chart, panel_info, window_text
from dashboards.panels.scopes import model_scope
from exporter import catalogue
from exporter.catalogue import Metric
from exporter.spec.model import ModelSpec


def test_panel_info_takes_its_texts_from_the_catalogue(spec: ModelSpec) -> None:
    made = panel_info(spec, catalogue.FEATURE_PSI, "PSI", "Look.")
    assert (made.key, made.meaning) == (catalogue.FEATURE_PSI.key, catalogue.FEATURE_PSI.help)
    assert [link["title"] for link in made.links] == [f"Runbook: {catalogue.FEATURE_DRIFT_HIGH.name}"]


def test_a_dashboard_may_say_it_differently(spec: ModelSpec) -> None:
    made = panel_info(spec, catalogue.FEATURE_PSI, "PSI", "Look.", key="now/psi", size=(4, 4))
    assert (made.key, made.size) == ("now/psi", (4, 4))


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (catalogue.FEATURE_PSI, "the newest `$window`."),
        (catalogue.REFRESH_FAILURES_TOTAL, "in each step of the graph"),
        (catalogue.REFRESH_SUCCESS, "the state at each refresh"),
        (catalogue.BUILD_INFO, "the whole exporter"),
    ],
)
def test_the_window_of_a_metric_is_a_text(metric: Metric, text: str) -> None:
    assert text in window_text(metric)


def test_a_chart_is_the_panel_that_the_metrics_alerts_lead_to(spec: ModelSpec) -> None:
    made = chart(spec, model_scope(spec), catalogue.DATA_DRIFT_SHARE, "Drift share", "Look.")
    assert made.id == panel_id(catalogue.DATA_DRIFT_SHARE.key)
    assert [target["refId"] for target in made.targets] == ["A", "B"]
    assert made.overrides[0]["properties"][0]["value"]["fixedColor"] == "red"


def test_a_chart_of_features_says_that_it_draws_the_worst(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    assert "ten worst" in chart(spec, scope, catalogue.FEATURE_PSI, "PSI", "Look.").description
    assert "ten worst" not in chart(spec, scope, catalogue.DATA_DRIFT_SHARE, "Share", "Look.").description


def test_a_counter_is_drawn_in_bars(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    assert chart(spec, scope, catalogue.SOURCE_REQUESTS_TOTAL, "Requests", "Look.").drawStyle == "bars"
    assert chart(spec, scope, catalogue.FEATURE_PSI, "PSI", "Look.").drawStyle == "line"
