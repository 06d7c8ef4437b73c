// The alerting rules of one model, in one group for each subject, and the tests of these rules.
local alert_tests = import 'alert_tests.libsonnet';
local annotations = import 'annotations.libsonnet';
local labels = import 'labels.libsonnet';
local model_of = import 'model.libsonnet';
local promql = import 'promql.libsonnet';
local subjects_of = import 'subjects.libsonnet';
local template = import 'template.libsonnet';

local rule(model, definition) =
  local alert = model.catalogue.alerts[definition.key];
  local fixed_labels = labels(model.catalogue, model.metadata, alert, definition.objective);
  {
    alert: alert.name,
    expr: definition.expr,
    'for': promql.duration(definition['for']),
    keep_firing_for: promql.duration(definition.keep_firing_for),
    labels: std.mapWithKey(function(_, text) template.literal(text), fixed_labels),
    annotations: annotations(model, definition, definition.fields, model.dashboards[definition.key]),
  };

function(arguments)
  local model = model_of(arguments), subjects = subjects_of(model);
  {
    groups: [
      {
        name: 'leeway-' + model.name + '-' + subject.name,
        rules: [rule(model, definition) for definition in subject.definitions],
      }
      for subject in subjects
    ],
    alert_tests: [alert_tests(model, definition) for subject in subjects for definition in subject.definitions],
    segment: model.segment,
  }
