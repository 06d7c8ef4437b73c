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
ROLE: Final = "role"
"""In which role a version answered; absent where the log names none."""
SEGMENT: Final = "segment"
"""A column and the value that the rows have in it, `country_code=US`; absent for the whole."""
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
BIN: Final = "bin"
"""One of the cells in which values are counted, named with a number first, in their order."""
LE: Final = "le"
"""The upper end of a histogram's bucket, as Prometheus itself calls it."""
PERCENTILE: Final = "percentile"
REASON: Final = "reason"
PROXY: Final = "proxy"
LABELLED_CLASS: Final = "labelled class"
"""What `leeway_series_limited` calls the classes whose labels are judged, beside those that are returned."""
DECISION: Final = "decision"

SEVERITY: Final = "severity"
LAYER: Final = "layer"
SLO: Final = "slo"

UNKNOWN_VERSION: Final = "unknown"
"""The `version` of rows that name none."""

CHALLENGER: Final = "challenger"
"""The `role` of rows that served nobody: alerts read every other."""

FAILED: Final = "failed"
"""The `decision` of the hook when whoever retrains refused."""
NO_ANSWER: Final = "no_answer"
"""The `decision` of the hook when Prometheus could not be asked."""

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
    limit: str = "the greatest of the spec's floor and the sampling noise"
    """What its threshold is, where it has one."""
    alerts_below: bool = False
    """Whether it is too low that it alerts, not too high."""

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
        text = f"Value above which {self.name} alerts: {self.limit}."
        if self.alerts_below:
            text = f"Value below which {self.name} alerts: the spec's floor, less what chance may take from it."
        return Metric(f"{self.name}_threshold", text, self.labels, self.unit)

    def reference(self) -> Metric:
        """The same quantity in the reference."""
        text = f"{self.name} in {self.baseline}."
        return Metric(f"{self.name}_reference", text, self.labels, self.unit, self.kind)

    def provisional(self) -> Metric:
        """The same quantity while labels are still coming."""
        text = f"{self.name} of the newest predictions, each label that has come weighed by how many it stands for."
        return Metric(f"{self.name}_provisional", text, self._of_the_whole, self.unit)

    def estimated(self) -> Metric:
        """The same quantity before any label has come."""
        text = f"{self.name} that the newest predictions should have, if a score means what it did in the reference."
        return Metric(f"{self.name}_estimated", text, self._of_the_whole, self.unit)

    def estimated_gap(self) -> Metric:
        """By how much such an estimate was wrong."""
        text = f"{self.name} that was to be expected of mature predictions, minus the one that they turned out to have."
        return Metric(f"{self.name}_estimated_gap", text, self._of_the_whole, self.unit)

    @property
    def _of_the_whole(self) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label != SEGMENT)

    def interval(self) -> tuple[Metric, Metric]:
        """The two ends of its confidence interval."""
        text = f"end of the confidence interval of {self.name}, at 95 %."
        lower = Metric(f"{self.name}_ci_lower", f"Lower {text}", self.labels, self.unit)
        return lower, Metric(f"{self.name}_ci_upper", f"Upper {text}", self.labels, self.unit)


