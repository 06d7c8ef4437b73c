// Proxy metrics: what people do with the answers, beside the same hours of past weeks.
local calendar = import '../calendar.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model) if model.spec.proxies == [] then [] else
  local metrics = model.metrics, labels = model.labels;
  local names = [proxy.name for proxy in model.spec.proxies];
  // One whose floor differs between weekdays stands in the proofs, where there is one.
  local restless = [name for name in names if std.objectHas(model.proxy_weekday_floors, name)];
  local above = threshold(
    model,
    'proxy_unusual',
    season='on a Saturday like others',
    unknown='with no history yet',
    proxy=(restless + names)[0]
  );
  local present(metric) = template.lookup(metric, model.matchers, [labels.proxy, labels.window], 'unknown');
  local told(metric, number) = { metric: metric, labels: above.compared.labels, before: number, during: number };
  local score(name) = model.series(
    above.compared.score,
    [promql.any(labels.window, model.spec.alerting.windows), promql.equal(labels.proxy, name)]
  );
  [
    above {
      hold: 3 * model.beat,
      expr+: std.join('', [
        calendar.unless(model, above.compared.score, score(name), model.proxy_weekday_floors[name]) for name in restless
      ]),
      words+: { is: present(metrics.proxy_value), expected: present(metrics.proxy_expected) },
      scenarios: [
        scenario {
          series+: [told(metrics.proxy_value, 0.25), told(metrics.proxy_expected, 0.5)],
          words+: { is: '0.25', expected: '0.5' },
        }
        for scenario in above.scenarios
      ],
      summary(it):: model.name + ': ' + it.proxy + ' is ' + it.is + ' over ' + it.window + ', expected is ' + it.expected,
      finding(it)::
        'The proxy metric ' + it.proxy + ' is ' + it.is + ' over ' + it.window + '; by the same hours of past weeks it'
        + ' should be ' + it.expected + '. Relative to that it is ' + it.value + ' away; the threshold is '
        + it.threshold + '.',
      action: 'People do otherwise with the answers of the model, or are counted otherwise: look for a release of the'
              + ' model and of what shows its answers, then for drift of the inputs and the scores.',
    },
  ]
