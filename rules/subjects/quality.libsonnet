// Data quality: columns that cannot be read, missing values, and categories that the model was not trained on.
local facts_of = import '../facts.libsonnet';
local feature_facts_of = import '../feature_facts.libsonnet';
local numbers = import '../numbers.libsonnet';
local promql = import '../promql.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model)
  local features = model.spec.features, metrics = model.metrics, labels = model.labels;
  local facts = facts_of(model), feature_facts = feature_facts_of(model);
  local categorical = [feature for feature in features if feature.type == 'categorical'];
  [
    threshold(
      model,
      'data_unreadable',
      part=model.catalogue.parts.features,
      looked_up=function(own_of, example) {
        local readable = metrics.column_readable_ratio,
        local limit = metrics.column_readable_ratio_threshold,
        ended: facts.ended(own_of(), example),
        columns: {
          template: own_of().each(
            'sort(bottomk(5, max by (' + labels.column + ') (' + own_of().selector(readable) + ' < '
            + own_of().selector(limit) + ')))',
            '{{ .Labels.' + labels.column + ' }} (' + numbers.write(readable.unit, '.Value') + ')',
            separator=', ',
            before='Least readable columns: ',
            missing='The columns are not known'
          ),
          missing: 'The columns are not known',
          shown: 'Least readable columns: amount (0%), age (25%)',
          series: std.flatMap(
            function(each) [
              facts.series(readable, example, each[1], { [labels.column]: each[0] }),
              facts.series(limit, example, 0.5, { [labels.column]: each[0] }),
            ],
            [['age', 0.25], ['amount', 0], ['other', 0.75]]
          ),
        },
      },
    ) {
      'for': model.confirmed,
      summary(fields)::
        model.name + ': only ' + fields.value + ' of the ' + fields.part + ' can be read in the ' + fields.window
        + ' window',
      description(fields)::
        'Only ' + fields.value + ' of the ' + fields.part + ' of version ' + fields.version + ' can be read in the '
        + fields.window + ' window' + fields.ended + '; the limit is ' + fields.threshold + '.\n' + fields.columns
        + '. They are missing in the files or have another type. Drift of what cannot be read is unknown.',
      action: 'The log of the exporter names each file and column with the reason. Ask who writes the inference log what'
              + ' changed.',
    },
    threshold(
      model,
      'column_unreadable',
      column=features[0].name,
      looked_up=function(own_of, example) { ended: facts.ended(own_of(), example) },
    ) {
      'for': model.confirmed,
      summary(fields)::
        model.name + ': only ' + fields.value + ' of the rows have a readable column ' + fields.column + ' in the '
        + fields.window + ' window',
      description(fields)::
        'Only ' + fields.value + ' of the rows of version ' + fields.version + ' have the column ' + fields.column
        + ' with a usable type in the ' + fields.window + ' window' + fields.ended + '; the limit is ' + fields.threshold
        + '. What is measured of this column is measured on these rows alone; nothing where the reference lacks it.',
      action: 'The log of the exporter names each file with the reason: a missing column, or its type, there or in the'
              + ' reference. Ask who writes them, or correct the name in the spec.',
    },
    threshold(
      model,
      'feature_nulls_high',
      features[0].name,
      looked_up=function(own_of, example) {
        ended: facts.ended(own_of(), example),
        reference: facts.value(own_of(), example, ', reference ', metrics.feature_null_ratio_reference),
        others: feature_facts.others(own_of(), example, '\nDrifted too: ', ''),
        segment: facts.segment(own_of, '\nMost in the segment ', metrics.feature_null_ratio, '75%', '75%'),
      },
    ) {
      'for': model.confirmed,
      summary(fields)::
        model.name + ': ' + fields.value + ' of the values of ' + fields.feature + ' are missing in the ' + fields.window
        + ' window',
      description(fields)::
        fields.value + ' of the values of ' + fields.feature + ' are null or NaN in the ' + fields.window + ' window'
        + fields.ended + ' (limit ' + fields.threshold + fields.reference + '); version ' + fields.version + '.'
        + fields.others + fields.segment,
      action: 'Check the feature pipeline first: most likely a join, a default or a producer upstream has changed.',
    },
  ] + [
    local first_seen = metrics.feature_new_category_first_seen_timestamp_seconds;
    threshold(
      model,
      'new_categories',
      feature.name,
      looked_up=function(own_of, example) {
        categories: {
          template: own_of().each(
            'sort(max by (' + labels.category + ') (' + own_of().selector(first_seen) + '))',
            '{{ .Labels.' + labels.category + ' }} (since ' + numbers.write(first_seen.unit, '.Value') + ')',
            'not named',
            separator=', '
          ),
          missing: 'not named',
          shown: 'b (since 1 Jan 10:00 UTC), a (since 2 Jan 10:00 UTC)',
          series: [
            facts.series(first_seen, example, 122400, { [labels.category]: 'a' }),
            facts.series(first_seen, example, 36000, { [labels.category]: 'b' }),
          ],
        },
      },
    ) {
      'for': model.confirmed,
      summary(fields):: model.name + ': ' + fields.feature + ' has new categories: ' + fields.value + ' of the rows',
      description(fields)::
        'Categories of ' + fields.feature + ' that are not in the reference reached ' + fields.value
        + ' of the rows of version ' + fields.version + ' within the last week (limit ' + fields.threshold
        + ').\nThey are: ' + fields.categories + '.',
      action: 'Find out whether they are really new, such as a new market, or a changed code or spelling. What is right'
              + ' and will stay belongs in the spec under accepted.',
    }
    for feature in categorical[:1]
  ]
