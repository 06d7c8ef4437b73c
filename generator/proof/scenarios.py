"""The promtool test file of one model: every alert on its scenarios and on their twins.

It fires in its scenarios with exactly these labels and annotations, not before its time and as long as it should, and
is silent in the twins. Two replicas expose every series and must give one alert. Beside them stand series, of one
replica, that would fire, were they the model's own: of another model, of another value of each constant label, of a
window that is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from exporter.catalogue import CHALLENGER, HOOK_METRICS, METRICS, MODEL, ROLE, SEGMENT, WINDOW
from exporter.spec.model import ModelSpec
from generator.proof.links import expand_link
from generator.proof.series import REPLICAS, TARGET, Phase, duration, exposed, ticks

Document = dict[str, Any]
Told = Mapping[str, Any]

_CALM: Final = 2
"""Ticks before the scenario begins."""
_MARGIN: Final = 2
"""Ticks for which it lasts beyond what it must."""
_LONG: Final = 6000
"""Seconds that a scenario of ticks of a minute may last."""
_SAMPLES: Final = 4
"""Ticks of which there are so many in whatever an expression looks back: an increase needs two samples."""
_UNLABELLED: Final = frozenset(metric.name for metric in HOOK_METRICS)
"""The metrics that do not bear a model's constant labels."""
_SEGMENTED: Final = frozenset(metric.name for metric in METRICS if SEGMENT in metric.labels)


def scenarios(spec: ModelSpec, rules: Told) -> Document:
    """The test file.

    Args:
        spec: the model.
        rules: what `rules/mixin.libsonnet` returns of it.

    Returns:
        Plain data, but for `rule_files`.
    """
    proof = _Proof(spec, rules["segment"], _tick(rules["alert_tests"]))
    tests = list(chain.from_iterable(map(proof.tests, rules["alert_tests"])))
    return {"evaluation_interval": duration(proof.tick), "tests": tests}


def _tick(alerts: Sequence[Told]) -> int:
    """The seconds from one sample and evaluation to the next: as many as the longest scenario and every range bear."""
    longest = max((alert["for"] + alert["lookback"] + alert["keep_firing_for"] for alert in alerts), default=0)
    ranges: list[int] = [alert["lookback"] // _SAMPLES for alert in alerts if alert["lookback"]]
    return min([60 * max(1, ticks(longest, _LONG)), *ranges])


class _Moments(NamedTuple):
    """When things happen, in ticks; until `lasts` the alert stays for certain, and at `resolved` it is gone.

    In between it goes: a range of Prometheus 3 has lost the scenario's last samples a tick before one of Prometheus 2.
    """

    fires: int
    ends: int
    lasts: int
    resolved: int

    @property
    def over(self) -> int:
        return self.resolved + _MARGIN


class _Proof:
    """The tests of a model, a tick of so many seconds apart."""

    def __init__(self, spec: ModelSpec, segment: str | None, tick: int) -> None:
        self.tick = tick
        self._name, self._constants, self._segment = spec.name, spec.metadata.labels, segment
        self._own = {**spec.metadata.labels, MODEL: spec.name}

    def tests(self, alert: Told) -> Iterator[Document]:
        """An alert's: first those in which it fires."""
        fires = _CALM + ticks(alert["for"], self.tick)
        ends = fires + _MARGIN
        lasts = ends + ticks(alert["keep_firing_for"], self.tick)
        at = _Moments(fires, ends, lasts, lasts + ticks(alert["lookback"], self.tick))
        for scenario in alert["firing_cases"]:
            expected = [self._expected(alert, scenario)]
            checks = {at.fires - 1: [], at.fires: expected, at.lasts - 1: expected, at.resolved: []}
            yield self._test(alert, scenario, at, checks)
        for twin in alert["silent_cases"]:
            yield self._test(alert, twin, at, {at.fires: [], at.ends - 1: []})

    def _test(self, alert: Told, story: Told, at: _Moments, checks: Mapping[int, list[Document]]) -> Document:
        return {
            "name": f"{alert['alert']}: {self._name} {story['title']}",
            "interval": duration(self.tick),
            "input_series": list(chain.from_iterable(self._input(story, at))),
            "alert_rule_test": [
                {"eval_time": duration(moment * self.tick), "alertname": alert["alert"], "exp_alerts": alerts}
                for moment, alerts in checks.items()
            ],
        }

    def _expected(self, alert: Told, scenario: Told) -> Document:
        labels = {**self._own, **scenario["labels"], **scenario.get("target", TARGET), **alert["labels"]}
        told = scenario["annotations"]
        link = expand_link(told["dashboard_url"], {**labels, "alertname": alert["alert"]})
        return {"exp_labels": labels, "exp_annotations": {**told, "dashboard_url": link}}

    def _input(self, story: Told, at: _Moments) -> Iterator[list[dict[str, str]]]:
        for one in story["series"]:
            during, after = Phase(one["during"], at.ends - _CALM), Phase(one["before"], at.over - at.ends)
            yield self._exposed(one, {}, [Phase(one["before"], _CALM), during, after], REPLICAS)
        for stranger, ones in self._beside(story):
            for one in ones:
                value = one["before"] if one["during"] is None else one["during"]
                yield self._exposed(one, stranger, [Phase(value, at.over)], REPLICAS[:1])

    def _exposed(
        self, one: Told, instead: Mapping[str, str], phases: Iterable[Phase], replicas: Iterable[str]
    ) -> list[dict[str, str]]:
        own = {MODEL: self._name} if one["metric"] in _UNLABELLED else self._own
        return exposed(one["metric"], {**own, **one["labels"], **instead}, phases, self.tick, replicas)

    def _beside(self, story: Told) -> Iterator[tuple[Mapping[str, str], list[Told]]]:
        """What stands beside the story and is not the model's to alert on: other labels, and which series bear them."""
        every = story["series"]
        yield {MODEL: f"{self._name}-other"}, every
        labelled = [one for one in every if one["metric"] not in _UNLABELLED]
        for label, value in sorted(self._constants.items()):
            yield {label: f"{value}-other"}, labelled
        for stranger in story["unrelated_labels"]:
            yield stranger, every
        for label, value in ((WINDOW, "99w"), (ROLE, CHALLENGER)):
            if label in story["labels"]:
                yield {label: value}, every
        if self._segment is not None:
            of_the_whole = [one for one in every if one["metric"] in _SEGMENTED and SEGMENT not in one["labels"]]
            yield {SEGMENT: self._segment}, of_the_whole
