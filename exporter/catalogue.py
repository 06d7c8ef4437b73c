"""The one vocabulary: every metric, label and alert name that Leeway speaks.

Python imports these constants, jsonnet receives `as_arguments()`, and a contract test finds any other spelling. Facts
about a model are `ml_*`, facts about the exporter are `leeway_*`; ratios run 0 to 1; base units only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal

# ------------------------------------------------------------------------------------------------ labels

MODEL: Final = "model"
VERSION: Final = "version"
WINDOW: Final = "window"
FEATURE: Final = "feature"
CATEGORY: Final = "category"
STREAM: Final = "stream"
STAGE: Final = "stage"
LABEL: Final = "label"
TEAM: Final = "team"
OWNER: Final = "owner"
TASK: Final = "task"
SPEC: Final = "spec"
SEASON: Final = "season"
LEVEL: Final = "level"
CLASS: Final = "class"
BUCKET: Final = "bucket"
LE: Final = "le"
"""The upper end of a histogram's bucket, as Prometheus itself calls it."""
PERCENTILE: Final = "percentile"
REASON: Final = "reason"

SEVERITY: Final = "severity"
LAYER: Final = "layer"
SLO: Final = "slo"

UNKNOWN_VERSION: Final = "unknown"
"""The `version` of rows that name none."""

INFERENCE: Final = "inference"
"""The `stream` of predictions, beside that of labels."""

TARGET_LABELS: Final = ("instance", "pod", "endpoint", "container", "job", "service", "namespace")
"""Labels that a scrape adds, and that a model's constant labels therefore may not use."""

REPLICA_LABELS: Final = ("instance", "pod", "endpoint", "container")
"""Labels in which two replicas of the exporter differ; rules aggregate them away and keep the rest."""

MAX_LABEL_BYTES: Final = 200
"""Label values that come from data are cut at this many bytes of UTF-8."""

# ------------------------------------------------------------------------------------------------ metrics


class Unit(StrEnum):
    """What a value is measured in, as panels need to know it."""

    RATIO = "ratio"  # 0 to 1
    NUMBER = "number"  # no unit
    DEVIATIONS = "deviations"  # reference standard deviations
    ROWS = "rows"
    SECONDS = "seconds"
    TIMESTAMP = "timestamp"  # seconds since the epoch
    BYTES = "bytes"
    FLAG = "flag"  # 0 or 1
    INFO = "info"  # always 1, the labels speak


