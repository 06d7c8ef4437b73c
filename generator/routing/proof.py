"""What amtool cannot be asked, proven by the model: hours, one incident one notification, no model silences another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final

from exporter.catalogue import FEATURE, LAYER, MODEL, SEVERITY, VERSION, Layer, Severity
from exporter.errors import RenderError
from generator.layout import ROUTE_CASES, ROUTING
from generator.proof.check import Outcome
from generator.routing.decision import Decider
from generator.routing.matchers import Labels
from generator.serialization import from_yaml

_LAYERS: Final = tuple(Layer)
_ANSWERS: Final = (Layer.FEATURE, Layer.SCORE)
INCIDENTS: Final[Mapping[tuple[str, str], tuple[Layer, ...]]] = {
    (Layer.EXPORTER, Severity.CRITICAL): _LAYERS[_LAYERS.index(Layer.EXPORTER) + 1 :],
    (Layer.FRESHNESS, Severity.CRITICAL): _LAYERS[_LAYERS.index(Layer.FRESHNESS) + 1 :],
    (Layer.QUALITY, Severity.WARNING): (Layer.FEATURE,),
    (Layer.DATASET, Severity.CRITICAL): _ANSWERS,
    (Layer.OBJECTIVE, Severity.CRITICAL): (Layer.OBJECTIVE,),
}
"""What an incident begins with, and the layers that it brings along."""

_SCRAPED: Final = {"namespace": "ml", VERSION: "1", FEATURE: "a feature"}
"""What alerts of one incident have in common beside the labels of their rules."""
_MONDAY: Final = datetime(2026, 1, 12, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """One alert of a model: its labels, and who must get it."""

    labels: Labels
    receivers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]

    def __str__(self) -> str:
        """The alert and its model."""
        return f"{self.name} of {self.labels[MODEL]}"


@dataclass(frozen=True, slots=True)
class Model:
    """The alerts of one model, and the instants that its hours are tried at."""

    name: str
    cases: tuple[Case, ...]
    hours: tuple[tuple[datetime, bool], ...]

    @property
    def open(self) -> datetime:
        """An instant at which tickets are told."""
        return next((at for at, told in self.hours if told), _MONDAY)


def simulate(documents: Mapping[PurePosixPath, str]) -> Iterator[Outcome]:
    """Try the routing of the documents in situations that follow from its own route cases.

    Args:
        documents: what `render` returned, as it is or changed since.

    Yields:
        An outcome for each incident and for the hours of each model, then one for all models together; a failure
        alone when the routing cannot be read.
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
        yield _apart(decider, models)


def _models(told: Mapping[str, Any]) -> list[Model]:
    cases: dict[str, list[Case]] = {}
    for each in told["cases"]:
        if LAYER in each["labels"]:
            cases.setdefault(each["labels"][MODEL], []).append(Case(each["labels"], tuple(each["receivers"])))
    return [Model(name, tuple(own), _instants(told["hours"].get(name, ()))) for name, own in cases.items()]


def _instants(given: Sequence[Mapping[str, Any]]) -> tuple[tuple[datetime, bool], ...]:
    return tuple((datetime.fromisoformat(each["at"]), each["told"]) for each in given)


def _incidents(decider: Decider, model: Model) -> Iterator[Outcome]:
    """Each cause and all that it brings along fire together: the cause alone is told."""
    for cause in model.cases:
        brought = [case for case in model.cases if case is not cause and case.labels[LAYER] in _brought(cause)]
        if not brought:
            continue
        firing = [{**cause.labels, **({} if cause.labels[LAYER] == Layer.EXPORTER else _SCRAPED)}]
        firing += [{**case.labels, **_SCRAPED} for case in brought]
        sent = decider.notifications(firing, model.open)
        got = sorted((each.receiver, each.alerts) for each in sent)
        wrong = got != sorted((receiver, (0,)) for receiver in cause.receivers)
        everything = [cause, *brought]
        told = [f"  {receiver}: {', '.join(everything[place].name for place in places)}" for receiver, places in got]
        what = f"incident of {cause}, with {len(brought)} more -> {','.join(cause.receivers)}"
        yield Outcome(what, ok=not wrong, detail="\n".join(told or ["  nobody is told"]) if wrong else "")


def _brought(cause: Case) -> tuple[Layer, ...]:
    return INCIDENTS.get((cause.labels[LAYER], cause.labels[SEVERITY]), ())


def _hours(decider: Decider, model: Model) -> Iterator[Outcome]:
    """At each instant a ticket is told or held back as the spec says, and a page is told."""
    if not model.hours:
        return
    wrong = []
    for case in model.cases:
        routes = tuple(decider.route.taken(case.labels))
        always = case.labels[SEVERITY] != Severity.WARNING
        for at, within in model.hours:
            sent = [route.receiver for route in routes if decider.told(route, at)]
            if sorted(sent) != (sorted(case.receivers) if within or always else []):
                wrong.append(f"  {case.name} at {at.isoformat()}: {', '.join(sent) or 'nobody'} is told")
    yield Outcome(f"hours of {model.name} at {len(model.hours)} instants", ok=not wrong, detail="\n".join(wrong))


def _apart(decider: Decider, models: Sequence[Model]) -> Outcome:
    """Every model's causes beside every other model's consequences, whichever of two is the cause's.

    Two numbers that differ do so in a bit, so for each bit half of the models have causes and the others consequences,
    and then the other way round.
    """
    wrong: list[str] = []
    for bit in range((len(models) - 1).bit_length()):
        for side in (0, 1):
            causes = [model for number, model in enumerate(models) if number >> bit & 1 == side]
            others = [model for number, model in enumerate(models) if number >> bit & 1 != side]
            firing = [{**case.labels, **_SCRAPED} for model in causes for case in model.cases if _brought(case)]
            beside = [case for model in others for case in model.cases if not _brought(case)]
            silenced = decider.inhibited([*({**case.labels, **_SCRAPED} for case in beside), *firing])
            wrong += [f"  {case} is silenced" for place, case in enumerate(beside) if place in silenced]
    return Outcome(f"{len(models)} models silence none of each other's alerts", ok=not wrong, detail="\n".join(wrong))
