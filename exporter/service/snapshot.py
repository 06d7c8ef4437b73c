"""The exposition that a scrape reads: it is immutable, rendered after each refresh, and replaced as a whole.

Reading a window takes longer than a scrape may, so the exporter refreshes on a schedule of its own, unlike most
exporters. Timestamps show the age of the values, and stale values are removed.

A publish renders only what has changed: each model is a part of its own, and a part is rendered again when its samples
or their constant labels are others. OpenMetrics wants the samples of a family side by side, so a part is kept by family
and the parts are joined by family.
"""

from __future__ import annotations

import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_GZIP_LEVEL: Final = 1
"""Ten times faster than the default level, and only a fifth larger."""
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""RFC 1952: DEFLATE, without a name and a time, compressed fast, by an unknown system."""

_COMMENTS: Final = re.compile(rb"^((?:# .*\n)+)", re.MULTILINE)

ConstantLabels = Mapping[str, Mapping[str, str]]
"""By model; they are added to every sample that has the series label `model`."""
_Series = dict[tuple[catalogue.Metric, tuple[str, ...]], float]
_Lines = dict[bytes, bytes]
"""The lines of a family's samples, by the comments above them: the text format divides a histogram into three."""


class Snapshot:
    """All samples of one moment, in the text format and as OpenMetrics. Any thread may use it."""

    def __init__(self, text: bytes, openmetrics: bytes) -> None:
        """Take both expositions, without the end that OpenMetrics asks for."""
        self.text: Final = text
        self.openmetrics: Final = openmetrics + _EOF
        self._compressed: dict[bool, tuple[bytes, int]] = {}
        """By whether it is OpenMetrics: the beginning of a gzip member, and the CRC-32 of its content."""
        self._lock = threading.Lock()

    def exposition(
        self,
        live: Iterable[Sample],
        constant_labels: ConstantLabels,
        *,
        openmetrics: bool,
        compressed: bool = False,
    ) -> tuple[list[bytes], str]:
        """Return the snapshot, `live` samples of other families and those of the process, and the content type.

        The body is in pieces that follow each other, so that scrapes share the snapshot's. Compressed they are one gzip
        member, as curl and browsers read no second one; the snapshot's is compressed once, by the first scrape that
        asks for it.
        """
        body = self.openmetrics.removesuffix(_EOF) if openmetrics else self.text
        registry = CollectorRegistry()
        registry.register(_Families([family for _, family in _families(live, constant_labels)]))
        registry.register(_PROCESS)
        now = generate_openmetrics(registry) if openmetrics else generate_latest(registry)
        content_type = CONTENT_TYPE_OPENMETRICS if openmetrics else CONTENT_TYPE_PLAIN_0_0_4
        if not compressed:
            return [body, now], content_type
        with self._lock:
            if openmetrics not in self._compressed:
                self._compressed[openmetrics] = _GZIP_HEADER + _deflated(body, zlib.Z_FULL_FLUSH), zlib.crc32(body)
            first, checksum = self._compressed[openmetrics]
        end = struct.pack("<LL", zlib.crc32(now, checksum), (len(body) + len(now)) % 2**32)
        return [first, _deflated(now, zlib.Z_FINISH) + end], content_type


def _deflated(data: bytes, flush: int) -> bytes:
    """Return data as DEFLATE (RFC 1951); after `Z_FULL_FLUSH` more may follow that was deflated by itself."""
    deflate = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush(flush)


_PROCESS: Final = ProcessCollector(registry=None)


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples with their constant labels, and what they are in both formats, by family."""

    samples: Sequence[Sample]
    constant_labels: ConstantLabels
    text: Mapping[catalogue.Metric, _Lines] = field(default_factory=dict)
    openmetrics: Mapping[catalogue.Metric, _Lines] = field(default_factory=dict)


class Renderer:
    """Renders snapshots, and keeps the parts of the last one. One thread at a time may use it."""

    def __init__(self) -> None:
        """No part is known yet."""
        self._parts: dict[str, _Part] = {}

    def render(self, parts: Mapping[str, tuple[Sequence[Sample], ConstantLabels]]) -> Snapshot:
        """Render the samples of all parts, with the families in the order of the catalogue.

        Args:
            parts: by name, the samples and their constant labels. No series is in two parts. Samples are in any order,
                except that the buckets of a histogram are sorted; of a repeated series the first counts.

        Returns:
            Both expositions, without metrics that have no samples.
        """
        self._parts = {name: self._part(name, samples, labels) for name, (samples, labels) in parts.items()}
        text = _joined(part.text for part in self._parts.values())
        return Snapshot(text, _joined(part.openmetrics for part in self._parts.values()))

    def _part(self, name: str, samples: Sequence[Sample], constant_labels: ConstantLabels) -> _Part:
        part = self._parts.get(name)
        if part is not None and (part.samples, part.constant_labels) == (samples, constant_labels):
            return part
        return _rendered(samples, constant_labels)


def render(samples: Sequence[Sample], constant_labels: ConstantLabels) -> Snapshot:
    """Render samples that are one part; see `Renderer.render`."""
    return Renderer().render({"": (samples, constant_labels)})


def _rendered(samples: Sequence[Sample], constant_labels: ConstantLabels) -> _Part:
    families = dict(_families(samples, constant_labels))
    text = {metric: _lines(family, generate_latest) for metric, family in families.items()}
    openmetrics = {metric: _lines(family, generate_openmetrics) for metric, family in families.items()}
    return _Part(samples, constant_labels, text, openmetrics)


def _lines(family: Family, generate: Callable[[Collector], bytes]) -> _Lines:
    """Return what the client writes of a family, divided at its comments."""
    pieces = _COMMENTS.split(generate(_Families([family])).removesuffix(_EOF))
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _joined(parts: Iterable[Mapping[catalogue.Metric, _Lines]]) -> bytes:
    """Return the families of all parts, each with its comments once."""
    families: dict[catalogue.Metric, dict[bytes, list[bytes]]] = {}
    for part in parts:
        for metric, lines in part.items():
            for comments, body in lines.items():
                families.setdefault(metric, {}).setdefault(comments, []).append(body)
    pieces: list[bytes] = []
    for metric in catalogue.METRICS:
        for comments, bodies in families.get(metric, {}).items():
            pieces += [comments, *bodies]
    return b"".join(pieces)


class _Families(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def describe(self) -> list[Family]:
        return []

    def collect(self) -> list[Family]:
        return self._families


def _families(samples: Iterable[Sample], constant_labels: ConstantLabels) -> Iterator[tuple[catalogue.Metric, Family]]:
    families: dict[catalogue.Metric, _Series] = {}
    for sample in samples:
        key = sample.metric, tuple(catalogue.label_value(value) for value in sample.labels)
        families.setdefault(_FAMILY[sample.metric], {}).setdefault(key, sample.value)
    for metric in catalogue.METRICS:
        if metric in families:
            yield metric, _family(metric, families[metric], constant_labels)


def _family(metric: catalogue.Metric, series: _Series, constant_labels: ConstantLabels) -> Family:
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind)
    for (part, values), value in series.items():
        labels = {
            name: text for name, text in zip(part.labels, values, strict=True) if text
        }  # an empty one is left out
        constants = constant_labels.get(labels.get(catalogue.MODEL, ""), {})
        family.add_sample(part.name, {**labels, **constants}, float(value))
    return family
