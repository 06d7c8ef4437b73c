"""The objectives as OpenSLO v1 documents: a service, and an SLO for each objective.

The indicator is the exporter's own gauge, good or bad or the share of good predictions. So it includes confidence
intervals and late labels. Source: the OpenSLO specification, https://github.com/OpenSLO/OpenSLO.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from exporter import catalogue
from exporter.catalogue import MODEL, SLO, Metric
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo
from exporter.spec.value_types import format_duration
from generator.objectives import objective_sentence
from generator.targets.kubernetes import object_name

API: Final = "openslo/v1"
_LONGEST: Final = 63
_UNITS: Final = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def documents(spec: ModelSpec) -> dict[str, dict[str, Any]]:
    """Return the documents of a model by file name; none when it has no objectives that are evaluated."""
    slos = {f"{spec.name}.slo-{slo.name}.yaml": _slo(spec, slo) for slo in spec.spec.slos_evaluated}
    return {f"{spec.name}.yaml": _service(spec)} | slos if slos else {}


def _service(spec: ModelSpec) -> dict[str, Any]:
    metadata = {"name": object_name(spec.name), "displayName": spec.name}
    return {
        "apiVersion": API,
        "kind": "Service",
        "metadata": metadata,
        "spec": {"description": f"The predictions of the model {spec.name}."},
    }


def _slo(spec: ModelSpec, slo: Slo) -> dict[str, Any]:
    metadata = {"name": _name(spec, slo), "displayName": f"{spec.name}: {slo.name}"}
    return {
        "apiVersion": API,
        "kind": "SLO",
        "metadata": metadata,
        "spec": {
            "description": f"Over {format_duration(slo.period)}, {objective_sentence(slo)}.",
            "service": object_name(spec.name),
            "indicator": {"metadata": metadata, "spec": _indicator(spec, slo)},
            "timeWindow": [{"duration": shorthand(slo.period), "isRolling": True}],
            "budgetingMethod": "RatioTimeslices" if slo.counts_events else "Timeslices",
            "objectives": [_objective(slo)],
        },
    }


def _indicator(spec: ModelSpec, slo: Slo) -> dict[str, Any]:
    if slo.counts_events:
        return {"ratioMetric": {"counter": False, "rawType": "success", "raw": _source(spec, slo, catalogue.SLO_SLI)}}
    return {"thresholdMetric": _source(spec, slo, catalogue.SLO_GOOD)}


def _source(spec: ModelSpec, slo: Slo, metric: Metric) -> dict[str, Any]:
    """Return a query for the worst of all versions and replicas."""
    labels = {MODEL: spec.name, **spec.metadata.labels, SLO: slo.name}
    matchers = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return {"metricSource": {"type": "Prometheus", "spec": {"query": f"min({metric.name}{{{matchers}}})"}}}


def _objective(slo: Slo) -> dict[str, Any]:
    sliced = {"displayName": slo.name, "target": slo.objective, "timeSliceWindow": shorthand(slo.slice)}
    return sliced if slo.counts_events else {**sliced, "op": "gte", "value": 1, "timeSliceTarget": 1}


def _name(spec: ModelSpec, slo: Slo) -> str:
    """Return a name that is also valid in Kubernetes."""
    return f"{object_name(spec.name)}-{slo.name.replace('_', '-')}"[:_LONGEST].rstrip("-")


def shorthand(duration: timedelta) -> str:
    """Return a duration in one unit, as in OpenSLO: 30d, 36h, 90m; it is rounded up to whole minutes."""
    unit, length = next(((unit, each) for unit, each in _UNITS if duration % each == timedelta()), _UNITS[-1])
    return f"{-(-duration // length)}{unit}"
