// What labels tell once they have come, of predictions that are mature.
local threshold = import '../threshold.libsonnet';

// Of several classes it is that of the returned one that must be known.
local has_scores(spec) =
  spec.task == 'binary_classification'
  || (spec.task == 'multiclass_classification'
      && (spec.inference.columns.score != null || std.length(spec.inference.columns.scores) > 0));

local calibration(model) = [
  threshold(model, 'calibration_poor', unknown='from too few labels') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': scores are no probabilities over ' + it.window,
    finding(it)::
      'Of the mature predictions of version ' + it.version + ' over ' + it.window + ', the share that came true is '
      + it.value + ' away from what their scores said, in the mean; the threshold is ' + it.threshold + '.',
    action: 'Calibrate the scores anew, and look at every decision that compares one with a fixed number.',
  },
];

// What is told beside how many thresholds the gap is: the gaps themselves, expected minus seen.
local gaps(model) =
  if model.classifier then { auroc: model.metrics.auroc_estimated_gap }
  else { rmse: model.metrics.rmse_estimated_gap, mae: model.metrics.mae_estimated_gap };

local seen(model, it) =
  if model.classifier then 'the AUROC is ' + it.auroc + ' below what their scores gave to expect'
  else 'errors are larger than their sizes gave to expect (expected minus seen: RMSE ' + it.rmse + ', MAE ' + it.mae + ')';

local expectation(model) = [
  threshold(model, 'concept_drift', scale=4, unknown='from too few labels', beside=gaps(model)) {
    hold: 3 * model.beat,
    summary(it)::
      model.name + ': ' + (if model.classifier then 'AUROC is ' + it.auroc + ' below' else 'errors are above')
      + ' what was to be expected over ' + it.window,
    finding(it)::
      'Of the mature predictions of version ' + it.version + ' over ' + it.window + ', ' + seen(model, it) + ': '
      + it.value + ' times the threshold, where ' + it.threshold
      + ' is allowed. The inputs do not explain it: the same ones come to another end than in the reference.',
    action: 'Look at what changed in the world or in the labels since these predictions were made, then retrain on recent'
            + ' labels.',
  },
];

function(model)
  (if model.labels_evaluated && has_scores(model.spec) then calibration(model) else [])
  + (if model.labels_evaluated && model.estimated then expectation(model) else [])
