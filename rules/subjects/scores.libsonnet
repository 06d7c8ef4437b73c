// The model's predictions. Without a score in the log there is no alert on scores; only classifiers have alerts on classes
// and confidence.
local threshold = import '../threshold.libsonnet';

local score(model) = [
  threshold(model, 'prediction_score_shift') {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': the mean score has shifted in the ' + fields.window + ' window',
    description(fields)::
      'The mean score of version ' + fields.version + ' is ' + fields.value
      + ' reference standard deviations away from the reference in the ' + fields.window
      + ' window; the threshold is ' + fields.threshold + '.',
    action: 'Look for a new deployment or a changed calibration. Then look for small drift in several features, below their'
            + ' thresholds.',
  },
  threshold(model, 'prediction_distribution_shift') {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': the distribution of the scores has changed in the ' + fields.window + ' window',
    description(fields)::
      'The population stability index (PSI) of the scores of version ' + fields.version + ' is ' + fields.value
      + ' in the ' + fields.window + ' window; the threshold is ' + fields.threshold + '.',
    action: 'Compare the distribution with the reference on the dashboard. When scores move to both ends or to a single'
            + ' value, the mean score can stay the same.',
  },
];

local classes(model) = [
  threshold(model, 'prediction_class_shift') {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': the class balance has shifted in the ' + fields.window + ' window',
    description(fields)::
      'The population stability index (PSI) of the classes that version ' + fields.version + ' returned is '
      + fields.value + ' in the ' + fields.window + ' window; the threshold is ' + fields.threshold + '.',
    action: 'Find the class that has grown on the dashboard. If the scores have not moved, look for a changed cut-off.',
  },
];

local confidence(model) = [
  threshold(model, 'confidence_shift') {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': the confidence of the model has changed in the ' + fields.window + ' window',
    description(fields)::
      'The population stability index (PSI) of the confidence of version ' + fields.version + ' is ' + fields.value
      + ' in the ' + fields.window + ' window; the threshold is ' + fields.threshold + '.',
    action: 'Find the buckets that have grown on the dashboard. Lower confidence: look for inputs that the model was not'
            + ' trained on. Higher confidence: look for a changed calibration.',
  },
];

function(model)
  local columns = model.spec.inference.columns;
  (if columns.score == null then [] else score(model))
  + (if model.classifier && columns.prediction != null then classes(model) else [])
  + (if model.classifier && columns.score != null then confidence(model) else [])
