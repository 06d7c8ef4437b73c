"""What a model's labelled reference teaches: learned once, frozen with it, and again only when it changes."""

from __future__ import annotations

from dataclasses import fields

from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.estimates import Learned, learned
from exporter.profiles import labelled_reference
from exporter.profiles.binning import Binning, Floats, NumericBins
from exporter.profiles.by_score import ByScore
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.store import Key, ProfileStore
from exporter.service.label_logs import Failed
from exporter.sources.source import Partition, Source
from exporter.spec.model import ModelSpec


class Learner:
    """Keeps what one model's reference teaches at hand. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, failed: Failed) -> None:
        """Nothing is read yet.

        Args:
            spec: the model, of which performance is estimated.
            store: where the reference's labelled rows are kept, reduced.
            failed: told once of a reference that teaches nothing, with why.
        """
        self.problem: str | None = None
        self._spec = spec
        self._store = store
        self._failed = failed
        self._group = f"{spec.name}/labelled-reference"
        self._current: tuple[Key, Learned | None] | None = None

    def learn(self, source: Source, data: Partition, binning: Binning) -> Learned | None:
        """What the reference teaches; None where it does not, which costs the estimates alone.

        Args:
            source: what reads the reference.
            data: what is stored for it.
            binning: its cells; those of the score are counted in.

        Raises:
            OSError: when the disk refuses.
        """
        columns = self._spec.spec.inference.columns
        bins = binning.by_name.get(columns.score or "")
        if not isinstance(bins, NumericBins):
            return None
        key = self._key(data, binning)
        if self._current is None or self._current[0] != key:
            self.problem = None
            try:
                self._current = (key, self._learned(key, source, data, bins.edges))
            except SourceUnavailable as problem:  # worth another try
                self._teaches_nothing("read", problem)
                return None
        return self._current[1]

    def _learned(self, key: Key, source: Source, data: Partition, edges: Floats) -> Learned | None:
        try:
            rows = self._kept(key) or self._read(key, source, data, edges)
        except (PartitionUnreadable, ColumnMismatch) as problem:
            self._teaches_nothing("column" if isinstance(problem, ColumnMismatch) else "read", problem)
            return None
        told = learned(rows, edges, self._spec.spec.decision_threshold, binary=self._binary)
        if told is None:
            self._teaches_nothing("reference", "none of its rows has a label")
        return told

    def _teaches_nothing(self, stage: str, why: object) -> None:
        self.problem = str(why)
        self._failed(stage, "labels of the reference", why)

    def _read(self, key: Key, source: Source, data: Partition, edges: Floats) -> ByScore:
        score, label = self._columns
        rows: ByScore = source.profile(
            data,
            labelled_reference.selection(score, label),
            lambda batches: labelled_reference.reduced(batches, score, label, edges, binary=self._binary),
        )
        self._store.keep_arrays(key, {field.name: getattr(rows, field.name) for field in fields(rows)}, {})
        self._store.prune(self._group, [key])
        return rows

    def _kept(self, key: Key) -> ByScore | None:
        kept = self._store.arrays(key)
        return None if kept is None else ByScore(**kept[0])

    @property
    def _columns(self) -> tuple[str, str]:
        body = self._spec.spec
        return body.inference.columns.score or "", body.reference.columns.label or ""

    @property
    def _binary(self) -> bool:
        return self._spec.spec.task == "binary_classification"

    def _key(self, data: Partition, binning: Binning) -> Key:
        content = (data.fingerprint, binning.fingerprint, *self._columns, str(self._binary))
        return Key(self._group, "reference", content)
