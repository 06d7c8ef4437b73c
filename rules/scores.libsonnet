// The model's own answers; a model whose log has no score has no such alerts.
local threshold = import 'threshold.libsonnet';

function(model) if model.spec.inference.columns.score == null then [] else [
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
]
