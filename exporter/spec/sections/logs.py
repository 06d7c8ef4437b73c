"""The spec's `inference` and `labels`: the two logs, and which column of each is what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from exporter.spec.sections.section import SpecSection
from exporter.spec.sections.source import Source
from exporter.spec.value_types import Count, Duration, NonNegative, Number, Ratio, Text


class InferenceColumns(SpecSection):
    """The columns of the inference log, beside the features."""

    timestamp: Text | None = None
    """When the prediction was made."""
    prediction_id: Text | None = None
    """What labels are joined by."""
    model_version: Text | None = None
    """The version that answered; each has profiles of its own."""
    score: Text | None = None
    """The model's numeric output: a probability (of more than two classes, the returned one's), or what it predicts."""
    prediction: Text | None = None
    """The decision or class that was returned; of a classifier its balance is watched."""
    role: Text | None = None
    """In which role a version answered; `challenger` serves nobody and does not alert, every other role does."""
    scores: Annotated[Mapping[Text, Text], Field(max_length=1000)] = {}
    """Of more than two classes, the column of each one's probability, by the class as the labels name it."""
    query: Text | None = None
    """Of a ranking, the list that the row was an item of: one answer to one request, not the words searched for."""


def _increasing(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must increase from edge to edge")
    return edges


class Inference(SpecSection):
    """The inference log."""

    source: Source
    """Where the log is."""
    grain: Duration = timedelta(hours=1)
    """The length of one partition."""
    delay: Duration = timedelta(minutes=10)
    """A partition is complete this long after its end."""
    stale_after: Duration | None = None
    """Values older than this are withdrawn; left out, three grains after the delay."""
    columns: InferenceColumns = InferenceColumns()
    """Which column is what."""
    confidence: Annotated[tuple[Ratio, ...], Field(min_length=1, max_length=50), AfterValidator(_increasing)] | None = (
        None
    )
    """Edges of the buckets of a classifier's confidence; left out, 0.5, 0.6, 0.7, 0.8, 0.9 and 1."""

    @property
    def staleness(self) -> timedelta:
        """`stale_after`, or its default: the delay and three grains."""
        return self.stale_after or self.delay + 3 * self.grain


class LabelColumns(SpecSection):
    """The columns of the label log."""

    prediction_id: Text
    """The prediction that the label belongs to."""
    label: Text
    """What turned out to be true."""
    timestamp: Text | None = None
    """When the label became known."""


class Labels(SpecSection):
    """The labels, partitioned by arrival."""

    source: Source
    """Where the labels are."""
    grain: Duration = timedelta(hours=1)
    """The length of one partition."""
    columns: LabelColumns
    """Which column is what."""
    maturity: Duration = timedelta(days=7)
    """After this a prediction is judged with the labels that it has."""
    threshold: Number = 0.5
    """The score from which on a binary classifier's prediction counts as positive."""
    ndcg_at: Annotated[Count, Field(ge=1, le=100_000)] | None = None
    """The last rank of a list that NDCG looks at; left out, all of them."""
    absent: NonNegative | None = None
    """The relevance of an item of a ranking that has no label: 0 where none means no click; left out, it is unknown."""
