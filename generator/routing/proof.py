"""Tests that amtool does not have: hours, one notification for one incident, and no inhibition between models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final

from exporter.catalogue import (
    BASE_RATE_SHIFT_ALERT,
    CALIBRATION_POOR,
    ERROR_BUDGET_BURN_SLOW,
    ERROR_BUDGET_EXHAUSTED,
    EXPORTER_DOWN,
    FEATURE,
    LAYER,
    MODEL,
    SEVERITY,
    VERSION,
    Layer,
    Severity,
)
from exporter.errors import RenderError
from generator.layout import ROUTE_CASES, ROUTING
from generator.proof.check import Outcome
from generator.routing.decision import Decider
from generator.routing.matchers import Labels
from generator.routing.routes import Group
from generator.serialization import from_yaml

_LAYERS: Final = tuple(Layer)
_ORDERS: Final = ((SEVERITY, list(map(str, Severity))), (LAYER, list(map(str, _LAYERS))))
"""Each label of an alert's urgency, and its values in order: the most severe first, the earliest cause first."""
_BELOW_DATASET: Final = (Layer.FEATURE, Layer.SCORE)
INCIDENTS: Final[Mapping[tuple[str, str], tuple[Layer, ...]]] = {
    (Layer.EXPORTER, Severity.CRITICAL): _LAYERS[_LAYERS.index(Layer.EXPORTER) + 1 :],
    (Layer.FRESHNESS, Severity.CRITICAL): _LAYERS[_LAYERS.index(Layer.FRESHNESS) + 1 :],
    (Layer.INPUT, Severity.CRITICAL): (Layer.QUALITY, Layer.DATASET, *_BELOW_DATASET),
    (Layer.QUALITY, Severity.WARNING): (Layer.FEATURE,),
    (Layer.DATASET, Severity.CRITICAL): _BELOW_DATASET,
    (Layer.FEATURE, Severity.CRITICAL): (Layer.QUALITY, Layer.FEATURE, Layer.SCORE),
    (Layer.OBJECTIVE, Severity.CRITICAL): (Layer.OBJECTIVE,),
}
"""The layers whose alerts follow from an alert of each layer and severity, and which it inhibits.

Of its own layer and of earlier ones it inhibits only what is less severe; of later ones, what is not more severe.
"""
TICKETS: Final[Mapping[str, str]] = {
    BASE_RATE_SHIFT_ALERT.name: CALIBRATION_POOR.name,
    ERROR_BUDGET_EXHAUSTED.name: ERROR_BUDGET_BURN_SLOW.name,
}
"""The tickets that inhibit one ticket of their own layer, which is about the same numbers."""

