"""The names of every metric, label and alert of Leeway.

Python imports these constants and jsonnet receives `as_arguments()`; a contract test rejects any other spelling. Facts
about a model are `ml_*`, facts about the exporter are `leeway_*`. Ratios run 0 to 1; units are base units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal

# ------------------------------------------------------------------------------------------------ labels

MODEL: Final = "model"
VERSION: Final = "version"
ROLE: Final = "role"
"""The role in which a version serves, such as champion; absent where the log names none."""
SEGMENT: Final = "segment"
"""A column and its value, such as `country_code=US`; absent for all rows together."""
WINDOW: Final = "window"
FEATURE: Final = "feature"
COLUMN: Final = "column"
"""A column of the inference log that the spec names: a feature, the score, the version, an id."""
PART: Final = "part"
"""A part of the inference log without which a version cannot be monitored: `FEATURES` or `SCORES`."""
CATEGORY: Final = "category"
STREAM: Final = "stream"
STAGE: Final = "stage"
FILE: Final = "file"
"""The name of a spec's file, without its folder: equal on every replica."""
LABEL: Final = "label"
TEAM: Final = "team"
OWNER: Final = "owner"
TASK: Final = "task"
SPEC: Final = "spec"
SEASON: Final = "season"
LEVEL: Final = "level"
CLASS: Final = "class"
BUCKET: Final = "bucket"
BIN: Final = "bin"
"""A bin of values. Its name starts with a number, so that names sort in the order of the bins."""
LE: Final = "le"
"""The upper end of a histogram's bucket, as in Prometheus."""
PERCENTILE: Final = "percentile"
REASON: Final = "reason"
PROXY: Final = "proxy"


class Broken(StrEnum):
    """How a feature is broken: the `reason` of `ml_feature_broken`."""

    NONE = "none"  # it is not
    NULLS = "nulls"  # every value is missing
    CONSTANT = "constant"  # every value is the same
    SCALE = "scale"  # values are at least ten times larger or smaller: another unit
    CATEGORIES = "categories"  # most rows have a category that the reference does not have
    DISTRIBUTION = "distribution"  # the PSI is 1 or more


class Change(StrEnum):
    """The kinds of change of a feature, as every notification words them."""

    NULLS = "every value is missing"
    CONSTANT = "every value is the same, as from a frozen source"
    SCALE = "all values are multiplied alike, as by a change of unit"
    CATEGORIES = "most values are new categories"
    MORE_NULLS = "more values are missing than in the reference"
    SHIFTED = "all values have shifted, their spread is as before"
    WIDER = "values spread further"
    NARROWER = "values spread less"
    MIX = "the mix of values is another one"


LABELLED_CLASS: Final = "labelled class"
"""The `label` of `leeway_series_limited` for classes with performance; `class` is for classes that are returned."""
DECISION: Final = "decision"
METRIC: Final = "metric"
"""The performance metric that a value is about, such as auroc: its key in the catalogue."""

SEVERITY: Final = "severity"
LAYER: Final = "layer"
SLO: Final = "slo"

UNKNOWN_VERSION: Final = "unknown"
"""The `version` of rows without one."""

CHAMPION: Final = "champion"
"""The `role` of a version that serves, where the log names it so."""
CHALLENGER: Final = "challenger"
"""The `role` of a version that serves nobody; alerts ignore it."""

FAILED: Final = "failed"
"""The `decision` of the hook when the retraining target refused."""
NO_ANSWER: Final = "no_answer"
"""The `decision` of the hook when Prometheus did not answer."""

FEATURES: Final = "features"
SCORES: Final = "scores"
"""The values of `PART`."""

INFERENCE: Final = "inference"
"""The `stream` of predictions."""
LABEL_LOG: Final = "labels"
"""The `stream` of labels."""

TARGET_LABELS: Final = ("instance", "pod", "endpoint", "container", "job", "service", "namespace")
"""Labels that a scrape adds; a model's constant labels may not use them."""

REPLICA_LABELS: Final = ("instance", "pod", "endpoint", "container")
"""Labels in which two replicas of the exporter differ; rules aggregate them away and keep the rest."""

MAX_LABEL_BYTES: Final = 200
"""Label values that come from data are cut at this many bytes of UTF-8."""


def label_value(text: str) -> str:
    """Return a text of at most `MAX_LABEL_BYTES` in UTF-8; a character that is cut in two is dropped."""
    return text.encode("utf-8", "replace")[:MAX_LABEL_BYTES].decode("utf-8", "ignore")


# ------------------------------------------------------------------------------------------------ metrics


class Unit(StrEnum):
    """The unit of a metric's values, from which panels choose a format."""

    RATIO = "ratio"  # 0 to 1, a part of a whole
    SCORE = "score"  # 0 to 1, written as a decimal number
    NUMBER = "number"  # no unit
    DEVIATIONS = "deviations"  # reference standard deviations
    ROWS = "rows"
    SECONDS = "seconds"
    TIMESTAMP = "timestamp"  # seconds since the epoch
    BYTES = "bytes"
    FLAG = "flag"  # 0 or 1
    INFO = "info"  # always 1, the labels hold the information


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric family.

    `labels` are in the order in which samples give them; a model's constant labels come after them.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    unit: Unit
    kind: Literal["gauge", "counter", "gaugehistogram"] = "gauge"
    baseline: str = "the reference"
    """What `reference()` measures, where that is not the reference."""
    limit: str = "the greater of the spec's floor and the sampling noise"
    """How the threshold is computed, if there is one."""
    alerts_below: bool = False
    """Whether values below the threshold alert, rather than values above it."""

    @property
    def series(self) -> tuple[Metric, ...]:
        """The series of the family: the metric itself, or the buckets, rows and sum of a histogram."""
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
        """The name without its prefix: the key of the metric in the tables of Python and jsonnet."""
        return self.name.removeprefix("ml_").removeprefix("leeway_")

    def threshold(self) -> Metric:
        """The series that this one is compared with. Its labels are equal, so the alert is `score > threshold`."""
        text = f"Value above which {self.name} alerts: {self.limit}."
        if self.alerts_below:
            text = f"Value below which {self.name} alerts: {self.limit}."
        return Metric(f"{self.name}_threshold", text, self.labels, self.unit)

    def reference(self) -> Metric:
        """The same quantity in the reference."""
        text = f"{self.name} in {self.baseline}."
        return Metric(f"{self.name}_reference", text, self.labels, self.unit, self.kind)

    def provisional(self) -> Metric:
        """The same quantity of the newest predictions, while labels are still arriving."""
        text = f"{self.name} of the newest predictions: each label so far is weighted by the predictions it represents."
        return self._of_the_whole("provisional", text)

    def estimated(self) -> Metric:
        """The same quantity of the newest predictions, estimated without labels."""
        text = f"{self.name} expected of the newest predictions, if scores mean the same as in the reference."
        return self._of_the_whole("estimated", text)

    def estimated_gap(self) -> Metric:
        """The error of such an estimate."""
        text = f"Estimated {self.name} of mature predictions minus the one that their labels give."
        return self._of_the_whole("estimated_gap", text)

    def _of_the_whole(self, suffix: str, text: str) -> Metric:
        labels = tuple(label for label in self.labels if label != SEGMENT)
        return Metric(f"{self.name}_{suffix}", text, labels, self.unit)

    def interval(self) -> tuple[Metric, Metric]:
        """The two ends of its confidence interval."""
        text = f"end of the 95 % confidence interval of {self.name}."
        lower = Metric(f"{self.name}_ci_lower", f"Lower {text}", self.labels, self.unit)
        return lower, Metric(f"{self.name}_ci_upper", f"Upper {text}", self.labels, self.unit)


