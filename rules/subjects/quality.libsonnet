// Data quality: missing values, and categories that the model was not trained on.
local threshold = import '../threshold.libsonnet';

function(model)
  local features = model.spec.features;
  local categorical = [feature for feature in features if feature.type == 'categorical'];
  [
    threshold(model, 'feature_nulls_high', features[0].name) {
      'for': 2 * model.evaluation_interval,
      summary(fields)::
        model.name + ': ' + fields.value + ' of the values of ' + fields.feature + ' are missing in the ' + fields.window
        + ' window',
      description(fields)::
        fields.value + ' of the values of ' + fields.feature + ' are null or NaN in the ' + fields.window
        + ' window for version ' + fields.version + '; the threshold is ' + fields.threshold + '.',
      action: 'Check the feature pipeline first: most likely a join, a default or a producer upstream has changed.',
    },
  ] + [
    threshold(model, 'new_categories', feature.name) {
      'for': 2 * model.evaluation_interval,
      summary(fields)::
        model.name + ': ' + fields.value + ' of the rows have a new category of ' + fields.feature + ' in the '
        + fields.window + ' window',
      description(fields)::
        fields.value + ' of the rows have a category of ' + fields.feature + ' that is not in the reference, in the '
        + fields.window + ' window for version ' + fields.version + '; the threshold is ' + fields.threshold + '.',
      action: 'The dashboard shows the most frequent new categories. Find out whether they are really new, such as a new'
              + ' market, or a changed code or spelling.',
    }
    for feature in categorical[:1]
  ]
