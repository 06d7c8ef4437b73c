"""The model spec: frozen, complete, defaults applied.

`ModelSpec` is everything that Leeway knows about a model. `exporter.spec.loading` makes it from YAML, a test with
`ModelSpec.model_validate`. Defaults are defined here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from exporter.spec.sections.accepted import Accepted
from exporter.spec.sections.alerting import Alerting
from exporter.spec.sections.logs import Inference, Labels
from exporter.spec.sections.metadata import Metadata
from exporter.spec.sections.proxies import Prometheus, Proxy
from exporter.spec.sections.reference import Reference
from exporter.spec.sections.seasonality import Seasonality
from exporter.spec.sections.section import SpecSection
from exporter.spec.sections.slo import LOG_METRICS, Slo
from exporter.spec.sections.task import CLASSIFICATION, REQUIRED_COLUMNS, SINGLE_SCORE_TASKS, Task
from exporter.spec.sections.thresholds import Thresholds
from exporter.spec.value_types import Count, Duration, NonNegative, Text, format_duration

_CONFIDENCE: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Feature(SpecSection):
    """One input of the model."""

    name: Text
    """The feature's column in the log and in the reference."""
    type: Literal["numeric", "categorical"]
    """Whether its values are numbers or categories."""
    importance: NonNegative = 1.0
    """The feature's weight in the drift share; one of 0 has no weight and never pages, it has tickets alone."""


class Limits(SpecSection):
    """Upper limits of what is counted and exposed."""

    categories: Annotated[Count, Field(ge=1, le=10_000)] = 200
    """Categories of a feature: the most frequent of the reference; the rest are counted together as new."""
    new_categories: Annotated[Count, Field(ge=0, le=100)] = 5
    """New categories of a feature that are exposed by name."""
    distributions: Annotated[Count, Field(ge=0, le=100)] = 5
    """Features whose distribution is exposed for each window: those that drifted most, with at most 46 series each."""
    versions: Annotated[Count, Field(ge=1, le=20)] = 5
    """Model versions of a window: the most frequent."""
    classes: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Classes of a classifier: the most frequent of the reference, then new ones."""
    segments: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Values of a segment column."""
    columns: Annotated[Count, Field(ge=1, le=100_000)] = 2000
    """Features of the model."""


class Refresh(SpecSection):
    """How often the exporter looks for new data."""

    interval: Duration = timedelta(minutes=5)
    """The time from one refresh to the next."""
    timeout: Duration = timedelta(minutes=30)
    """A refresh that takes longer is stopped; the profiles that it has made are kept."""


