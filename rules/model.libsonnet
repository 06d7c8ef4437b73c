// What every subject needs to know of one model: its selectors and its pace.
local promql = import 'promql.libsonnet';

function(arguments)
  local document = arguments.model;
  {
    catalogue: arguments.catalogue,
    metrics: self.catalogue.metrics,
    labels: self.catalogue.labels,
    replicas: self.catalogue.replica_labels,

    metadata: document.metadata,
    name: self.metadata.name,
    spec: document.spec,
    fingerprint: arguments.fingerprint,
    classifier: std.endsWith(self.spec.task, '_classification'),
    shortest_window: arguments.shortest_window,
    labels_evaluated: arguments.labels_evaluated,
    slos: arguments.slos,
    dashboards: arguments.dashboards,
    weekday_floors: arguments.weekday_floors,
    seconds: arguments.seconds,
    // Values change once per refresh, so nothing is judged faster than two or three of these.
    beat: std.max(300, self.seconds.refresh_interval),

    // What singles out the model's own series: its name and its constant labels.
    matchers:
      [promql.equal(self.labels.model, self.name)]
      + [promql.equal(label, self.metadata.labels[label]) for label in std.objectFields(self.metadata.labels)],

    selector(metric, matchers=[]):: promql.selector(metric, self.matchers + matchers),

    // The model's series of a metric, two replicas of the exporter counted as one.
    series(metric, matchers=[], drop=[])::
      promql.without('max', self.replicas + drop, self.selector(metric, matchers)),
  }
