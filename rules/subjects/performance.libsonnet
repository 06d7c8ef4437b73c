// Performance of mature predictions, measured with labels.
local threshold = import '../threshold.libsonnet';

// With more than two classes, the score of the returned class is needed.
local has_scores(spec) =
  spec.task == 'binary_classification'
  || (spec.task == 'multiclass_classification'
      && (spec.inference.columns.score != null || std.length(spec.inference.columns.scores) > 0));

local has_levels(spec) =
  spec.task == 'binary_classification' || spec.task == 'regression' || std.length(spec.inference.columns.scores) > 0;

local calibration(model) = [
  threshold(model, 'calibration_poor', no_threshold_when='with too few labels') {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': the scores are not calibrated in the ' + fields.window + ' window',
    description(fields)::
      'For the mature predictions of version ' + fields.version + ' in the ' + fields.window
      + ' window, the share that came true differs from the scores by ' + fields.value
      + ' on average; the threshold is ' + fields.threshold + '.',
    action: 'Calibrate the scores again, and review every decision that compares a score with a fixed number.',
  },
];

// The gaps themselves, expected minus observed. The alert's own value is how many times over its threshold the worst is.
local gaps(model) =
  if model.classifier then { auroc: model.metrics.auroc_estimated_gap }
  else { rmse: model.metrics.rmse_estimated_gap, mae: model.metrics.mae_estimated_gap };

local observation(model, fields) =
  if model.classifier then 'the AUROC is ' + fields.auroc + ' below the value expected from their scores'
  else
    'the errors are larger than expected from the sizes of the predictions (expected minus observed: RMSE '
    + fields.rmse + ', MAE ' + fields.mae + ')';

local concept_drift(model) = [
  threshold(model, 'concept_drift', scale=4, no_threshold_when='with too few labels', extra_metrics=gaps(model)) {
    'for': 3 * model.evaluation_interval,
    summary(fields)::
      model.name + ': '
      + (if model.classifier then 'AUROC is ' + fields.auroc + ' below its expected value'
         else 'errors are above their expected values')
      + ' in the ' + fields.window + ' window',
    description(fields)::
      'For the mature predictions of version ' + fields.version + ' in the ' + fields.window + ' window, '
      + observation(model, fields) + '. This is ' + fields.value + ' times the allowed gap; the threshold is '
      + fields.threshold
      + '. Drift of the inputs does not explain it: the same inputs have other outcomes than in the reference.',
    action: 'Find out what changed in the outcomes or in the labels since these predictions were made. Then retrain on'
            + ' recent labels.',
  },
];

// Several classes have differences of their own; the alert's value is of the worst.
local differences(model) =
  if model.spec.task == 'regression' then { bias: model.metrics.mean_error }
  else if model.spec.task == 'binary_classification' then
    { gap: model.metrics.label_rate_gap, change: model.metrics.label_rate_change }
  else {};

local moved(model, fields) =
  if model.spec.task == 'regression' then
    'predictions minus labels are ' + fields.bias + ' on average'
  else if model.spec.task == 'binary_classification' then
    'the observed rate of positives minus the predicted one is ' + fields.gap
    + ' (beyond that difference in the reference), and minus the rate of the reference ' + fields.change
  else 'the rate of a class differs from its predicted rate or from the rate of the reference';

local base_rate(model) = [
  threshold(model, 'base_rate_shift', scale=4, no_threshold_when='with too few labels', extra_metrics=differences(model)) {
    'for': 3 * model.evaluation_interval,
    summary(fields)::
      model.name + (if model.classifier then ': the rate of positives' else ': the mean error') + ' has moved in the '
      + fields.window + ' window',
    description(fields)::
      'For the mature predictions of version ' + fields.version + ' in the ' + fields.window + ' window, '
      + moved(model, fields) + '. This is ' + fields.value + ' times the allowed difference; the threshold is '
      + fields.threshold + '.',
    action: 'Find out whether labels are incomplete or defined otherwise. If they are right, calibrate or retrain, and'
            + ' review what depends on the number of positives.',
  },
];

function(model)
  (if model.labels_evaluated && has_scores(model.spec) then calibration(model) else [])
  + (if model.labels_evaluated && model.estimated then concept_drift(model) else [])
  + (if model.labels_evaluated && has_levels(model.spec) then base_rate(model) else [])
