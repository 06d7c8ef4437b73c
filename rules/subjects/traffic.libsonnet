// Traffic: does a window have as many rows as the same hours of past weeks?
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local stream = { [labels.stream]: model.catalogue.streams.inference };
  local window = { [labels.window]: model.spec.alerting.windows[0] };
  local matchers = model.matchers + [promql.equal(labels.stream, stream[labels.stream])];
  local rows = metrics.window_rows, usual_rows = metrics.window_rows_reference;
  local lookup(metric) = template.lookup(metric, matchers, [labels.window], 'unknown');
  local constant_series(metric, number) = { metric: metric, labels: stream + window, before: number, during: number };
  local base = threshold(
    model, 'traffic_unusual', scale=8, usual_when='on a quiet Sunday night', no_threshold_when='with no history yet'
  );
  [
    base {
      'for': 2 * model.evaluation_interval,
      fields+: { rows: lookup(rows), usual_rows: lookup(usual_rows) },
      firing_cases: [
        firing_case {
          series+: [constant_series(rows, 50), constant_series(usual_rows, 300)],
          fields+: { rows: '50', usual_rows: '300' },
        }
        for firing_case in base.firing_cases
      ],
      summary(fields)::
        model.name + ': ' + fields.rows + ' predictions logged in the ' + fields.window + ' window (usual: '
        + fields.usual_rows + ')',
      description(fields)::
        'The inference log has ' + fields.rows + ' rows in the ' + fields.window
        + ' window; the same hours of past weeks had ' + fields.usual_rows + '. This is a factor of ' + fields.value
        + '; the threshold is ' + fields.threshold + '.',
      action: 'Compare with the traffic of the service that calls the model. If its traffic has changed, ask its owner. If'
              + ' not, a part of the log is missing or written twice.',
    },
  ]
