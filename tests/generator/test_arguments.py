from __future__ import annotations

import json
from datetime import timedelta

from dashboards.panels import links
from examples import model
from exporter import catalogue
from exporter.spec.value_types import parse_duration
from generator.arguments import route_arguments, rule_arguments, with_links
from generator.options import Exporter, Options


def test_the_arguments_are_json() -> None:
    assert json.loads(json.dumps(rule_arguments(model().spec, Options()))) == rule_arguments(model().spec, Options())
    assert json.loads(json.dumps(route_arguments([model().spec], Options()))) == route_arguments(
        [model().spec], Options()
    )


def test_durations_for_arithmetic_are_seconds() -> None:
    inference = model().spec.spec.inference.model_dump(mode="json") | {"delay": "10m", "grain": "1h"}
    spec = model(inference=inference, refresh={"interval": "7m", "timeout": "1h"}, windows=["24h", "1h"]).spec
    arguments = rule_arguments(spec, Options())
    assert arguments["seconds"] == {"refresh_interval": 420, "refresh_timeout": 3600, "stale_after": 3 * 3600 + 600}
    assert parse_duration(arguments["shortest_window"]) == timedelta(hours=1)


def test_every_alert_has_its_link() -> None:
    spec = model().spec
    expected = {alert.key: links.alert_url(spec, alert) for alert in catalogue.ALERTS}
    assert rule_arguments(spec, Options())["dashboards"] == expected


def test_every_alert_has_its_runbook_and_a_spec_without_addresses_has_no_links() -> None:
    spec = model().spec
    expected = {alert.key: f"https://runbooks.example.com/ml/{alert.name}" for alert in catalogue.ALERTS}
    assert rule_arguments(spec, Options())["runbooks"] == expected
    bare = rule_arguments(model({"grafana": None, "runbooks": None}).spec, Options())
    assert {*bare["runbooks"].values(), *bare["dashboards"].values()} == {None}


def test_without_an_address_in_the_spec_alerts_link_to_the_runbooks_of_the_exporter() -> None:
    options = Options(exporter=Exporter(url="https://leeway.example.com/ml/"))
    runbooks = rule_arguments(model({"runbooks": None}).spec, options)["runbooks"]
    assert runbooks["exporter_down"] == "https://leeway.example.com/ml/runbooks/LeewayExporterDown?model=fraud"
    assert rule_arguments(model().spec, options) == rule_arguments(model().spec, Options())


def test_grafana_of_the_options_is_used_without_one_in_the_spec_and_keeps_the_fingerprint() -> None:
    silent, outspoken = model({"grafana": None}).spec, model().spec
    options = Options(grafana="https://elsewhere.example.com")
    arguments = rule_arguments(silent, options)
    assert all(url.startswith("https://elsewhere.example.com/d/") for url in arguments["dashboards"].values())
    assert arguments["fingerprint"] == silent.fingerprint()
    assert with_links(outspoken, options) == outspoken
    assert route_arguments([silent], options)["models"][0]["metadata"]["grafana"] == "https://elsewhere.example.com"
