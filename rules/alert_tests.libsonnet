// The tests of an alert as plain data; generator/proof/ makes promtool tests of them.
//
// A metric is given by its name. A firing case has the annotations that the alert must have, with the values in place of
// the templates. Only the dashboard link keeps its templates: generator/proof/ expands them with the alert's labels.
local annotations = import 'annotations.libsonnet';
local labels = import 'labels.libsonnet';

function(model, definition)
  local alert = model.catalogue.alerts[definition.key];
  local test_case(given) = {
    title: given.title,
    labels: given.labels,
    unrelated_labels: std.get(given, 'unrelated_labels', []),
    series: [series { metric: series.metric.name } for series in given.series],
  };
  local firing_case(given) = test_case(given) {
    [if std.objectHas(given, 'target') then 'target']: given.target,
    annotations: annotations(model, definition, given.fields, model.dashboards[definition.key]),
  };
  {
    alert: alert.name,
    key: definition.key,
    objective: definition.objective,
    labels: labels(model.catalogue, model.metadata, alert, definition.objective),
    'for': definition['for'],
    lookback: definition.lookback,
    keep_firing_for: definition.keep_firing_for,
    [if std.objectHasAll(definition, 'comparison') then 'comparison']: {
      score: definition.comparison.score.name,
      threshold: definition.comparison.threshold.name,
      labels: definition.comparison.labels,
    },
    firing_cases: std.map(firing_case, definition.firing_cases),
    silent_cases: std.map(test_case, definition.silent_cases),
  }
