// The model's own answers. A log without a score has no alert on one, and only a classifier has classes.
local threshold = import 'threshold.libsonnet';

local score(model) = [
  threshold(model, 'prediction_score_shift') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': the mean score has shifted over ' + it.window,
    finding(it)::
      'The mean score of version ' + it.version + ' is ' + it.value + ' reference standard deviations away from the'
      + " reference's over " + it.window + '; the threshold is ' + it.threshold + '.',
    action: 'Look for a new deployment or a changed calibration, then for drift in the features below their thresholds.',
  },
  threshold(model, 'prediction_distribution_shift') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': the scores are distributed otherwise over ' + it.window,
    finding(it)::
      'The population stability index of the scores of version ' + it.version + ' is ' + it.value + ' over ' + it.window
      + '; its threshold is ' + it.threshold + '.',
    action: 'Compare the distribution with the reference on the dashboard: scores that went to both ends, or to a single'
            + ' value, leave the mean where it was.',
  },
];

local classes(model) = [
  threshold(model, 'prediction_class_shift') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': the balance of the classes has shifted over ' + it.window,
    finding(it)::
      'The population stability index of the classes that version ' + it.version + ' returned is ' + it.value + ' over '
      + it.window + '; its threshold is ' + it.threshold + '.',
    action: 'See on the dashboard which class has grown. If the scores have not moved, look for a changed cut-off.',
  },
];

function(model)
  local columns = model.spec.inference.columns;
  (if columns.score == null then [] else score(model))
  + (if model.classifier && columns.prediction != null then classes(model) else [])
