// The exporter itself: does it run, do its refreshes succeed, does it accept the spec, and is it that of these rules?
local numbers = import '../numbers.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local info = metrics.model_info;
  local info_labels = { [label]: 'any' for label in info.labels if !std.member([labels.model, labels.spec], label) };
  local info_series(spec, before, during) =
    { metric: info, labels: info_labels { [labels.spec]: spec }, before: before, during: during };
  local other_spec = 'ffffffffffff';

  local refresh_case(title, during) =
    { title: title, labels: {}, series: [{ metric: metrics.refresh_success, labels: {}, before: 1, during: during }] };

  local overdue_after = 3 * model.evaluation_interval;
  local waiting_case(title, during) =
    local waiting = metrics.refresh_waiting_seconds;
    { title: title, labels: {}, series: [{ metric: waiting, labels: {}, before: 0, during: during }] };

  local load_case(title, during) =
    local example = { [labels.file]: 'model.yaml' };
    { title: title, labels: example, series: [
      { metric: metrics.spec_load_success, labels: example, before: 1, during: during },
    ] };

  local skipped_case(title, during) =
    local example = { [labels.stream]: 'inference', [labels.reason]: 'denied' };
    { title: title, labels: example, series: [
      { metric: metrics.files_skipped, labels: example, before: null, during: during },
    ] };

  local limit_case(title, during) =
    local example = { [labels.label]: labels.feature };
    { title: title, labels: example, series: [
      { metric: metrics.series_limited, labels: example, before: 0, during: during },
    ] };
  [
    {
      key: 'exporter_down',
      'for': 300,
      keep_firing_for: 300,
      expr: 'absent(' + model.selector(info) + ')',
      fields: {},
      summary(fields):: model.name + ': no exporter exposes this model',
      description(fields)::
        'No exporter exposes this model: every exporter is down, is not scraped, or does not have its spec. All gauges of'
        + ' the model are missing, so no other alert of this model can fire.',
      action: 'Check the scrape target, then the log of the exporter, then whether the spec is in its folder.',
      firing_cases: [{
        title: 'is exposed by no exporter',
        labels: {},
        target: {},
        series: [info_series(model.fingerprint, 1, null)],
        fields: {},
      }],
      silent_cases: [{ title: 'is exposed with another spec', labels: {}, series: [
        info_series(model.fingerprint, 1, null),
        info_series(other_spec, null, 1),
      ] }],
    },
    {
      key: 'refresh_failing',
      'for': 3 * model.evaluation_interval,
      expr: model.series(metrics.refresh_success) + '\n== 0',
      fields: {},
      summary(fields):: model.name + ': the exporter cannot refresh this model',
      description(fields)::
        'Every refresh of the last ' + promql.duration(self['for']) + ' has failed. No newer window is evaluated, and'
        + ' values older than ' + model.spec.inference.stale_after + ' are removed.',
      action: 'Read the log of the exporter: it names the stage, the partition and the column. '
              + metrics.refresh_failures_total.name + ' counts the failures by stage.',
      firing_cases: [refresh_case('fails to refresh', 0) { fields: {} }],
      silent_cases: [refresh_case('refreshes', 1)],
    },
    {
      key: 'refresh_overdue',
      'for': 300,
      expr: model.series(metrics.refresh_waiting_seconds) + '\n> ' + overdue_after,
      fields: { value: template.value(metrics.refresh_waiting_seconds.unit) },
      summary(fields):: model.name + ': no refresh has begun for ' + fields.value,
      description(fields)::
        'A refresh of this model has been due for ' + fields.value + ' and has not begun. The refresh loop stands still,'
        + ' or other models hold every slot. No newer window is evaluated, and values older than '
        + model.spec.inference.stale_after + ' are removed.',
      action: 'Open /-/healthy of the exporter: if it fails, restart the exporter. Otherwise see which models have '
              + metrics.refresh_in_progress.name + ' of 1, and give it more workers or fewer models.',
      firing_cases: [
        waiting_case('waits for a refresh too long', overdue_after + 60) {
          fields: { value: numbers.written(metrics.refresh_waiting_seconds.unit, overdue_after + 60) },
        },
        waiting_case('waits on one replica alone', overdue_after + 60) {
          series: [super.series[0] { replicas: ['a'] }, super.series[0] { during: 0, replicas: ['b'] }],
          fields: { value: numbers.written(metrics.refresh_waiting_seconds.unit, overdue_after + 60) },
        },
      ],
      silent_cases: [waiting_case('waits as long as is allowed', overdue_after)],
    },
    {
      key: 'spec_mismatch',
      'for': 3 * model.evaluation_interval,
      expr: model.series(
        info, [promql.differs(labels.spec, model.fingerprint)], [label for label in std.objectFields(info_labels)]
      ),
      fields: { spec: template.label(labels.spec) },
      summary(fields):: model.name + ': the exporter and these rules have different specs',
      description(fields)::
        'The exporter runs spec ' + fields.spec + ', but these rules were generated from spec ' + model.fingerprint
        + '. Thresholds, windows and features may differ from what alerts and dashboards show.',
      action: 'Find out which of the two is old. Then generate and deploy the rules again, or reload the exporter.',
      firing_cases: [{
        title: 'runs with another spec',
        labels: { [labels.spec]: other_spec },
        series: [info_series(model.fingerprint, 1, null), info_series(other_spec, null, 1)],
        fields: { spec: other_spec },
      }],
      silent_cases: [
        { title: 'runs with the spec of these rules', labels: {}, series: [info_series(model.fingerprint, 1, 1)] },
      ],
    },
    {
      key: 'spec_rejected',
      'for': 300,
      expr: promql.without('min', model.replicas, model.selector(metrics.spec_load_success)) + '\n== 0',
      fields: { file: template.label(labels.file) },
      summary(fields):: model.name + ': the exporter rejects the spec in ' + fields.file,
      description(fields)::
        'The spec in ' + fields.file + ' has mistakes, or the specs cannot be read. An exporter that had loaded an older'
        + ' spec of the model still runs that one. An exporter that has started since does not watch the model.',
      action: 'Read the log of the exporter or its page at /: both name file, line and key. Run leeway validate, then'
              + ' reload the exporter.',
      firing_cases: [
        load_case('has a spec with mistakes', 0) { fields: { file: 'model.yaml' } },
        load_case('has one on one replica alone', 0) {
          series: [super.series[0] { replicas: ['a'] }, super.series[0] { during: 1, replicas: ['b'] }],
          fields: { file: 'model.yaml' },
        },
      ],
      silent_cases: [load_case('has a spec that loads', 1)],
    },
    {
      key: 'files_skipped',
      'for': 3 * model.evaluation_interval,
      expr: model.series(metrics.files_skipped) + '\n> 0',
      fields: {
        stream: template.label(labels.stream),
        reason: template.label(labels.reason),
        value: template.value(metrics.files_skipped.unit),
      },
      summary(fields):: model.name + ': files left out of ' + fields.stream + ': ' + fields.value + ' ' + fields.reason,
      description(fields)::
        'Files that cannot be read, in the stream ' + fields.stream + ' for the reason ' + fields.reason + ': '
        + fields.value + '. Their rows are in no value. All other files of their partitions are read.',
      action: 'The log of the exporter and its status page name each file and what to do. The alert ends when the file is'
              + ' allowed, replaced or deleted.',
      firing_cases: [skipped_case('has files that it cannot read', 2) {
        fields: { stream: 'inference', reason: 'denied', value: '2' },
      }],
      silent_cases: [
        skipped_case('has read every file again', 0),
        skipped_case('has no file that it cannot read', null),
      ],
    },
    {
      key: 'series_limited',
      'for': 3 * model.evaluation_interval,
      expr: model.series(metrics.series_limited) + '\n> 0',
      fields: { label: template.label(labels.label), value: template.value(metrics.series_limited.unit) },
      summary(fields):: model.name + ': ' + fields.value + ' values of the label ' + fields.label + ' have no series',
      description(fields)::
        'The data have more values of the label ' + fields.label + ' than the limits of the spec allow: ' + fields.value
        + ' values have no series of their own.',
      action: 'If these values matter, raise the limit in the spec. Otherwise find out why there are so many.',
      firing_cases: [
        limit_case('has more values than its limits allow', 3) { fields: { label: labels.feature, value: '3' } },
      ],
      silent_cases: [limit_case('stays within its limits', 0)],
    },
  ]
