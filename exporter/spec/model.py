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
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from exporter import catalogue
from exporter.spec.values import (
    Count,
    Day,
    Duration,
    Factor,
    Hours,
    Name,
    NonNegative,
    Number,
    OpenRatio,
    Positive,
    Ratio,
    SecretFile,
    Text,
    TimeZone,
    Url,
    format_duration,
)

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Task = Literal["binary_classification", "multiclass_classification", "regression", "ranking"]

_JUDGED: Final[tuple[Task, ...]] = ("binary_classification", "regression")
"""Tasks whose labels this release evaluates."""

_RESERVED: Final = {label for metric in catalogue.METRICS for label in metric.labels} | {
    *catalogue.TARGET_LABELS,
    catalogue.SEVERITY,
    catalogue.LAYER,
    catalogue.SLO,
    "alertname",
    "alertstate",
    "le",
    "quantile",
    "segment",
}
_LABEL_NAME: Final = "[a-zA-Z][a-zA-Z0-9_]*"


class _Part(BaseModel):
    """What every part of a spec has in common: it is frozen and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_left_out(cls, data: Any) -> Any:
        # `alerting:` with nothing after it, as when all that follows is commented out, is as if it were not there.
        if not isinstance(data, dict):
            return data
        keys = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in keys}

    def _exactly_one(self, *names: str) -> str:
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"must have exactly one of {', '.join(names)}")
        return given[0]


def _alternatives(form: Literal["oneOf", "anyOf"], *names: str) -> ConfigDict:
    """What the JSON Schema says of keys of which exactly one, or at least one, must be given."""
    return ConfigDict(json_schema_extra={form: [{"required": [name]} for name in names]})


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


class Metadata(_Part):
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


class Source(_Part):
    """Where rows are: exactly one of the kinds.

    A path is a strftime template in UTC (`%Y %m %d %j %H %M`); it may hold `*` and may end in `/`, and then all the
    files that match are one partition.
    """

    model_config = _alternatives("oneOf", "s3", "local", "bigquery")

    s3: Annotated[Text, AfterValidator(_template), AfterValidator(_s3)] | None = None
    """`s3://bucket/path-%Y-%m-%dT%H.parquet`; endpoint, region, role and credentials come from the AWS environment."""
    local: Annotated[Text, AfterValidator(_template)] | None = None
    """A path on this machine, relative to the spec's folder."""
    bigquery: Annotated[Text, AfterValidator(_table)] | None = None
    """`project.dataset.table`."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._exactly_one("s3", "local", "bigquery")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds this is."""
        return self._exactly_one("s3", "local", "bigquery")

    @property
    def template(self) -> str:
        """The path template or the table's name."""
        return str(getattr(self, self.kind))


class InferenceColumns(_Part):
    """The columns of the inference log, beside the features."""

    timestamp: Text | None = None
    """When the prediction was made."""
    prediction_id: Text | None = None
    """What labels are joined by."""
    model_version: Text | None = None
    """The version that answered; each has profiles of its own."""
    score: Text | None = None
    """The model's numeric output: a probability, or the regression's value."""
    prediction: Text | None = None
    """The decision or class that was returned."""
    role: Text | None = None
    """`champion` or `challenger`."""


class Inference(_Part):
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

    @property
    def staleness(self) -> timedelta:
        """`stale_after`, or its default: the delay and three grains."""
        return self.stale_after or self.delay + 3 * self.grain


class LabelColumns(_Part):
    """The columns of the label log."""

    prediction_id: Text
    """The prediction that the label belongs to."""
    label: Text
    """What turned out to be true."""
    timestamp: Text | None = None
    """When the label became known."""


class Labels(_Part):
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


class Period(_Part):
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


class ReferenceColumns(_Part):
    """The columns of a reference data set, where they differ from the log's."""

    timestamp: Text | None = None
    """With a timestamp the reference has seasons."""


class Reference(_Part):
    """What windows are compared with: exactly one of a data set, a period of the log, or its trailing weeks."""

    model_config = _alternatives("oneOf", "source", "period", "trailing")

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
        self._exactly_one("source", "period", "trailing")
        return self


class Feature(_Part):
    """One input of the model."""

    name: Text
    """Its column in the log and in the reference."""
    type: Literal["numeric", "categorical"]
    """How it is compared."""
    importance: Positive = 1.0
    """Its weight in the drift share."""


class Holidays(_Part):
    """Days that count as another weekday."""

    dates: Annotated[tuple[Day, ...], Field(max_length=1000)] = ()
    """The days, in the model's time zone."""
    like: Weekday = "sunday"
    """The weekday that they count as."""


