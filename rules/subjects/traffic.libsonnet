// Traffic: whether a window has as many rows as the same hours of past weeks.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local inference = { [labels.stream]: model.catalogue.streams.inference };
  local matchers = model.matchers + [promql.equal(labels.stream, inference[labels.stream])];
  local rows = metrics.window_rows, usual = metrics.window_rows_reference;
  local of_window = { [labels.window]: model.spec.alerting.windows[0] };
  local counted(metric, number) = { metric: metric, labels: inference + of_window, before: number, during: number };
  local above = threshold(
    model, 'traffic_unusual', scale=8, season='on a quiet Sunday night', unknown='with no history yet'
  );
  [
    above {
      hold: 2 * model.beat,
      words+: {
        rows: template.lookup(rows, matchers, [labels.window], 'unknown'),
        usual: template.lookup(usual, matchers, [labels.window], 'unknown'),
      },
      scenarios: [
        scenario { series+: [counted(rows, 50), counted(usual, 300)], words+: { rows: '50', usual: '300' } }
        for scenario in above.scenarios
      ],
      summary(it):: model.name + ': ' + it.rows + ' predictions logged over ' + it.window + ', usual are ' + it.usual,
      finding(it)::
        'The inference log holds ' + it.rows + ' rows over ' + it.window + '; the same hours of past weeks had ' + it.usual
        + '. That is a factor of ' + it.value + '; the threshold is ' + it.threshold + '.',
      action: 'Compare with the traffic of the service that calls the model: fewer or more calls, or a log that is lost'
              + ' in part or written twice.',
    },
  ]
