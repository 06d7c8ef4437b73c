// Proxy metrics: how people react to the predictions, compared with the same hours of past weeks.
local calendar = import '../calendar.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model) if model.spec.proxies == [] then [] else
  local metrics = model.metrics, labels = model.labels;
  local names = [proxy.name for proxy in model.spec.proxies];
  // The tests use a proxy whose floor differs between weekdays, if there is one.
  local with_weekday_floors = [name for name in names if std.objectHas(model.proxy_weekday_floors, name)];
  local base = threshold(
    model,
    'proxy_unusual',
    usual_when='on a Saturday like others',
    no_threshold_when='with no history yet',
    proxy=(with_weekday_floors + names)[0]
  );
  local lookup(metric) = template.lookup(metric, model.matchers, [labels.proxy, labels.window], 'unknown');
  local constant_series(metric, number) =
    { metric: metric, labels: base.comparison.labels, before: number, during: number };
  local score_series(name) = model.series(
    base.comparison.score,
    [promql.any(labels.window, model.spec.alerting.windows), promql.equal(labels.proxy, name)]
  );
  [
    base {
      'for': 3 * model.evaluation_interval,
      expr+: std.join('', [
        calendar.unless(model, base.comparison.score, score_series(name), model.proxy_weekday_floors[name])
        for name in with_weekday_floors
      ]),
      fields+: { proxy_value: lookup(metrics.proxy_value), expected: lookup(metrics.proxy_expected) },
      firing_cases: [
        firing_case {
          series+: [constant_series(metrics.proxy_value, 0.25), constant_series(metrics.proxy_expected, 0.5)],
          fields+: { proxy_value: '0.25', expected: '0.5' },
        }
        for firing_case in base.firing_cases
      ],
      summary(fields)::
        model.name + ': ' + fields.proxy + ' is ' + fields.proxy_value + ' in the ' + fields.window
        + ' window (expected: ' + fields.expected + ')',
      description(fields)::
        'The proxy metric ' + fields.proxy + ' is ' + fields.proxy_value + ' in the ' + fields.window
        + ' window; the expected value from the same hours of past weeks is ' + fields.expected
        + '. The relative deviation is ' + fields.value + '; the threshold is ' + fields.threshold + '.',
      action: 'Either people react differently to the predictions, or the events are counted differently. Look for a'
              + ' release of the model or of what shows its predictions. Then look for drift of the inputs and the scores.',
    },
  ]
