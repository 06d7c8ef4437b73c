// What labels tell once they have come, of predictions that are mature.
local threshold = import 'threshold.libsonnet';

// Of several classes it is that of the returned one that must be known.
local has_scores(spec) =
  spec.task == 'binary_classification'
  || (spec.task == 'multiclass_classification'
      && (spec.inference.columns.score != null || std.length(spec.inference.columns.scores) > 0));

function(model) if !(model.labels_evaluated && has_scores(model.spec)) then [] else [
  threshold(model, 'calibration_poor', unknown='from too few labels') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': scores are no probabilities over ' + it.window,
    finding(it)::
      'Of the mature predictions of version ' + it.version + ' over ' + it.window + ', the share that came true is '
      + it.value + ' away from what their scores said, in the mean; the threshold is ' + it.threshold + '.',
    action: 'Calibrate the scores anew, and look at every decision that compares one with a fixed number.',
  },
]
