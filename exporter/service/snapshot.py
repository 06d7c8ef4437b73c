"""The exposition that a scrape reads: it is immutable, rendered after each refresh, and replaced as a whole.

Reading a window takes longer than a scrape may, so the exporter refreshes on a schedule of its own, unlike most
exporters. Timestamps show the age of the values, and stale values are removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE_OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter import catalogue
from exporter.samples.windows import Sample

_EOF: Final = b"# EOF\n"
_FAMILY: Final = {part: metric for metric in catalogue.METRICS for part in metric.series}
"""The family of each series: the buckets, the count and the sum of a histogram are one family."""

_Series = dict[tuple[catalogue.Metric, tuple[str, ...]], float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All samples of one moment, in the text format and as OpenMetrics."""

    text: bytes
    openmetrics: bytes

    def exposition(self, *, openmetrics: bool) -> tuple[bytes, str]:
        """Return the snapshot and the gauges of the process itself, and the content type."""
        if openmetrics:
            return self.openmetrics.removesuffix(_EOF) + generate_openmetrics(_PROCESS), CONTENT_TYPE_OPENMETRICS
        return self.text + generate_latest(_PROCESS), CONTENT_TYPE_PLAIN_0_0_4


_PROCESS: Final = CollectorRegistry()
ProcessCollector(registry=_PROCESS)


def render(samples: Iterable[Sample], constant_labels: Mapping[str, Mapping[str, str]]) -> Snapshot:
    """Render samples, with the families in the order of the catalogue.

    Args:
        samples: in any order, except that the buckets of a histogram are sorted; of a repeated series the first counts.
        constant_labels: by model; they are added to every sample that has the series label `model`.

    Returns:
        Both expositions, without metrics that have no samples.
    """
    families = _Families(list(_families(samples, constant_labels)))
    registry = CollectorRegistry()
    registry.register(families)
    return Snapshot(generate_latest(registry), generate_openmetrics(registry))


class _Families(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def describe(self) -> list[Family]:
        return []

    def collect(self) -> list[Family]:
        return self._families


def _families(samples: Iterable[Sample], constant_labels: Mapping[str, Mapping[str, str]]) -> Iterator[Family]:
    families: dict[catalogue.Metric, _Series] = {}
    for sample in samples:
        key = sample.metric, tuple(catalogue.label_value(value) for value in sample.labels)
        families.setdefault(_FAMILY[sample.metric], {}).setdefault(key, sample.value)
    for metric in catalogue.METRICS:
        if metric in families:
            yield _family(metric, families[metric], constant_labels)


def _family(metric: catalogue.Metric, series: _Series, constant_labels: Mapping[str, Mapping[str, str]]) -> Family:
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    for (part, values), value in series.items():
        labels = {
            name: text for name, text in zip(part.labels, values, strict=True) if text
        }  # an empty one is left out
        constants = constant_labels.get(labels.get(catalogue.MODEL, ""), {})
        family.add_sample(part.name, {**labels, **constants}, float(value))
    return family
