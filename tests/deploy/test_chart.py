"""The Helm chart and the plain manifests: made by Helm itself, and read as an API server and the programs read them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from exporter.installation import VERSION
from exporter.retraining import server as hook_server
from exporter.service import server as exporter_server
from exporter.spec.loading import load_all
from exporter.spec.yaml_document import parse
from generator.options import Options
from generator.targets import kubernetes
from manifests import CHART, DEPLOY, MANIFESTS, manifests, rendered
from programs import parsed

MODEL = """\
# {{ not a template }} <of Helm> & "quoted"
apiVersion: leeway/v1
kind: Model
metadata: {name: fraud}
spec:
  task: binary_classification
  inference: {source: {local: "log-%Y-%m-%dT%H.parquet"}, columns: {score: score}}
  reference: {source: {local: reference.parquet}}
  features: [{name: age, type: numeric}]
"""
PART = {
    "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
    "secrets": {"/etc/leeway/secrets": "leeway.argo", "/etc/leeway/more": "data"},
    "storage": {"size": "5Gi", "className": "fast"},
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/leeway"}},
    "podLabels": {"azure.workload.identity/use": "true"},
    "podAnnotations": {"team": "ml"},
    "podSpec": {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "ml", "operator": "Exists"}]},
}
EVERYTHING = {
    "image": {"repository": "registry.example.com/leeway", "tag": "1", "pullSecrets": [{"name": "registry"}]},
    "models": {"fraud": MODEL},
    "exporter": PART | {"shards": 3, "args": ["--log.format=json"], "webConfigSecret": "leeway-web"},
    "retrainHook": PART | {"enabled": True, "start": True},
}
DEFAULT = {"retrainHook": {"enabled": True}}
VALUES = pytest.mark.parametrize("values", [DEFAULT, EVERYTHING], ids=["default", "everything"])


def objects(values: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The objects by kind and name; a key that is given twice, which an API server rejects, is an error."""
    return _objects(json.dumps(values))


@cache
def _objects(values: str) -> dict[tuple[str, str], Any]:
    found = {}
    for path, text in rendered(json.loads(values)).items():
        assert not parse(text, str(path)).refused
        one = yaml.safe_load(text)
        found[one["kind"], one["metadata"]["name"]] = one
    return found


def pods(values: dict[str, Any]) -> list[Any]:
    return [one["spec"]["template"] for (kind, _), one in objects(values).items() if kind == "StatefulSet"]


@VALUES
def test_helm_finds_nothing_to_warn_of(values: dict[str, Any]) -> None:
    report = helm_python.lint(CHART, values, strict=True, kube_version="v1.34.0")
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > 1] == []


def test_the_plain_manifests_are_what_helm_makes_of_the_chart() -> None:
    written = {path.relative_to(MANIFESTS): path.read_text() for path in MANIFESTS.rglob("*.yaml")}
    assert written == {Path(path): text for path, text in manifests().items()}, "run `make golden`"


@VALUES
def test_every_object_is_valid_without_unknown_keys(values: dict[str, Any]) -> None:
    made = objects(values)
    kinds = {"StatefulSet", "Service", "ServiceAccount", "NetworkPolicy"}
    assert {kind for kind, _ in made} == kinds | ({"ConfigMap", "PodDisruptionBudget"} if values != DEFAULT else set())
    for one in made.values():
        kubernetes_validate.validate(one, "1.34", strict=True)
    wrong = made["Service", "leeway-exporter"] | {"unknown": 1}
    with pytest.raises(kubernetes_validate.ValidationError, match="unknown"):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


@VALUES
def test_every_flag_and_path_of_a_container_exists(values: dict[str, Any]) -> None:
    for pod in pods(values):
        [container] = pod["spec"]["containers"]
        command = [*container.get("command", ["leeway-exporter"]), *container["args"]]
        options = parsed([word.replace("$(SHARD)", "0") for word in command])
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]} | {"data"}
        assert {mount["name"] for mount in mounts.values()} == volumes
        assert len(volumes) == len(pod["spec"]["volumes"]) + 1, "two volumes have one name"
        paths = [path for value in vars(options).values() for path in (value if isinstance(value, list) else [value])]
        stored = [Path(options.storage_path)] if "storage_path" in options else []  # a text: it may be an address
        paths = [*stored, *(path for path in paths if isinstance(path, Path))]
        assert len(paths) >= 2
        assert [path for path in paths if not any(path.is_relative_to(mount) for mount in mounts)] == []
        writable = {mount["name"] for mount in mounts.values() if not mount.get("readOnly")}
        assert writable == {"data", "tmp"}
        assert mounts["/var/lib/leeway"]["name"] == "data"
        assert str(getattr(options, "storage_path", None) or options.storage) == "/var/lib/leeway"


@VALUES
def test_probes_and_services_lead_to_what_is_served(values: dict[str, Any]) -> None:
    served = {
        "exporter": ({route.path for route in exporter_server.application(None).routes}, 9877),  # type: ignore[arg-type]
        "retrain-hook": ({route.path for route in hook_server.application(None, None, None).routes}, 9878),  # type: ignore[arg-type]
    }
    made = objects(values)
    for pod in pods(values):
        [container] = pod["spec"]["containers"]
        routes, port = served[container["name"]]
        assert container["ports"] == [{"name": "metrics", "containerPort": port}]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if "httpGet" in container.get(probe, {}):
                assert container[probe]["httpGet"] == {"path": container[probe]["httpGet"]["path"], "port": "metrics"}
                assert container[probe]["httpGet"]["path"] in routes
        name = f"leeway-{container['name']}"
        assert made["Service", name]["spec"]["ports"] == [{"name": "metrics", "port": port, "targetPort": "metrics"}]
        assert made["NetworkPolicy", name]["spec"]["ingress"][0]["ports"] == [{"port": port}]