class Seasonality(_Part):
    """The calendar that the model lives by."""

    timezone: TimeZone = "UTC"
    """An IANA zone; weekdays, hours and holidays are taken in it."""
    season: Literal["none", "weekend", "day_of_week", "hour_of_week"] = "none"
    """What traffic repeats with."""
    holidays: Holidays = Holidays()
    """Days that count as another weekday."""


class Threshold(_Part):
    """The least effect worth an alert; the noise of a small window comes on top."""

    floor: NonNegative
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, NonNegative] = {}
    """Another floor on some weekdays."""

    def on(self, weekday: Weekday) -> float:
        """The floor on a weekday of the model's calendar."""
        return self.weekdays.get(weekday, self.floor)


class RatioThreshold(Threshold):
    """A threshold of something that runs from 0 to 1; a floor of 1 never alerts."""

    floor: Ratio
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Ratio] = {}
    """Another floor on some weekdays."""


class FactorThreshold(Threshold):
    """A threshold of something that is 1 where nothing has changed, and 2 where it is twice or half as much."""

    floor: Factor
    """Never alert at or below this."""
    weekdays: Mapping[Weekday, Factor] = {}
    """Another floor on some weekdays."""


def _floor(value: Any) -> Any:
    return value if isinstance(value, dict | Threshold) else {"floor": value}


Floor = Annotated[Threshold, BeforeValidator(_floor, json_schema_input_type=NonNegative | Threshold)]
RatioFloor = Annotated[RatioThreshold, BeforeValidator(_floor, json_schema_input_type=Ratio | RatioThreshold)]
FactorFloor = Annotated[FactorThreshold, BeforeValidator(_floor, json_schema_input_type=Factor | FactorThreshold)]


class Thresholds(_Part):
    """A number is a floor; `{floor: 0.2, weekdays: {saturday: 0.3}}` gives weekdays their own."""

    feature_psi: Floor | None = None
    """Population stability index of a feature; left out, 0.05 where the reference's own weeks are known, else 0.2."""
    feature_null_ratio: RatioFloor = RatioThreshold(floor=0.05)
    """Share of nulls above the reference's."""
    feature_new_category_ratio: RatioFloor = RatioThreshold(floor=0.01)
    """Share of rows whose category the reference does not know, above the reference's own."""
    drift_share: RatioFloor = RatioThreshold(floor=0.2)
    """Share of the features that have drifted, weighted by importance."""
    prediction_mean_shift: Floor = Threshold(floor=0.15)
    """Shift of the mean score, in reference standard deviations."""
    traffic_factor: FactorFloor = FactorThreshold(floor=2.0)
    """How many times more or fewer rows than the same hours of past weeks; 2 is twice or half as many."""
    calibration_error: RatioFloor = RatioThreshold(floor=0.02)
    """Mean gap between the share of positives that scores predict and the share that comes true."""
    false_positive_rate: OpenRatio = 0.0005
    """How often sampling noise alone may cross a threshold, over all features of a window together."""
    min_rows: Annotated[Count, Field(ge=2, le=1_000_000)] = 30
    """A window with fewer rows gives no scores; its gauge of rows says how few."""


class Slo(_Part):
    """A model performance objective."""

    model_config = _alternatives("oneOf", "at_least", "at_most")

    name: Name
    """Its name: the label `slo`."""
    metric: Annotated[Name, Field(examples=["auroc", "rmse"])]
    """The performance or calibration value that is judged."""
    at_least: Number | None = None
    """The target from below; exactly one of the two."""
    at_most: Number | None = None
    """The target from above."""
    over: Literal["cohort", "rolling"] = "cohort"
    """Judge each slice's own predictions, or the rolling window that ends with it."""
    window: Duration | None = None
    """The rolling window's length."""
    objective: OpenRatio
    """The share of slices that must be good."""
    period: Duration = timedelta(days=30)
    """What the error budget is for."""
    slice: Duration = timedelta(days=1)
    """What is judged good or bad at a time."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._exactly_one("at_least", "at_most")
        if (self.over == "rolling") != (self.window is not None):
            raise ValueError("must have a window when over is rolling, and only then")
        if self.slice >= self.period:
            raise ValueError("must have a slice shorter than its period")
        return self


class Pagerduty(_Part):
    """A PagerDuty service."""

    routing_key_file: SecretFile
    """The file, on Alertmanager's machine, that holds the integration key."""


class Slack(_Part):
    """A Slack channel."""

    channel: Text
    """Its name."""
    api_url_file: SecretFile
    """The file, on Alertmanager's machine, that holds the webhook's address."""


class Opsgenie(_Part):
    """An Opsgenie integration."""

    api_key_file: SecretFile
    """The file, on Alertmanager's machine, that holds the key."""


class Email(_Part):
    """A mailbox."""

    to: Text
    """The addresses, separated by commas."""