_OUTAGES: Final = (Layer.EXPORTER, Layer.FRESHNESS)
"""The layers whose alerts have one cause for many models: an exporter that is down, a source that is away."""
_SCRAPED: Final = {"namespace": "ml", VERSION: "1", FEATURE: "a feature"}
"""The labels that the alerts of one incident share, beside those of their rules."""
_MONDAY: Final = datetime(2026, 1, 12, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """One alert of a model: its labels, and the receivers that it must reach."""

    labels: Labels
    receivers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the alert."""
        return self.labels["alertname"]

    def __str__(self) -> str:
        """Return the names of the alert and the model."""
        return f"{self.name} of {self.labels[MODEL]}"


@dataclass(frozen=True, slots=True)
class Model:
    """The alerts of one model, and instants at which its tickets must be sent or held back."""

    name: str
    cases: tuple[Case, ...]
    hours: tuple[tuple[datetime, bool], ...]

    @property
    def open(self) -> datetime:
        """An instant at which tickets are sent."""
        return next((at for at, sent in self.hours if sent), _MONDAY)


def simulate(documents: Mapping[PurePosixPath, str]) -> Iterator[Outcome]:
    """Test the routing of the documents in situations that follow from their own route cases.

    Args:
        documents: the result of `render`, perhaps changed since.

    Yields:
        An outcome for each incident and for the hours of each model, then two for all models together; only one failure
        when the routing is invalid.
    """
    try:
        decider = Decider.of(from_yaml(documents[ROUTING]))
    except RenderError as problem:
        yield Outcome(f"routing of {ROUTING}", ok=False, detail=f"  {problem}")
        return
    models = _models(json.loads(documents[ROUTE_CASES]))
    for model in models:
        yield from _incidents(decider, model)
        yield from _hours(decider, model)
    if len(models) > 1:
        yield _outages(decider, models)
        yield _independence(decider, models)


def _models(expected: Mapping[str, Any]) -> list[Model]:
    cases: dict[str, list[Case]] = {}
    for each in expected["cases"]:
        if LAYER in each["labels"]:
            cases.setdefault(each["labels"][MODEL], []).append(Case(each["labels"], tuple(each["receivers"])))
    return [Model(name, tuple(own), _instants(expected["hours"].get(name, ()))) for name, own in cases.items()]


def _instants(hours: Sequence[Mapping[str, Any]]) -> tuple[tuple[datetime, bool], ...]:
    return tuple((datetime.fromisoformat(each["at"]), each["told"]) for each in hours)


def _incidents(decider: Decider, model: Model) -> Iterator[Outcome]:
    """Yield an outcome for each cause that fires together with the alerts that follow from it: only it is sent."""
    for cause in model.cases:
        inhibited = [case for case in model.cases if case is not cause and _follows(case, cause)]
        if not inhibited:
            continue
        firing = [{**cause.labels, **({} if cause.labels[LAYER] == Layer.EXPORTER else _SCRAPED)}]
        firing += [{**case.labels, **_SCRAPED} for case in inhibited]
        sent = sorted((each.receiver, each.alerts) for each in decider.notifications(firing, model.open))
        wrong = sent != sorted((receiver, (0,)) for receiver in cause.receivers)
        alerts = [cause, *inhibited]
        lines = [f"  {receiver}: {', '.join(alerts[index].name for index in indexes)}" for receiver, indexes in sent]
        what = f"incident: {cause} inhibits {len(inhibited)} other alerts -> {','.join(cause.receivers)}"
        yield Outcome(what, ok=not wrong, detail="\n".join(lines or ["  nothing is sent"]) if wrong else "")


def _follows(case: Case, cause: Case) -> bool:
    """Return whether an alert follows from a cause, and is not more severe."""
    if TICKETS.get(cause.name) == case.name:
        return True
    severity, layer = ([order.index(each.labels[name]) for each in (case, cause)] for name, order in _ORDERS)
    less_severe = severity[0] > severity[1] or (severity[0] == severity[1] and layer[0] > layer[1])
    return less_severe and case.labels[LAYER] in INCIDENTS.get((cause.labels[LAYER], cause.labels[SEVERITY]), ())


def _inhibits(case: Case) -> bool:
    return case.name in TICKETS or (case.labels[LAYER], case.labels[SEVERITY]) in INCIDENTS


def _hours(decider: Decider, model: Model) -> Iterator[Outcome]:
    """Yield the outcome of a model's hours: at each instant pages are sent, and tickets only within the hours."""
    if not model.hours:
        return
    wrong = []
    for case in model.cases:
        routes = tuple(decider.route.matches(case.labels))
        always = case.labels[SEVERITY] != Severity.WARNING
        for at, within in model.hours:
            sent = [route.receiver for route in routes if decider.sends(route, at)]
            if sorted(sent) != (sorted(case.receivers) if within or always else []):
                wrong.append(f"  {case.name} at {at.isoformat()}: sent to {', '.join(sent) or 'nobody'}")
    what = f"hours: tickets of {model.name} at {len(model.hours)} instants"
    yield Outcome(what, ok=not wrong, detail="\n".join(wrong))


def _outages(decider: Decider, models: Sequence[Model]) -> Outcome:
    """Return the outcome of each alert that an outage makes of all models at once: one group at each receiver.

    The receiver of the root takes what no route of a model takes; it has a group for each route that leads to it.
    """
    groups: dict[tuple[str, str], set[tuple[int, Group]]] = {}
    for case in (case for model in models for case in model.cases if _of_outage(case)):
        labels = case.labels if case.name == EXPORTER_DOWN.name else {**case.labels, **_SCRAPED}
        for route in decider.route.matches(labels):
            groups.setdefault((case.name, route.receiver), set()).add((id(route), route.group(labels)))
    wrong = [
        f"  {name} is {len(found)} notifications to {receiver}"
        for (name, receiver), found in groups.items()
        if len(found) > 1 and receiver != decider.route.receiver
    ]
    what = f"outages: an alert of all {len(models)} models at once is one notification to each receiver"
    return Outcome(what, ok=not wrong, detail="\n".join(wrong))


def _of_outage(case: Case) -> bool:
    return case.labels[LAYER] in _OUTAGES and case.labels[SEVERITY] != Severity.INFO


def _independence(decider: Decider, models: Sequence[Model]) -> Outcome:
    """Return the outcome of every model's causes beside every other model's inhibited alerts.

    The binary numbers of two models differ in at least one bit. So for each bit, half of the models have the causes and
    the others the inhibited alerts, and then the other way round: every ordered pair of models is tested.
    """
    wrong: list[str] = []
    for bit in range((len(models) - 1).bit_length()):
        for side in (0, 1):
            causes = [model for number, model in enumerate(models) if number >> bit & 1 == side]
            others = [model for number, model in enumerate(models) if number >> bit & 1 != side]
            firing = [{**case.labels, **_SCRAPED} for model in causes for case in model.cases if _inhibits(case)]
            beside = [case for model in others for case in model.cases if not _inhibits(case)]
            inhibited = decider.inhibited([*({**case.labels, **_SCRAPED} for case in beside), *firing])
            wrong += [f"  {case} is inhibited" for index, case in enumerate(beside) if index in inhibited]
    what = f"independence: no alert of {len(models)} models inhibits an alert of another model"
    return Outcome(what, ok=not wrong, detail="\n".join(wrong))