class _Labels(tuple[str, ...]):
    """The labels that several metrics share, with a method for each unit: a gauge from its name and help."""

    __slots__ = ()

    def ratio(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.RATIO)

    def score(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.SCORE)

    def number(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.NUMBER)

    def deviations(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.DEVIATIONS)

    def rows(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.ROWS)

    def seconds(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.SECONDS)

    def timestamp(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.TIMESTAMP)

    def flag(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.FLAG)

    def info(self, name: str, text: str) -> Metric:
        return Metric(name, text, self, Unit.INFO)

    def counter(self, name: str, text: str, unit: Unit = Unit.NUMBER) -> Metric:
        return Metric(name, text, self, unit, "counter")


_MODEL = _Labels((MODEL,))
_WHOLE = _Labels((MODEL, VERSION, WINDOW, ROLE))
"""All rows of a version in a role."""
_GROUP = _Labels((*_WHOLE, SEGMENT))
"""These rows, or those of one of their segments."""
_FEATURE_WHOLE = _Labels((MODEL, VERSION, FEATURE, WINDOW, ROLE))
_FEATURE = _Labels((*_FEATURE_WHOLE, SEGMENT))
_BROKEN = _Labels((MODEL, VERSION, FEATURE, REASON, WINDOW, ROLE))
_COLUMN = _Labels((MODEL, VERSION, COLUMN, WINDOW, ROLE))
_PART = _Labels((MODEL, VERSION, PART, WINDOW, ROLE))
_CATEGORY = _Labels((MODEL, VERSION, FEATURE, CATEGORY, WINDOW, ROLE))
_ACCEPTED = _Labels((MODEL, FEATURE, CATEGORY, REASON))
_PAST_FEATURE = _Labels((MODEL, VERSION, FEATURE, ROLE))
"""A feature, remembered over the longest window."""
_PAST_CATEGORY = _Labels((MODEL, VERSION, FEATURE, CATEGORY, ROLE))
_FEATURE_BIN = _Labels((MODEL, VERSION, FEATURE, BIN, WINDOW, ROLE))
_CLASS = _Labels((MODEL, VERSION, CLASS, WINDOW, ROLE))
_METRIC = _Labels((MODEL, VERSION, METRIC, WINDOW, ROLE))
_BUCKET = _Labels((MODEL, VERSION, BUCKET, WINDOW, ROLE))
_BIN = _Labels((MODEL, VERSION, BIN, WINDOW, ROLE))
_SLO = _Labels((MODEL, SLO))
_SLO_VERSION = _Labels((MODEL, VERSION, SLO))
_SLO_WINDOW = _Labels((MODEL, VERSION, SLO, WINDOW))
_STREAM = _Labels((MODEL, STREAM))
_STREAM_WINDOW = _Labels((MODEL, STREAM, WINDOW))
_PROXY = _Labels((MODEL, PROXY, WINDOW))

COLUMN_READABLE_RATIO = replace(
    _COLUMN.ratio(
        "ml_column_readable_ratio",
        "Share of the rows whose files have a column of the spec with a usable type; 0 of a feature without reference.",
    ),
    limit="the spec's thresholds.column_readable",
    alerts_below=True,
)
COLUMN_READABLE_RATIO_THRESHOLD = COLUMN_READABLE_RATIO.threshold()
DATA_READABLE_RATIO = replace(
    _PART.ratio(
        "ml_data_readable_ratio",
        "Share of the features that can be read, weighted by importance; of the scores, share of the rows.",
    ),
    limit="one half of the features; of the scores, the spec's thresholds.column_readable",
    alerts_below=True,
)
DATA_READABLE_RATIO_THRESHOLD = DATA_READABLE_RATIO.threshold()

