"""The documents derived from rules, dashboards and routes: one form for each way to deploy.

They are made after the overlays, so that a changed rule is changed in every form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from exporter.spec.value_types import format_duration
from generator.layout import (
    ALERTMANAGER_CONFIG,
    DASHBOARDS,
    FRAGMENT,
    HOOK_MONITOR,
    KUBERNETES,
    KUBERNETES_DASHBOARDS,
    KUBERNETES_ROUTES,
    KUSTOMIZATION,
    PROVIDER,
    ROUTING,
    RULES,
    SCRAPE,
    SERVICE_MONITOR,
)
from generator.options import Options
from generator.targets import alertmanager_config, kubernetes, merging

_FRAGMENT: Final = (
    "The parts of alertmanager.yml to merge into your configuration: put the route before your routes that match only",
    "severity or namespace, and append the other parts to yours.",
)
_DIFFERENCES: Final = "An AlertmanagerConfig cannot express all of alertmanager.yml:"

_WARNING: Final = "# - "


class Derived(NamedTuple):
    """A document, and remarks for its first comment."""

    path: PurePosixPath
    data: Any
    remarks: tuple[str, ...] = ()


def derived_documents(path: PurePosixPath, data: Any, options: Options) -> Iterator[Derived]:
    """Yield the derived forms of one document that was made from specs."""
    stem = path.stem
    if path.parent == RULES:
        yield Derived(
            KUBERNETES / f"prometheusrule-{stem}.yaml", kubernetes.prometheus_rule(stem, data["groups"], options)
        )
    elif path.parent == DASHBOARDS:
        yield Derived(KUBERNETES / f"dashboard-{stem}.yaml", kubernetes.dashboard_config_map(stem, data, options))
        yield Derived(
            KUBERNETES_DASHBOARDS / f"grafanadashboard-{stem}.yaml", kubernetes.grafana_dashboard(stem, options)
        )
    elif path == ROUTING:
        translation = alertmanager_config.translate(data, options)
        remarks = (_DIFFERENCES, *(f"- {remark}" for remark in translation.remarks))
        yield Derived(FRAGMENT, merging.mergeable_parts(data), _FRAGMENT)
        yield Derived(ALERTMANAGER_CONFIG, translation.document, remarks)
        yield Derived(KUBERNETES_ROUTES / KUSTOMIZATION, kubernetes.kustomization([ALERTMANAGER_CONFIG.name]))


def deployment_documents(paths: Sequence[PurePosixPath], options: Options, *, hook: bool) -> Iterator[Derived]:
    """Yield the documents that do not depend on a single model.

    Args:
        paths: those of all other documents.
        options: the options of the deployment.
        hook: whether a model has a retraining hook.
    """
    monitors = {SERVICE_MONITOR: kubernetes.service_monitor(options)}
    if hook:
        monitors[HOOK_MONITOR] = kubernetes.hook_monitor(options)
    yield Derived(SCRAPE, _scrape(options))
    yield Derived(PROVIDER, _provider(options))
    yield from (Derived(path, monitor) for path, monitor in monitors.items())
    for folder in (KUBERNETES, KUBERNETES_DASHBOARDS):
        objects = sorted(path.name for path in (*paths, *monitors) if path.parent == folder)
        yield Derived(folder / KUSTOMIZATION, kubernetes.kustomization(objects))


def warnings(text: str) -> list[str]:
    """Return the remarks in the first comment of a document."""
    head = takewhile(lambda line: line.startswith("#"), StringIO(text))
    return [line.removeprefix(_WARNING).rstrip("\n") for line in head if line.startswith(_WARNING)]


def mixin(paths: Iterable[PurePosixPath]) -> str:
    """Return a jsonnet mixin that imports the rules and dashboards beside it, for kube-prometheus and Tanka."""
    paths = sorted(paths)
    rules = [f"  std.parseYaml(importstr {json.dumps(str(path))}),\n" for path in paths if path.parent == RULES]
    boards = [
        f"    {json.dumps(f'{kubernetes.object_name(path.stem)}.json')}: import {json.dumps(str(path))},\n"
        for path in paths
        if path.parent == DASHBOARDS
    ]
    return _MIXIN.replace("RULES\n", "".join(rules)).replace("DASHBOARDS\n", "".join(boards))


_MIXIN: Final = """\
local files = [
RULES
];
local groups(kind) = [
  group { rules: rules }
  for file in files
  for group in file.groups
  for rules in [[rule for rule in group.rules if std.objectHas(rule, kind)]]
  if rules != []
];
{
  prometheusAlerts+:: { groups+: groups('alert') },
  prometheusRules+:: { groups+: groups('record') },
  grafanaDashboards+:: {
DASHBOARDS
  },
}
"""


def _scrape(options: Options) -> dict[str, Any]:
    exporter = options.exporter
    job = {
        "job_name": "leeway",
        "scrape_interval": format_duration(exporter.interval),
        "static_configs": [{"targets": list(exporter.targets)}],
    }
    return {"scrape_configs": [job]}


def _provider(options: Options) -> dict[str, Any]:
    """Return the file for Grafana's folder `provisioning/dashboards/`."""
    provider = {
        "name": "leeway",
        "folder": options.dashboards.folder,
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": options.dashboards.path},
    }
    return {"apiVersion": 1, "providers": [provider]}
