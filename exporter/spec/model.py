"""The model spec: frozen, complete, defaults applied.

One `ModelSpec` says all that Leeway knows of a model. It is made by `exporter.spec.file` from YAML, or in a test by
`ModelSpec.model_validate`. A field that a spec leaves out has its default here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

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
from exporter.spec.value_types import Count, Duration, Positive, Text, format_duration

_CONFIDENCE: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Feature(SpecSection):
    """One input of the model."""

    name: Text
    """Its column in the log and in the reference."""
    type: Literal["numeric", "categorical"]
    """How it is compared."""
    importance: Positive = 1.0
    """Its weight in the drift share."""


class Limits(SpecSection):
    """How much of what data bring is kept."""

    categories: Annotated[Count, Field(ge=1, le=10_000)] = 200
    """Categories of a feature, the reference's most frequent; the rest count together as new."""
    new_categories: Annotated[Count, Field(ge=0, le=100)] = 5
    """New categories of a feature that are named in a series."""
    distributions: Annotated[Count, Field(ge=0, le=100)] = 5
    """Features whose distribution is exposed for each window, those that drifted most: at most 46 series for each."""
    versions: Annotated[Count, Field(ge=1, le=20)] = 5
    """Model versions in a window, the most frequent."""
    classes: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Classes of a classifier, the reference's most frequent, then new ones."""
    segments: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Values of a segment."""
    columns: Annotated[Count, Field(ge=1, le=100_000)] = 2000
    """Features."""


class Refresh(SpecSection):
    """How often the exporter looks for new data."""

    interval: Duration = timedelta(minutes=5)
    """The time from one refresh to the next."""
    timeout: Duration = timedelta(minutes=30)
    """A refresh that takes longer is given up; what it has profiled is kept."""


class Body(SpecSection):
    """What the model is."""

    task: Task
    """What the model does."""
    inference: Inference
    """The inference log."""
    labels: Labels | None = None
    """The labels."""
    reference: Reference
    """What windows are compared with."""
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    """The model's inputs."""
    segments: tuple[Text, ...] = ()
    """Categorical columns by whose values the statistics are given again."""
    windows: Annotated[tuple[Duration, ...], Field(min_length=1, max_length=10)] = (
        timedelta(hours=1),
        timedelta(hours=24),
        timedelta(days=7),
    )
    """The lengths over which everything is evaluated."""
    seasonality: Seasonality = Seasonality()
    """The calendar that the model lives by."""
    thresholds: Thresholds = Thresholds()
    """The least effects worth an alert."""
    proxies: Annotated[tuple[Proxy, ...], Field(max_length=50)] = ()
    """What a team watches while labels have not come: click-through, conversion, manual reviews."""
    prometheus: Prometheus = Prometheus()
    """Where the proxies' PromQL is asked."""
    slos: tuple[Slo, ...] = ()
    """Performance objectives."""
    alerting: Alerting = Alerting()
    """Who hears of it."""
    limits: Limits = Limits()
    """How much of what data bring is kept."""
    refresh: Refresh = Refresh()
    """How often the exporter looks for new data."""

    @property
    def class_column(self) -> str | None:
        """The column of the classes that were returned; None where there is none, or the model is no classifier."""
        return self.inference.columns.prediction if self.task in CLASSIFICATION else None

    @property
    def confidence_edges(self) -> tuple[float, ...]:
        """The edges of the buckets of confidence, from the least that there can be to 1; none without a classifier.

        The least is a half of two classes, of which the returned one is the likelier, and 0 of more.
        """
        if self.task not in CLASSIFICATION:
            return ()
        least = 0.5 if self.task == "binary_classification" else 0.0
        edges = self.inference.confidence or _CONFIDENCE
        return (least, *(edge for edge in edges if least < edge < 1), 1.0)

    @property
    def labels_evaluated(self) -> bool:
        """Whether there are labels, and this release evaluates them."""
        told = all(getattr(self.inference.columns, use) is not None for use in REQUIRED_COLUMNS[self.task])
        return self.labels is not None and told

    @property
    def lacks_prometheus(self) -> bool:
        """Whether a proxy is PromQL and the spec does not say where to ask it."""
        return self.prometheus.url is None and any(proxy.promql for proxy in self.proxies)

    @property
    def decision_threshold(self) -> float:
        """The score from which on a binary classifier's prediction counts as positive."""
        return self.labels.threshold if self.labels is not None else 0.5

    @property
    def estimated(self) -> bool:
        """Whether performance is estimated before labels come: there is a labelled reference, and what a score tells.

        A reference that is a part of the log has the log's labels. Of several classes a score of each tells; of a
        ranking none does.
        """
        of_log, columns = self.reference.source is None, self.inference.columns
        labelled = self.labels_evaluated if of_log else self.reference.columns.label is not None
        scored = columns.score is not None if self.task in SINGLE_SCORE_TASKS else bool(columns.scores)
        return labelled and scored and self.task != "ranking"

    @property
    def slos_evaluated(self) -> tuple[Slo, ...]:
        """The objectives that this release evaluates."""
        return tuple(slo for slo in self.slos if slo.metric in LOG_METRICS or self.labels_evaluated)

    @property
    def slos_of_labels(self) -> tuple[Slo, ...]:
        """Those of them that labels tell."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric not in LOG_METRICS)

    @property
    def slos_of_log(self) -> tuple[Slo, ...]:
        """Those of them that the inference log tells by itself."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric in LOG_METRICS)

    @property
    def alert_windows(self) -> tuple[timedelta, ...]:
        """`alerting.windows`, or its default: the windows of at most a day, or else the shortest."""
        short = tuple(window for window in self.windows if window <= timedelta(days=1))
        return self.alerting.windows or short or (min(self.windows),)

    @property
    def alert_window_names(self) -> tuple[str, ...]:
        """The windows that alert, as the label `window` names them."""
        return tuple(map(format_duration, self.alert_windows))


class ModelSpec(SpecSection):
    """One model, whole."""

    api_version: Annotated[Literal["leeway/v1"], Field(alias="apiVersion")]
    """`leeway/v1`."""
    kind: Literal["Model"]
    """`Model`."""
    metadata: Metadata
    """Who the model is, and whose."""
    spec: Body
    """What the model is."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.metadata.name

    def as_arguments(self) -> dict[str, Any]:
        """The completed spec as plain data, with YAML's keys: what jsonnet sees. Durations are text such as `1h`."""
        document = self.model_dump(mode="json", by_alias=True)
        body = document["spec"]
        body["inference"]["stale_after"] = format_duration(self.spec.inference.staleness)
        body["alerting"]["windows"] = list(self.spec.alert_window_names)
        return document

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when anything in the completed spec does."""
        text = json.dumps(self.as_arguments(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
