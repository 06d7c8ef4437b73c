from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

import operator_api
from examples import RECEIVERS, hostile_model, model
from exporter.errors import RenderError
from exporter.spec.loading import load_all
from generator.documents import render
from generator.jsonnet import LIBRARY
from generator.layout import HOOK_MONITOR, KUBERNETES, KUBERNETES_DASHBOARDS, KUBERNETES_ROUTES, KUSTOMIZATION
from generator.options import Options
from generator.serialization import from_yaml
from generator.targets import kubernetes
from generator.targets.documents import deployment_documents

PLACED = Options.model_validate(
    {
        "namespace": "monitoring",
        "labels": {"release": "prometheus"},
        "dashboards": {"annotations": {"grafana_folder": "ML"}},
    }
)
EVERYTHING = {"page": RECEIVERS, "ticket": {**RECEIVERS, "hours": "Mon-Fri 09:00-18:00"}}
MODELS = [model(alerting=EVERYTHING), hostile_model(), model({"name": "a_b"})]


BETA = PLACED.model_copy(update={"alertmanager_config": "v1beta1"})


def routes(options: Options, loaded: Any = MODELS[0]) -> Any:
    """Return the AlertmanagerConfig of a model."""
    (document,) = (one for one in objects(loaded, options).values() if one["kind"] == "AlertmanagerConfig")
    return document


def objects(loaded: Any, options: Options = PLACED) -> dict[PurePosixPath, Any]:
    """Return the objects of one of `MODELS`, for the caller to change."""
    return deepcopy(_objects(MODELS.index(loaded), options is BETA))


@cache
def _objects(model: int, newer: bool) -> dict[PurePosixPath, Any]:
    return {
        path: from_yaml(text)
        for path, text in render([MODELS[model]], BETA if newer else PLACED).items()
        if path.is_relative_to(KUBERNETES) and path.name != KUSTOMIZATION
    }


def valid(document: Any) -> None:
    if document["apiVersion"] == "v1":
        kubernetes_validate.validate(document, "1.34", strict=True)
    else:
        operator_api.validate(document)


@pytest.mark.parametrize("loaded", MODELS, ids=lambda one: one.spec.name)
def test_every_object_is_valid_without_unknown_keys(loaded: Any) -> None:
    made = objects(loaded)
    assert {one["kind"] for one in made.values()} == {
        "PrometheusRule",
        "ServiceMonitor",
        "ConfigMap",
        "AlertmanagerConfig",
        "GrafanaDashboard",
    }
    for document in made.values():
        valid(document)
        assert document["metadata"]["namespace"] == "monitoring"


@pytest.mark.parametrize(
    "kind", ["PrometheusRule", "ServiceMonitor", "ConfigMap", "AlertmanagerConfig", "GrafanaDashboard"]
)
def test_keys_that_an_api_server_would_drop_are_errors(kind: str) -> None:
    document = next(one for one in objects(MODELS[0]).values() if one["kind"] == kind)
    for place in (document, document.get("spec", document["metadata"])):
        place["unknown"] = "x"
        with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError), match="unknown"):
            valid(document)
        del place["unknown"]
    valid(document)


@pytest.mark.parametrize("loaded", MODELS[:2], ids=lambda one: one.spec.name)
def test_routes_in_the_newer_api_are_valid_without_unknown_keys(loaded: Any) -> None:
    document = routes(BETA, loaded)
    assert document["apiVersion"] == "monitoring.coreos.com/v1beta1"
    valid(document)
    for place in (document, document["spec"], document["spec"]["receivers"][0]):
        place["unknown"] = "x"
        with pytest.raises(jsonschema.ValidationError, match="unknown"):
            valid(document)
        del place["unknown"]


def test_the_schema_of_each_api_rejects_keys_of_the_other() -> None:
    older, newer = routes(PLACED), routes(BETA)
    assert newer["spec"].pop("timeIntervals") == older["spec"].pop("muteTimeIntervals")
    assert newer["spec"] == older["spec"]
    for document, other in ((older, "timeIntervals"), (newer, "muteTimeIntervals")):
        document["spec"][other] = []
        with pytest.raises(jsonschema.ValidationError, match=other):
            valid(document)
    del newer["spec"]["muteTimeIntervals"]
    newer["spec"]["route"]["matchers"][0]["regex"] = True
    with pytest.raises(jsonschema.ValidationError, match="regex"):
        valid(newer)


@pytest.mark.parametrize("options", [PLACED, BETA], ids=["v1alpha1", "v1beta1"])
def test_a_child_route_is_validated_as_a_route(options: Options) -> None:
    document = routes(options)
    document["spec"]["route"]["routes"][0]["routes"][0]["group_wait"] = "30s"
    with pytest.raises(jsonschema.ValidationError, match="group_wait"):
        valid(document)