class Body(SpecSection):
    """The model: its task, its data, its features and its alerts."""

    task: Task
    """The kind of model."""
    inference: Inference
    """The inference log."""
    labels: Labels | None = None
    """The label log."""
    reference: Reference
    """What windows are compared with."""
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    """The model's inputs."""
    accepted: Annotated[tuple[Accepted, ...], Field(max_length=100)] = ()
    """Changes of features that are known, are right, and stay; they no longer alert."""
    segments: tuple[Text, ...] = ()
    """Categorical columns; the statistics are repeated for each of their values."""
    windows: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=10)] = (
        timedelta(hours=1),
        timedelta(hours=24),
        timedelta(days=7),
    )
    """The window lengths over which everything is evaluated."""
    seasonality: Seasonality = Seasonality()
    """The model's calendar."""
    thresholds: Thresholds = Thresholds()
    """The smallest effects worth an alert."""
    proxies: Annotated[tuple[Proxy, ...], Field(max_length=50)] = ()
    """Metrics to watch before labels arrive: click-through, conversion, manual reviews."""
    prometheus: Prometheus = Prometheus()
    """The server that evaluates the proxies' PromQL."""
    slos: tuple[Slo, ...] = ()
    """Objectives with an error budget."""
    alerting: Alerting = Alerting()
    """Receivers of alerts, retraining, and the false-alarm budget."""
    limits: Limits = Limits()
    """Upper limits of what is counted and exposed."""
    refresh: Refresh = Refresh()
    """How often the exporter looks for new data."""

    @property
    def class_column(self) -> str | None:
        """The column of the returned class; None without one, or if the model is not a classifier."""
        return self.inference.columns.prediction if self.task in CLASSIFICATION else None

    @property
    def confidence_edges(self) -> tuple[float, ...]:
        """The edges of the confidence buckets, from the lowest possible confidence to 1; none without a classifier.

        The lowest is 0.5 for two classes, since the returned class is the more likely one, and 0 for more classes.
        """
        if self.task not in CLASSIFICATION:
            return ()
        lowest = 0.5 if self.task == "binary_classification" else 0.0
        edges = self.inference.confidence or _CONFIDENCE
        return (lowest, *(edge for edge in edges if lowest < edge < 1), 1.0)

    @property
    def labels_evaluated(self) -> bool:
        """Whether there are labels, and the log has the columns that they are compared with."""
        columns = [getattr(self.inference.columns, use) for use in REQUIRED_COLUMNS[self.task]]
        return self.labels is not None and None not in columns

    @property
    def lacks_prometheus(self) -> bool:
        """Whether a proxy has PromQL but the spec has no Prometheus URL."""
        return self.prometheus.url is None and any(proxy.promql for proxy in self.proxies)

    @property
    def decision_threshold(self) -> float:
        """The lowest score that counts as a positive prediction of a binary classifier."""
        return self.labels.threshold if self.labels is not None else 0.5

    @property
    def probability_scores(self) -> bool:
        """Whether a binary classifier's scores are probabilities: its decision threshold is one, above 0."""
        return self.task == "binary_classification" and 0 < self.decision_threshold <= 1

    @property
    def estimated(self) -> bool:
        """Whether performance is estimated before labels arrive: the reference has labels, and there are scores.

        A reference from the log has the log's labels. Multiclass needs the score of every class; ranking is never
        estimated.
        """
        from_log, columns = self.reference.source is None, self.inference.columns
        labelled = self.labels_evaluated if from_log else self.reference.columns.label is not None
        scored = columns.score is not None if self.task in SINGLE_SCORE_TASKS else bool(columns.scores)
        return labelled and scored and self.task != "ranking"

    @property
    def slos_evaluated(self) -> tuple[Slo, ...]:
        """The objectives that can be evaluated: all, or without labels those of the log."""
        return tuple(slo for slo in self.slos if slo.metric in LOG_METRICS or self.labels_evaluated)

    @property
    def slos_of_labels(self) -> tuple[Slo, ...]:
        """The evaluated objectives that need labels."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric not in LOG_METRICS)

    @property
    def slos_of_log(self) -> tuple[Slo, ...]:
        """The evaluated objectives that need only the inference log."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric in LOG_METRICS)

    @property
    def alert_windows(self) -> tuple[timedelta, ...]:
        """`alerting.windows`, or its default: all windows of at most a day, or else the shortest."""
        short = tuple(window for window in self.windows if window <= timedelta(days=1))
        return self.alerting.windows or short or (min(self.windows),)

    @property
    def alert_window_names(self) -> tuple[str, ...]:
        """The windows that alert, as values of the label `window`."""
        return tuple(map(format_duration, self.alert_windows))


class ModelSpec(SpecSection):
    """The spec of one model."""

    api_version: Annotated[Literal["leeway/v1"], Field(alias="apiVersion")]
    """The version of the spec format: `leeway/v1`."""
    kind: Literal["Model"]
    """The kind of document: `Model`."""
    metadata: Metadata
    """The model's name, its owner, and its constant labels."""
    spec: Body
    """The model: its task, its data, its features and its alerts."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.metadata.name

    def as_arguments(self) -> dict[str, Any]:
        """Return the completed spec as plain data with YAML's keys, for jsonnet. Durations are text such as `1h`."""
        document = self.model_dump(mode="json", by_alias=True)
        body = document["spec"]
        body["inference"]["stale_after"] = format_duration(self.spec.inference.staleness)
        body["alerting"]["windows"] = list(self.spec.alert_window_names)
        return document

    def fingerprint(self) -> str:
        """Return twelve hexadecimal digits that change whenever the completed spec changes."""
        text = json.dumps(self.as_arguments(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
