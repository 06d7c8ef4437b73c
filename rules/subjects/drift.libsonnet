// Drift of the data: of the whole, and of each feature.
local threshold = import '../threshold.libsonnet';

function(model) [
  threshold(model, 'data_drift_high') {
    hold: 2 * model.beat,
    summary(it):: model.name + ': ' + it.value + ' of the features have drifted over ' + it.window,
    finding(it)::
      'Weighted by importance, ' + it.value + ' of the features of version ' + it.version
      + ' are above their drift thresholds over ' + it.window + '; the threshold for the whole is ' + it.threshold
      + '. The inputs are no longer what the model was trained on: its answers may be wrong while every request succeeds.',
    action: 'Open the dashboard, find the features that moved together, and look upstream of them for a change'
            + ' before you think of retraining.',
  },
  threshold(model, 'feature_drift_high', model.spec.features[0].name) {
    hold: 3 * model.beat,
    summary(it):: model.name + ': feature ' + it.feature + ' has drifted over ' + it.window,
    finding(it)::
      'The population stability index of ' + it.feature + ' is ' + it.value + ' over ' + it.window
      + ' for version ' + it.version + '; its threshold is ' + it.threshold + '.',
    action: 'Compare the distribution with the reference on the dashboard, and ask the owner of the data what changed.',
  },
]
