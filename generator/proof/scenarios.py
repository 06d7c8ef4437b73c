"""The promtool test file of one model: every alert on its scenarios and on their calm twins.

In a scenario the alert fires with exactly these labels and annotations, not too early and for as long as it should. In
a twin it does not fire. Two replicas expose every series and must give one alert. Each test also has series, of one
replica, that must not fire although their values would: of another model, of another value of each constant label, of
a window without alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from exporter.catalogue import CHALLENGER, HOOK_METRICS, METRICS, MODEL, ROLE, SEGMENT, WINDOW
from exporter.spec.model import ModelSpec
from generator.proof.links import with_expanded_link
from generator.proof.series import REPLICAS, TARGET, Phase, duration, replicated, ticks

Document = dict[str, Any]
Data = Mapping[str, Any]

_CALM: Final = 2
"""Ticks before the scenario begins."""
_MARGIN: Final = 2
"""Ticks by which the scenario is longer than it must be."""
_LONG: Final = 6000
"""The longest scenario, in seconds, that has ticks of a minute."""
_SAMPLES: Final = 4
"""The least number of ticks in the range of an expression: an increase needs two samples."""
_UNLABELLED: Final = frozenset(metric.name for metric in HOOK_METRICS)
"""The metrics that do not have a model's constant labels."""
_SEGMENTED: Final = frozenset(metric.name for metric in METRICS if SEGMENT in metric.labels)


def scenarios(spec: ModelSpec, rules: Data) -> Document:
    """Return the test file.

    Args:
        spec: the model.
        rules: the result of `rules/mixin.libsonnet` for it.

    Returns:
        Plain data, without `rule_files`.
    """
    proof = _Proof(spec, rules["segment"], _tick(rules["alert_tests"]))
    tests = list(chain.from_iterable(map(proof.tests, rules["alert_tests"])))
    return {"evaluation_interval": duration(proof.tick), "tests": tests}


def _tick(alerts: Sequence[Data]) -> int:
    """Return the sample and evaluation interval in seconds: as long as every wait and range allow, as steps cost time.

    Half of the shortest wait leaves a step before the alert may fire. A scenario of very long waits has longer steps.
    """
    shortest = min((alert["for"] for alert in alerts if alert["for"]), default=0)
    longest = max((alert["for"] + alert["lookback"] + alert["keep_firing_for"] for alert in alerts), default=0)
    ranges: list[int] = [alert["lookback"] // _SAMPLES for alert in alerts if alert["lookback"]]
    return min([max(60 * max(1, ticks(longest, _LONG)), shortest // 2), *ranges])


class _Moments(NamedTuple):
    """The moments of a test, in ticks. The alert certainly fires until `lasts`, and certainly not at `resolved`.

    It resolves in between: a range of Prometheus 3 loses the scenario's last samples a tick before one of Prometheus 2.
    """

    fires: int
    ends: int
    lasts: int
    resolved: int

    @property
    def over(self) -> int:
        return self.resolved + _MARGIN


class _Proof:
    """The tests of a model, with an evaluation interval of `tick` seconds."""

    def __init__(self, spec: ModelSpec, segment: str | None, tick: int) -> None:
        self.tick = tick
        self._name, self._constants, self._segment = spec.name, spec.metadata.labels, segment
        self._own = {**spec.metadata.labels, MODEL: spec.name}

    def tests(self, alert: Data) -> Iterator[Document]:
        """Yield the tests of an alert: first those in which it fires."""
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

    def _test(self, alert: Data, story: Data, at: _Moments, checks: Mapping[int, list[Document]]) -> Document:
        return {
            "name": f"{alert['alert']}: {self._name} {story['title']}",
            "interval": duration(self.tick),
            "input_series": list(chain.from_iterable(self._input(story, at))),
            "alert_rule_test": [
                {"eval_time": duration(moment * self.tick), "alertname": alert["alert"], "exp_alerts": alerts}
                for moment, alerts in checks.items()
            ],
        }

    def _expected(self, alert: Data, scenario: Data) -> Document:
        labels = {**self._own, **scenario["labels"], **scenario.get("target", TARGET), **alert["labels"]}
        named = {**labels, "alertname": alert["alert"]}
        return {"exp_labels": labels, "exp_annotations": with_expanded_link(scenario["annotations"], named)}

    def _input(self, story: Data, at: _Moments) -> Iterator[list[dict[str, str]]]:
        for series in story["series"]:
            during, after = Phase(series["during"], at.ends - _CALM), Phase(series["before"], at.over - at.ends)
            yield self._replicated(
                series, {}, [Phase(series["before"], _CALM), during, after], series.get("replicas", REPLICAS)
            )
        for labels, foreign in self._foreign(story):
            for series in foreign:
                if REPLICAS[0] not in series.get("replicas", REPLICAS):
                    continue
                value = series["before"] if series["during"] is None else series["during"]
                yield self._replicated(series, labels, [Phase(value, at.over)], REPLICAS[:1])

    def _replicated(
        self, series: Data, other: Mapping[str, str], phases: Iterable[Phase], replicas: Iterable[str]
    ) -> list[dict[str, str]]:
        own = {MODEL: self._name} if series["metric"] in _UNLABELLED else self._own
        return replicated(series["metric"], {**own, **series["labels"], **other}, phases, self.tick, replicas)

    def _foreign(self, story: Data) -> Iterator[tuple[Mapping[str, str], list[Data]]]:
        """Yield series on which the model must not alert: the labels that differ, and the story's series to copy."""
        every = story["series"]
        yield {MODEL: f"{self._name}-other"}, every
        labelled = [series for series in every if series["metric"] not in _UNLABELLED]
        for label, value in sorted(self._constants.items()):
            yield {label: f"{value}-other"}, labelled
        for labels in story["unrelated_labels"]:
            yield labels, every
        for label, value in ((WINDOW, "99w"), (ROLE, CHALLENGER)):
            if label in story["labels"]:
                yield {label: value}, every
        if self._segment is not None:
            whole = [series for series in every if series["metric"] in _SEGMENTED and SEGMENT not in series["labels"]]
            yield {SEGMENT: self._segment}, whole
