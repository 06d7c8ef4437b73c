// What proves the alerts of a model, as plain data: generator/proof/ makes promtool's tests of it.
//
// A metric is told by its name, and where an alert fires, what it bears: its fixed labels, and its annotations in clear
// but for the link, whose templates are expanded with the labels that the alert has.
local annotations = import 'annotations.libsonnet';
local labels = import 'labels.libsonnet';

function(model, definition)
  local alert = model.catalogue.alerts[definition.key];
  local told(story) = {
    title: story.title,
    labels: story.labels,
    strangers: std.get(story, 'strangers', []),
    series: [one { metric: one.metric.name } for one in story.series],
  };
  local fires(scenario) = told(scenario) {
    [if std.objectHas(scenario, 'target') then 'target']: scenario.target,
    annotations: annotations(model, definition, scenario.words, model.dashboards[definition.key]),
  };
  {
    alert: alert.name,
    key: definition.key,
    objective: definition.objective,
    labels: labels(model.catalogue, model.metadata, alert, definition.objective),
    hold: definition.hold,
    memory: definition.memory,
    linger: definition.linger,
    [if std.objectHasAll(definition, 'compared') then 'compared']: {
      score: definition.compared.score.name,
      threshold: definition.compared.threshold.name,
      labels: definition.compared.labels,
    },
    scenarios: [fires(scenario) for scenario in definition.scenarios],
    twins: [told(twin) for twin in definition.twins],
  }
