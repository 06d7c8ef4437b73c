"""The model spec: frozen, complete, defaults applied.

One `ModelSpec` says all that Leeway knows of a model. It is made by `exporter.spec.file` from YAML, or in a test by
`ModelSpec.model_validate`. A field that a spec leaves out has its default here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from exporter import catalogue
from exporter.spec.alerting import Alerting
from exporter.spec.part import Part, alternatives
from exporter.spec.proxies import Prometheus, Proxy
from exporter.spec.slo import OF_THE_LOG, Slo
from exporter.spec.thresholds import Thresholds, Weekday
from exporter.spec.values import (
    Bytes,
    Count,
    Day,
    Duration,
    Name,
    NonNegative,
    Number,
    Positive,
    Ratio,
    Text,
    TimeZone,
    Url,
    YesNo,
    format_duration,
)

Task = Literal["binary_classification", "multiclass_classification", "regression", "ranking"]
CLASSIFICATION: Final[tuple[Task, ...]] = ("binary_classification", "multiclass_classification")
"""The tasks whose answers are classes."""
ONE_SCORE: Final[tuple[Task, ...]] = ("binary_classification", "regression")
"""The tasks in which one score is all that a label is compared with."""

JUDGED_BY: Final[Mapping[Task, tuple[str, ...]]] = {
    "binary_classification": ("score",),
    "multiclass_classification": ("prediction",),
    "regression": ("score",),
    "ranking": ("score", "query"),
}
"""The columns of the inference log without which labels say nothing of a task."""

_RESERVED: Final = {label for metric in catalogue.METRICS for label in metric.labels} | {
    *catalogue.TARGET_LABELS,
    catalogue.SEVERITY,
    catalogue.LAYER,
    catalogue.SLO,
    "alertname",
    "alertstate",
    "le",
    "quantile",
}
_LABEL_NAME: Final = "[a-zA-Z][a-zA-Z0-9_]*"


def _label_name(name: str) -> str:
    if not re.fullmatch(_LABEL_NAME, name):
        raise ValueError("must be a Prometheus label name: letters, digits and _, beginning with a letter")
    if name in _RESERVED:
        raise ValueError("is a label that Leeway, Prometheus or a scrape sets itself; choose another name")
    return name


LabelName = Annotated[
    str,
    AfterValidator(_label_name),
    WithJsonSchema({"type": "string", "title": "label name", "allOf": [{"pattern": f"^{_LABEL_NAME}$"}]}),
]


class Metadata(Part):
    """Who the model is, and whose."""

    name: Name
    """The model's name: the label `model` on every series."""
    labels: Mapping[LabelName, Text] = {}
    """Constant labels on every series and alert of this model."""
    team: Text = "unknown"
    """Who is paged: a label on alerts, and on the model's info series."""
    owner: Text = "unknown"
    """Who owns the model: on the model's info series."""
    runbooks: Url | None = None
    """Where the runbooks are served; `/<alert name>` is appended."""
    grafana: Url | None = None
    """Where Grafana is served, for the links in alerts."""


_DIRECTIVES: Final = re.compile(r"%(.?)")


def _template(value: str) -> str:
    unknown = sorted({f"%{letter}" for letter in _DIRECTIVES.findall(value)} - {"%Y", "%m", "%d", "%H", "%M", "%j"})
    if unknown:
        raise ValueError(f"has {', '.join(unknown)}; a path may use %Y, %m, %d, %j, %H and %M")
    return value


