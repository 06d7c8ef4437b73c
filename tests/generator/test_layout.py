from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from examples import BODY, METADATA
from exporter.spec.loading import load_all
from generator.documents import render
from generator.layout import model_of
from spec_folder import write_spec


@pytest.mark.usefixtures("work")
def test_a_document_belongs_to_the_model_in_its_name_and_to_no_other() -> None:
    names = ["churn", "dashboard-churn", "kustomization"]
    specs = load_all([write_spec(name) for name in names])
    paths = {model: {path for path in render(specs) if model_of(path) == model} for model in (*names, None)}
    objectives = {f"openslo/NAME.slo-{slo['name']}.yaml" for slo in BODY["slos"]}
    tests = {f"rules/tests/NAME.slo-{slo['name']}.yaml" for slo in BODY["slos"]}
    own = {
        "rules/NAME.yaml",
        "rules/tests/NAME.yaml",
        "dashboards/NAME.json",
        "openslo/NAME.yaml",
        "kubernetes/prometheusrule-NAME.yaml",
        "kubernetes/dashboard-NAME.yaml",
        "kubernetes/grafana/grafanadashboard-NAME.yaml",
        *objectives,
        *tests,
    }
    for name in names:
        assert {str(path) for path in paths[name]} == {path.replace("NAME", name) for path in own}
    assert sum(map(len, paths.values())) == len(render(specs))
    assert METADATA["name"] not in paths


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("argo/workfloweventbinding-fraud.yaml", "fraud"),
        ("argo/mine.yaml", None),
        ("rules/tests/fraud.calendar.yaml", "fraud"),
        ("dashboards/leeway-fleet.json", None),
        ("kubernetes/dashboard-leeway-exporter.yaml", None),
        ("kubernetes/grafana/grafanadashboard-leeway-feature.yaml", None),
        ("alertmanager/fraud.yml", None),
        ("mixin.libsonnet", None),
    ],
)
def test_the_model_of_a_path(path: str, model: str | None) -> None:
    assert model_of(PurePosixPath(path)) == model
