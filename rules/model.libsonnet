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
    estimated: arguments.estimated,
    slos: arguments.slos,
    dashboards: arguments.dashboards,
    weekday_floors: arguments.weekday_floors,
    proxy_weekday_floors: arguments.proxy_weekday_floors,
    seconds: arguments.seconds,
    // Values change once per refresh, so nothing is judged faster than two or three of these.
    beat: std.max(300, self.seconds.refresh_interval),

    // What singles out the model's own series: its name and its constant labels.
    matchers:
      [promql.equal(self.labels.model, self.name)]
      + [promql.equal(label, self.metadata.labels[label]) for label in std.objectFields(self.metadata.labels)],

    selector(metric, matchers=[]):: promql.selector(metric, self.matchers + matchers),

    // Only a log that names roles has series by role, and only a spec that names segments has theirs.
    local spoken = {
      [$.labels.role]: $.spec.inference.columns.role != null,
      [$.labels.segment]: $.spec.segments != [],
    },
    // A segment as series name it, to prove rules by; null where there are none.
    segment: if self.spec.segments == [] then null else self.spec.segments[0] + '=A',

    local has(metric, label) = std.member(metric.labels, label) && spoken[label],
    // The labels that the model's series of a metric may bear, as an alert reads them.
    borne(metric, segments=false):: [
      label
      for label in metric.labels
      if std.get(spoken, label, true) && (label != $.labels.segment || segments)
    ],
    // What singles out the series that alerts read: those of a challenger, which serves nobody, are for reading only;
    // and of a model with segments the whole alone, unless `segments`: their own series are the metric's only ones.
    alerting(metric, segments=false)::
      (if has(metric, $.labels.role) then [promql.differs($.labels.role, $.catalogue.roles.challenger)] else [])
      + self.whole(metric, segments),
    // The same of the whole alone, for what is looked up by an alert's own role.
    whole(metric, segments=false)::
      if has(metric, $.labels.segment) && !segments then [promql.equal($.labels.segment, '')] else [],

    // The model's series of a metric, two replicas of the exporter counted as one.
    series(metric, matchers=[], drop=[])::
      promql.without('max', self.replicas + drop, self.selector(metric, matchers)),
  }