FEATURE_PSI = _FEATURE.number(
    "ml_feature_psi",
    "Population stability index of a feature against its reference, in nats; nulls are a cell of their own.",
)
FEATURE_PSI_THRESHOLD = FEATURE_PSI.threshold()
FEATURE_DETECTABLE_SHIFT = _FEATURE_WHOLE.deviations(
    "ml_feature_detectable_shift",
    "Least shift of a feature that would raise its PSI above the threshold in this window, in reference standard "
    "deviations, at most 10; of categories, the shift of a normal feature with the same PSI.",
)
FEATURE_JS_DISTANCE = _FEATURE.score(
    "ml_feature_js_distance", "Jensen-Shannon distance (square root, base 2) between a feature and its reference."
)
FEATURE_KS_STATISTIC = _FEATURE_WHOLE.score(
    "ml_feature_ks_statistic", "Largest gap between the distribution functions of a numeric feature and its reference."
)
FEATURE_WASSERSTEIN_DISTANCE = _FEATURE_WHOLE.deviations(
    "ml_feature_wasserstein_distance",
    "Wasserstein-1 distance between a numeric feature and its reference, in reference standard deviations.",
)
FEATURE_MEAN = _FEATURE.number("ml_feature_mean", "Mean of a numeric feature's finite values.")
FEATURE_MEAN_REFERENCE = FEATURE_MEAN.reference()
FEATURE_MEAN_SHIFT = _FEATURE.deviations(
    "ml_feature_mean_shift", "Mean of a numeric feature minus that of its reference, in reference standard deviations."
)
FEATURE_STDDEV_RATIO = _FEATURE.number(
    "ml_feature_stddev_ratio", "Standard deviation of a numeric feature divided by that of its reference."
)
FEATURE_SCALE_FACTOR = _FEATURE_WHOLE.number(
    "ml_feature_scale_factor",
    "Least factor by which all quartiles of a numeric feature's magnitudes, zeros left out, differ from the reference.",
)
FEATURE_CHI2_STATISTIC = _FEATURE.number(
    "ml_feature_chi2_statistic",
    "Chi-squared statistic of a categorical feature against its reference; rare categories are pooled.",
)
FEATURE_CHI2_P_VALUE = _FEATURE.score(
    "ml_feature_chi2_p_value",
    "P-value of the chi-squared test of homogeneity; not for alerts, since any large window rejects.",
)
FEATURE_NEW_CATEGORY_RATIO = _FEATURE.ratio(
    "ml_feature_new_category_ratio", "Share of a categorical feature's rows whose category is not in the reference."
)
FEATURE_NEW_CATEGORY_PEAK_RATIO = replace(
    _PAST_FEATURE.ratio(
        "ml_feature_new_category_peak_ratio",
        "Share of rows with a new category in that stretch of the last week that is furthest above its threshold:"
        " of the length of a window that alerts, or of the longest window.",
    ),
    limit="the greater of the spec's floor, ten rows and the sampling noise of that stretch",
)
FEATURE_NEW_CATEGORY_PEAK_RATIO_THRESHOLD = FEATURE_NEW_CATEGORY_PEAK_RATIO.threshold()
FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS = _PAST_CATEGORY.timestamp(
    "ml_feature_new_category_first_seen_timestamp_seconds",
    "Start of the first partition of the longest window that has a category that is not in the reference.",
)
FEATURE_NEW_CATEGORY_ROWS = _CATEGORY.rows(
    "ml_feature_new_category_rows", "Rows of a category that is not in the reference; only the most frequent of these."
)
FEATURE_NULL_RATIO = _FEATURE.ratio("ml_feature_null_ratio", "Share of a feature's rows that are null or NaN.")
FEATURE_NULL_RATIO_REFERENCE = FEATURE_NULL_RATIO.reference()
FEATURE_NULL_RATIO_THRESHOLD = FEATURE_NULL_RATIO.threshold()
FEATURE_OUT_OF_RANGE_RATIO = _FEATURE.ratio(
    "ml_feature_out_of_range_ratio",
    "Share of a numeric feature's values outside the reference's range, infinities included.",
)
FEATURE_OUT_OF_RANGE_RATIO_REFERENCE = FEATURE_OUT_OF_RANGE_RATIO.reference()
FEATURE_ROWS = _FEATURE.rows("ml_feature_rows", "Rows in which a feature is present, nulls included.")
FEATURE_DRIFTED = _FEATURE.flag("ml_feature_drifted", "1 when the feature's PSI is above its threshold, else 0.")

FEATURE_BROKEN = _BROKEN.flag(
    "ml_feature_broken",
    "1 when a feature alone deserves a page, with the reason: nulls, constant, scale, categories, distribution; else 0,"
    " with the reason none.",
)

FEATURE_ACCEPTED_TIMESTAMP_SECONDS = _ACCEPTED.timestamp(
    "ml_feature_accepted_timestamp_seconds",
    "First day of a change that the spec accepts, with the reason that it gives: of a new category, or of (all).",
)

FEATURE_BIN_RATIO = _FEATURE_BIN.ratio(
    "ml_feature_bin_ratio",
    "Share of a feature's rows in one of the cells of its PSI; only for the features that drifted most.",
)
FEATURE_BIN_RATIO_REFERENCE = FEATURE_BIN_RATIO.reference()

DATA_DRIFT_SHARE = _GROUP.ratio(
    "ml_data_drift_share",
    "Share of the features that have drifted with a PSI above the spec's page_psi, are broken or can no longer be read,"
    " weighted by importance.",
)
DATA_DRIFT_SHARE_THRESHOLD = DATA_DRIFT_SHARE.threshold()

PREDICTION_MEAN = _GROUP.number("ml_prediction_mean", "Mean of the model's score.")
PREDICTION_MEAN_REFERENCE = PREDICTION_MEAN.reference()
PREDICTION_MEAN_SHIFT = _GROUP.deviations(
    "ml_prediction_mean_shift", "Absolute shift of the mean score from the reference, in reference standard deviations."
)
PREDICTION_MEAN_SHIFT_THRESHOLD = PREDICTION_MEAN_SHIFT.threshold()
PREDICTION_PSI = _GROUP.number(
    "ml_prediction_psi",
    "Population stability index of the model's score against its reference, in nats; nulls are a cell of their own.",
)
PREDICTION_PSI_THRESHOLD = PREDICTION_PSI.threshold()
PREDICTION_SCORE = Metric(
    "ml_prediction_score",
    "Rows of the window by score: how many are at or below each end. It is not a counter and may fall.",
    _WHOLE,
    Unit.ROWS,
    "gaugehistogram",
)
PREDICTION_SCORE_REFERENCE = replace(
    PREDICTION_SCORE.reference(),
    help="Rows of the reference by score, scaled to the window's number of rows, in whole rows.",
)
PREDICTION_CLASS_RATIO = _CLASS.ratio(
    "ml_prediction_class_ratio",
    "Share of all rows, with or without a class, in which the classifier returned the class.",
)
PREDICTION_CLASS_RATIO_REFERENCE = PREDICTION_CLASS_RATIO.reference()
PREDICTION_CLASS_PSI = _GROUP.number(
    "ml_prediction_class_psi",
    "Population stability index of the returned classes against the reference, in nats; nulls are a cell of their own.",
)
PREDICTION_CLASS_PSI_THRESHOLD = PREDICTION_CLASS_PSI.threshold()
PREDICTION_CONFIDENCE_RATIO = _BUCKET.ratio(
    "ml_prediction_confidence_ratio",
    "Share of a classifier's scores with a confidence in the bucket: max(p, 1 - p) for two classes, else the score.",
)
PREDICTION_CONFIDENCE_RATIO_REFERENCE = PREDICTION_CONFIDENCE_RATIO.reference()
PREDICTION_CONFIDENCE_PSI = _GROUP.number(
    "ml_prediction_confidence_psi",
    "Population stability index of a classifier's confidence over its buckets, in nats; nulls are a cell of their own.",
)
PREDICTION_CONFIDENCE_PSI_THRESHOLD = PREDICTION_CONFIDENCE_PSI.threshold()

SEGMENT_DRIFT = replace(
    _GROUP.number(
        "ml_segment_drift",
        "The greater of a segment's drift share and score shift, each divided by its threshold.",
    ),
    limit="1; absent while all rows together are above a threshold",
)
SEGMENT_DRIFT_THRESHOLD = SEGMENT_DRIFT.threshold()

