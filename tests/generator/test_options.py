from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from exporter.errors import SpecError
from generator.options import Options, load

WHOLE = """\
namespace: monitoring
labels: {release: kube-prometheus-stack}
grafana: https://grafana.example.com
smarthost: mail:25
sender: leeway@example.com
secret: ml-receivers
alertmanager_config: v1beta1
merge_with: /etc/alertmanager/alertmanager.yml
exporter:
  labels: {app: leeway}
  port: http
  targets: ["a:9877", "b:9877"]
  interval: 1m
dashboards:
  labels: {grafana_dashboard: "true"}
  annotations: {grafana_folder: Machine learning}
  folder: ML
  path: /dashboards
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "generator.yaml"
    path.write_text(text)
    return path


def test_a_file_says_everything(tmp_path: Path) -> None:
    options = load(written(tmp_path, WHOLE), {})
    assert options.namespace == "monitoring"
    assert options.exporter.targets == ("a:9877", "b:9877")
    assert options.exporter.interval == timedelta(minutes=1)
    assert options.dashboards.annotations == {"grafana_folder": "Machine learning"}
    assert set(options.model_fields_set) == set(Options.model_fields)


def test_flags_go_over_the_file_and_labels_are_added(tmp_path: Path) -> None:
    flags = {"namespace": "ml", "grafana": None, "labels": {"role": "alert-rules"}}
    options = load(written(tmp_path, WHOLE), flags)
    assert options.namespace == "ml"
    assert options.grafana == "https://grafana.example.com"
    assert options.labels == {"release": "kube-prometheus-stack", "role": "alert-rules"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "labels:\n"])
def test_a_file_that_says_nothing_and_none_at_all_are_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(written(tmp_path, text), {}) == load(tmp_path / "none.yaml", {}) == Options()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("namespce: x\n", '1: namespce: unknown key; did you mean "namespace"?'),
        ("\nexporter: {prot: x}\n", '2: exporter.prot: unknown key; did you mean "port"?'),
        ("namespace: ML\n", "1: namespace: must be 1 to 63 lower-case letters"),
        ("labels: {release: a b}\n", "1: labels.release: must be at most 63 letters"),
        ("labels: {'a b': x}\n", '1: labels["a b"]'),
        ("labels: x\n", "1: labels: must be a mapping"),
        ("dashboards: []\n", "1: dashboards: must be a mapping"),
        ("exporter: {interval: 5}\n", "1: exporter.interval: must be a duration"),
        ("grafana: grafana.example.com\n", "1: grafana: must be an http:// or https:// address"),
        ("exporter: {url: 'https://leeway/?a=b'}\n", "1: exporter.url: must not contain ? or #"),
        ("alertmanager_config: v2\n", "1: alertmanager_config: must be v1alpha1 or v1beta1"),
        ("namespace: 010\n", "1: namespace"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(
        SpecError, match=f"{re.escape(str(path))}:.*{re.escape(message.lstrip('0123456789: '))}"
    ) as caught:
        load(path, {})
    if message[0].isdigit():
        assert str(caught.value).startswith(f"{path}:{message[0]}: ")


def test_a_mistake_in_a_flag_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"^--namespace: must be"):
        load(tmp_path / "none.yaml", {"namespace": "A B"})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load(tmp_path, {})