def _s3(value: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", value):
        raise ValueError("must be s3://bucket/path")
    return value


def _table(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9.:-]{4,62}\.\w+\.[\w$-]+", value):
        raise ValueError("must be project.dataset.table")
    return value


BYTES_BILLED: Final = 100 * 10**9
"""What one query may be billed for where a spec does not say: cents."""
_ABOUT_TABLES: Final = ("partition_column", "location", "maximum_bytes_billed", "unpartitioned")


def _column(value: str) -> str:
    if not re.fullmatch(r"[^\W\d][\w-]{0,299}", value):
        raise ValueError("must be the name of a column")
    return value


def _location(value: str) -> str:
    if not re.fullmatch("[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("must be a location such as EU, US or europe-west3")
    return value


class Source(Part):
    """Where rows are: exactly one of the kinds.

    A path is a strftime template in UTC (`%Y %m %d %j %H %M`); it may hold `*` and may end in `/`, and then all the
    files that match are one partition.
    """

    model_config = alternatives("oneOf", "s3", "local", "bigquery")

    s3: Annotated[Text, AfterValidator(_template), AfterValidator(_s3)] | None = None
    """`s3://bucket/path-%Y-%m-%dT%H.parquet`; endpoint, region, role and credentials come from the AWS environment."""
    local: Annotated[Text, AfterValidator(_template)] | None = None
    """A path on this machine, relative to the spec's folder."""
    bigquery: Annotated[Text, AfterValidator(_table)] | None = None
    """`project.dataset.table`; credentials come from Google's environment."""
    engine: Literal["spark"] | None = None
    """Of files: what counts them, where they outgrow this machine: `spark`. Left out, the exporter itself."""
    partition_column: Annotated[Text, AfterValidator(_column)] | None = None
    """Of a table: the column that it is partitioned by, of times in UTC; left out, the log's timestamp."""
    location: Annotated[Text, AfterValidator(_location)] | None = None
    """Of a table: where its queries run, such as `EU`; left out, BigQuery finds it."""
    maximum_bytes_billed: Bytes | None = None
    """Of a table: what one query may be billed for; one that would cost more is not run. Left out, 100 GB."""
    unpartitioned: YesNo = False
    """Of a table: that it has no such partitions, and each query may read all of it."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        kind = self.exactly_one("s3", "local", "bigquery")
        given = [name for name in _ABOUT_TABLES if getattr(self, name)]
        if given and kind != "bigquery":
            raise ValueError(f"must not have {', '.join(given)}: only a table in BigQuery has")
        if self.engine is not None and kind == "bigquery":
            raise ValueError("must not have engine: BigQuery counts a table itself")
        return self

    @property
    def billing_limit(self) -> int:
        """`maximum_bytes_billed`, or its default."""
        return self.maximum_bytes_billed or BYTES_BILLED

    @property
    def kind(self) -> str:
        """Which of the kinds this is."""
        return self.exactly_one("s3", "local", "bigquery")

    @property
    def template(self) -> str:
        """The path template or the table's name."""
        return str(getattr(self, self.kind))


class InferenceColumns(Part):
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


_CONFIDENCE: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Inference(Part):
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


class LabelColumns(Part):
    """The columns of the label log."""

    prediction_id: Text
    """The prediction that the label belongs to."""
    label: Text
    """What turned out to be true."""
    timestamp: Text | None = None
    """When the label became known."""


class Labels(Part):
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


class Period(Part):
    """A stretch of the inference log, both days included, in the model's time zone."""

    start: Annotated[Day, Field(alias="from")]
    """Its first day."""
    end: Annotated[Day, Field(alias="to")]
    """Its last day."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("must not end before it starts")
        return self


class ReferenceColumns(Part):
    """The columns of a reference data set, where they differ from the log's."""

    timestamp: Text | None = None
    """With a timestamp the reference has seasons."""
    label: Text | None = None
    """What turned out to be true; with it performance is estimated before labels come."""


class Reference(Part):
    """What windows are compared with: exactly one of a data set, a period of the log, or its trailing weeks."""

    model_config = alternatives("oneOf", "source", "period", "trailing")

    source: Source | None = None
    """A data set, usually the training data; `{version}` in its path is the model version's."""
    columns: ReferenceColumns = ReferenceColumns()
    """Which column is what."""
    period: Period | None = None
    """Days of the inference log itself."""
    trailing: Duration | None = None
    """The last whole weeks of the inference log itself, those left out in which the model was alarming."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.exactly_one("source", "period", "trailing")
        return self


class Feature(Part):
    """One input of the model."""

    name: Text
    """Its column in the log and in the reference."""
    type: Literal["numeric", "categorical"]
    """How it is compared."""
    importance: Positive = 1.0
    """Its weight in the drift share."""


class Holidays(Part):
    """Days that count as another weekday."""

    dates: Annotated[tuple[Day, ...], Field(max_length=1000)] = ()
    """The days, in the model's time zone."""
    like: Weekday = "sunday"
    """The weekday that they count as."""


class Seasonality(Part):
    """The calendar that the model lives by."""

    timezone: TimeZone = "UTC"
    """An IANA zone; weekdays, hours and holidays are taken in it."""
    season: Literal["none", "weekend", "day_of_week", "hour_of_week"] = "none"
    """What traffic repeats with."""
    holidays: Holidays = Holidays()
    """Days that count as another weekday."""


class Limits(Part):
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


class Refresh(Part):
    """How often the exporter looks for new data."""

    interval: Duration = timedelta(minutes=5)
    """The time from one refresh to the next."""
    timeout: Duration = timedelta(minutes=30)
    """A refresh that takes longer is given up; what it has profiled is kept."""


class Body(Part):
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
        told = all(getattr(self.inference.columns, use) is not None for use in JUDGED_BY[self.task])
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

        Of several classes that is a score of each.
        """
        labelled, columns = self.reference.columns.label is not None, self.inference.columns
        scored = columns.score is not None if self.task in ONE_SCORE else bool(columns.scores)
        return self.reference.source is not None and labelled and scored and self.task != "ranking"

    @property
    def slos_evaluated(self) -> tuple[Slo, ...]:
        """The objectives that this release evaluates."""
        return tuple(slo for slo in self.slos if slo.metric in OF_THE_LOG or self.labels_evaluated)

    @property
    def slos_of_labels(self) -> tuple[Slo, ...]:
        """Those of them that labels tell."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric not in OF_THE_LOG)

    @property
    def slos_of_log(self) -> tuple[Slo, ...]:
        """Those of them that the inference log tells by itself."""
        return tuple(slo for slo in self.slos_evaluated if slo.metric in OF_THE_LOG)

    @property
    def alert_windows(self) -> tuple[timedelta, ...]:
        """`alerting.windows`, or its default: the windows of at most a day, or else the shortest."""
        short = tuple(window for window in self.windows if window <= timedelta(days=1))
        return self.alerting.windows or short or (min(self.windows),)

    @property
    def alerting_names(self) -> tuple[str, ...]:
        """The windows that alert, as the label `window` names them."""
        return tuple(map(format_duration, self.alert_windows))


class ModelSpec(Part):
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
        body["alerting"]["windows"] = list(self.spec.alerting_names)
        return document

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when anything in the completed spec does."""
        text = json.dumps(self.as_arguments(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
