// Data drift: of all features together, and of each feature; and features whose drift would not be seen.
local facts_of = import '../facts.libsonnet';
local feature_facts_of = import '../feature_facts.libsonnet';
local numbers = import '../numbers.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

// The shift, in standard deviations, that some window must be able to see.
local must_see = 1;
local hour = 3600;

// A feature that alone deserves a page. The kind of change is worded as by the alerts on its drift.
local broken(model) =
  local feature = model.spec.features[0].name;
  local metrics = model.metrics, labels = model.labels, reasons = model.catalogue.broken, changes = model.catalogue.changes;
  local metric = metrics.feature_broken;
  local windows = model.spec.alerting.windows;
  local facts = facts_of(model), feature_facts = feature_facts_of(model);
  // Of another distribution, the kind is that for which other series speak: in its case, those of nulls.
  local texts = [[reasons[key], changes[key]] for key in ['nulls', 'constant', 'scale', 'categories']]
                + [[reasons.distribution, changes.more_nulls]];
  local own = [label for label in model.series_labels(metric) if label != labels.model];
  local shared = [label for label in own if label != labels.reason];
  // The reason may change from hour to hour, so it is no label of the alert: one broken feature is one page.
  local own_of(values={}, segments=false) = template.own(
    model, shared + std.setDiff(std.objectFields(values), std.set(shared)), segments, values
  );
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
  local looked_up = {
    psi: {
      template: own_of().lookup(metrics.feature_psi),
      missing: 'unknown',
      shown: '4.25',
      series: [facts.series(metrics.feature_psi, without_reason(example(null)), 4.25)],
    },
    moved: feature_facts.moved(own_of, without_reason(example(null))),
    unusable: feature_facts.unusable(own_of(), without_reason(example(null))),
    ended: facts.ended(own_of(), without_reason(example(null))),
  };
  // The first case has no other series.
  local firing_case(index, text) =
    local given = example(text[0]), names = std.objectFields(looked_up);
    {
      title: 'finds that ' + text[1],
      labels: without_reason(given),
      series: [
        calm { before: 0, during: null },
        { metric: metric, labels: given, before: null, during: 1 },
      ] + (if index == 0 then [] else std.flatMap(function(name) looked_up[name].series, names)),
      fields: given { explanation: text[1] } + {
        [name]: if index == 0 then looked_up[name].missing else looked_up[name].shown
        for name in names
      },
    };
  {
    key: 'feature_broken',
    'for': model.confirmed,
    expr:
      local matchers = [promql.any(labels.window, windows)] + model.alerting(metric);
      model.series(metric, matchers, [labels.reason]) + ' == 1',
    fields: { [label]: template.label(label) for label in shared } + { explanation: feature_facts.kind(own_of(), {}).template } + {
      [name]: looked_up[name].template
      for name in std.objectFields(looked_up)
    },
    summary(fields):: model.name + ': ' + fields.feature + ' is broken in the ' + fields.window + ' window: ' + fields.explanation,
    description(fields)::
      'Feature ' + fields.feature + ' is of no use to version ' + fields.version + ' in the ' + fields.window + ' window'
      + fields.ended + ': ' + fields.explanation + '.\nPSI ' + fields.psi + fields.moved + fields.unusable + '.',
    action: 'Check the pipeline of this feature first: a join, a default, a unit, a producer upstream. Fall back to rules'
            + ' or to a model without the feature if wrong predictions are expensive.',
    firing_cases: std.mapWithIndex(firing_case, texts),
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

function(model)
  local facts = facts_of(model), feature_facts = feature_facts_of(model), metrics = model.metrics;
  [
    threshold(
      model,
      'data_drift_high',
      looked_up=function(own_of, example) {
        ended: facts.ended(own_of(), example),
        named: feature_facts.named(own_of(), ': '),
        worst: feature_facts.worst(own_of, example),
        scores: facts.compared(
          own_of(),
          example,
          '\nMean score: ',
          metrics.prediction_mean,
          metrics.prediction_mean_reference
        ),
        segment: facts.segment(own_of, '\nMost in the segment ', metrics.data_drift_share, '75%', '75%'),
      },
    ) {
      'for': model.confirmed,
      summary(fields)::
        model.name + ': ' + fields.value + ' of the features have drifted in the ' + fields.window + ' window'
        + fields.named,
      description(fields)::
        fields.value + ' of the features of version ' + fields.version + ', weighted by importance, have drifted in the '
        + fields.window + ' window' + fields.ended + '; the limit is ' + fields.threshold + '.' + fields.worst
        + fields.scores + fields.segment,
      action: 'Predictions may be wrong although every request succeeds. Look for a change upstream of these features first;'
              + ' think of retraining only after that.',
    },
    broken(model),
    threshold(
      model,
      'feature_drift_high',
      model.spec.features[0].name,
      looked_up=function(own_of, example) {
        ended: facts.ended(own_of(), example),
        moved: feature_facts.moved(own_of, example),
        // Missing values are likelier the reason than a wider spread.
        kind: feature_facts.kind(own_of(), example) { shown: model.catalogue.changes.more_nulls },
        unusable: feature_facts.unusable(own_of(), example),
        others: feature_facts.others(own_of(), example, 'Also drifted: ', 'No other feature has drifted'),
        segment: facts.segment(own_of, '\nMost in the segment ', metrics.feature_psi, '0.75', '0.75'),
      },
    ) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + ': ' + fields.feature + ' has drifted in the ' + fields.window + ' window' + fields.moved,
      description(fields)::
        'PSI of ' + fields.feature + ' ' + fields.value + ' (limit ' + fields.threshold + ')' + fields.moved + fields.unusable
        + '; version ' + fields.version + ', ' + fields.window + ' window' + fields.ended + '.\nLikely kind: ' + fields.kind + '.\n'
        + fields.others + '.' + fields.segment,
      action: 'Compare the distribution with the reference on the dashboard. Ask the owner of the data what changed.',
    },
    insensitive(model),
  ]
