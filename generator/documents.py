"""Specs in, named documents out: everything that Leeway generates, as text, without touching a file.

Made from specs, and changed by overlays:

```
rules/<model>.yaml                       Prometheus rules
rules/tests/<model>.yaml                 their promtool tests; apart, since Prometheus refuses to load them as rules
rules/tests/<model>.calendar.yaml        those of the calendar, where a floor differs between weekdays
rules/tests/<model>.slo-<name>.yaml      those of an objective, slice by slice
argo/workfloweventbinding-<model>.yaml   what starts a retraining in Argo Workflows, where the spec names one
dashboards/<model>.json                  the Grafana dashboard
dashboards/leeway-fleet.json             that of all models, with those of one feature and of the exporters beside it
openslo/<model>.yaml                     the model as an OpenSLO service, where it has objectives
openslo/<model>.slo-<name>.yaml          an objective as an OpenSLO document
alertmanager/alertmanager.yml            routes, receivers, inhibition and hours of all models
alertmanager/routes.json                 where each alert must go, and at which hours
```

Made from these, for each way to deploy:

```
alertmanager/fragment.yml                what of alertmanager.yml is to be merged into another
alertmanager/merged.yml                  (`leeway generate` alone) somebody's alertmanager.yml with these parts in it
prometheus/scrape.yml                    the scrape job
grafana/leeway.yaml                      the provider of the dashboards
kubernetes/                              PrometheusRules, dashboards as ConfigMaps, the ServiceMonitor, a kustomization
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
Told = Callable[[str, int, int], None]
_Made = TypeVar("_Made")

_DEFAULTS: Final = Options()
_MANY: Final = 12
"""So many models are worth the second that it takes to start processes."""


def render(
    specs: Sequence[LoadedSpec],
    options: Options = _DEFAULTS,
    *,
    overlaid: Sequence[Path] = (),
    told: Told = lambda what, done, total: None,
) -> Documents:
    """Every document of some models, in the order of the models.

    Args:
        specs: the models; their names must differ, in Kubernetes' spelling too.
        options: what belongs to the place of deployment.
        overlaid: overlays, in the order in which they apply.
        told: told after each model, how many are done, of how many.

    Returns:
        Text by path, relative to the output folder; the same for the same input.

    Raises:
        RenderError: when two models would be written to the same document, when jsonnet or an overlay fails, or when
            a document is larger than where it goes.
    """
    _refuse_namesakes(specs)
    documents = _overlaid(specs, options, overlaid, told) if overlaid else _plain(specs, options, told)
    for derived in targets.of_place(tuple(documents), options):
        documents[derived.path] = _text(derived, banner(specs))
    documents[MIXIN] = f"// {banner(specs)}\n{targets.mixin(documents)}"
    return documents


def _plain(specs: Sequence[LoadedSpec], options: Options, told: Told) -> Documents:
    documents: Documents = {}
    for written in _each(partial(_written_of_model, options=options), specs, told):
        documents |= written
    return documents | _written(_of_models(specs, options), banner(specs), options)


def _overlaid(specs: Sequence[LoadedSpec], options: Options, overlaid: Sequence[Path], told: Told) -> Documents:
    data, marks = _of_models(specs, options), dict[PurePosixPath, str]()
    for loaded, made in zip(specs, _each(partial(_of_model, options=options), specs, told), strict=True):
        data |= made
        marks |= dict.fromkeys(made, banner([loaded]))
    documents: Documents = {}
    for path, one in overlays.applied(data, overlaid).items():
        documents |= _written({path: one}, marks.get(path, banner(specs)), options)
    return documents


def _each(make: Callable[[LoadedSpec], _Made], specs: Sequence[LoadedSpec], told: Told) -> Iterator[_Made]:
    """What is made of each model, in their order; many are made by processes, since jsonnet holds Python's lock."""
    cores = os.cpu_count() or 1
    many = len(specs) >= _MANY and cores > 1
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) if many else nullcontext() as pool:
        for done, made in enumerate((pool.map if pool else map)(make, specs), start=1):
            told("rendering", done, len(specs))
            yield made


def _refuse_namesakes(specs: Sequence[LoadedSpec]) -> None:
    seen: dict[str, LoadedSpec] = {}
    taken = {kubernetes.named(path.stem): path for path in (FLEET, FEATURE, EXPORTER)}
    for loaded in specs:
        name = kubernetes.named(loaded.spec.name)
        if name in taken:
            raise RenderError(f"{loaded.path}: metadata.name: {taken[name]} is not a model's: choose another name")
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
    return data | {DASHBOARDS / f"{spec.name}.json": dashboard(spec)}


def _of_models(specs: Sequence[LoadedSpec], options: Options) -> Data:
    facts = arguments.route_arguments([loaded.spec for loaded in specs], options)
    return {
        ROUTING: evaluate(Path("alertmanager/alertmanager.libsonnet"), facts),
        ROUTE_CASES: {
            "cases": evaluate(Path("alertmanager/proof.libsonnet"), facts),
            "hours": {loaded.spec.name: list(hours(loaded.spec)) for loaded in specs},
        },
        FLEET: fleet.dashboard(loaded.spec.name for loaded in specs),
        FEATURE: feature_dashboard.dashboard(),
        EXPORTER: exporter_dashboard.dashboard(),
    }


def banner(specs: Sequence[LoadedSpec]) -> str:
    """What a document is made from, without a version or a time, so that it changes only when its content does."""
    names = [loaded.path.name if loaded.path.name.isprintable() else ascii(loaded.path.name) for loaded in specs]
    origin = ", ".join(names) if len(names) <= 3 else f"{len(names)} specs"
    return f"{MARK} from {origin}; do not edit."


def _written_of_model(loaded: LoadedSpec, options: Options) -> Documents:
    return _written(_of_model(loaded, options), banner([loaded]), options)


def _written(data: Data, mark: str, options: Options) -> Documents:
    """Documents made from specs as text, each followed by its other forms."""
    made = (
        one
        for path, source in data.items()
        for one in (Derived(path, source), *targets.of_document(path, _tagged(path, source), options))
    )
    return {one.path: _text(one, mark) for one in made}


def _text(document: Derived, mark: str) -> str:
    path, data, remarks = document
    if path.suffix == ".json":
        return json_text(_tagged(path, data) if path.parent == DASHBOARDS else {"generated": mark} | data)
    head = (mark, "", *remarks) if remarks else (mark,)
    return "".join(f"# {_printed(line)}".rstrip() + "\n" for line in head) + yaml_text(data)


def _printed(line: str) -> str:
    """A line that cannot end a comment."""
    return line if line.isprintable() else ascii(line)


def _tagged(path: PurePosixPath, data: Any) -> Any:
    return data | {"tags": [*data["tags"], TAG]} if path.parent == DASHBOARDS else data
