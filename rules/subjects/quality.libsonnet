// Data quality: columns that cannot be read, missing values, and categories that the model was not trained on.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model)
  local features = model.spec.features;
  local seen = { a: 122400, b: 36000 };
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
        + '. What is measured of this column is measured on these rows alone; nothing where the reference lacks it.',
      action: 'The log of the exporter names each file with the reason: a missing column, or its type, there or in the'
              + ' reference. Ask who writes them, or correct the name in the spec.',
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
      local first_seen = model.metrics.feature_new_category_first_seen_timestamp_seconds,
      local own = [label for label in model.series_labels(first_seen) if !std.member(
        [model.labels.model, model.labels.category], label
      )],
      'for': 2 * model.evaluation_interval,
      summary(fields):: model.name + ': ' + fields.feature + ' has new categories: ' + fields.categories,
      description(fields)::
        'Categories of ' + fields.feature + ' that are not in the reference reached ' + fields.value
        + ' of the rows of version ' + fields.version + ' within the last week; the threshold is ' + fields.threshold
        + '. They are: ' + fields.categories + '.',
      action: 'Find out whether they are really new, such as a new market, or a changed code or spelling. What is right'
              + ' and will stay belongs in the spec under accepted.',
      fields+: {
        categories: template.listing(
          'sort(max by (' + model.labels.category + ') (' + promql.selector(
            first_seen,
            template.escaped(model.matchers) + [label + '=%q' for label in own]
          ) + '))', own, '{{ .Labels.' + model.labels.category + ' }} (since {{ .Value | humanizeTimestamp }})',
          'not named',
        ),
      },
      firing_cases: [
        case {
          series+: [
            {
              metric: first_seen,
              labels: { [label]: case.labels[label] for label in own } + { [model.labels.category]: name },
              before: null,
              during: seen[name],
            }
            for name in std.objectFields(seen)
          ],
          fields+: { categories: 'b (since 1970-01-01 10:00:00 +0000 UTC), a (since 1970-01-02 10:00:00 +0000 UTC)' },
        }
        for case in super.firing_cases
      ],
    }
    for feature in categorical[:1]
  ]