class Webhook(_Part):
    """Any HTTP receiver."""

    url: Url
    """Alertmanager's webhook JSON is posted here."""


_RECEIVERS: Final = ("pagerduty", "slack", "opsgenie", "email", "webhook")


class Receiver(_Part):
    """Where notifications go; at least one kind."""

    model_config = _alternatives("anyOf", *_RECEIVERS)

    pagerduty: Pagerduty | None = None
    """A PagerDuty service."""
    slack: Slack | None = None
    """A Slack channel."""
    opsgenie: Opsgenie | None = None
    """An Opsgenie integration."""
    email: Email | None = None
    """A mailbox."""
    webhook: Webhook | None = None
    """Any HTTP receiver."""
    hours: Hours | None = None
    """Notify only then, in the model's time zone; what fires outside is told when they begin."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(getattr(self, kind) for kind in _RECEIVERS):
            raise ValueError(f"must have at least one of {', '.join(_RECEIVERS)}")
        return self


def _at_any_hour(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"required": [kind]} for kind in _RECEIVERS]
    del schema["properties"]["hours"]


class Page(Receiver):
    """Where critical alerts go, at any hour; at least one kind."""

    model_config = ConfigDict(json_schema_extra=_at_any_hour)

    @model_validator(mode="after")
    def _always(self) -> Self:
        if self.hours is not None:
            raise ValueError("must not have hours: a page goes out at any hour")
        return self


class Argo(_Part):
    """An Argo Workflows server."""

    url: Url
    """Its address."""
    namespace: Name
    """The workflow's namespace."""
    event: Name
    """The event's discriminator."""
    template: Name
    """The WorkflowTemplate to start."""


class Retrain(_Part):
    """What starts a retraining."""

    argo: Argo
    """An Argo Workflows server."""


class FalseAlarms(_Part):
    """The false-alarm budget; `leeway backtest` solves the false-positive rate that keeps it."""

    pages_per_month: Positive
    """How many pages a month may be wrong."""
    tickets_per_month: Positive | None = None
    """How many tickets a month may be wrong; left out, twice as many."""

    @property
    def tickets(self) -> float:
        """`tickets_per_month`, or its default."""
        return self.tickets_per_month or 2 * self.pages_per_month


class Alerting(_Part):
    """Who hears of it."""

    page: Page | None = None
    """Critical alerts."""
    ticket: Receiver | None = None
    """Warnings."""
    retrain: Retrain | None = None
    """What starts a retraining."""
    windows: Annotated[tuple[Duration, ...], Field(min_length=1)] | None = None
    """The windows that alert; left out, those of at most a day, or the shortest."""
    false_alarms: FalseAlarms | None = None
    """The false-alarm budget."""


class Limits(_Part):
    """How much of what data bring is kept."""

    categories: Annotated[Count, Field(ge=1, le=10_000)] = 200
    """Categories of a feature, the reference's most frequent; the rest count together as new."""
    new_categories: Annotated[Count, Field(ge=0, le=100)] = 5
    """New categories of a feature that are named in a series."""
    versions: Annotated[Count, Field(ge=1, le=20)] = 5
    """Model versions in a window, the most frequent."""
    segments: Annotated[Count, Field(ge=1, le=1000)] = 20
    """Values of a segment."""
    columns: Annotated[Count, Field(ge=1, le=100_000)] = 2000
    """Features."""


class Refresh(_Part):
    """How often the exporter looks for new data."""

    interval: Duration = timedelta(minutes=5)
    """The time from one refresh to the next."""
    timeout: Duration = timedelta(minutes=30)
    """A refresh that takes longer is given up; what it has profiled is kept."""


class Body(_Part):
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
    slos: tuple[Slo, ...] = ()
    """Performance objectives."""
    alerting: Alerting = Alerting()
    """Who hears of it."""
    limits: Limits = Limits()
    """How much of what data bring is kept."""
    refresh: Refresh = Refresh()
    """How often the exporter looks for new data."""

    @property
    def labels_evaluated(self) -> bool:
        """Whether there are labels, and this release evaluates them."""
        evaluated = self.labels is not None and self.labels.source.bigquery is None
        return evaluated and self.task in _JUDGED and self.inference.columns.score is not None

    @property
    def alert_windows(self) -> tuple[timedelta, ...]:
        """`alerting.windows`, or its default: the windows of at most a day, or else the shortest."""
        short = tuple(window for window in self.windows if window <= timedelta(days=1))
        return self.alerting.windows or short or (min(self.windows),)


class ModelSpec(_Part):
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
        body["alerting"]["windows"] = [format_duration(window) for window in self.spec.alert_windows]
        return document

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when anything in the completed spec does."""
        text = json.dumps(self.as_arguments(), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