@dataclass(frozen=True, slots=True)
class Metric:
    """One series family.

    `labels` are in the order in which samples give them; a model's constant labels come after them.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    unit: Unit
    kind: Literal["gauge", "counter", "gaugehistogram"] = "gauge"
    baseline: str = "the reference"
    """What the quantity is compared with, where that is not the reference."""

    @property
    def series(self) -> tuple[Metric, ...]:
        """What stands under the name: the metric itself, or the buckets, rows and sum of a histogram."""
        if self.kind != "gaugehistogram":
            return (self,)
        rows, total = (Metric(f"{self.name}{end}", self.help, self.labels, self.unit) for end in ("_gcount", "_gsum"))
        return (self.buckets, rows, total)

    @property
    def buckets(self) -> Metric:
        """The buckets of a histogram: rows at or below each end."""
        return Metric(f"{self.name}_bucket", self.help, (*self.labels, LE), self.unit)

    @property
    def key(self) -> str:
        """The name without its prefix: how Python's and jsonnet's tables know the metric."""
        return self.name.removeprefix("ml_").removeprefix("leeway_")

    def threshold(self) -> Metric:
        """The series that this one is compared with: equal labels, so the alert is `score > threshold`."""
        text = f"Value above which {self.name} alerts: the greatest of the spec's floor and the sampling noise."
        return Metric(f"{self.name}_threshold", text, self.labels, self.unit)

    def reference(self) -> Metric:
        """The same quantity in the reference."""
        text = f"{self.name} in {self.baseline}."
        return Metric(f"{self.name}_reference", text, self.labels, self.unit, self.kind)

    def interval(self) -> tuple[Metric, Metric]:
        """The two ends of its confidence interval."""
        text = f"end of the confidence interval of {self.name}, at 95 %."
        lower = Metric(f"{self.name}_ci_lower", f"Lower {text}", self.labels, self.unit)
        return lower, Metric(f"{self.name}_ci_upper", f"Upper {text}", self.labels, self.unit)


_FEATURE = (MODEL, VERSION, FEATURE, WINDOW)
_WINDOW = (MODEL, VERSION, WINDOW)

FEATURE_PSI = Metric(
    "ml_feature_psi",
    "Population stability index of a feature against its reference, in nats, nulls a cell of their own.",
    _FEATURE,
    Unit.NUMBER,
)
FEATURE_PSI_THRESHOLD = FEATURE_PSI.threshold()
FEATURE_JS_DISTANCE = Metric(
    "ml_feature_js_distance",
    "Jensen-Shannon distance (base 2, square root) of a feature to its reference.",
    _FEATURE,
    Unit.RATIO,
)
FEATURE_KS_STATISTIC = Metric(
    "ml_feature_ks_statistic",
    "Largest gap between the distribution functions of a numeric feature and its reference.",
    _FEATURE,
    Unit.RATIO,
)
FEATURE_WASSERSTEIN_DISTANCE = Metric(
    "ml_feature_wasserstein_distance",
    "Wasserstein-1 distance of a numeric feature to its reference, in reference standard deviations.",
    _FEATURE,
    Unit.DEVIATIONS,
)
FEATURE_MEAN = Metric("ml_feature_mean", "Mean of a numeric feature's finite values.", _FEATURE, Unit.NUMBER)
FEATURE_MEAN_REFERENCE = FEATURE_MEAN.reference()
FEATURE_MEAN_SHIFT = Metric(
    "ml_feature_mean_shift",
    "Mean of a numeric feature minus its reference's, in reference standard deviations.",
    _FEATURE,
    Unit.DEVIATIONS,
)
FEATURE_STDDEV_RATIO = Metric(
    "ml_feature_stddev_ratio",
    "Standard deviation of a numeric feature divided by its reference's.",
    _FEATURE,
    Unit.NUMBER,
)
FEATURE_CHI2_STATISTIC = Metric(
    "ml_feature_chi2_statistic",
    "Chi-squared statistic of a categorical feature's counts and its reference's, rare categories pooled.",
    _FEATURE,
    Unit.NUMBER,
)
FEATURE_CHI2_P_VALUE = Metric(
    "ml_feature_chi2_p_value",
    "P-value of the chi-squared test of homogeneity; for reading, not for alerting: any large window rejects.",
    _FEATURE,
    Unit.RATIO,
)
FEATURE_NEW_CATEGORY_RATIO = Metric(
    "ml_feature_new_category_ratio",
    "Share of a categorical feature's rows whose category the reference does not know.",
    _FEATURE,
    Unit.RATIO,
)
FEATURE_NEW_CATEGORY_RATIO_THRESHOLD = FEATURE_NEW_CATEGORY_RATIO.threshold()
FEATURE_NEW_CATEGORY_ROWS = Metric(
    "ml_feature_new_category_rows",
    "Rows of one category that the reference does not know; the most frequent only.",
    (MODEL, VERSION, FEATURE, CATEGORY, WINDOW),
    Unit.ROWS,
)
FEATURE_NULL_RATIO = Metric(
    "ml_feature_null_ratio", "Share of a feature's rows that are null or NaN.", _FEATURE, Unit.RATIO
)
FEATURE_NULL_RATIO_REFERENCE = FEATURE_NULL_RATIO.reference()
FEATURE_NULL_RATIO_THRESHOLD = FEATURE_NULL_RATIO.threshold()
FEATURE_OUT_OF_RANGE_RATIO = Metric(
    "ml_feature_out_of_range_ratio",
    "Share of a numeric feature's values outside the reference's range, infinities included.",
    _FEATURE,
    Unit.RATIO,
)
FEATURE_OUT_OF_RANGE_RATIO_REFERENCE = FEATURE_OUT_OF_RANGE_RATIO.reference()
FEATURE_ROWS = Metric("ml_feature_rows", "Rows in which a feature was present, nulls included.", _FEATURE, Unit.ROWS)
FEATURE_DRIFTED = Metric(
    "ml_feature_drifted", "1 when the feature's drift is above its threshold, else 0.", _FEATURE, Unit.FLAG
)

DATA_DRIFT_SHARE = Metric(
    "ml_data_drift_share",
    "Share of the features that have drifted, weighted by importance.",
    _WINDOW,
    Unit.RATIO,
)
DATA_DRIFT_SHARE_THRESHOLD = DATA_DRIFT_SHARE.threshold()

PREDICTION_MEAN = Metric("ml_prediction_mean", "Mean of the model's score.", _WINDOW, Unit.NUMBER)
PREDICTION_MEAN_REFERENCE = PREDICTION_MEAN.reference()
PREDICTION_MEAN_SHIFT = Metric(
    "ml_prediction_mean_shift",
    "Distance of the mean score from the reference's, in reference standard deviations; never negative.",
    _WINDOW,
    Unit.DEVIATIONS,
)
PREDICTION_MEAN_SHIFT_THRESHOLD = PREDICTION_MEAN_SHIFT.threshold()
PREDICTION_PSI = Metric(
    "ml_prediction_psi",
    "Population stability index of the model's score against its reference, in nats, nulls a cell of their own.",
    _WINDOW,
    Unit.NUMBER,
)
PREDICTION_PSI_THRESHOLD = PREDICTION_PSI.threshold()
PREDICTION_SCORE = Metric(
    "ml_prediction_score",
    "Rows by their score: how many are at or below each end, a distribution of the window and not a count that grows.",
    _WINDOW,
    Unit.ROWS,
    "gaugehistogram",
)
PREDICTION_SCORE_REFERENCE = replace(
    PREDICTION_SCORE.reference(),
    help="The reference's rows by their score, scaled to as many as the window has, in whole rows.",
)
PREDICTION_CLASS_RATIO = Metric(
    "ml_prediction_class_ratio",
    "Share of a classifier's answers that are of a class, rows without an answer counted in the whole.",
    (MODEL, VERSION, CLASS, WINDOW),
    Unit.RATIO,
)
PREDICTION_CLASS_RATIO_REFERENCE = PREDICTION_CLASS_RATIO.reference()
PREDICTION_CLASS_PSI = Metric(
    "ml_prediction_class_psi",
    "Population stability index of a classifier's answers against its reference, in nats, nulls a cell of their own.",
    _WINDOW,
    Unit.NUMBER,
)
PREDICTION_CLASS_PSI_THRESHOLD = PREDICTION_CLASS_PSI.threshold()
PREDICTION_CONFIDENCE_RATIO = Metric(
    "ml_prediction_confidence_ratio",
    "Share of a classifier's scores whose confidence is in a bucket: max(p, 1 - p) of two classes, else the score.",
    (MODEL, VERSION, BUCKET, WINDOW),
    Unit.RATIO,
)
PREDICTION_CONFIDENCE_RATIO_REFERENCE = PREDICTION_CONFIDENCE_RATIO.reference()
PREDICTION_CONFIDENCE_PSI = Metric(
    "ml_prediction_confidence_psi",
    "Population stability index of a classifier's confidence, between its buckets, in nats, nulls a cell of their own.",
    _WINDOW,
    Unit.NUMBER,
)
PREDICTION_CONFIDENCE_PSI_THRESHOLD = PREDICTION_CONFIDENCE_PSI.threshold()

LABEL_ROWS = Metric("ml_label_rows", "Mature predictions of a window that have a label.", _WINDOW, Unit.ROWS)
LABEL_COVERAGE_RATIO = Metric(
    "ml_label_coverage_ratio", "Share of a window's mature predictions that have a label.", _WINDOW, Unit.RATIO
)
LABEL_DELAY_SECONDS = Metric(
    "ml_label_delay_seconds",
    "Time from a prediction to its newest label, of a window's mature predictions that have one.",
    (MODEL, WINDOW, PERCENTILE),
    Unit.SECONDS,
)
LABEL_ODD_ROWS = Metric(
    "ml_label_odd_rows",
    "Rows of the label log, and predictions, that a label cannot be taken from or joined to as they should be.",
    (MODEL, REASON),
    Unit.ROWS,
)

AUROC = Metric(
    "ml_auroc", "Area under the ROC curve: how often a positive scored above a negative.", _WINDOW, Unit.RATIO
)
AUROC_CI_LOWER, AUROC_CI_UPPER = AUROC.interval()
F1_SCORE = Metric("ml_f1_score", "Harmonic mean of precision and recall at labels.threshold.", _WINDOW, Unit.RATIO)
F1_SCORE_CI_LOWER, F1_SCORE_CI_UPPER = F1_SCORE.interval()
PRECISION = Metric(
    "ml_precision", "Share of positives among the predictions at or above labels.threshold.", _WINDOW, Unit.RATIO
)
PRECISION_CI_LOWER, PRECISION_CI_UPPER = PRECISION.interval()
RECALL = Metric("ml_recall", "Share of the positives that scored at or above labels.threshold.", _WINDOW, Unit.RATIO)
RECALL_CI_LOWER, RECALL_CI_UPPER = RECALL.interval()
ACCURACY = Metric("ml_accuracy", "Share of the decisions at labels.threshold that were right.", _WINDOW, Unit.RATIO)
ACCURACY_CI_LOWER, ACCURACY_CI_UPPER = ACCURACY.interval()
LOG_LOSS = Metric("ml_log_loss", "Mean log loss of the scores as probabilities, in nats.", _WINDOW, Unit.NUMBER)
LOG_LOSS_CI_LOWER, LOG_LOSS_CI_UPPER = LOG_LOSS.interval()
BRIER_SCORE = Metric(
    "ml_brier_score", "Mean squared distance of the scores, as probabilities, from what came true.", _WINDOW, Unit.RATIO
)
BRIER_SCORE_CI_LOWER, BRIER_SCORE_CI_UPPER = BRIER_SCORE.interval()
CALIBRATION_ERROR = Metric(
    "ml_calibration_error",
    "Mean absolute gap between predicted and observed share of positives, in ten bins of equal mass.",
    _WINDOW,
    Unit.RATIO,
)
CALIBRATION_ERROR_THRESHOLD = CALIBRATION_ERROR.threshold()
CALIBRATION_ERROR_DEBIASED = Metric(
    "ml_calibration_error_debiased",
    "Root mean square of these gaps without what the noise of few labels adds to it.",
    _WINDOW,
    Unit.RATIO,
)
RMSE = Metric("ml_rmse", "Root of the mean squared error of a regression, in the data's units.", _WINDOW, Unit.NUMBER)
RMSE_CI_LOWER, RMSE_CI_UPPER = RMSE.interval()
MAE = Metric("ml_mae", "Mean absolute error of a regression, in the data's units.", _WINDOW, Unit.NUMBER)
MAE_CI_LOWER, MAE_CI_UPPER = MAE.interval()

WINDOW_ROWS = Metric(
    "ml_window_rows",
    "Rows read into a window, all versions together.",
    (MODEL, STREAM, WINDOW),
    Unit.ROWS,
    baseline="the same hours of past weeks: what is usual",
)
WINDOW_ROWS_REFERENCE = WINDOW_ROWS.reference()
TRAFFIC_FACTOR = Metric(
    "ml_traffic_factor",
    "How many times more or fewer rows a window has than the same hours of past weeks; 2 is twice or half as many.",
    (MODEL, WINDOW),
    Unit.NUMBER,
)
TRAFFIC_FACTOR_THRESHOLD = TRAFFIC_FACTOR.threshold()
VERSION_ROWS = Metric("ml_version_rows", "Rows of one model version in a window.", _WINDOW, Unit.ROWS)
WINDOW_END_TIMESTAMP_SECONDS = Metric(
    "ml_window_end_timestamp_seconds",
    "End of the newest window evaluated; the exporter refreshes on its own schedule, so judge age by this.",
    (MODEL, STREAM, WINDOW),
    Unit.TIMESTAMP,
)
WINDOW_DAY_OF_WEEK = Metric(
    "ml_window_day_of_week",
    "Weekday on which the newest window ends, in the model's own time zone, 0 is Sunday; a holiday has that of the day"
    " it counts as.",
    (MODEL, STREAM, WINDOW),
    Unit.NUMBER,
)
MODEL_INFO = Metric(
    "ml_model_info",
    "Always 1: team, owner, task and the fingerprint of the spec in force.",
    (MODEL, TEAM, OWNER, TASK, SPEC),
    Unit.INFO,
)

CALENDAR_DAY_OF_WEEK = Metric(
    "ml_calendar_day_of_week",
    "Weekday in the model's own time zone, 0 is Sunday; a holiday has that of the day it falls on.",
    (MODEL,),
    Unit.NUMBER,
)
CALENDAR_HOUR = Metric("ml_calendar_hour", "Hour of the day in the model's own time zone.", (MODEL,), Unit.NUMBER)
CALENDAR_HOLIDAY = Metric("ml_calendar_holiday", "1 on a holiday of the model's calendar, else 0.", (MODEL,), Unit.FLAG)
CALENDAR_UTC_OFFSET_SECONDS = Metric(
    "ml_calendar_utc_offset_seconds",
    "How far the model's own clock is ahead of UTC; negative west of Greenwich.",
    (MODEL,),
    Unit.SECONDS,
)
SEASON_INFO = Metric(
    "ml_season_info",
    "Always 1: the season that the newest hour is compared with, and how fine the reference could make it.",
    (MODEL, SEASON, LEVEL),
    Unit.INFO,
)

BUILD_INFO = Metric("leeway_build_info", "Always 1: the exporter's version.", (VERSION,), Unit.INFO)
REFRESH_SUCCESS = Metric(
    "leeway_refresh_success", "1 when the model's last refresh went through, else 0.", (MODEL,), Unit.FLAG
)
REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS = Metric(
    "leeway_refresh_last_success_timestamp_seconds",
    "When the model was last refreshed without failure.",
    (MODEL,),
    Unit.TIMESTAMP,
)
REFRESH_DURATION_SECONDS = Metric(
    "leeway_refresh_duration_seconds", "How long the model's last refresh took.", (MODEL,), Unit.SECONDS
)
REFRESH_FAILURES_TOTAL = Metric(
    "leeway_refresh_failures_total",
    "Failures by stage: list, read, column, reference, evaluate, store.",
    (MODEL, STAGE),
    Unit.NUMBER,
    "counter",
)
SOURCE_REQUESTS_TOTAL = Metric(
    "leeway_source_requests_total",
    "Calls to a source: listings and partition reads.",
    (MODEL, STREAM),
    Unit.NUMBER,
    "counter",
)
SOURCE_READ_BYTES_TOTAL = Metric(
    "leeway_source_read_bytes_total",
    "Size of what was read, as stored; of objects of which only the rows are counted, nothing.",
    (MODEL, STREAM),
    Unit.BYTES,
    "counter",
)
SOURCE_BILLED_BYTES_TOTAL = Metric(
    "leeway_source_billed_bytes_total",
    "Bytes that the store charges the source's queries for; absent where reading costs nothing by the byte.",
    (MODEL, STREAM),
    Unit.BYTES,
    "counter",
)
PROFILES_BUILT_TOTAL = Metric(
    "leeway_profiles_built_total", "Partitions read and profiled.", (MODEL, STREAM), Unit.NUMBER, "counter"
)
PROFILES_REUSED_TOTAL = Metric(
    "leeway_profiles_reused_total",
    "Partitions whose profile was already known and that were not read.",
    (MODEL, STREAM),
    Unit.NUMBER,
    "counter",
)
SERIES_LIMITED = Metric(
    "leeway_series_limited",
    "Values of a label that are not exposed because the spec's limit was reached.",
    (MODEL, LABEL),
    Unit.NUMBER,
)
SPEC_RELOAD_SUCCESS = Metric(
    "leeway_spec_reload_success", "1 when the specs were last loaded without error, else 0.", (), Unit.FLAG
)
SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS = Metric(
    "leeway_spec_reload_success_timestamp_seconds",
    "When the specs were last loaded without error.",
    (),
    Unit.TIMESTAMP,
)

METRICS: Final[tuple[Metric, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""Every metric, in the order in which it stands above."""

