"""What is fitted on a labelled reference, once and again only when it changes: an estimator, and how its days vary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from exporter.errors import SourceUnavailable
from exporter.labels import labelled_reference
from exporter.labels.labelled_hours import LabelledHours, Times
from exporter.labels.labelled_reference import LabelledRows, Returned, ScoredColumns
from exporter.labels.sums.by_score import predicted_positive
from exporter.profiles.binning import Binning, Floats
from exporter.profiles.columns import explaining
from exporter.samples.labels.estimators import Estimator
from exporter.samples.labels.noise import INDEPENDENT, LabelNoise, fit_reference
from exporter.service.attempt import Failed
from exporter.service.labels.failures import UNUSABLE, stage_of
from exporter.service.labels.labelled_rows import (
    GROUP,
    REFERENCE_LABELS,
    Rows,
    fit_estimator,
    load_rows,
    save_rows,
    score_columns,
    score_edges,
)
from exporter.service.labels.noise import GROUP as NOISE_GROUP
from exporter.service.labels.noise import load_noise, save_noise
from exporter.service.labels.reductions import label_rule
from exporter.sources.skipping import without_skipped
from exporter.sources.source import Batch, Partition, Source
from exporter.spec.model import ModelSpec
from exporter.store.profiles import Key, ProfileStore


class EstimatorFit:
    """Fits one model's estimator on its reference. One thread at a time may use it."""

    def __init__(self, spec: ModelSpec, store: ProfileStore, failed: Failed) -> None:
        """Nothing is read yet.

        Args:
            spec: the model, of which performance is estimated.
            store: where the reference's labelled rows are stored, reduced.
            failed: called once for a reference on which nothing can be fitted.
        """
        self.problem: str | None = None
        self.noise = INDEPENDENT
        self._spec = spec
        self._store = store
        self._failed = failed
        self._group = f"{spec.name}/{GROUP}"
        self._current: tuple[Key, Estimator | None] | None = None

    def fit(
        self, source: Source, data: Partition, binning: Binning, times: Callable[[], Times | None]
    ) -> Estimator | None:
        """Return the estimator; None where there is none, which costs only the estimates.

        How performance varies between the reference's days is `noise` then, if the reference has times.

        Args:
            source: the source of the reference.
            data: its data.
            binning: of the reference, with the fine bins of the scores.
            times: returns how its times are read, None where it has none; called only when its rows are read.

        Raises:
            OSError: when the disk refuses.
        """
        edges = score_edges(self._spec, binning)
        if edges is None:
            return None
        data = without_skipped(source, data)
        key = self._key(data, binning)
        if self._current is None or self._current[0] != key:
            self.problem = None
            try:
                self.noise = INDEPENDENT
                fitted = self._fitted(key, source, data, edges, times)
                self._current = (self._key(without_skipped(source, data), binning), fitted)
            except SourceUnavailable as problem:  # worth another try
                self._report(stage_of(problem), problem)
                return None
        return self._current[1]

    def _fitted(
        self, key: Key, source: Source, data: Partition, edges: Sequence[Floats], times: Callable[[], Times | None]
    ) -> Estimator | None:
        rows, noise = load_rows(self._store, key, len(edges)), load_noise(self._store, self._noise_key(key))
        try:
            if rows is None or noise is None:
                rows, noise = self._read(key, source, data, edges, times())
        except UNUSABLE as problem:
            self._report(stage_of(problem), problem)
            return None
        self.noise = noise
        estimator = fit_estimator(self._spec, rows, edges)
        if estimator is None:
            self._report("reference", "none of its rows has a label")
        return estimator

    def _report(self, stage: str, reason: object) -> None:
        self.problem = str(reason)
        self._failed(stage, REFERENCE_LABELS, reason)

    def _read(
        self, key: Key, source: Source, data: Partition, edges: Sequence[Floats], times: Times | None
    ) -> tuple[Rows, LabelNoise]:
        body, scores, returned = self._spec.spec, list(score_columns(self._spec)), None
        if len(edges) > len(scores):
            scores.append(body.inference.columns.score or "")
            returned = body.class_column
        columns, timestamp = list(dict.fromkeys(scores)), times.column if times is not None else None
        selection = labelled_reference.selection(columns, self._label, returned, timestamp)
        read: LabelledRows = source.profile(
            data, selection, explaining(lambda batches: self._reduced(batches, edges, times))
        )
        noise = self._noise_of(read.hours, edges)
        if without_skipped(source, data) == data:
            save_rows(self._store, key, read.by_score)
            save_noise(self._store, self._noise_key(key), noise)
        return read.by_score, noise

    def _reduced(self, batches: Iterator[Batch], edges: Sequence[Floats], times: Times | None) -> LabelledRows:
        body, columns, task = self._spec.spec, self._spec.spec.inference.columns, self._spec.spec.task
        if task == "multiclass_classification":
            number, returned = len(columns.scores), None
            if len(edges) > number:
                returned = Returned(columns.prediction or "", columns.score or "", edges[number])
            return labelled_reference.reduced_classes(
                batches, columns.scores, self._label, edges[:number], returned, times=times
            )
        scored, rule = ScoredColumns(columns.score or "", self._label, edges[0]), label_rule(body)
        return labelled_reference.reduced(batches, scored, rule, probabilities=body.probability_scores, times=times)

    def _noise_of(self, hours: LabelledHours | None, edges: Sequence[Floats]) -> LabelNoise:
        if hours is None:
            return INDEPENDENT
        decisions = predicted_positive(edges[-1], self._spec.spec.decision_threshold)
        return fit_reference(self._spec, *hours.blocks(decisions))

    @property
    def _label(self) -> str:
        return self._spec.spec.reference.columns.label or ""

    def _noise_key(self, key: Key) -> Key:
        """The key of the noise: that of the rows, and what else it depends on."""
        body = self._spec.spec
        own = str((body.reference.columns.timestamp, body.reference.columns.timestamp_unit, body.decision_threshold))
        return Key(f"{self._spec.name}/{NOISE_GROUP}", "reference", (*key.sources, own, body.seasonality.timezone))

    def _key(self, data: Partition, binning: Binning) -> Key:
        inference = self._spec.spec.inference.columns
        columns = str(
            (self._label, score_columns(self._spec), *inference.scores, inference.score, inference.prediction)
        )
        columns += str((label_rule(self._spec.spec).positive, self._spec.spec.probability_scores))
        return Key(self._group, "reference", (data.fingerprint, binning.fingerprint, columns, self._spec.spec.task))