def test_the_rules_and_the_dashboard_are_those_of_the_plain_files() -> None:
    texts = {str(path): text for path, text in render([model()], PLACED).items()}
    rule = from_yaml(texts["kubernetes/prometheusrule-fraud.yaml"])
    assert rule["spec"] == from_yaml(texts["rules/fraud.yaml"])
    board = from_yaml(texts["kubernetes/dashboard-fraud.yaml"])
    assert json.loads(board["data"]["leeway-fraud.json"]) == json.loads(texts["dashboards/fraud.json"])
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert board["metadata"]["annotations"] == {"grafana_folder": "ML"}


def test_the_operator_of_grafana_finds_each_dashboard_in_its_config_map() -> None:
    made = render([model({"name": "a_b"})], PLACED)
    boards = [from_yaml(text) for path, text in made.items() if path.name.startswith("grafanadashboard-")]
    maps = {
        (one["metadata"]["name"], key)
        for path, text in made.items()
        if path.name.startswith("dashboard-")
        for one in [from_yaml(text)]
        for key in one["data"]
    }
    assert {(one["spec"]["configMapRef"]["name"], one["spec"]["configMapRef"]["key"]) for one in boards} == maps
    assert len(boards) == 4
    assert all(one["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "grafana"}} for one in boards)
    assert {one["spec"]["folder"] for one in boards} == {"Leeway"}


def test_each_kustomization_lists_the_objects_of_its_folder() -> None:
    made = render([model(), model({"name": "churn"})])
    for folder in (KUBERNETES, KUBERNETES_ROUTES, KUBERNETES_DASHBOARDS):
        listed = from_yaml(made[folder / KUSTOMIZATION])["resources"]
        assert sorted(listed) == sorted(
            path.name for path in made if path.parent == folder and path.name != KUSTOMIZATION
        )


def test_namespace_and_labels_come_from_the_options() -> None:
    plain = kubernetes.prometheus_rule("fraud", [], Options())["metadata"]
    placed = kubernetes.prometheus_rule("fraud", [], Options(namespace="ml", labels={"release": "x"}))["metadata"]
    assert plain == {"name": "leeway-fraud", "labels": {"app.kubernetes.io/part-of": "leeway"}}
    assert placed == {
        "name": "leeway-fraud",
        "namespace": "ml",
        "labels": {"app.kubernetes.io/part-of": "leeway", "release": "x"},
    }


def test_the_service_monitor_finds_the_service_of_the_exporter() -> None:
    exporter = {"labels": {"app": "ml-watch"}, "port": "http", "interval": "1m"}
    spec = kubernetes.service_monitor(Options.model_validate({"exporter": exporter}))["spec"]
    assert spec == {
        "selector": {"matchLabels": {"app": "ml-watch"}},
        "endpoints": [{"port": "http", "interval": "1m"}],
    }


def test_the_hook_has_a_service_monitor_where_a_model_has_one() -> None:
    with_hook, without = (
        {made.path: made.data for made in deployment_documents([], PLACED, hook=hook)} for hook in (True, False)
    )
    valid(with_hook[HOOK_MONITOR])
    assert with_hook[HOOK_MONITOR]["spec"]["selector"] == {
        "matchLabels": {"app.kubernetes.io/name": "leeway-retrain-hook"}
    }
    assert HOOK_MONITOR.name in with_hook[KUBERNETES / KUSTOMIZATION]["resources"]
    assert with_hook.keys() - without.keys() == {HOOK_MONITOR}
    assert HOOK_MONITOR.name not in without[KUBERNETES / KUSTOMIZATION]["resources"]


def test_an_underscore_is_replaced_in_a_kubernetes_name() -> None:
    assert kubernetes.object_name("a_b") == "leeway-a-b"


def test_a_client_side_apply_can_note_down_the_largest_dashboard_in_an_annotation() -> None:
    """The dashboard of a binary classifier with everything; it does not grow with the features."""
    documents = render(load_all([LIBRARY / "models" / "fraud.yaml"]))
    config_map = from_yaml(documents[KUBERNETES / "dashboard-fraud.yaml"])
    assert len(json.dumps(config_map)) < 220_000, "the limit is 262144"


def test_a_dashboard_too_large_for_a_config_map_is_an_error() -> None:
    with pytest.raises(RenderError, match=r"dashboards/big\.json: is larger than 1 MiB"):
        kubernetes.dashboard_config_map("big", {"description": "x" * (1 << 20)}, Options())
