// The exporter itself: whether it runs, whether it succeeds, and whether it knows the spec that these rules come from.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local info = metrics.model_info;
  local identity = { [label]: 'any' for label in info.labels if !std.member([labels.model, labels.spec], label) };
  local informed(spec, before, during) =
    { metric: info, labels: identity { [labels.spec]: spec }, before: before, during: during };
  local other = 'ffffffffffff';

  local refreshed(title, during) =
    { title: title, labels: {}, series: [{ metric: metrics.refresh_success, labels: {}, before: 1, during: during }] };

  local limited(title, during) =
    local example = { [labels.label]: labels.feature };
    { title: title, labels: example, series: [
      { metric: metrics.series_limited, labels: example, before: 0, during: during },
    ] };
  [
    {
      key: 'exporter_down',
      hold: 300,
      linger: 300,
      expr: 'absent(' + model.selector(info) + ')',
      words: {},
      summary(it):: model.name + ': no exporter exposes the model',
      finding(it)::
        'No exporter exposes this model: all of them are down, not scraped, or without its spec. Its gauges are'
        + ' missing, so no other alert of this model can fire.',
      action: 'Look at the scrape target, then at the log of the exporter, then for the spec in its folder.',
      scenarios: [{
        title: 'is exposed by no exporter',
        labels: {},
        target: {},
        series: [informed(model.fingerprint, 1, null)],
        words: {},
      }],
      twins: [{ title: 'is exposed under another spec', labels: {}, series: [
        informed(model.fingerprint, 1, null),
        informed(other, null, 1),
      ] }],
    },
    {
      key: 'refresh_failing',
      hold: 3 * model.beat,
      expr: model.series(metrics.refresh_success) + '\n== 0',
      words: {},
      summary(it):: model.name + ': the exporter cannot refresh the model',
      finding(it)::
        'Every refresh of the last ' + promql.duration(self.hold) + ' has failed: no newer window is judged, and'
        + ' values older than ' + model.spec.inference.stale_after + ' are withdrawn.',
      action: 'The log of the exporter names the stage, the partition and the column; failures are counted by stage.',
      scenarios: [refreshed('fails to refresh', 0) { words: {} }],
      twins: [refreshed('refreshes', 1)],
    },
    {
      key: 'spec_mismatch',
      hold: 3 * model.beat,
      expr: model.series(
        info, [promql.differs(labels.spec, model.fingerprint)], [label for label in std.objectFields(identity)]
      ),
      words: { spec: template.label(labels.spec) },
      summary(it):: model.name + ': the exporter and these rules come from different specs',
      finding(it)::
        'The exporter runs spec ' + it.spec + ', these rules were generated from spec ' + model.fingerprint
        + ': thresholds, windows and features may not be what alerts and dashboards say.',
      action: 'Generate and deploy the rules again, or reload the exporter, whichever is behind.',
      scenarios: [{
        title: 'runs with another spec',
        labels: { [labels.spec]: other },
        series: [informed(model.fingerprint, 1, null), informed(other, null, 1)],
        words: { spec: other },
      }],
      twins: [{ title: 'runs with the spec of these rules', labels: {}, series: [informed(model.fingerprint, 1, 1)] }],
    },
    {
      key: 'series_limited',
      hold: 3 * model.beat,
      expr: model.series(metrics.series_limited) + '\n> 0',
      words: { label: template.label(labels.label), value: template.value(metrics.series_limited.unit) },
      summary(it):: model.name + ': ' + it.value + ' values of the label ' + it.label + ' are not exposed',
      finding(it)::
        'The data have more values of ' + it.label + ' than the limits of the spec allow; ' + it.value
        + ' have no series of their own.',
      action: 'Raise the limit if they matter, or look for what makes them so many.',
      scenarios: [limited('has more values than its limits allow', 3) { words: { label: labels.feature, value: '3' } }],
      twins: [limited('stays within its limits', 0)],
    },
  ]