def test_probes_only_connect_where_every_path_wants_a_password() -> None:
    [with_users, _] = (pod["spec"]["containers"][0] for pod in pods(EVERYTHING))
    [without, _] = (pod["spec"]["containers"][0] for pod in pods(DEFAULT))
    assert "readinessProbe" not in with_users
    assert with_users["livenessProbe"]["tcpSocket"] == {"port": "metrics"}
    assert without["livenessProbe"]["httpGet"]["path"] == "/-/healthy"
    assert without["readinessProbe"]["httpGet"]["path"] == "/-/ready"


@VALUES
def test_selectors_find_the_pods_of_their_part_and_no_others(values: dict[str, Any]) -> None:
    made = objects(values)
    labels = {pod["spec"]["containers"][0]["name"]: pod["metadata"]["labels"] for pod in pods(values)}
    selectors = {
        "Service": lambda spec: spec["selector"],
        "StatefulSet": lambda spec: spec["selector"]["matchLabels"],
        "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
        "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
    }
    checked = 0
    for (kind, name), one in made.items():
        if kind in selectors:
            wanted = selectors[kind](one["spec"]).items()
            assert [f"leeway-{part}" for part, given in labels.items() if wanted <= given.items()] == [name]
            checked += 1
    assert checked == 6 + (values is EVERYTHING)


@VALUES
def test_no_container_has_more_rights_than_it_needs(values: dict[str, Any]) -> None:
    for pod in pods(values):
        spec, [container] = pod["spec"], pod["spec"]["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532}.items()
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} == set(container["resources"])
        assert all(volume["secret"]["defaultMode"] == 0o440 for volume in spec["volumes"] if "secret" in volume)


@pytest.mark.parametrize("shards", [1, 4])
def test_each_pod_is_one_shard_of_as_many_as_there_are(shards: int) -> None:
    made = objects({"exporter": {"shards": shards}})
    spec = made["StatefulSet", "leeway-exporter"]["spec"]
    [container] = spec["template"]["spec"]["containers"]
    assert spec["replicas"] == shards
    assert f"--shard=$(SHARD)/{shards}" in container["args"]
    field = container["env"][0]["valueFrom"]["fieldRef"]["fieldPath"]
    assert (container["env"][0]["name"], field) == ("SHARD", "metadata.labels['apps.kubernetes.io/pod-index']")
    assert (("PodDisruptionBudget", "leeway-exporter") in made) is (shards > 1)


def test_the_generated_service_monitors_find_the_services_by_label_and_port() -> None:
    made = objects(DEFAULT)
    for monitor in (kubernetes.service_monitor(Options()), kubernetes.hook_monitor(Options())):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        services = [one for (kind, _), one in made.items() if kind == "Service"]
        [service] = [one for one in services if wanted <= one["metadata"]["labels"].items()]
        assert service["metadata"]["name"] == monitor["metadata"]["name"]
        assert service["spec"]["ports"][0]["name"] == monitor["spec"]["endpoints"][0]["port"]


def test_specs_arrive_as_they_are_and_a_changed_one_restarts_the_pods(tmp_path: Path) -> None:
    data = objects(EVERYTHING)["ConfigMap", "leeway-models"]["data"]
    assert data == {"fraud.yaml": MODEL}
    (tmp_path / "..data").mkdir()  # as a volume of a ConfigMap lays it out
    (tmp_path / "..data" / "fraud.yaml").write_text(data["fraud.yaml"])
    (tmp_path / "fraud.yaml").symlink_to("..data/fraud.yaml")
    assert [loaded.spec.name for loaded in load_all([tmp_path])] == ["fraud"]
    changed = EVERYTHING | {"models": {"fraud": MODEL + "\n"}}
    for before, after in zip(pods(EVERYTHING), pods(changed), strict=True):
        assert before["metadata"]["annotations"] != after["metadata"]["annotations"]
        assert before["spec"] == after["spec"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"exporter": {"shard": 3}}, "shard"),
        ({"exporter": {"shards": 0}}, "minimum"),
        ({"exporter": {"podSpec": {"hostNetwork": True}}}, "hostNetwork"),
        ({"exporter": {"secrets": {"etc": "x"}}}, "etc"),
        ({"models": {"fraud": ""}}, "fraud"),
        ({"retrainHook": {"prometheusUrl": "prometheus:9090"}}, "pattern"),
    ],
)
def test_a_value_that_means_nothing_is_an_error(values: dict[str, Any], message: str) -> None:
    with pytest.raises(helm_python.HelmError, match=message):
        rendered(values)


def test_the_image_is_the_one_that_the_documentation_builds() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)
    images = {pod["spec"]["containers"][0]["image"] for pod in pods(DEFAULT)}
    assert images == {f"leeway:{VERSION}"}
    pages = [DEPLOY / "Containerfile", DEPLOY / "compose.yaml", *DEPLOY.parent.glob("docs/*.md")]
    named = {name for page in pages for name in re.findall(r"(?<![\w/.-])leeway:[\w.]+", page.read_text())}
    assert named == images
