// What every subject needs to know about one model: its spec, its selectors and its evaluation interval.
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
    estimated: arguments.estimated,
    slos: arguments.slos,
    dashboards: arguments.dashboards,
    runbooks: arguments.runbooks,
    weekday_floors: arguments.weekday_floors,
    proxy_weekday_floors: arguments.proxy_weekday_floors,
    seconds: arguments.seconds,
    // Seconds between two evaluations: values change once per refresh.
    evaluation_interval: std.max(300, self.seconds.refresh_interval),
    // Seconds after which a value has been read twice: one refresh, and time to read, scrape and evaluate the second one.
    // A partition that was read too early is corrected by then. A third reading would return the same rows.
    confirmed: self.evaluation_interval + 300,
    // Longer, for an alert that another one may inhibit: rules of two groups are evaluated up to a minute apart, and
    // Alertmanager does not wait for a cause that fires later.
    confirmed_after_causes: self.confirmed + 120,

    // The matchers that select the model's own series: its name and its constant labels.
    matchers:
      [promql.equal(self.labels.model, self.name)]
      + [promql.equal(label, self.metadata.labels[label]) for label in std.objectFields(self.metadata.labels)],

    selector(metric, matchers=[]):: promql.selector(metric, self.matchers + matchers),

    // Series have a role only if the log has a role column, and a segment only if the spec names segments.
    local optional_labels = {
      [$.labels.role]: $.spec.inference.columns.role != null,
      [$.labels.segment]: $.spec.segments != [],
    },
    // A segment as series have it, for tests of the rules; null if there are no segments.
    segment: if self.spec.segments == [] then null else self.spec.segments[0] + '=A',

    local has(metric, label) = std.member(metric.labels, label) && optional_labels[label],
    // The labels that the model's series of a metric can have, as an alert reads them.
    series_labels(metric, segments=false):: [
      label
      for label in metric.labels
      if std.get(optional_labels, label, true) && (label != $.labels.segment || segments)
    ],
    // The matchers of the series that alerts read. Alerts ignore challengers, because nobody uses their predictions. In a
    // model with segments, alerts read the whole traffic, unless `segments`: such a metric has only series of segments.
    alerting(metric, segments=false)::
      (if has(metric, $.labels.role) then [promql.differs($.labels.role, $.catalogue.roles.challenger)] else [])
      + self.whole_traffic(metric, segments),
    // The same without the role, for lookups that use the alert's own role.
    whole_traffic(metric, segments=false)::
      if has(metric, $.labels.segment) && !segments then [promql.equal($.labels.segment, '')] else [],

    // The model's series of a metric. Two replicas of the exporter count as one.
    series(metric, matchers=[], drop=[])::
      promql.without('max', self.replicas + drop, self.selector(metric, matchers)),
  }