LABEL_ROWS = _GROUP.rows("ml_label_rows", "Mature predictions of a window that have a label.")
LABEL_COVERAGE_RATIO = replace(
    _GROUP.ratio("ml_label_coverage_ratio", "Share of a window's mature predictions that have a label."),
    limit="the spec's floor minus the sampling noise",
    alerts_below=True,
)
LABEL_COVERAGE_RATIO_THRESHOLD = LABEL_COVERAGE_RATIO.threshold()
LOG_USABLE_RATIO = replace(
    _STREAM_WINDOW.ratio(
        "ml_log_usable_ratio",
        "Share of the newest rows of predictions or labels with an id and a value of usable types.",
    ),
    limit="the spec's thresholds.log_usable",
    alerts_below=True,
)
LOG_USABLE_RATIO_THRESHOLD = LOG_USABLE_RATIO.threshold()
LABEL_INVALID_RATIO = replace(
    _WHOLE.ratio(
        "ml_label_invalid_ratio",
        "Share of labelled predictions that cannot be judged: the label is none of the model's, or the score no"
        " probability.",
    ),
    limit="0.01, above which performance is withheld",
)
LABEL_INVALID_RATIO_THRESHOLD = LABEL_INVALID_RATIO.threshold()
LABEL_SILENCE_SECONDS = replace(
    _MODEL.seconds(
        "ml_label_silence_seconds",
        "Time without labels: from the end of the newest partition of labels with rows to the end of the newest one.",
    ),
    limit="the greater of the spec's floor and twice the longest silence before",
)
LABEL_SILENCE_SECONDS_THRESHOLD = LABEL_SILENCE_SECONDS.threshold()
LABEL_REPRESENTED_RATIO = _WHOLE.ratio(
    "ml_label_represented_ratio",
    "Share of the newest predictions that the labels so far represent; below 0.9 there are no provisional values.",
)
LABEL_EFFECTIVE_ROWS = _WHOLE.rows(
    "ml_label_effective_rows",
    "Number of labels of equal weight with as much information as the weighted labels so far.",
)
LABEL_DELAY_SECONDS = _Labels((MODEL, WINDOW, PERCENTILE)).seconds(
    "ml_label_delay_seconds",
    "Time from a prediction to its newest label, for a window's mature predictions that have one.",
)
LABEL_ODD_ROWS = _Labels((MODEL, REASON)).rows(
    "ml_label_odd_rows", "Label rows and predictions that cannot be used or joined normally, by reason."
)

LABEL_DESIGN_EFFECT = _METRIC.number(
    "ml_label_design_effect",
    "Factor by which the variance of a window's performance exceeds that of independent labels, learned from past days;"
    " intervals and thresholds include it.",
)

LABEL_RATE_OBSERVED = replace(
    _GROUP.ratio("ml_label_rate_observed", "Share of positives among the labelled mature predictions of a window."),
    baseline="the labelled reference",
)
LABEL_RATE_OBSERVED_REFERENCE = LABEL_RATE_OBSERVED.reference()
LABEL_RATE_PREDICTED = _GROUP.ratio(
    "ml_label_rate_predicted",
    "Mean score of the labelled mature predictions of a window; absent where scores are no probabilities.",
)
LABEL_RATE_GAP = replace(
    _WHOLE.score(
        "ml_label_rate_gap",
        "Observed minus predicted rate of positives, less that difference in the labelled reference.",
    ),
    limit="in either direction, the greater of the spec's floor and the noise",
)
LABEL_RATE_GAP_THRESHOLD = LABEL_RATE_GAP.threshold()
LABEL_RATE_CHANGE = replace(
    _WHOLE.score("ml_label_rate_change", "Observed rate of positives minus that of the labelled reference."),
    limit="in either direction, the greater of the spec's floor and the noise",
)
LABEL_RATE_CHANGE_THRESHOLD = LABEL_RATE_CHANGE.threshold()
LABEL_MEAN = replace(
    _WHOLE.number(
        "ml_label_mean", "Mean label of the labelled mature predictions of a regression, in the data's units."
    ),
    baseline="the labelled reference",
)
LABEL_MEAN_REFERENCE = LABEL_MEAN.reference()
BASE_RATE_SHIFT = replace(
    _WHOLE.number(
        "ml_base_rate_shift",
        "How far labels are from predictions or from the reference's labels, divided by the threshold of that"
        " difference: of rates of positives, or of a regression's mean error; above 1 their level has moved.",
    ),
    limit="1; floor and noise are in the thresholds of the differences",
)
BASE_RATE_SHIFT_THRESHOLD = BASE_RATE_SHIFT.threshold()

