// The model's own answers. A log without a score has no alert on one, and only a classifier has
// classes and confidence.
local threshold = import '../threshold.libsonnet';

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

local confidence(model) = [
  threshold(model, 'confidence_shift') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': the model is surer or less sure than it was, over ' + it.window,
    finding(it)::
      'The population stability index of the confidence of version ' + it.version + ' is ' + it.value + ' over '
      + it.window + '; its threshold is ' + it.threshold + '.',
    action: 'See on the dashboard which buckets have grown. Less sure: look for inputs that the model does not know.'
            + ' Surer: look for a changed calibration.',
  },
];

function(model)
  local columns = model.spec.inference.columns;
  (if columns.score == null then [] else score(model))
  + (if model.classifier && columns.prediction != null then classes(model) else [])
  + (if model.classifier && columns.score != null then confidence(model) else [])
