// The model's predictions. Without a score in the log there is no alert on scores; only classifiers have alerts on classes
// and confidence.
local facts_of = import '../facts.libsonnet';
local feature_facts_of = import '../feature_facts.libsonnet';
local threshold = import '../threshold.libsonnet';

// What every text has: the end of the window, the features that have drifted, and what `more` adds.
local looked_up(model, more) = function(own_of, example)
  local facts = facts_of(model), feature_facts = feature_facts_of(model);
  {
    ended: facts.ended(own_of(), example),
    features: feature_facts.others(own_of(), example, 'Drifted features: ', 'No feature has drifted'),
  } + more(facts, own_of, example);

local of_version(fields) =
  'version ' + fields.version + ', ' + fields.window + ' window' + fields.ended + '.\n' + fields.features + '.';

local score(model) =
  local mean(text) = function(facts, own_of, example) {
    mean: facts.compared(
      own_of(), example, text, model.metrics.prediction_mean, model.metrics.prediction_mean_reference
    ),
  };
  [
    threshold(
      model,
      'prediction_score_shift',
      looked_up=looked_up(model, function(facts, own_of, example) mean(': ')(facts, own_of, example) {
        segment: facts.segment(own_of, '\nMost in the segment ', model.metrics.prediction_mean_shift, '0.75', '0.75'),
      }),
    ) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + ': the mean score has shifted in the ' + fields.window + ' window' + fields.mean,
      description(fields)::
        'The mean score has shifted by ' + fields.value + ' reference standard deviations (limit ' + fields.threshold + ')'
        + fields.mean + '; ' + of_version(fields) + fields.segment,
      action: 'Look for a new deployment or a changed calibration. Then look for small drift in several features, below their'
              + ' thresholds.',
    },
    threshold(model, 'prediction_distribution_shift', looked_up=looked_up(model, mean(', mean score '))) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + ': the distribution of the scores has changed in the ' + fields.window + ' window' + fields.mean,
      description(fields)::
        'PSI of the scores ' + fields.value + ' (limit ' + fields.threshold + ')' + fields.mean + '; ' + of_version(fields),
      action: 'Compare the distribution with the reference on the dashboard. When scores move to both ends or to a single'
              + ' value, the mean score can stay the same.',
    },
  ];

local classes(model) = [
  threshold(
    model,
    'prediction_class_shift',
    looked_up=looked_up(model, function(facts, own_of, example) {
      class: facts.share(
        own_of,
        example,
        ': ',
        model.metrics.prediction_class_ratio,
        model.metrics.prediction_class_ratio_reference,
        model.labels.class
      ),
    }),
  ) {
    'for': model.confirmed_after_causes,
    summary(fields)::
      model.name + ': the class balance has shifted in the ' + fields.window + ' window' + fields.class,
    description(fields)::
      'PSI of the returned classes ' + fields.value + ' (limit ' + fields.threshold + ')' + fields.class + '; '
      + of_version(fields),
    action: 'Find the class that has grown on the dashboard. If the scores have not moved, look for a changed cut-off.',
  },
];

local confidence(model) = [
  threshold(
    model,
    'confidence_shift',
    looked_up=looked_up(model, function(facts, own_of, example) {
      bucket: facts.share(
        own_of,
        example,
        ': confidence ',
        model.metrics.prediction_confidence_ratio,
        model.metrics.prediction_confidence_ratio_reference,
        model.labels.bucket
      ),
    }),
  ) {
    'for': model.confirmed_after_causes,
    summary(fields)::
      model.name + ': the confidence of the model has changed in the ' + fields.window + ' window' + fields.bucket,
    description(fields)::
      'PSI of the confidence ' + fields.value + ' (limit ' + fields.threshold + ')' + fields.bucket + '; '
      + of_version(fields),
    action: 'Find the buckets that have grown on the dashboard. Lower confidence: look for inputs that the model was not'
            + ' trained on. Higher confidence: look for a changed calibration.',
  },
];

function(model)
  local columns = model.spec.inference.columns;
  (if columns.score == null then [] else score(model))
  + (if model.classifier && columns.prediction != null then classes(model) else [])
  + (if model.classifier && columns.score != null then confidence(model) else [])
