// Data drift: of all features together, and of each feature.
local threshold = import '../threshold.libsonnet';

function(model) [
  threshold(model, 'data_drift_high') {
    'for': 2 * model.evaluation_interval,
    summary(fields)::
      model.name + ': ' + fields.value + ' of the features have drifted in the ' + fields.window + ' window',
    description(fields)::
      fields.value + ' of the features of version ' + fields.version
      + ', weighted by importance, are above their drift thresholds in the ' + fields.window
      + ' window; the threshold for this share is ' + fields.threshold
      + '. The inputs differ from the training data, so predictions may be wrong although every request succeeds.',
    action: 'Open the dashboard and find the features that moved together. Look for a change upstream of them first; think'
            + ' of retraining only after that.',
  },
  threshold(model, 'feature_drift_high', model.spec.features[0].name) {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': feature ' + fields.feature + ' has drifted in the ' + fields.window + ' window',
    description(fields)::
      'The population stability index (PSI) of ' + fields.feature + ' is ' + fields.value + ' in the ' + fields.window
      + ' window for version ' + fields.version + '; the threshold is ' + fields.threshold + '.',
    action: 'Compare the distribution with the reference on the dashboard. Ask the owner of the data what changed.',
  },
]