AUROC = _GROUP.score(
    "ml_auroc",
    "Area under the ROC curve: how often a positive scores above a negative; multiclass: mean of each class against"
    " the rest.",
)
AUROC_CI_LOWER, AUROC_CI_UPPER = AUROC.interval()
F1_SCORE = _GROUP.score(
    "ml_f1_score", "Harmonic mean of precision and recall at labels.threshold; multiclass: mean over classes."
)
F1_SCORE_CI_LOWER, F1_SCORE_CI_UPPER = F1_SCORE.interval()
PRECISION = _GROUP.score(
    "ml_precision", "Share of positives among predictions at or above labels.threshold; multiclass: mean over classes."
)
PRECISION_CI_LOWER, PRECISION_CI_UPPER = PRECISION.interval()
RECALL = _GROUP.score(
    "ml_recall", "Share of positives with a score at or above labels.threshold; multiclass: mean over classes."
)
RECALL_CI_LOWER, RECALL_CI_UPPER = RECALL.interval()
ACCURACY = _GROUP.score(
    "ml_accuracy", "Share of correct decisions at labels.threshold; multiclass: share of correct predictions."
)
ACCURACY_CI_LOWER, ACCURACY_CI_UPPER = ACCURACY.interval()
LOG_LOSS = _GROUP.number("ml_log_loss", "Mean log loss of the scores as probabilities, in nats.")
LOG_LOSS_CI_LOWER, LOG_LOSS_CI_UPPER = LOG_LOSS.interval()
BRIER_SCORE = _GROUP.score(
    "ml_brier_score",
    "Mean squared difference between scores, as probabilities, and labels; multiclass: half of the sum over classes.",
)
BRIER_SCORE_CI_LOWER, BRIER_SCORE_CI_UPPER = BRIER_SCORE.interval()
CALIBRATION_ERROR = _GROUP.ratio(
    "ml_calibration_error",
    "Mean absolute gap between predicted and observed share of positives in ten bins of equal mass; multiclass: share"
    " of correct predictions.",
)
CALIBRATION_ERROR_THRESHOLD = CALIBRATION_ERROR.threshold()
CALIBRATION_ERROR_DEBIASED = _GROUP.ratio(
    "ml_calibration_error_debiased",
    "Root mean square of the gaps of ml_calibration_error, without what the noise of few labels adds.",
)
CALIBRATION_ERROR_MAX = _GROUP.ratio(
    "ml_calibration_error_max", "Largest of the gaps of ml_calibration_error; noisier than their mean."
)
CALIBRATION_BIN_PREDICTED_RATIO = _BIN.ratio(
    "ml_calibration_bin_predicted_ratio",
    "Mean score of a bin of mature predictions, the lowest bin first; multiclass: score of the returned class.",
)
CALIBRATION_BIN_OBSERVED_RATIO = _BIN.ratio(
    "ml_calibration_bin_observed_ratio",
    "Share of positives in a bin of mature predictions; multiclass: share of correct predictions.",
)
CALIBRATION_BIN_ROWS = _BIN.rows(
    "ml_calibration_bin_rows", "Labelled mature predictions in a bin of the reliability diagram."
)
RMSE = _GROUP.number("ml_rmse", "Root mean squared error of a regression, in the data's units.")
RMSE_CI_LOWER, RMSE_CI_UPPER = RMSE.interval()
MAE = _GROUP.number("ml_mae", "Mean absolute error of a regression, in the data's units.")
MAE_CI_LOWER, MAE_CI_UPPER = MAE.interval()
MEAN_ERROR = replace(
    _WHOLE.number(
        "ml_mean_error",
        "Mean of prediction minus label of a regression, in the data's units: above 0 predictions are too high.",
    ),
    baseline="the labelled reference",
    limit="in either direction, measured from its reference, the greater of the spec's floor and the noise",
)
MEAN_ERROR_CI_LOWER, MEAN_ERROR_CI_UPPER = MEAN_ERROR.interval()
MEAN_ERROR_REFERENCE = MEAN_ERROR.reference()
MEAN_ERROR_THRESHOLD = MEAN_ERROR.threshold()
NDCG = _GROUP.score(
    "ml_ndcg", "Normalised discounted cumulative gain of a ranking: mean over its lists, up to rank labels.ndcg_at."
)
NDCG_CI_LOWER, NDCG_CI_UPPER = NDCG.interval()
NDCG_LISTS = _GROUP.rows("ml_ndcg_lists", "Mature lists of a window that are evaluated.")
NDCG_LISTS_LEFT_OUT = _Labels((MODEL, VERSION, REASON, WINDOW, ROLE)).rows(
    "ml_ndcg_lists_left_out",
    "Mature lists of a window that are not evaluated: an item has no label, no item is relevant, or there is one item.",
)
CLASS_LABEL_ROWS = _CLASS.rows(
    "ml_class_label_rows", "Labelled mature predictions of a window whose true class is this one."
)
CLASS_RATE_OBSERVED = _CLASS.ratio(
    "ml_class_rate_observed", "Share of the labelled mature predictions of a window whose true class is this one."
)
CLASS_RATE_PREDICTED = _CLASS.ratio(
    "ml_class_rate_predicted", "Mean score of a class; absent where it has no score, or scores are no probabilities."
)
CLASS_PRECISION = _CLASS.score("ml_class_precision", "Share of the predictions of a class that are correct.")
CLASS_RECALL = _CLASS.score("ml_class_recall", "Share of the rows of a true class that are predicted as this class.")
CLASS_F1_SCORE = _CLASS.score("ml_class_f1_score", "Harmonic mean of a class's precision and recall.")
CLASS_AUROC = _CLASS.score("ml_class_auroc", "Area under the ROC curve of a class's own score, against the rest.")
CLASS_CALIBRATION_ERROR_DEBIASED = _CLASS.ratio(
    "ml_class_calibration_error_debiased",
    "Root mean square of the gaps between a class's predicted and observed share in ten bins of equal mass, without"
    " what the noise of few labels adds.",
)

AUROC_PROVISIONAL = AUROC.provisional()
AUROC_PROVISIONAL_CI_LOWER, AUROC_PROVISIONAL_CI_UPPER = AUROC_PROVISIONAL.interval()
F1_SCORE_PROVISIONAL = F1_SCORE.provisional()
F1_SCORE_PROVISIONAL_CI_LOWER, F1_SCORE_PROVISIONAL_CI_UPPER = F1_SCORE_PROVISIONAL.interval()
PRECISION_PROVISIONAL = PRECISION.provisional()
PRECISION_PROVISIONAL_CI_LOWER, PRECISION_PROVISIONAL_CI_UPPER = PRECISION_PROVISIONAL.interval()
RECALL_PROVISIONAL = RECALL.provisional()
RECALL_PROVISIONAL_CI_LOWER, RECALL_PROVISIONAL_CI_UPPER = RECALL_PROVISIONAL.interval()
ACCURACY_PROVISIONAL = ACCURACY.provisional()
ACCURACY_PROVISIONAL_CI_LOWER, ACCURACY_PROVISIONAL_CI_UPPER = ACCURACY_PROVISIONAL.interval()
LOG_LOSS_PROVISIONAL = LOG_LOSS.provisional()
LOG_LOSS_PROVISIONAL_CI_LOWER, LOG_LOSS_PROVISIONAL_CI_UPPER = LOG_LOSS_PROVISIONAL.interval()
BRIER_SCORE_PROVISIONAL = BRIER_SCORE.provisional()
BRIER_SCORE_PROVISIONAL_CI_LOWER, BRIER_SCORE_PROVISIONAL_CI_UPPER = BRIER_SCORE_PROVISIONAL.interval()
RMSE_PROVISIONAL = RMSE.provisional()
RMSE_PROVISIONAL_CI_LOWER, RMSE_PROVISIONAL_CI_UPPER = RMSE_PROVISIONAL.interval()
MAE_PROVISIONAL = MAE.provisional()
MAE_PROVISIONAL_CI_LOWER, MAE_PROVISIONAL_CI_UPPER = MAE_PROVISIONAL.interval()
AUROC_ESTIMATED = AUROC.estimated()
F1_SCORE_ESTIMATED = F1_SCORE.estimated()
PRECISION_ESTIMATED = PRECISION.estimated()
RECALL_ESTIMATED = RECALL.estimated()
ACCURACY_ESTIMATED = ACCURACY.estimated()
RMSE_ESTIMATED = RMSE.estimated()
MAE_ESTIMATED = MAE.estimated()
AUROC_ESTIMATED_GAP = AUROC.estimated_gap()
AUROC_ESTIMATED_GAP_THRESHOLD = AUROC_ESTIMATED_GAP.threshold()
F1_SCORE_ESTIMATED_GAP = F1_SCORE.estimated_gap()
F1_SCORE_ESTIMATED_GAP_THRESHOLD = F1_SCORE_ESTIMATED_GAP.threshold()
PRECISION_ESTIMATED_GAP = PRECISION.estimated_gap()
PRECISION_ESTIMATED_GAP_THRESHOLD = PRECISION_ESTIMATED_GAP.threshold()
RECALL_ESTIMATED_GAP = RECALL.estimated_gap()
RECALL_ESTIMATED_GAP_THRESHOLD = RECALL_ESTIMATED_GAP.threshold()
ACCURACY_ESTIMATED_GAP = ACCURACY.estimated_gap()
ACCURACY_ESTIMATED_GAP_THRESHOLD = ACCURACY_ESTIMATED_GAP.threshold()
RMSE_ESTIMATED_GAP = RMSE.estimated_gap()
RMSE_ESTIMATED_GAP_THRESHOLD = RMSE_ESTIMATED_GAP.threshold()
MAE_ESTIMATED_GAP = MAE.estimated_gap()
MAE_ESTIMATED_GAP_THRESHOLD = MAE_ESTIMATED_GAP.threshold()
CONCEPT_DRIFT = replace(
    _WHOLE.number(
        "ml_concept_drift",
        "How far the AUROC is below its estimate, or an error above it, divided by the gap's threshold; above 1 the"
        " relation between inputs and labels has changed.",
    ),
    limit="1; floor and noise are in the thresholds of the gaps",
)
CONCEPT_DRIFT_THRESHOLD = CONCEPT_DRIFT.threshold()

