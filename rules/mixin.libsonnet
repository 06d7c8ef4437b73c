// The alerting rules of one model, a group for each subject, and what proves them.
local annotations = import 'annotations.libsonnet';
local labels = import 'labels.libsonnet';
local model = import 'model.libsonnet';
local promql = import 'promql.libsonnet';
local proven = import 'proven.libsonnet';
local subjects = import 'subjects.libsonnet';
local template = import 'template.libsonnet';

local rule(model, definition) =
  local alert = model.catalogue.alerts[definition.key];
  local fixed = labels(model.catalogue, model.metadata, alert, definition.objective);
  {
    alert: alert.name,
    expr: definition.expr,
    'for': promql.duration(definition.hold),
    keep_firing_for: promql.duration(definition.linger),
    labels: std.mapWithKey(function(_, text) template.literal(text), fixed),
    annotations: annotations(model, definition, definition.words, model.dashboards[definition.key]),
  };

function(arguments)
  local this = model(arguments), its = subjects(this);
  {
    groups: [
      {
        name: 'leeway-' + this.name + '-' + subject.name,
        rules: [rule(this, definition) for definition in subject.definitions],
      }
      for subject in its
    ],
    proven: [proven(this, definition) for subject in its for definition in subject.definitions],
    segment: this.segment,
  }