# ------------------------------------------------------------------------------------------------ alerts


class Severity(StrEnum):
    """How loud an alert is."""

    CRITICAL = "critical"  # a page, at any hour
    WARNING = "warning"  # a ticket, in the team's hours
    INFO = "info"  # for reading


class Layer(StrEnum):
    """What an alert is about, from cause to consequence: an earlier layer inhibits a later one of the same model."""

    EXPORTER = "exporter"
    FRESHNESS = "freshness"
    TRAFFIC = "traffic"
    QUALITY = "quality"
    DATASET = "dataset"
    FEATURE = "feature"
    SCORE = "score"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: a name belongs to one severity, since a stock Prometheus stack inhibits by alert name.

    `metric` is the gauge that it reads and whose panel shows the cause.
    """

    name: str
    severity: Severity
    layer: Layer
    metric: Metric

    @property
    def key(self) -> str:
        """The name in snake case, without its prefix: `MLDataDriftHigh` is `data_drift_high`."""
        stem = self.name.removeprefix("ML").removeprefix("Leeway")
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem).lstrip("_")


EXPORTER_DOWN = Alert("LeewayExporterDown", Severity.CRITICAL, Layer.EXPORTER, MODEL_INFO)
REFRESH_FAILING = Alert("LeewayRefreshFailing", Severity.WARNING, Layer.EXPORTER, REFRESH_SUCCESS)
SPEC_MISMATCH = Alert("LeewaySpecMismatch", Severity.WARNING, Layer.EXPORTER, MODEL_INFO)
SERIES_LIMITED_ALERT = Alert("LeewaySeriesLimited", Severity.INFO, Layer.EXPORTER, SERIES_LIMITED)
WINDOW_STALE = Alert("LeewayWindowStale", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_END_TIMESTAMP_SECONDS)
INFERENCE_LOGS_MISSING = Alert("MLInferenceLogsMissing", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_ROWS)
TRAFFIC_UNUSUAL = Alert("MLTrafficUnusual", Severity.WARNING, Layer.TRAFFIC, TRAFFIC_FACTOR)
FEATURE_NULLS_HIGH = Alert("MLFeatureNullsHigh", Severity.WARNING, Layer.QUALITY, FEATURE_NULL_RATIO)
NEW_CATEGORIES = Alert("MLNewCategories", Severity.WARNING, Layer.QUALITY, FEATURE_NEW_CATEGORY_RATIO)
DATA_DRIFT_HIGH = Alert("MLDataDriftHigh", Severity.CRITICAL, Layer.DATASET, DATA_DRIFT_SHARE)
FEATURE_DRIFT_HIGH = Alert("MLFeatureDriftHigh", Severity.WARNING, Layer.FEATURE, FEATURE_PSI)
PREDICTION_SCORE_SHIFT = Alert("MLPredictionScoreShift", Severity.CRITICAL, Layer.SCORE, PREDICTION_MEAN_SHIFT)
PREDICTION_DISTRIBUTION_SHIFT = Alert("MLPredictionDistributionShift", Severity.WARNING, Layer.SCORE, PREDICTION_PSI)
PREDICTION_CLASS_SHIFT = Alert("MLPredictionClassShift", Severity.WARNING, Layer.SCORE, PREDICTION_CLASS_PSI)
CONFIDENCE_SHIFT = Alert("MLConfidenceShift", Severity.WARNING, Layer.SCORE, PREDICTION_CONFIDENCE_PSI)
CALIBRATION_POOR = Alert("MLCalibrationPoor", Severity.WARNING, Layer.PERFORMANCE, CALIBRATION_ERROR)

ALERTS: Final[tuple[Alert, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Alert))
"""Every alert, from the cause's layer to the consequence's."""


def as_arguments() -> dict[str, Any]:
    """The vocabulary as plain data, for jsonnet: `catalogue.metrics.feature_psi.name`, never a literal."""
    return {
        "metrics": {
            metric.key: {"name": metric.name, "labels": list(metric.labels), "unit": metric.unit.value}
            for metric in METRICS
        },
        "labels": {
            label: label
            for label in sorted({name for metric in METRICS for name in metric.labels} | {SEVERITY, LAYER, SLO})
        },
        "alerts": {
            alert.key: {
                "name": alert.name,
                "severity": alert.severity.value,
                "layer": alert.layer.value,
                "metric": alert.metric.key,
            }
            for alert in ALERTS
        },
        "layers": [layer.value for layer in Layer],
        "severities": [severity.value for severity in Severity],
        "replica_labels": list(REPLICA_LABELS),
        "streams": {INFERENCE: INFERENCE},
    }