SLO_SLI = _SLO_VERSION.number(
    "ml_slo_sli",
    "Value that an objective evaluates: of the newest slice of mature predictions, or of the window that ends with it.",
)
SLO_GOOD = _SLO_VERSION.flag(
    "ml_slo_good",
    "0 when even the better end of the newest slice's interval misses the target, else 1; absent when unknown.",
)
SLO_TARGET = _SLO.number("ml_slo_target", "Target of an objective, or its tolerance.")
SLO_OBJECTIVE_RATIO = _SLO.ratio("ml_slo_objective_ratio", "Share of slices, or of predictions, that must be good.")
SLO_ERROR_BUDGET_REMAINING_RATIO = _SLO.ratio(
    "ml_slo_error_budget_remaining_ratio",
    "Share of the period's error budget that is left: 1 is all of it, below 0 is overspent.",
)
SLO_ERROR_BUDGET_REMAINING_SECONDS = _SLO.seconds(
    "ml_slo_error_budget_remaining_seconds",
    "Time until the error budget is spent if everything is bad; below 0 is overspent.",
)
SLO_BURN_RATE = _Labels((MODEL, SLO, WINDOW)).number(
    "ml_slo_burn_rate", "Burn rate of the error budget over a window; at 1 the budget lasts exactly one period."
)
SLO_SLICES = _SLO_WINDOW.number(
    "ml_slo_slices",
    "Slices of a window that are known to be good or bad, by the version that made most of their predictions.",
)
SLO_BAD_SLICES = _SLO_WINDOW.number(
    "ml_slo_bad_slices", "Bad slices of a window, by the version that made most of their predictions."
)

WINDOW_ROWS = replace(
    _STREAM_WINDOW.rows("ml_window_rows", "Rows read into a window, all versions together."),
    baseline="the same hours of past weeks (medians)",
)
WINDOW_ROWS_REFERENCE = WINDOW_ROWS.reference()
TRAFFIC_FACTOR = _Labels((MODEL, WINDOW)).number(
    "ml_traffic_factor",
    "How many times more or fewer rows a window has than the same hours of past weeks; 2 is twice or half as many.",
)
TRAFFIC_FACTOR_THRESHOLD = TRAFFIC_FACTOR.threshold()

PROXY_VALUE = _PROXY.number(
    "ml_proxy_value",
    "Proxy metric of the spec: ratio of two columns over a window, or mean of the hourly values of its PromQL.",
)
PROXY_EXPECTED = _PROXY.number(
    "ml_proxy_expected", "Value of a proxy metric in the same hours of past weeks, weighted as the window's own hours."
)
PROXY_EXPECTED_LOWER = _PROXY.number(
    "ml_proxy_expected_lower", "Value below which a proxy metric alerts; absent where only a rise alerts."
)
PROXY_EXPECTED_UPPER = _PROXY.number(
    "ml_proxy_expected_upper", "Value above which a proxy metric alerts; absent where only a fall alerts."
)
PROXY_DEVIATION = _PROXY.number(
    "ml_proxy_deviation",
    "Relative deviation of a proxy metric from its expected value, in the directions that the spec names.",
)
PROXY_DEVIATION_THRESHOLD = PROXY_DEVIATION.threshold()

VERSION_ROWS = _GROUP.rows("ml_version_rows", "Rows of one model version in a window.")
WINDOW_END_TIMESTAMP_SECONDS = _STREAM_WINDOW.timestamp(
    "ml_window_end_timestamp_seconds",
    "End of the newest window; the exporter refreshes on its own schedule, so compute ages from this.",
)
WINDOW_DAY_OF_WEEK = _STREAM_WINDOW.number(
    "ml_window_day_of_week",
    "Weekday on which the newest window ends, in the model's time zone, 0 is Sunday; a holiday has the weekday that it"
    " counts as.",
)
MODEL_INFO = _Labels((MODEL, TEAM, OWNER, TASK, SPEC)).info(
    "ml_model_info", "Always 1: team, owner, task and fingerprint of the spec in use."
)

CALENDAR_DAY_OF_WEEK = _MODEL.number(
    "ml_calendar_day_of_week", "Weekday in the model's time zone, 0 is Sunday; a holiday keeps its own weekday."
)
CALENDAR_HOUR = _MODEL.number("ml_calendar_hour", "Hour of the day in the model's time zone.")
CALENDAR_HOLIDAY = _MODEL.flag("ml_calendar_holiday", "1 on a holiday of the model's calendar, else 0.")
CALENDAR_UTC_OFFSET_SECONDS = _MODEL.seconds(
    "ml_calendar_utc_offset_seconds", "Offset of the model's time zone from UTC; negative west of Greenwich."
)
SEASON_INFO = _Labels((MODEL, SEASON, LEVEL)).info(
    "ml_season_info",
    "Always 1: season that the newest hour is compared with, and how fine the reference's seasons are.",
)

