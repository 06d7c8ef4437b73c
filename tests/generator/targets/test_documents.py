from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _gojsonnet
import pytest

from amtool import accepted, receivers_of
from examples import RECEIVERS, hostile_model, model, run, write_all
from generator.documents import render
from generator.layout import ALERTMANAGER_CONFIG, FLEET_RULES, FRAGMENT, PROVIDER, SCRAPE
from generator.options import Options
from generator.serialization import from_yaml
from generator.targets.documents import warnings

TOLD = {"page": RECEIVERS, "ticket": {**RECEIVERS, "hours": "Mon-Fri 09:00-18:00"}}


def test_the_scrape_job_is_a_configuration_of_prometheus(tmp_path: Path) -> None:
    exporter = {"targets": ["a.example.com:9877", "b.example.com:9877"], "interval": "1m"}
    text = render([model()], Options.model_validate({"exporter": exporter}))[SCRAPE]
    (tmp_path / "scrape.yml").write_text(text)
    passed, output = run(["promtool", "check", "config", "scrape.yml"], tmp_path)
    assert passed, output
    (job,) = from_yaml(text)["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["a.example.com:9877", "b.example.com:9877"]}]
    assert (job["job_name"], job["scrape_interval"]) == ("leeway", "1m")


def test_the_provider_says_where_the_dashboards_lie() -> None:
    dashboards = {"folder": "ML", "path": "/dashboards"}
    (provider,) = from_yaml(render([model()], Options.model_validate({"dashboards": dashboards}))[PROVIDER])[
        "providers"
    ]
    assert (provider["folder"], provider["options"]["path"]) == ("ML", "/dashboards")


def merged(fragment: dict[str, Any]) -> dict[str, Any]:
    """What a team has, with the fragment put in as its head says."""
    own = {
        "route": {"receiver": "team", "routes": [{"matchers": ['severity="critical"']}]},
        "receivers": [{"name": "team"}],
    }
    routes = fragment["route"]["routes"] + own["route"]["routes"]
    more = {key: fragment[key] for key in ("inhibit_rules", "time_intervals")}
    return {"route": own["route"] | {"routes": routes}, "receivers": own["receivers"] + fragment["receivers"]} | more


def test_the_fragment_fits_into_a_configuration_that_is_there(tmp_path: Path) -> None:
    fragment = from_yaml(
        render([model(alerting={"page": TOLD["page"]}), model({"name": "b"}, alerting=TOLD)])[FRAGMENT]
    )
    whole = merged(fragment) | {"global": {"smtp_smarthost": "mail:25", "smtp_from": "a@example.com"}}
    passed, output = accepted(whole, tmp_path)
    assert passed, output
    labels = {"model": "fraud", "env": "prod", "layer": "dataset", "severity": "critical"}
    assert receivers_of(whole, labels, tmp_path) == "fraud-page"
    assert receivers_of(whole, {"severity": "critical"}, tmp_path) == "team"


@pytest.mark.parametrize("loaded", [model(), hostile_model()], ids=["plain", "hostile"])
def test_the_mixin_holds_the_rules_and_dashboards_beside_it(loaded: Any, tmp_path: Path) -> None:
    documents = render([loaded, model({"name": "churn"})])
    write_all(documents, tmp_path)
    parts = "{ alerts: m.prometheusAlerts, rules: m.prometheusRules, dashboards: m.grafanaDashboards }"
    text = _gojsonnet.evaluate_snippet(str(tmp_path / "x"), f"local m = import 'mixin.libsonnet'; {parts}")
    evaluated = json.loads(text)
    paths = [path for path in sorted(documents) if path.parent.name == "rules" and path != FLEET_RULES]
    files = [from_yaml(documents[path]) for path in paths]
    assert evaluated["alerts"]["groups"] == [group for file in files for group in file["groups"]]
    assert evaluated["rules"]["groups"] == from_yaml(documents[FLEET_RULES])["groups"]
    boards = {f"leeway-{path.stem}.json": text for path, text in documents.items() if path.parent.name == "dashboards"}
    assert evaluated["dashboards"] == {name: json.loads(text) for name, text in boards.items()}


def test_the_mixin_keeps_recording_rules_apart(tmp_path: Path) -> None:
    overlay = tmp_path / "own.jsonnet"
    rules = "[{ record: 'a', expr: '1' }, { alert: 'B', expr: '1' }]"
    overlay.write_text(
        f"function(documents) documents {{ 'rules/own.yaml': {{ groups: [{{ name: 'g', rules: {rules} }}] }} }}"
    )
    write_all(render([model()], overlaid=[overlay]), tmp_path)
    parts = "{ alerts: m.prometheusAlerts.groups, rules: m.prometheusRules.groups }"
    text = _gojsonnet.evaluate_snippet(str(tmp_path / "x"), f"local m = import 'mixin.libsonnet'; {parts}")
    evaluated = json.loads(text)
    assert evaluated["rules"][1:] == [{"name": "g", "rules": [{"record": "a", "expr": "1"}]}]
    assert evaluated["alerts"][-1] == {"name": "g", "rules": [{"alert": "B", "expr": "1"}]}


def test_the_head_of_a_document_says_what_it_cannot_say() -> None:
    documents = render([model(alerting=TOLD, seasonality={"timezone": "Asia/Tokyo"})])
    assert [one for one in warnings(documents[ALERTMANAGER_CONFIG]) if "Asia/Tokyo" in one]
    assert warnings(documents[SCRAPE]) == []
