"""Everything that Leeway generates from specs, as text by path. No file is written here.

Documents made from specs; overlays may change them:

```
rules/<model>.yaml                       Prometheus rules
rules/tests/<model>.yaml                 their promtool tests; in another folder, since Prometheus cannot load them
rules/tests/<model>.calendar.yaml        promtool tests of the calendar, where a floor differs between weekdays
rules/tests/<model>.slo-<name>.yaml      promtool tests of an objective, slice by slice
rules/leeway-fleet.yaml                  recording rules for the dashboard of all models; their tests in rules/tests/
argo/workfloweventbinding-<model>.yaml   starts a retraining in Argo Workflows, where the spec names one
dashboards/<model>.json                  the Grafana dashboard of the model
dashboards/leeway-fleet.json             the dashboard of all models; beside it those of one feature and of the exporter
openslo/<model>.yaml                     the model as an OpenSLO service, where it has objectives
openslo/<model>.slo-<name>.yaml          an objective as an OpenSLO document
alertmanager/alertmanager.yml            routes, receivers, inhibition rules and time intervals of all models
alertmanager/routes.json                 the receivers that each alert must reach, and at which hours
```

Documents derived from those, one form for each way to deploy:

```
alertmanager/fragment.yml                the parts of alertmanager.yml to merge into another one
alertmanager/merged.yml                  your alertmanager.yml with these parts in it (only with `--merge-with`)
prometheus/scrape.yml                    the scrape job
grafana/leeway.yaml                      the provisioning file of the dashboards
kubernetes/                              PrometheusRules, dashboards as ConfigMaps, ServiceMonitors, a kustomization
kubernetes/grafana/                      the dashboards for grafana-operator, with a kustomization of their own
kubernetes/alertmanager/                 the routes as an AlertmanagerConfig, with a kustomization of its own
mixin.libsonnet                          rules and dashboards for jsonnet
```
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from dashboards import exporter as exporter_dashboard
from dashboards import feature as feature_dashboard
from dashboards import fleet
from dashboards.model import dashboard
from exporter.errors import RenderError
from exporter.spec.loading import LoadedSpec
from generator import arguments, overlays
from generator.jsonnet import evaluate
from generator.layout import (
    ARGO,
    DASHBOARDS,
    EXPORTER,
    FEATURE,
    FLEET,
    FLEET_PROOF,
    FLEET_RULES,
    MARK,
    MIXIN,
    OPENSLO,
    PROOFS,
    ROUTE_CASES,
    ROUTING,
    RULES,
    TAG,
    Documents,
)
from generator.options import Options
from generator.proof import documents as proof
from generator.routing.hours import hours
from generator.serialization import json_text, yaml_text
from generator.targets import documents as targets
from generator.targets import kubernetes, openslo
from generator.targets.argo import workflow_event_binding
from generator.targets.documents import Derived

Data = dict[PurePosixPath, Any]
Progress = Callable[[str, int, int], None]
"""A function that is called with a step, the number of models done and their total."""
_Made = TypeVar("_Made")

_DEFAULTS: Final = Options()
_MANY: Final = 12
"""From this number of models on, processes save more time than the second that it takes to start them."""


def render(
    specs: Sequence[LoadedSpec],
    options: Options = _DEFAULTS,
    *,
    overlaid: Sequence[Path] = (),
    progress: Progress = lambda step, done, total: None,
) -> Documents:
    """Return every document of some models, in the order of the models.

    Args:
        specs: the models; their names must differ, also as names of Kubernetes objects.
        options: the options of the deployment.
        overlaid: overlays, in the order in which they apply.
        progress: called after each model with the number of models done and their total.

    Returns:
        Text by path, relative to the output folder. The same input gives the same text.

    Raises:
        RenderError: when two models would be written to the same document, when jsonnet or an overlay fails, or when
            a dashboard is too large for a ConfigMap.
    """
    _reject_equal_names(specs)
    documents = _overlaid(specs, options, overlaid, progress) if overlaid else _plain(specs, options, progress)
    hook = any((retrain := loaded.spec.spec.alerting.retrain) and retrain.hook for loaded in specs)
    for derived in targets.deployment_documents(tuple(documents), options, hook=hook):
        documents[derived.path] = _text(derived, banner(specs))
    documents[MIXIN] = f"// {banner(specs)}\n{targets.mixin(documents)}"
    return documents


def _plain(specs: Sequence[LoadedSpec], options: Options, progress: Progress) -> Documents:
    documents: Documents = {}
    for written in _each(partial(_written_of_model, options=options), specs, progress):
        documents |= written
    return documents | _written(_of_models(specs, options), banner(specs), options)


def _overlaid(specs: Sequence[LoadedSpec], options: Options, overlaid: Sequence[Path], progress: Progress) -> Documents:
    data, marks = _of_models(specs, options), dict[PurePosixPath, str]()
    for loaded, made in zip(specs, _each(partial(_of_model, options=options), specs, progress), strict=True):
        data |= made
        marks |= dict.fromkeys(made, banner([loaded]))
    documents: Documents = {}
    for path, document in overlays.apply_overlays(data, overlaid).items():
        documents |= _written({path: document}, marks.get(path, banner(specs)), options)
    return documents


def _each(make: Callable[[LoadedSpec], _Made], specs: Sequence[LoadedSpec], progress: Progress) -> Iterator[_Made]:
    """Yield what `make` returns for each model, in order; many models need processes, since jsonnet holds the GIL."""
    cores = os.cpu_count() or 1
    many = len(specs) >= _MANY and cores > 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) if many else nullcontext() as pool:
        for done, made in enumerate((pool.map if pool else map)(make, specs), start=1):
            progress("rendering", done, len(specs))
            yield made


def _reject_equal_names(specs: Sequence[LoadedSpec]) -> None:
    seen: dict[str, LoadedSpec] = {}
    reserved = {kubernetes.object_name(path.stem): path for path in (FLEET, FEATURE, EXPORTER)}
    for loaded in specs:
        name = kubernetes.object_name(loaded.spec.name)
        if name in reserved:
            raise RenderError(f"{loaded.path}: metadata.name: reserved for {reserved[name]}: choose another name")
        if name in seen:
            raise RenderError(
                f"{loaded.path}: metadata.name: {seen[name].path} has the same name, {name} in Kubernetes"
            )
        seen[name] = loaded


def _of_model(loaded: LoadedSpec, options: Options) -> Data:
    spec = loaded.spec
    rules = evaluate(Path("rules/mixin.libsonnet"), arguments.rule_arguments(spec, options))
    data: Data = {RULES / f"{spec.name}.yaml": {"groups": rules["groups"]}}
    for stem, tests in proof.documents(spec, rules).items():
        data[PROOFS / f"{stem}.yaml"] = tests
    for path, objective in openslo.documents(spec).items():
        data[OPENSLO / path] = objective
    if (retrain := spec.spec.alerting.retrain) and retrain.argo:
        data[ARGO / f"workfloweventbinding-{spec.name}.yaml"] = workflow_event_binding(spec, retrain.argo, options)
    return data | {DASHBOARDS / f"{spec.name}.json": dashboard(arguments.with_links(spec, options))}


def _of_models(specs: Sequence[LoadedSpec], options: Options) -> Data:
    route_arguments = arguments.route_arguments([loaded.spec for loaded in specs], options)
    recorded = evaluate(Path("rules/fleet.libsonnet"), arguments.fleet_arguments())
    proof_keys = {"rule_files": [f"../{FLEET_RULES.name}"], "evaluation_interval": recorded["evaluation_interval"]}
    return {
        FLEET_RULES: {"groups": recorded["groups"]},
        FLEET_PROOF: proof_keys | {"tests": recorded["tests"]},
        ROUTING: evaluate(Path("alertmanager/alertmanager.libsonnet"), route_arguments),
        ROUTE_CASES: {
            "cases": evaluate(Path("alertmanager/proof.libsonnet"), route_arguments),
            "hours": {loaded.spec.name: list(hours(loaded.spec)) for loaded in specs},
        },
        FLEET: fleet.dashboard(loaded.spec.name for loaded in specs),
        FEATURE: feature_dashboard.dashboard(),
        EXPORTER: exporter_dashboard.dashboard(loaded.spec for loaded in specs),
    }


def banner(specs: Sequence[LoadedSpec]) -> str:
    """Return the first comment of a document: its specs, but no version and no time, which would change it each run."""
    names = [loaded.path.name if loaded.path.name.isprintable() else ascii(loaded.path.name) for loaded in specs]
    origin = ", ".join(names) if len(names) <= 3 else f"{len(names)} specs"
    return f"{MARK} from {origin}; do not edit."


def _written_of_model(loaded: LoadedSpec, options: Options) -> Documents:
    return _written(_of_model(loaded, options), banner([loaded]), options)


def _written(data: Data, mark: str, options: Options) -> Documents:
    """Return documents made from specs as text, each followed by its derived forms."""
    documents = (
        document
        for path, source in data.items()
        for document in (Derived(path, source), *targets.derived_documents(path, _tagged(path, source), options))
    )
    return {document.path: _text(document, mark) for document in documents}


def _text(document: Derived, mark: str) -> str:
    path, data, remarks = document
    if path.suffix == ".json":
        return json_text(_tagged(path, data) if path.parent == DASHBOARDS else {"generated": mark} | data)
    head = (mark, "", *remarks) if remarks else (mark,)
    return "".join(f"# {_printed(line)}".rstrip() + "\n" for line in head) + yaml_text(data)


def _printed(line: str) -> str:
    """Return a line without characters that could end a comment."""
    return line if line.isprintable() else ascii(line)


def _tagged(path: PurePosixPath, data: Any) -> Any:
    return data | {"tags": [*data["tags"], TAG]} if path.parent == DASHBOARDS else data
