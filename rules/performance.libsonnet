// What labels tell once they have come, of predictions that are mature.
local threshold = import 'threshold.libsonnet';

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

local expectation(model) = [
  threshold(model, 'concept_drift', unknown='from too few labels') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': AUROC is ' + it.value + ' below what was to be expected over ' + it.window,
    finding(it)::
      'Of the mature predictions of version ' + it.version + ' over ' + it.window + ', the AUROC is ' + it.value
      + ' below what their scores gave to expect; the threshold is ' + it.threshold
      + '. The inputs do not explain it: the same scores come true less often, or more often, than in the reference.',
    action: 'Look at what changed in the world or in the labels since these predictions were made, then retrain on recent'
            + ' labels.',
  },
];

function(model)
  (if model.labels_evaluated && has_scores(model.spec) then calibration(model) else [])
  + (if model.labels_evaluated && model.estimated && model.classifier then expectation(model) else [])
