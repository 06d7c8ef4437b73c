// Data drift: of all features together, and of each feature; and features whose drift would not be seen.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

// The shift, in standard deviations, that some window must be able to see.
local must_see = 1;
local hour = 3600;

// A feature that alone deserves a page: what each reason means, and what to look at first.
local broken(model) =
  local feature = model.spec.features[0].name;
  local metrics = model.metrics, labels = model.labels, reasons = model.catalogue.broken;
  local metric = metrics.feature_broken;
  local windows = model.spec.alerting.windows;
  local texts = [
    [reasons.nulls, 'all of its values are missing'],
    [reasons.constant, 'all of its values are the same'],
    [reasons.scale, 'its values have another scale, as after a change of unit'],
    [reasons.categories, 'most of its categories are not in the reference'],
    [reasons.distribution, 'its distribution is a completely different one'],
  ];
  local own = [label for label in model.series_labels(metric) if label != labels.model];
  local shared = [label for label in own if label != labels.reason];
  // The reason may change from hour to hour, so it is no label of the alert: one broken feature is one page.
  local with_reason(text) = template.first(
    promql.selector(metric, template.escaped(model.matchers) + [label + '=%q' for label in shared]) + ' == 1', shared, text
  );
  local explanation = with_reason(
    '{{ with .Labels.' + labels.reason + ' }}{{ '
    + std.join('{{ else ', [
      'if eq . ' + std.escapeStringJson(text[0]) + ' }}' + text[1]
      for text in texts
    ]) + '{{ end }}{{ end }}'
  );
  local figures = {
    psi: metrics.feature_psi,
    nulls: metrics.feature_null_ratio,
    new_categories: metrics.feature_new_category_ratio,
    mean: metrics.feature_mean,
    mean_reference: metrics.feature_mean_reference,
    scale: metrics.feature_scale_factor,
  };
  local example(reason) = {
    [label]: {
      [labels.version]: '2026-11-01',
      [labels.role]: 'champion',
      [labels.feature]: feature,
      [labels.window]: windows[0],
      [labels.reason]: reason,
    }[label]
    for label in own
  };
  local without_reason(given) = { [label]: given[label] for label in shared };
  local calm = { metric: metric, labels: example(reasons.none) };
  local firing_case(text) =
    local given = example(text[0]);
    {
      title: 'finds that ' + text[1],
      labels: without_reason(given),
      series: [
        calm { before: 0, during: null },
        { metric: metric, labels: given, before: null, during: 1 },
      ] + [
        { metric: figures[name], labels: without_reason(given), before: 0.125, during: 0.25 }
        for name in std.objectFields(figures)
      ],
      fields: given { explanation: text[1] } + {
        [name]: template.expanded_value(figures[name].unit, 0.25)
        for name in std.objectFields(figures)
      },
    };
  {
    key: 'feature_broken',
    'for': 2 * model.evaluation_interval,
    expr:
      local matchers = [promql.any(labels.window, windows)] + model.alerting(metric);
      model.series(metric, matchers, [labels.reason]) + ' == 1',
    fields: { [label]: template.label(label) for label in shared } + {
      reason: with_reason('{{ .Labels.' + labels.reason + ' }}'),
      explanation: explanation,
    } + {
      [name]: template.lookup(figures[name], model.matchers + model.whole_traffic(figures[name]), shared, 'none')
      for name in std.objectFields(figures)
    },
    summary(fields)::
      model.name + ': feature ' + fields.feature + ' is broken in the ' + fields.window + ' window: ' + fields.explanation,
    description(fields)::
      'Feature ' + fields.feature + ' of version ' + fields.version + ' is of no use to the model in the '
      + fields.window + ' window: ' + fields.explanation + ' (' + fields.reason + '). PSI ' + fields.psi + ', nulls '
      + fields.nulls + ', new categories ' + fields.new_categories + ', mean ' + fields.mean + ' (reference '
      + fields.mean_reference + '), values ' + fields.scale + ' times as large as in the reference.',
    action: 'Check the pipeline of this feature first: a join, a default, a unit, a producer upstream. Fall back to rules'
            + ' or to a model without the feature if wrong predictions are expensive.',
    firing_cases: std.map(firing_case, texts),
    silent_cases: [
      {
        title: 'finds an ordinary feature',
        labels: without_reason(example(reasons.none)),
        series: [calm { before: 0, during: 0 }],
      },
      {
        title: 'finds a broken feature in too few rows to tell',
        labels: without_reason(example(reasons.none)),
        series: [calm { before: 0, during: null }],
      },
    ],
  };

// One alert for all windows: a shift that stays is seen as soon as one of them can see it.
local insensitive(model) =
  local shift = model.metrics.feature_detectable_shift;
  local windows = model.spec.alerting.windows;
  local matchers = [promql.any(model.labels.window, windows)] + model.alerting(shift);
  local example = {
    [label]: {
      [model.labels.version]: '2026-11-01',
      [model.labels.role]: 'champion',
      [model.labels.feature]: model.spec.features[0].name,
    }[label]
    for label in model.series_labels(shift)
    if !std.member([model.labels.model, model.labels.window], label)
  };
  // The first window sees the shift `during`, and each other one that alerts `others`.
  local test_case(title, during, others) = {
    title: title,
    labels: example,
    series: [
      {
        metric: shift,
        labels: example { [model.labels.window]: window },
        before: 0.25,
        during: if window == windows[0] then during else others,
      }
      for window in windows
    ] + [
      // A window that does not alert.
      { metric: shift, labels: example { [model.labels.window]: 'other' }, before: 0.25, during: 0.25 },
    ],
  };
  {
    key: 'feature_insensitive',
    'for': hour,
    expr: promql.without('min', [model.labels.window], model.series(shift, matchers)) + '\n> ' + must_see,
    fields: { [label]: template.label(label) for label in std.objectFields(example) } + {
      value: template.value(shift.unit),
    },
    summary(fields):: model.name + ': feature ' + fields.feature + ' could drift unseen',
    description(fields)::
      'A shift of ' + fields.feature + ' by less than ' + fields.value + ' standard deviations would raise no alert, for'
      + ' version ' + fields.version + ' and in any window. Its PSI threshold is above what it would reach: the weeks of'
      + ' the reference differ much from each other, or windows have few rows.',
    action: 'Run leeway validate --data: it names a reference that trends. Use a newer or shorter reference, a longer'
            + ' window, or a lower floor.',
    firing_cases: [
      test_case('sees no shift of a standard deviation in any window', 1.25, 1.5) { fields: example { value: '1.25' } },
    ],
    silent_cases: [
      test_case('sees a shift of exactly a standard deviation', 1, 1.5),
      test_case('sees a small shift in every window', 0.5, 0.25),
    ],
  };

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
  broken(model),
  threshold(model, 'feature_drift_high', model.spec.features[0].name) {
    'for': 3 * model.evaluation_interval,
    summary(fields):: model.name + ': feature ' + fields.feature + ' has drifted in the ' + fields.window + ' window',
    description(fields)::
      'The population stability index (PSI) of ' + fields.feature + ' is ' + fields.value + ' in the ' + fields.window
      + ' window for version ' + fields.version + '; the threshold is ' + fields.threshold + '.',
    action: 'Compare the distribution with the reference on the dashboard. Ask the owner of the data what changed.',
  },
  insensitive(model),
]
