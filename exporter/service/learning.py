"""What a model's labelled reference teaches: learned once, frozen with it, and again only when it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from exporter.errors import PartitionUnreadable, SourceUnavailable
from exporter.estimates import Learned, SeveralClasses, learned
from exporter.profiles import labelled_reference
from exporter.profiles.binning import Binning, Floats, NumericBins
from exporter.profiles.by_score import ByScore
from exporter.profiles.columns import ColumnMismatch
from exporter.profiles.store import Key, ProfileStore
from exporter.service.label_logs import Failed
from exporter.sources.source import Batch, Partition, Source
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
            binning: its cells; those of the scores are counted in.

        Raises:
            OSError: when the disk refuses.
        """
        edges = self._edges(binning)
        if edges is None:
            return None
        key = self._key(data, binning)
        if self._current is None or self._current[0] != key:
            self.problem = None
            try:
                self._current = (key, self._learned(key, source, data, edges))
            except SourceUnavailable as problem:  # worth another try
                self._teaches_nothing("read", problem)
                return None
        return self._current[1]

    def _edges(self, binning: Binning) -> list[Floats] | None:
        """Of the fine bins of each score; None where one has none."""
        bins = [binning.by_name.get(column) for column in self._scores]
        edges = [each.edges for each in bins if isinstance(each, NumericBins)]
        return edges if len(edges) == len(bins) else None

    def _learned(self, key: Key, source: Source, data: Partition, edges: Sequence[Floats]) -> Learned | None:
        try:
            rows = self._kept(key) or self._read(key, source, data, edges)
        except (PartitionUnreadable, ColumnMismatch) as problem:
            self._teaches_nothing("column" if isinstance(problem, ColumnMismatch) else "read", problem)
            return None
        if self._several:
            told: Learned | None = SeveralClasses.learned(rows, edges)
        else:
            told = learned(rows[0], edges[0], self._spec.spec.decision_threshold, binary=self._binary)
        if told is None:
            self._teaches_nothing("reference", "none of its rows has a label")
        return told

    def _teaches_nothing(self, stage: str, why: object) -> None:
        self.problem = str(why)
        self._failed(stage, "labels of the reference", why)

    def _read(self, key: Key, source: Source, data: Partition, edges: Sequence[Floats]) -> list[ByScore]:
        selection = labelled_reference.selection(self._scores, self._label)
        rows: list[ByScore] = source.profile(data, selection, lambda batches: self._reduced(batches, edges))
        keys = self._parts(key)
        for part, own in zip(keys, rows, strict=True):
            self._store.keep_arrays(part, {field.name: getattr(own, field.name) for field in fields(own)}, {})
        self._store.prune(self._group, keys)
        return rows

    def _reduced(self, batches: Iterator[Batch], edges: Sequence[Floats]) -> list[ByScore]:
        if self._several:
            scores = self._spec.spec.inference.columns.scores
            return labelled_reference.reduced_classes(batches, scores, self._label, edges)
        return [labelled_reference.reduced(batches, self._scores[0], self._label, edges[0], binary=self._binary)]

    def _kept(self, key: Key) -> list[ByScore] | None:
        kept = [self._store.arrays(part) for part in self._parts(key)]
        found = [ByScore(**each[0]) for each in kept if each is not None]
        return found if len(found) == len(kept) else None

    def _parts(self, key: Key) -> list[Key]:
        """Where what is learned of each score is kept."""
        return [Key(key.group, f"{key.name}-{place}", key.sources) for place in range(len(self._scores))]

    @property
    def _scores(self) -> tuple[str, ...]:
        columns = self._spec.spec.inference.columns
        return tuple(columns.scores.values()) if self._several else (columns.score or "",)

    @property
    def _label(self) -> str:
        return self._spec.spec.reference.columns.label or ""

    @property
    def _binary(self) -> bool:
        return self._spec.spec.task == "binary_classification"

    @property
    def _several(self) -> bool:
        return self._spec.spec.task == "multiclass_classification"

    def _key(self, data: Partition, binning: Binning) -> Key:
        columns = str((self._label, self._scores, *self._spec.spec.inference.columns.scores))
        return Key(self._group, "reference", (data.fingerprint, binning.fingerprint, columns, self._spec.spec.task))
