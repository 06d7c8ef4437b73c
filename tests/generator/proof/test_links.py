from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.panels import links
from examples import HOSTILE, model
from exporter import catalogue
from exporter.catalogue import FEATURE, VERSION, WINDOW
from generator.proof.links import expand_link, with_expanded_link
from promtool import series, verdict

TEMPLATE = "{{ with $labels.a }}&a={{ . | urlquery }}{{ end }}"


@pytest.mark.parametrize(
    ("labels", "link"),
    [({"a": "x y/é"}, "/d?x&a=x+y%2F%C3%A9&to=now"), ({"a": ""}, "/d?x&to=now"), ({}, "/d?x&to=now")],
)
def test_a_label_expands_its_template_and_a_missing_one_removes_it(labels: dict[str, str], link: str) -> None:
    assert expand_link(f"/d?x{TEMPLATE}&to=now", labels) == link


def test_only_the_link_to_the_dashboard_is_expanded() -> None:
    annotations = {"summary": TEMPLATE, "dashboard_url": TEMPLATE}
    assert with_expanded_link(annotations, {"a": "x"}) == {"summary": TEMPLATE, "dashboard_url": "&a=x"}
    assert with_expanded_link({"summary": TEMPLATE}, {"a": "x"}) == {"summary": TEMPLATE}


def test_a_link_expands_as_prometheus_expands_it(tmp_path: Path) -> None:
    link = links.alert_url(model().spec, catalogue.FEATURE_DRIFT_HIGH)
    every = "".join(filter(str.isprintable, map(chr, range(0x180)))) + HOSTILE
    labels = {FEATURE: every, VERSION: "v3 b", "other": "x"}
    assert WINDOW not in labels
    metric = catalogue.FEATURE_PSI
    rule = {"alert": "A", "expr": metric.name, "labels": {}, "annotations": {"v": link}}
    alert = {"exp_labels": labels, "exp_annotations": {"v": expand_link(link, labels)}}
    test = {"eval_time": "1m", "alertname": "A", "exp_alerts": [alert]}
    inputs = [{"series": series(metric, labels), "values": "1x5"}]
    group = {"interval": "1m", "input_series": inputs, "alert_rule_test": [test]}
    rules = {"groups": [{"name": "g", "rules": [rule]}]}
    passed, output = verdict(rules, {"evaluation_interval": "1m", "tests": [group]}, tmp_path)
    assert passed, output
