"""The objectives as OpenSLO v1 documents, for those who keep theirs so: a service, and an SLO for each objective.

The indicator is the exporter's own verdict, or share of good predictions, so confidence intervals and late labels count
there as they do here. Source: the OpenSLO specification, https://github.com/OpenSLO/OpenSLO.
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
from generator.objectives import said
from generator.targets.kubernetes import named

API: Final = "openslo/v1"
_LONGEST: Final = 63
_UNITS: Final = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def documents(spec: ModelSpec) -> dict[str, dict[str, Any]]:
    """The documents of a model by their file's name; none where it has no objectives that are evaluated."""
    slos = {f"{spec.name}.slo-{slo.name}.yaml": _slo(spec, slo) for slo in spec.spec.slos_evaluated}
    return {f"{spec.name}.yaml": _service(spec)} | slos if slos else {}


def _service(spec: ModelSpec) -> dict[str, Any]:
    metadata = {"name": named(spec.name), "displayName": spec.name}
    return {
        "apiVersion": API,
        "kind": "Service",
        "metadata": metadata,
        "spec": {"description": f"The answers of the model {spec.name}."},
    }


def _slo(spec: ModelSpec, slo: Slo) -> dict[str, Any]:
    metadata = {"name": _name(spec, slo), "displayName": f"{spec.name}: {slo.name}"}
    return {
        "apiVersion": API,
        "kind": "SLO",
        "metadata": metadata,
        "spec": {
            "description": f"Over {format_duration(slo.period)}, {said(slo)}.",
            "service": named(spec.name),
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
    """The worst version that answers, whichever replica of the exporter tells it."""
    labels = {MODEL: spec.name, **spec.metadata.labels, SLO: slo.name}
    matchers = ",".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return {"metricSource": {"type": "Prometheus", "spec": {"query": f"min({metric.name}{{{matchers}}})"}}}


def _objective(slo: Slo) -> dict[str, Any]:
    sliced = {"displayName": slo.name, "target": slo.objective, "timeSliceWindow": shorthand(slo.slice)}
    return sliced if slo.counts_events else {**sliced, "op": "gte", "value": 1, "timeSliceTarget": 1}


def _name(spec: ModelSpec, slo: Slo) -> str:
    """A name that Kubernetes would take, too."""
    return f"{named(spec.name)}-{slo.name.replace('_', '-')}"[:_LONGEST].rstrip("-")


def shorthand(duration: timedelta) -> str:
    """A duration in one unit, as OpenSLO writes it: 30d, 36h, 90m; what is no whole minute is rounded up."""
    unit, length = next(((unit, each) for unit, each in _UNITS if duration % each == timedelta()), _UNITS[-1])
    return f"{-(-duration // length)}{unit}"
