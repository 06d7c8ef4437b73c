from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.panels import links
from dashboards.panels.builders import panel_id
from exporter import catalogue
from exporter.catalogue import ALERTS, Alert, Layer
from exporter.spec.model import ModelSpec

MakeSpec = Callable[..., ModelSpec]


def test_a_uid_is_the_models_name(make_spec: MakeSpec) -> None:
    assert links.uid(make_spec(name="fraud")) == "leeway-fraud"
    assert links.uid(make_spec(name="f" * 33)) == "leeway-" + "f" * 33


def test_long_names_have_uids_that_fit_and_differ(make_spec: MakeSpec) -> None:
    uids = [links.uid(make_spec(name="f" * 40 + end)) for end in ("", "a", "b")]
    assert len(set(uids)) == 3
    assert all(re.fullmatch(r"[a-z0-9_-]{40}", uid) for uid in uids)


HOSTILE = 'a"b &c=d#%+é{{x}}$y'
ESCAPED = "a%22b+%26c%3Dd%23%25%2B%C3%A9%7B%7Bx%7D%7D%24y"


Expands = Callable[[Alert, str, dict[str, str], str], None]


@pytest.fixture
def expands(spec: ModelSpec, promtool: Callable[..., None]) -> Expands:
    """Checks what the real Prometheus makes of an alert's address, for one series."""

    def check(alert: Alert, series: str, labels: dict[str, str], url: str) -> None:
        annotations = {"dashboard_url": links.alert_url(spec, alert)}
        rule = {"alert": alert.name, "expr": f"{alert.metric.name} > 0", "annotations": annotations}
        expected = [{"exp_labels": labels, "exp_annotations": {"dashboard_url": url}}]
        test = {"eval_time": "1m", "alertname": alert.name, "exp_alerts": expected}
        promtool({series: "1x5"}, rules=[rule], alert_rule_test=[test])

    return check


def test_an_alerts_address_is_expanded_by_prometheus_with_every_value_escaped(expands: Expands) -> None:
    alert = catalogue.FEATURE_DRIFT_HIGH
    labels = {"model": "fraud", "version": HOSTILE, "window": "24h", "feature": HOSTILE}
    quoted = HOSTILE.replace('"', r"\"")
    series = f'{alert.metric.name}{{model="fraud",version="{quoted}",window="24h",feature="{quoted}"}}'
    url = (
        f"https://grafana.example.com/d/leeway-fraud/fraud?viewPanel={panel_id(alert.metric.key)}"
        f"&var-version={ESCAPED}&var-window=24h&var-feature={ESCAPED}&from=now-24h&to=now"
    )
    expands(alert, series, labels, url)
    assert parse_qs(urlsplit(url).query)["var-feature"] == [HOSTILE]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_label_that_an_alert_lost_sets_nothing(alert: Alert, expands: Expands) -> None:
    number = panel_id(alert.metric.key)
    own = alert.layer is not Layer.EXPORTER
    board, chosen = ("leeway-fraud/fraud", "") if own else ("exporter-leeway", "&var-model=fraud")
    url = f"https://grafana.example.com/d/{board}?viewPanel={number}{chosen}&from=now-24h&to=now"
    expands(alert, f'{alert.metric.name}{{model="fraud"}}', {"model": "fraud"}, url)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_address_sets_only_what_the_alerts_metric_has(alert: Alert, spec: ModelSpec) -> None:
    named = set(re.findall(r"var-(\w+)=", links.alert_url(spec, alert)))
    if alert.layer is Layer.EXPORTER:
        assert named == {"model"}
        return
    own = {"segment"} if alert.segments else set()
    assert named == ({"version", "window", "feature"} | own) & set(alert.metric.labels)


def test_without_an_address_of_grafana_there_is_no_link(make_spec: MakeSpec) -> None:
    assert links.alert_url(make_spec(), catalogue.EXPORTER_DOWN) is None


def test_a_metrics_runbooks_are_those_of_its_alerts(spec: ModelSpec, make_spec: MakeSpec) -> None:
    urls = [link["url"] for link in links.to_runbooks(spec, catalogue.MODEL_INFO)]
    names = [catalogue.EXPORTER_DOWN.name, catalogue.SPEC_MISMATCH.name]
    assert urls == [f"https://runbooks.example.com/ml/{name}" for name in names]
    assert links.to_runbooks(spec, catalogue.BUILD_INFO) == ()
    assert links.to_runbooks(make_spec(), catalogue.MODEL_INFO) == ()


def test_links_within_a_dashboard_keep_time_and_choices(spec: ModelSpec) -> None:
    panel = links.to_panel(spec, "Which", "key")["url"]
    assert panel == f"/d/leeway-fraud/fraud?${{__url_time_range}}&${{__all_variables}}&viewPanel={panel_id('key')}"
    feature = links.to_feature(spec, "Alone")["url"]
    for part in ("${__url_time_range}", "${window:queryparam}", "var-feature=${__value.raw:percentencode}"):
        assert part in feature