_WHOLE = (MODEL, VERSION, WINDOW, ROLE)
"""Of the rows of a version in a role, all together."""
_GROUP = (*_WHOLE, SEGMENT)
"""Of these, or of a segment of them."""
_FEATURE_WHOLE = (MODEL, VERSION, FEATURE, WINDOW, ROLE)
_FEATURE = (*_FEATURE_WHOLE, SEGMENT)
_CLASS = (MODEL, VERSION, CLASS, WINDOW, ROLE)

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
    _FEATURE_WHOLE,
    Unit.RATIO,
)
FEATURE_WASSERSTEIN_DISTANCE = Metric(
    "ml_feature_wasserstein_distance",
    "Wasserstein-1 distance of a numeric feature to its reference, in reference standard deviations.",
    _FEATURE_WHOLE,
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
    (MODEL, VERSION, FEATURE, CATEGORY, WINDOW, ROLE),
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

FEATURE_BIN_RATIO = Metric(
    "ml_feature_bin_ratio",
    "Share of a feature's rows in one of the cells that its PSI compares; of the features that drifted most only.",
    (MODEL, VERSION, FEATURE, BIN, WINDOW, ROLE),
    Unit.RATIO,
)
FEATURE_BIN_RATIO_REFERENCE = FEATURE_BIN_RATIO.reference()

DATA_DRIFT_SHARE = Metric(
    "ml_data_drift_share",
    "Share of the features that have drifted, weighted by importance.",
    _GROUP,
    Unit.RATIO,
)
DATA_DRIFT_SHARE_THRESHOLD = DATA_DRIFT_SHARE.threshold()

PREDICTION_MEAN = Metric("ml_prediction_mean", "Mean of the model's score.", _GROUP, Unit.NUMBER)
PREDICTION_MEAN_REFERENCE = PREDICTION_MEAN.reference()
PREDICTION_MEAN_SHIFT = Metric(
    "ml_prediction_mean_shift",
    "Distance of the mean score from the reference's, in reference standard deviations; never negative.",
    _GROUP,
    Unit.DEVIATIONS,
)
PREDICTION_MEAN_SHIFT_THRESHOLD = PREDICTION_MEAN_SHIFT.threshold()
PREDICTION_PSI = Metric(
    "ml_prediction_psi",
    "Population stability index of the model's score against its reference, in nats, nulls a cell of their own.",
    _GROUP,
    Unit.NUMBER,
)
PREDICTION_PSI_THRESHOLD = PREDICTION_PSI.threshold()
PREDICTION_SCORE = Metric(
    "ml_prediction_score",
    "Rows by their score: how many are at or below each end, a distribution of the window and not a count that grows.",
    _WHOLE,
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
    (MODEL, VERSION, CLASS, WINDOW, ROLE),
    Unit.RATIO,
)
PREDICTION_CLASS_RATIO_REFERENCE = PREDICTION_CLASS_RATIO.reference()
PREDICTION_CLASS_PSI = Metric(
    "ml_prediction_class_psi",
    "Population stability index of a classifier's answers against its reference, in nats, nulls a cell of their own.",
    _GROUP,
    Unit.NUMBER,
)
PREDICTION_CLASS_PSI_THRESHOLD = PREDICTION_CLASS_PSI.threshold()
PREDICTION_CONFIDENCE_RATIO = Metric(
    "ml_prediction_confidence_ratio",
    "Share of a classifier's scores whose confidence is in a bucket: max(p, 1 - p) of two classes, else the score.",
    (MODEL, VERSION, BUCKET, WINDOW, ROLE),
    Unit.RATIO,
)
PREDICTION_CONFIDENCE_RATIO_REFERENCE = PREDICTION_CONFIDENCE_RATIO.reference()
PREDICTION_CONFIDENCE_PSI = Metric(
    "ml_prediction_confidence_psi",
    "Population stability index of a classifier's confidence, between its buckets, in nats, nulls a cell of their own.",
    _GROUP,
    Unit.NUMBER,
)
PREDICTION_CONFIDENCE_PSI_THRESHOLD = PREDICTION_CONFIDENCE_PSI.threshold()

SEGMENT_DRIFT = Metric(
    "ml_segment_drift",
    "How many times over its threshold a segment's drift share or score shift is, whichever is more; above 1 it is.",
    _GROUP,
    Unit.NUMBER,
    limit="1, and none while the whole is above a threshold itself",
)
SEGMENT_DRIFT_THRESHOLD = SEGMENT_DRIFT.threshold()

LABEL_ROWS = Metric("ml_label_rows", "Mature predictions of a window that have a label.", _GROUP, Unit.ROWS)
LABEL_COVERAGE_RATIO = Metric(
    "ml_label_coverage_ratio",
    "Share of a window's mature predictions that have a label.",
    _GROUP,
    Unit.RATIO,
    alerts_below=True,
)
LABEL_COVERAGE_RATIO_THRESHOLD = LABEL_COVERAGE_RATIO.threshold()
LABEL_SILENCE_SECONDS = Metric(
    "ml_label_silence_seconds",
    "How long no label has come: from the end of the newest partition of labels that has rows to that of the newest.",
    (MODEL,),
    Unit.SECONDS,
    limit="the greatest of the spec's floor and twice the longest silence before",
)
LABEL_SILENCE_SECONDS_THRESHOLD = LABEL_SILENCE_SECONDS.threshold()
LABEL_REPRESENTED_RATIO = Metric(
    "ml_label_represented_ratio",
    "Share of the newest predictions for which labels that have come can stand; below 0.9 nothing provisional is told.",
    _WHOLE,
    Unit.RATIO,
)
LABEL_EFFECTIVE_ROWS = Metric(
    "ml_label_effective_rows",
    "How many labels of equal weight would tell as much of the newest predictions as those that have come.",
    _WHOLE,
    Unit.ROWS,
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
    "ml_auroc",
    "Area under the ROC curve: how often a positive scored above a negative; of several classes, the mean of each"
    " one's against the rest.",
    _GROUP,
    Unit.RATIO,
)
AUROC_CI_LOWER, AUROC_CI_UPPER = AUROC.interval()
F1_SCORE = Metric(
    "ml_f1_score",
    "Harmonic mean of precision and recall at labels.threshold; of several classes, the mean of theirs.",
    _GROUP,
    Unit.RATIO,
)
F1_SCORE_CI_LOWER, F1_SCORE_CI_UPPER = F1_SCORE.interval()
PRECISION = Metric(
    "ml_precision",
    "Share of positives among the predictions at or above labels.threshold; of several classes, the mean of theirs.",
    _GROUP,
    Unit.RATIO,
)
PRECISION_CI_LOWER, PRECISION_CI_UPPER = PRECISION.interval()
RECALL = Metric(
    "ml_recall",
    "Share of the positives that scored at or above labels.threshold; of several classes, the mean of theirs.",
    _GROUP,
    Unit.RATIO,
)
RECALL_CI_LOWER, RECALL_CI_UPPER = RECALL.interval()
ACCURACY = Metric(
    "ml_accuracy",
    "Share of the decisions at labels.threshold that were right; of several classes, of the classes returned.",
    _GROUP,
    Unit.RATIO,
)
ACCURACY_CI_LOWER, ACCURACY_CI_UPPER = ACCURACY.interval()
LOG_LOSS = Metric("ml_log_loss", "Mean log loss of the scores as probabilities, in nats.", _GROUP, Unit.NUMBER)
LOG_LOSS_CI_LOWER, LOG_LOSS_CI_UPPER = LOG_LOSS.interval()
BRIER_SCORE = Metric(
    "ml_brier_score",
    "Mean squared distance of the scores, as probabilities, from what came true; of several classes, half of its sum.",
    _GROUP,
    Unit.RATIO,
)
BRIER_SCORE_CI_LOWER, BRIER_SCORE_CI_UPPER = BRIER_SCORE.interval()
CALIBRATION_ERROR = Metric(
    "ml_calibration_error",
    "Mean absolute gap between predicted and observed share of positives, or of several classes of right answers, in"
    " ten bins of equal mass.",
    _GROUP,
    Unit.RATIO,
)
CALIBRATION_ERROR_THRESHOLD = CALIBRATION_ERROR.threshold()
CALIBRATION_ERROR_DEBIASED = Metric(
    "ml_calibration_error_debiased",
    "Root mean square of these gaps without what the noise of few labels adds to it.",
    _GROUP,
    Unit.RATIO,
)
CALIBRATION_ERROR_MAX = Metric(
    "ml_calibration_error_max",
    "Largest of these gaps, of any bin; noisier than the mean.",
    _GROUP,
    Unit.RATIO,
)
_BIN = (MODEL, VERSION, BIN, WINDOW, ROLE)
CALIBRATION_BIN_PREDICTED_RATIO = Metric(
    "ml_calibration_bin_predicted_ratio",
    "Mean score of a bin of mature predictions, or of several classes of that of the class returned; the lowest first.",
    _BIN,
    Unit.RATIO,
)
CALIBRATION_BIN_OBSERVED_RATIO = Metric(
    "ml_calibration_bin_observed_ratio",
    "Share of a bin's mature predictions that came true: what its mean score promised.",
    _BIN,
    Unit.RATIO,
)
CALIBRATION_BIN_ROWS = Metric(
    "ml_calibration_bin_rows", "Labelled mature predictions of a bin of the reliability diagram.", _BIN, Unit.ROWS
)
RMSE = Metric("ml_rmse", "Root of the mean squared error of a regression, in the data's units.", _GROUP, Unit.NUMBER)
RMSE_CI_LOWER, RMSE_CI_UPPER = RMSE.interval()
MAE = Metric("ml_mae", "Mean absolute error of a regression, in the data's units.", _GROUP, Unit.NUMBER)
MAE_CI_LOWER, MAE_CI_UPPER = MAE.interval()
NDCG = Metric(
    "ml_ndcg",
    "Normalised discounted cumulative gain of a ranking, the mean over its lists, up to the rank labels.ndcg_at.",
    _GROUP,
    Unit.RATIO,
)
NDCG_CI_LOWER, NDCG_CI_UPPER = NDCG.interval()
NDCG_LISTS = Metric("ml_ndcg_lists", "Mature lists of a window that are judged.", _GROUP, Unit.ROWS)
NDCG_LISTS_LEFT_OUT = Metric(
    "ml_ndcg_lists_left_out",
    "Mature lists of a window that are not judged: some item has no label, nothing is relevant, or it has one item.",
    (MODEL, VERSION, REASON, WINDOW, ROLE),
    Unit.ROWS,
)
CLASS_LABEL_ROWS = Metric(
    "ml_class_label_rows", "Labelled mature predictions of a window whose true class this is.", _CLASS, Unit.ROWS
)
CLASS_PRECISION = Metric(
    "ml_class_precision", "Share of the predictions of a class that turned out to be of it.", _CLASS, Unit.RATIO
)
CLASS_RECALL = Metric("ml_class_recall", "Share of what is of a class that was predicted so.", _CLASS, Unit.RATIO)
CLASS_F1_SCORE = Metric("ml_class_f1_score", "Harmonic mean of a class's precision and recall.", _CLASS, Unit.RATIO)
CLASS_AUROC = Metric(
    "ml_class_auroc", "Area under the ROC curve of a class's own score, against the rest.", _CLASS, Unit.RATIO
)
CLASS_CALIBRATION_ERROR_DEBIASED = Metric(
    "ml_class_calibration_error_debiased",
    "Root mean square of the gaps between a class's predicted and observed share, in ten bins of equal mass, without"
    " what the noise of few labels adds to it.",
    _CLASS,
    Unit.RATIO,
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
CONCEPT_DRIFT = Metric(
    "ml_concept_drift",
    "How many times over its threshold the AUROC is below what was expected, or an error above it; above 1 the same"
    " inputs come to another end.",
    _WHOLE,
    Unit.NUMBER,
    limit="1, since floor and noise are in the thresholds of the gaps",
)
CONCEPT_DRIFT_THRESHOLD = CONCEPT_DRIFT.threshold()

SLO_SLI = Metric(
    "ml_slo_sli",
    "What an objective judges: a value of the newest slice of mature predictions, or of the window that ends with it.",
    (MODEL, VERSION, SLO),
    Unit.NUMBER,
)
SLO_GOOD = Metric(
    "ml_slo_good",
    "0 when even the better end of the newest slice's interval misses the target, else 1; absent while not known.",
    (MODEL, VERSION, SLO),
    Unit.FLAG,
)
SLO_TARGET = Metric("ml_slo_target", "Target of an objective, or its tolerance.", (MODEL, SLO), Unit.NUMBER)
SLO_OBJECTIVE_RATIO = Metric(
    "ml_slo_objective_ratio", "Share of slices, or of predictions, that must be good.", (MODEL, SLO), Unit.RATIO
)
SLO_ERROR_BUDGET_REMAINING_RATIO = Metric(
    "ml_slo_error_budget_remaining_ratio",
    "Share of the period's error budget that is left: 1 is all of it, below 0 is overspent.",
    (MODEL, SLO),
    Unit.RATIO,
)
SLO_ERROR_BUDGET_REMAINING_SECONDS = Metric(
    "ml_slo_error_budget_remaining_seconds",
    "For how long all could be bad until the error budget is spent; below 0 is overspent.",
    (MODEL, SLO),
    Unit.SECONDS,
)
SLO_BURN_RATE = Metric(
    "ml_slo_burn_rate",
    "How many times faster than would spend the error budget in exactly one period it was spent over a window.",
    (MODEL, SLO, WINDOW),
    Unit.NUMBER,
)
SLO_SLICES = Metric(
    "ml_slo_slices",
    "Slices of a window that are known to be good or bad, by the version that made most of their predictions.",
    (MODEL, VERSION, SLO, WINDOW),
    Unit.NUMBER,
)
SLO_BAD_SLICES = Metric(
    "ml_slo_bad_slices",
    "Slices of a window that are bad, by the version that made most of their predictions.",
    (MODEL, VERSION, SLO, WINDOW),
    Unit.NUMBER,
)

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

_PROXY = (MODEL, PROXY, WINDOW)

PROXY_VALUE = Metric(
    "ml_proxy_value",
    "A proxy metric of the spec: its ratio of two columns over a window, or the mean of its PromQL's hourly values.",
    _PROXY,
    Unit.NUMBER,
)
PROXY_EXPECTED = Metric(
    "ml_proxy_expected",
    "What a proxy metric was in the same hours of past weeks, weighted as the window's own hours are.",
    _PROXY,
    Unit.NUMBER,
)
PROXY_EXPECTED_LOWER = Metric(
    "ml_proxy_expected_lower",
    "The value of a proxy metric below which it alerts; absent where only a rise does.",
    _PROXY,
    Unit.NUMBER,
)
PROXY_EXPECTED_UPPER = Metric(
    "ml_proxy_expected_upper",
    "The value of a proxy metric above which it alerts; absent where only a fall does.",
    _PROXY,
    Unit.NUMBER,
)
PROXY_DEVIATION = Metric(
    "ml_proxy_deviation",
    "How far a proxy metric is from what is expected, relative to that, in the directions that the spec names.",
    _PROXY,
    Unit.NUMBER,
)
PROXY_DEVIATION_THRESHOLD = PROXY_DEVIATION.threshold()

VERSION_ROWS = Metric("ml_version_rows", "Rows of one model version in a window.", _GROUP, Unit.ROWS)
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
    "Failures by stage: list, read, query, column, reference, evaluate, store.",
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

# What `leeway retrain-hook` exposes at an address of its own.
RETRAIN_DECISIONS_TOTAL = Metric(
    "leeway_retrain_decisions_total",
    "Notifications that asked for a retraining, by what was decided of them.",
    (MODEL, DECISION),
    Unit.NUMBER,
    "counter",
)
RETRAIN_LAST_START_TIMESTAMP_SECONDS = Metric(
    "leeway_retrain_last_start_timestamp_seconds",
    "When a retraining was last started.",
    (MODEL,),
    Unit.TIMESTAMP,
)
HOOK_METRICS: Final = (RETRAIN_DECISIONS_TOTAL, RETRAIN_LAST_START_TIMESTAMP_SECONDS)
"""Every metric of the hook, which the exporter does not have."""

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
    LABELS = "labels"
    QUALITY = "quality"
    DATASET = "dataset"
    FEATURE = "feature"
    SCORE = "score"
    PERFORMANCE = "performance"
    OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: a name belongs to one severity, since a stock Prometheus stack inhibits by alert name.

    `metric` is the gauge that it reads and whose panel shows the cause; `segments` whether it reads that of the model's
    segments, where every other alert reads that of the whole.
    """

    name: str
    severity: Severity
    layer: Layer
    metric: Metric
    segments: bool = False

    @property
    def key(self) -> str:
        """The name in snake case, without its prefix: `MLDataDriftHigh` is `data_drift_high`."""
        stem = self.name.removeprefix("ML").removeprefix("Leeway")
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in stem).lstrip("_")


EXPORTER_DOWN = Alert("LeewayExporterDown", Severity.CRITICAL, Layer.EXPORTER, MODEL_INFO)
REFRESH_FAILING = Alert("LeewayRefreshFailing", Severity.WARNING, Layer.EXPORTER, REFRESH_SUCCESS)
SPEC_MISMATCH = Alert("LeewaySpecMismatch", Severity.WARNING, Layer.EXPORTER, MODEL_INFO)
RETRAINING_NOT_STARTED = Alert("LeewayRetrainingNotStarted", Severity.WARNING, Layer.EXPORTER, RETRAIN_DECISIONS_TOTAL)
SERIES_LIMITED_ALERT = Alert("LeewaySeriesLimited", Severity.INFO, Layer.EXPORTER, SERIES_LIMITED)
WINDOW_STALE = Alert("LeewayWindowStale", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_END_TIMESTAMP_SECONDS)
INFERENCE_LOGS_MISSING = Alert("MLInferenceLogsMissing", Severity.CRITICAL, Layer.FRESHNESS, WINDOW_ROWS)
TRAFFIC_UNUSUAL = Alert("MLTrafficUnusual", Severity.WARNING, Layer.TRAFFIC, TRAFFIC_FACTOR)
LABELS_LATE = Alert("MLLabelsLate", Severity.WARNING, Layer.LABELS, LABEL_SILENCE_SECONDS)
LABEL_COVERAGE_LOW = Alert("MLLabelCoverageLow", Severity.WARNING, Layer.LABELS, LABEL_COVERAGE_RATIO)
FEATURE_NULLS_HIGH = Alert("MLFeatureNullsHigh", Severity.WARNING, Layer.QUALITY, FEATURE_NULL_RATIO)
NEW_CATEGORIES = Alert("MLNewCategories", Severity.WARNING, Layer.QUALITY, FEATURE_NEW_CATEGORY_RATIO)
DATA_DRIFT_HIGH = Alert("MLDataDriftHigh", Severity.CRITICAL, Layer.DATASET, DATA_DRIFT_SHARE)
FEATURE_DRIFT_HIGH = Alert("MLFeatureDriftHigh", Severity.WARNING, Layer.FEATURE, FEATURE_PSI)
SEGMENT_DRIFT_ALERT = Alert("MLSegmentDrift", Severity.WARNING, Layer.FEATURE, SEGMENT_DRIFT, segments=True)
PREDICTION_SCORE_SHIFT = Alert("MLPredictionScoreShift", Severity.CRITICAL, Layer.SCORE, PREDICTION_MEAN_SHIFT)
PREDICTION_DISTRIBUTION_SHIFT = Alert("MLPredictionDistributionShift", Severity.WARNING, Layer.SCORE, PREDICTION_PSI)
PREDICTION_CLASS_SHIFT = Alert("MLPredictionClassShift", Severity.WARNING, Layer.SCORE, PREDICTION_CLASS_PSI)
CONFIDENCE_SHIFT = Alert("MLConfidenceShift", Severity.WARNING, Layer.SCORE, PREDICTION_CONFIDENCE_PSI)
CALIBRATION_POOR = Alert("MLCalibrationPoor", Severity.WARNING, Layer.PERFORMANCE, CALIBRATION_ERROR)
CONCEPT_DRIFT_ALERT = Alert("MLConceptDrift", Severity.WARNING, Layer.PERFORMANCE, CONCEPT_DRIFT)
PROXY_UNUSUAL = Alert("MLProxyUnusual", Severity.WARNING, Layer.PERFORMANCE, PROXY_DEVIATION)
ERROR_BUDGET_BURN_FAST = Alert("MLErrorBudgetBurnFast", Severity.CRITICAL, Layer.OBJECTIVE, SLO_BURN_RATE)
ERROR_BUDGET_BURN_SLOW = Alert("MLErrorBudgetBurnSlow", Severity.WARNING, Layer.OBJECTIVE, SLO_BURN_RATE)
ERROR_BUDGET_EXHAUSTED = Alert(
    "MLErrorBudgetExhausted", Severity.WARNING, Layer.OBJECTIVE, SLO_ERROR_BUDGET_REMAINING_RATIO
)

ALERTS: Final[tuple[Alert, ...]] = tuple(value for value in list(globals().values()) if isinstance(value, Alert))
"""Every alert, from the cause's layer to the consequence's."""


def as_arguments() -> dict[str, Any]:
    """The vocabulary as plain data, for jsonnet: `catalogue.metrics.feature_psi.name`, never a literal."""
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
        "layers": [layer.value for layer in Layer],
        "severities": [severity.value for severity in Severity],
        "replica_labels": list(REPLICA_LABELS),
        "streams": {INFERENCE: INFERENCE},
        "roles": {CHALLENGER: CHALLENGER},
        "decisions": {FAILED: FAILED, NO_ANSWER: NO_ANSWER},
    }