BUILD_INFO = _Labels((VERSION,)).info("leeway_build_info", "Always 1: version of the exporter.")
REFRESH_SUCCESS = _MODEL.flag("leeway_refresh_success", "1 when the model's last refresh succeeded, else 0.")
REFRESH_LAST_SUCCESS_TIMESTAMP_SECONDS = _MODEL.timestamp(
    "leeway_refresh_last_success_timestamp_seconds", "Time of the model's last successful refresh."
)
REFRESH_DURATION_SECONDS = _MODEL.seconds("leeway_refresh_duration_seconds", "Duration of the model's last refresh.")
REFRESH_FAILURES_TOTAL = _Labels((MODEL, STAGE)).counter(
    "leeway_refresh_failures_total",
    "Failures by stage: list, read, query, column, reference, evaluate, store, timeout.",
)
REFRESH_IN_PROGRESS = _MODEL.flag(
    "leeway_refresh_in_progress", "1 while a refresh of the model runs, also one that was given up and hangs, else 0."
)
REFRESH_WAITING_SECONDS = _MODEL.seconds(
    "leeway_refresh_waiting_seconds", "Time since which the model's next refresh is due and has not begun; else 0."
)
LOOP_LAST_ITERATION_TIMESTAMP_SECONDS = _Labels().timestamp(
    "leeway_loop_last_iteration_timestamp_seconds", "Time when the refresh loop last began an iteration."
)
LOOP_ERRORS_TOTAL = _Labels().counter(
    "leeway_loop_errors_total", "Unexpected errors of the refresh loop, which goes on after each."
)
SOURCE_REQUESTS_TOTAL = _STREAM.counter(
    "leeway_source_requests_total", "Calls to a source: listings and partition reads."
)
SOURCE_READ_BYTES_TOTAL = _STREAM.counter(
    "leeway_source_read_bytes_total",
    "Stored size of the data read; objects of which only the rows are counted add nothing.",
    Unit.BYTES,
)
SOURCE_BILLED_BYTES_TOTAL = _STREAM.counter(
    "leeway_source_billed_bytes_total",
    "Bytes billed for the source's queries; absent where reading is not billed by the byte.",
    Unit.BYTES,
)
PROFILES_BUILT_TOTAL = _STREAM.counter("leeway_profiles_built_total", "Partitions read and profiled.")
PROFILES_REUSED_TOTAL = _STREAM.counter(
    "leeway_profiles_reused_total", "Partitions that were not read because their profile was known."
)
PARTITIONS_WAITING = _MODEL.number(
    "leeway_partitions_waiting",
    "Partitions of past weeks, and of labels that are joined here, that the last refresh left for the next ones.",
)
FILES_SKIPPED = _Labels((MODEL, STREAM, REASON)).number(
    "leeway_files_skipped", "Files that are left out because they cannot be read, by reason; absent without any."
)
SERIES_LIMITED = _Labels((MODEL, LABEL)).number(
    "leeway_series_limited", "Values of a label that are not exposed because the spec's limit was reached."
)
SPEC_RELOAD_SUCCESS = _Labels().flag(
    "leeway_spec_reload_success", "1 when the specs were last loaded without error, else 0."
)
SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS = _Labels().timestamp(
    "leeway_spec_reload_success_timestamp_seconds", "Time when the specs were last loaded without error."
)

SPEC_LOAD_SUCCESS = _Labels((MODEL, FILE)).flag(
    "leeway_spec_load_success",
    "1 when the spec in the file was last loaded without error, else 0; no model where the name cannot be read.",
)

