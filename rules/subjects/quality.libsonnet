// Data quality: values that are missing, and categories that the model has never seen.
local threshold = import '../threshold.libsonnet';

function(model)
  local features = model.spec.features;
  local categorical = [feature for feature in features if feature.type == 'categorical'];
  [
    threshold(model, 'feature_nulls_high', features[0].name) {
      hold: 2 * model.beat,
      summary(it):: model.name + ': ' + it.value + ' of ' + it.feature + ' is missing over ' + it.window,
      finding(it)::
        it.value + ' of the values of ' + it.feature + ' are null or NaN over ' + it.window + ' for version '
        + it.version + '; the threshold is ' + it.threshold + '.',
      action: 'A join, a default or a producer upstream has most likely changed: look at the feature pipeline first.',
    },
  ] + [
    threshold(model, 'new_categories', feature.name) {
      hold: 2 * model.beat,
      summary(it):: model.name + ': ' + it.value + ' of ' + it.feature + ' is of unknown categories over ' + it.window,
      finding(it)::
        it.value + ' of the rows have a category of ' + it.feature + ' that the reference does not know, over '
        + it.window + ' for version ' + it.version + '; the threshold is ' + it.threshold + '.',
      action: 'The dashboard names the most frequent ones: tell a new market from a changed code or spelling.',
    }
    for feature in categorical[:1]
  ]
