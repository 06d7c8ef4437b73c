// Data quality: columns that cannot be read, missing values, and categories that the model was not trained on.
local threshold = import '../threshold.libsonnet';

function(model)
  local features = model.spec.features;
  local categorical = [feature for feature in features if feature.type == 'categorical'];
  [
    threshold(model, 'data_unreadable', part=model.catalogue.parts.features) {
      'for': 2 * model.evaluation_interval,
      summary(fields)::
        model.name + ': only ' + fields.value + ' of the ' + fields.part + ' can be read in the ' + fields.window
        + ' window',
      description(fields)::
        'Only ' + fields.value + ' of the ' + fields.part + ' of version ' + fields.version + ' can be read in the '
        + fields.window + ' window; the threshold is ' + fields.threshold
        + '. The columns are missing in the files or have another type. Drift of what cannot be read is unknown.',
      action: 'The log of the exporter names each file and column with the reason. Ask who writes the inference log what'
              + ' changed.',
    },
    threshold(model, 'column_unreadable', column=features[0].name) {
      'for': 2 * model.evaluation_interval,
      summary(fields)::
        model.name + ': only ' + fields.value + ' of the rows have a readable column ' + fields.column + ' in the '
        + fields.window + ' window',
      description(fields)::
        'Only ' + fields.value + ' of the rows of version ' + fields.version + ' have the column ' + fields.column
        + ' with a usable type in the ' + fields.window + ' window; the threshold is ' + fields.threshold
        + '. What is measured of this column is measured on these rows alone.',
      action: 'The log of the exporter names each file with the reason: a missing column, or its type. Ask who writes the'
              + ' inference log, or correct the name in the spec.',
    },
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
