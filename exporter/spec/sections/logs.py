"""The spec's `inference` and `labels`: the two logs and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from exporter.spec.sections.section import SpecSection
from exporter.spec.sections.source import Source
from exporter.spec.value_types import Count, Duration, NonNegative, Number, Ratio, Text, TimeUnit, Values


class InferenceColumns(SpecSection):
    """The columns of the inference log, besides the features."""

    timestamp: Text | None = None
    """When the prediction was made: timestamps, texts or epoch numbers."""
    timestamp_unit: TimeUnit | None = None
    """The unit of `timestamp` where it holds epoch numbers; left out, it follows from how large they are."""
    prediction_id: Text | None = None
    """The id by which labels are joined."""
    model_version: Text | None = None
    """The model version that made the prediction; every version is profiled separately."""
    score: Text | None = None
    """The numeric output: a probability (for multiclass, of the returned class), or the predicted number."""
    prediction: Text | None = None
    """The returned decision or class; for a classifier, the shares of the classes are compared."""
    role: Text | None = None
    """The role of the version; a `challenger` serves no users and never alerts, every other role does."""
    scores: Annotated[Mapping[Text, Text], Field(max_length=1000)] = {}
    """For multiclass: the probability column of each class, by the class name that the labels use."""
    query: Text | None = None
    """For ranking: the id of the list that the row belongs to (one response to one request), not the search text."""


def _increasing(edges: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError("must be in increasing order")
    return edges


class Inference(SpecSection):
    """The inference log."""

    source: Source
    """Where the log is."""
    grain: Duration = timedelta(hours=1)
    """The length of one partition."""
    delay: Duration = timedelta(minutes=10)
    """How long after its end a partition is complete."""
    stale_after: Duration | None = None
    """The age at which values are no longer exposed; left out, the delay plus three grains."""
    columns: InferenceColumns = InferenceColumns()
    """The names of the columns."""
    confidence: Annotated[tuple[Ratio, ...], Field(min_length=1, max_length=50), AfterValidator(_increasing)] | None = (
        None
    )
    """The bucket edges of a classifier's confidence; left out, 0.5, 0.6, 0.7, 0.8, 0.9 and 1."""

    @property
    def staleness(self) -> timedelta:
        """`stale_after`, or its default: the delay and three grains."""
        return self.stale_after or self.delay + 3 * self.grain


class LabelColumns(SpecSection):
    """The columns of the label log."""

    prediction_id: Text
    """The id of the prediction that the label belongs to."""
    label: Text
    """The true outcome."""
    timestamp: Text | None = None
    """When the label arrived: timestamps, texts or epoch numbers."""
    timestamp_unit: TimeUnit | None = None
    """The unit of `timestamp` where it holds epoch numbers; left out, it follows from how large they are."""


class Labels(SpecSection):
    """The label log, partitioned by arrival time."""

    source: Source
    """Where the labels are."""
    grain: Duration = timedelta(hours=1)
    """The length of one partition."""
    columns: LabelColumns
    """The names of the columns."""
    maturity: Duration = timedelta(days=7)
    """The age from which a prediction is evaluated with the labels that it has."""
    threshold: Number = 0.5
    """The lowest score that counts as a positive prediction of a binary classifier. Above 0 and up to 1, scores are
    probabilities; any other threshold is on a scale of the model's own, such as percent or log odds."""
    positive: Values | None = None
    """The positive labels of a binary classifier, such as `fraud` or `[2, 3]`; all others are negative. Left out, only
    0, 1, false and true are labels."""
    ndcg_at: Annotated[Count, Field(ge=1, le=100_000)] | None = None
    """The rank `k` of NDCG@k; left out, the whole list."""
    absent: NonNegative | None = None
    """For ranking: the relevance of an item without a label, such as 0 for no click; left out, it is unknown."""