METRICS: Final[tuple[Metric, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""Every metric, in the order in which it stands above."""

# `leeway retrain-hook` exposes these at an address of its own.
RETRAIN_DECISIONS_TOTAL = _Labels((MODEL, DECISION)).counter(
    "leeway_retrain_decisions_total", "Notifications that asked for a retraining, by decision."
)
RETRAIN_LAST_START_TIMESTAMP_SECONDS = _MODEL.timestamp(
    "leeway_retrain_last_start_timestamp_seconds", "Time when a retraining was last started."
)
HOOK_METRICS: Final = (RETRAIN_DECISIONS_TOTAL, RETRAIN_LAST_START_TIMESTAMP_SECONDS)
"""Every metric of the hook; the exporter does not have them."""

# ------------------------------------------------------------------------------------------------ the process

JOB: Final = "job"
INSTANCE: Final = "instance"
UP = _Labels((JOB, INSTANCE)).flag("up", "1 while Prometheus can scrape an exporter, else 0; it writes this itself.")
PROCESS_CPU_SECONDS_TOTAL = Metric(
    "process_cpu_seconds_total", "Processor time of the process of an exporter.", UP.labels, Unit.SECONDS, "counter"
)
PROCESS_RESIDENT_MEMORY_BYTES = Metric(
    "process_resident_memory_bytes", "Memory of the process of an exporter.", UP.labels, Unit.BYTES
)
PROCESS_METRICS: Final = (UP, PROCESS_CPU_SECONDS_TOTAL, PROCESS_RESIDENT_MEMORY_BYTES)
"""Metrics of the process, which Prometheus and its client library name."""

# ------------------------------------------------------------------------------------------------ recording rules

RECORDED_SEVERITY = _MODEL.number(
    "model:leeway_alert_severity:max",
    "Severity of the model's most severe firing alert: 1 is info, 2 warning, 3 critical, 0 none.",
)
RECORDED_DRIFT = _Labels((MODEL, WINDOW)).number(
    "model_window:ml_data_drift_share_per_threshold:max",
    f"{DATA_DRIFT_SHARE.name} divided by its threshold; the worst version, without challengers and segments.",
)
RECORDED_BURN_RATE = _MODEL.number(
    "model:ml_slo_burn_rate:max", f"{SLO_BURN_RATE.name}; the worst objective and window."
)
RECORDED: Final = (RECORDED_SEVERITY, RECORDED_DRIFT, RECORDED_BURN_RATE)
"""Every series that a recording rule of all models makes, for a month of a hundred models on one dashboard."""

# ------------------------------------------------------------------------------------------------ alerts


class Severity(StrEnum):
    """How urgent an alert is."""

    CRITICAL = "critical"  # a page, at any hour
    WARNING = "warning"  # a ticket, in the team's hours
    INFO = "info"  # for reading


class Layer(StrEnum):
    """The subject of an alert, from cause to consequence. An earlier layer inhibits a later one of the same model."""

    EXPORTER = "exporter"
    FRESHNESS = "freshness"
    TRAFFIC = "traffic"
    LABELS = "labels"
    INPUT = "input"
    QUALITY = "quality"
    DATASET = "dataset"
    FEATURE = "feature"
    SCORE = "score"
    PERFORMANCE = "performance"
    OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. Each name has one severity, since a stock Prometheus stack inhibits by alert name.

    `metric` is the gauge that the alert reads and whose panel shows the cause. With `segments` it reads the series of
    segments; every other alert reads the series of all rows.
    """

    name: str
    severity: Severity
    layer: Layer
    metric: Metric
    segments: bool = False

    @property
    def key(self) -> str:
        """The name in snake case without its prefix: `data_drift_high` for `MLDataDriftHigh`."""
        stem = self.name.removeprefix("ML").removeprefix("Leeway")
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem).lstrip("_")


EXPORTER_DOWN = Alert("LeewayExporterDown", Severity.CRITICAL, Layer.EXPORTER, MODEL_INFO)
REFRESH_FAILING = Alert("LeewayRefreshFailing", Severity.WARNING, Layer.EXPORTER, REFRESH_SUCCESS)
REFRESH_OVERDUE = Alert("LeewayRefreshOverdue", Severity.WARNING, Layer.EXPORTER, REFRESH_WAITING_SECONDS)
SPEC_MISMATCH = Alert("LeewaySpecMismatch", Severity.WARNING, Layer.EXPORTER, MODEL_INFO)
SPEC_REJECTED = Alert("LeewaySpecRejected", Severity.WARNING, Layer.EXPORTER, SPEC_LOAD_SUCCESS)
RETRAINING_NOT_STARTED = Alert("LeewayRetrainingNotStarted", Severity.WARNING, Layer.EXPORTER, RETRAIN_DECISIONS_TOTAL)
FILES_SKIPPED_ALERT = Alert("LeewayFilesSkipped", Severity.WARNING, Layer.EXPORTER, FILES_SKIPPED)
SERIES_LIMITED_ALERT = Alert("LeewaySeriesLimited", Severity.INFO, Layer.EXPORTER, SERIES_LIMITED)
WINDOW_STALE = Alert("LeewayWindowStale", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_END_TIMESTAMP_SECONDS)
INFERENCE_LOGS_MISSING = Alert("MLInferenceLogsMissing", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_ROWS)
TRAFFIC_UNUSUAL = Alert("MLTrafficUnusual", Severity.WARNING, Layer.TRAFFIC, TRAFFIC_FACTOR)
LABELS_LATE = Alert("MLLabelsLate", Severity.WARNING, Layer.LABELS, LABEL_SILENCE_SECONDS)
LABEL_COVERAGE_LOW = Alert("MLLabelCoverageLow", Severity.WARNING, Layer.LABELS, LABEL_COVERAGE_RATIO)
PERFORMANCE_WITHHELD = Alert("MLPerformanceWithheld", Severity.WARNING, Layer.LABELS, LABEL_INVALID_RATIO)
LOG_ROWS_UNUSABLE = Alert("MLLogRowsUnusable", Severity.WARNING, Layer.LABELS, LOG_USABLE_RATIO)
DATA_UNREADABLE = Alert("MLDataUnreadable", Severity.CRITICAL, Layer.INPUT, DATA_READABLE_RATIO)
COLUMN_UNREADABLE = Alert("MLColumnUnreadable", Severity.WARNING, Layer.QUALITY, COLUMN_READABLE_RATIO)
FEATURE_NULLS_HIGH = Alert("MLFeatureNullsHigh", Severity.WARNING, Layer.QUALITY, FEATURE_NULL_RATIO)
NEW_CATEGORIES = Alert("MLNewCategories", Severity.WARNING, Layer.QUALITY, FEATURE_NEW_CATEGORY_PEAK_RATIO)
DATA_DRIFT_HIGH = Alert("MLDataDriftHigh", Severity.CRITICAL, Layer.DATASET, DATA_DRIFT_SHARE)
FEATURE_BROKEN_ALERT = Alert("MLFeatureBroken", Severity.CRITICAL, Layer.FEATURE, FEATURE_BROKEN)
FEATURE_DRIFT_HIGH = Alert("MLFeatureDriftHigh", Severity.WARNING, Layer.FEATURE, FEATURE_PSI)
FEATURE_INSENSITIVE = Alert("MLFeatureInsensitive", Severity.INFO, Layer.FEATURE, FEATURE_DETECTABLE_SHIFT)
SEGMENT_DRIFT_ALERT = Alert("MLSegmentDrift", Severity.WARNING, Layer.FEATURE, SEGMENT_DRIFT, segments=True)
PREDICTION_SCORE_SHIFT = Alert("MLPredictionScoreShift", Severity.CRITICAL, Layer.SCORE, PREDICTION_MEAN_SHIFT)
PREDICTION_DISTRIBUTION_SHIFT = Alert("MLPredictionDistributionShift", Severity.WARNING, Layer.SCORE, PREDICTION_PSI)
PREDICTION_CLASS_SHIFT = Alert("MLPredictionClassShift", Severity.WARNING, Layer.SCORE, PREDICTION_CLASS_PSI)
CONFIDENCE_SHIFT = Alert("MLConfidenceShift", Severity.WARNING, Layer.SCORE, PREDICTION_CONFIDENCE_PSI)
CALIBRATION_POOR = Alert("MLCalibrationPoor", Severity.WARNING, Layer.PERFORMANCE, CALIBRATION_ERROR)
CONCEPT_DRIFT_ALERT = Alert("MLConceptDrift", Severity.WARNING, Layer.PERFORMANCE, CONCEPT_DRIFT)
BASE_RATE_SHIFT_ALERT = Alert("MLBaseRateShift", Severity.WARNING, Layer.PERFORMANCE, BASE_RATE_SHIFT)
PROXY_UNUSUAL = Alert("MLProxyUnusual", Severity.WARNING, Layer.PERFORMANCE, PROXY_DEVIATION)
ERROR_BUDGET_BURN_FAST = Alert("MLErrorBudgetBurnFast", Severity.CRITICAL, Layer.OBJECTIVE, SLO_BURN_RATE)
ERROR_BUDGET_BURN_SLOW = Alert("MLErrorBudgetBurnSlow", Severity.WARNING, Layer.OBJECTIVE, SLO_BURN_RATE)
ERROR_BUDGET_EXHAUSTED = Alert(
    "MLErrorBudgetExhausted", Severity.WARNING, Layer.OBJECTIVE, SLO_ERROR_BUDGET_REMAINING_RATIO
)

ALERTS: Final[tuple[Alert, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Alert))
"""Every alert, from the cause's layer to the consequence's."""


def as_arguments() -> dict[str, Any]:
    """Return all names as plain data for jsonnet, such as `catalogue.metrics.feature_psi.name`."""
    every = (*METRICS, *HOOK_METRICS)
    return {
        "metrics": {
            metric.key: {"name": metric.name, "labels": list(metric.labels), "unit": metric.unit.value}
            for metric in every
        },
        "labels": {
            label: label
            for label in sorted({name for metric in every for name in metric.labels} | {SEVERITY, LAYER, SLO})
        },
        "alerts": {
            alert.key: {
                "name": alert.name,
                "severity": alert.severity.value,
                "layer": alert.layer.value,
                "metric": alert.metric.key,
                "segments": alert.segments,
                "below": alert.metric.alerts_below,
            }
            for alert in ALERTS
        },
        "recorded": {
            "severity": RECORDED_SEVERITY.name,
            "drift": RECORDED_DRIFT.name,
            "burn_rate": RECORDED_BURN_RATE.name,
        },
        "layers": [layer.value for layer in Layer],
        "severities": [severity.value for severity in Severity],
        "replica_labels": list(REPLICA_LABELS),
        "streams": {INFERENCE: INFERENCE, LABEL_LOG: LABEL_LOG},
        "roles": {CHALLENGER: CHALLENGER},
        "broken": {reason.value: reason.value for reason in Broken},
        "changes": {change.name.lower(): change.value for change in Change},
        "parts": {FEATURES: FEATURES, SCORES: SCORES},
        "decisions": {FAILED: FAILED, NO_ANSWER: NO_ANSWER},
    }
