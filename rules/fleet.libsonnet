// The recording rules of all models together, for the dashboard of all models, and their tests. They name no model.
local promql = import 'promql.libsonnet';

function(arguments)
  local catalogue = arguments.catalogue;
  local labels = catalogue.labels, metrics = catalogue.metrics, recorded = catalogue.recorded;
  local worst(by, operand) = 'max by (' + std.join(', ', by) + ') (' + operand + ')';

  // Alerts of others have no layer.
  local firing(severity) = promql.selector(
    { name: 'ALERTS' },
    [
      promql.equal('alertstate', 'firing'),
      promql.differs(labels.layer, ''),
      promql.equal(labels.severity, severity),
    ]
  );
  // From the most severe: the first that a model has counts.
  local ranks = [
    (std.length(catalogue.severities) - index) + ' * ' + worst([labels.model], firing(catalogue.severities[index]))
    for index in std.range(0, std.length(catalogue.severities) - 1)
  ];
  local calm = '0 * ' + worst([labels.model], metrics.model_info.name);

  // What alerts read, of the whole traffic.
  local served = [promql.differs(labels.role, catalogue.roles.challenger), promql.equal(labels.segment, '')];
  local share = promql.selector(metrics.data_drift_share, served);
  local threshold = promql.selector(metrics.data_drift_share_threshold, served);

  local series(name, given) =
    name + '{' + std.join(',', [promql.equal(label, given[label]) for label in std.objectFields(given)]) + '}';
  local input(name, given, values) = { series: series(name, given), values: values };
  local replicated(name, given, value) =
    [input(name, given { instance: replica }, value + 'x5') for replica in ['a', 'b']];
  local check(name, expected) = {
    expr: name,
    eval_time: '4m',
    exp_samples: [{ labels: series(name, sample.labels), value: sample.value } for sample in expected],
  };
  local test(name, inputs, expected) = {
    name: name,
    interval: '1m',
    input_series: inputs,
    promql_expr_test: [check(name, expected)],
  };

  local alert(model, severity, more={}) =
    { alertname: severity, alertstate: 'firing', [labels.severity]: severity, [labels.layer]: 'x', model: model } + more;
  local drift(version, window, value, level, more={}) =
    local given = { [labels.model]: 'a', [labels.version]: version, [labels.window]: window } + more;
    replicated(metrics.data_drift_share.name, given, value)
    + replicated(metrics.data_drift_share_threshold.name, given, level);
  {
    groups: [{
      name: 'leeway-fleet',
      rules: [
        { record: recorded.severity, expr: std.join('\nor\n', ranks + [calm]) },
        { record: recorded.drift, expr: worst([labels.model, labels.window], share + ' / ' + threshold) },
        { record: recorded.burn_rate, expr: worst([labels.model], metrics.slo_burn_rate.name) },
      ],
    }],
    evaluation_interval: '1m',
    tests: [
      test(
        recorded.severity,
        replicated(metrics.model_info.name, { [labels.model]: 'calm' }, 1)
        + replicated(metrics.model_info.name, { [labels.model]: 'mended' }, 1)
        + [
          input('ALERTS', alert('paging', 'critical'), '1x5'),
          input('ALERTS', alert('paging', 'warning'), '1x5'),
          input('ALERTS', alert('gone', 'warning'), '1x5'),
          input('ALERTS', alert('mended', 'critical'), '1x2 stale'),
          input('ALERTS', alert('noted', 'info'), '1x5'),
          input('ALERTS', alert('calm', 'critical', { alertstate: 'pending' }), '1x5'),
          input('ALERTS', alert('calm', 'critical', { [labels.layer]: '' }), '1x5'),
        ],
        [
          { labels: { [labels.model]: 'paging' }, value: 3 },
          { labels: { [labels.model]: 'gone' }, value: 2 },
          { labels: { [labels.model]: 'noted' }, value: 1 },
          { labels: { [labels.model]: 'calm' }, value: 0 },
          { labels: { [labels.model]: 'mended' }, value: 0 },
        ]
      ),
      test(
        recorded.drift,
        drift('1', '1h', 0.5, 0.25)
        + drift('2', '1h', 0.25, 0.25)
        + drift('1', '24h', 0.25, 1)
        + drift('3', '1h', 1, 0.25, { [labels.role]: catalogue.roles.challenger })
        + drift('1', '1h', 1, 0.25, { [labels.segment]: 'country=A' }),
        [
          { labels: { [labels.model]: 'a', [labels.window]: '1h' }, value: 2 },
          { labels: { [labels.model]: 'a', [labels.window]: '24h' }, value: 0.25 },
        ]
      ),
      test(
        recorded.burn_rate,
        replicated(metrics.slo_burn_rate.name, { [labels.model]: 'a', [labels.slo]: 'x', [labels.window]: '6h' }, 2)
        + replicated(metrics.slo_burn_rate.name, { [labels.model]: 'a', [labels.slo]: 'y', [labels.window]: '3d' }, 0.5),
        [{ labels: { [labels.model]: 'a' }, value: 2 }]
      ),
    ],
  }
