// Proxy metrics: how people react to the predictions, compared with the same hours of past weeks.
local calendar = import '../calendar.libsonnet';
local facts_of = import '../facts.libsonnet';
local promql = import '../promql.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model) if model.spec.proxies == [] then [] else
  local metrics = model.metrics, labels = model.labels, facts = facts_of(model);
  local names = [proxy.name for proxy in model.spec.proxies];
  // The tests use a proxy whose floor differs between weekdays, if there is one.
  local with_weekday_floors = [name for name in names if std.objectHas(model.proxy_weekday_floors, name)];
  local base = threshold(
    model,
    'proxy_unusual',
    usual_when='on a Saturday like others',
    no_threshold_when='with no history yet',
    proxy=(with_weekday_floors + names)[0],
    looked_up=function(own_of, example) {
      values: facts.compared(own_of(), example, ': ', metrics.proxy_value, metrics.proxy_expected, 'expected'),
      ended: facts.ended(own_of(), example),
    },
  );
  local score_series(name) = model.series(
    base.comparison.score,
    [promql.any(labels.window, model.spec.alerting.windows), promql.equal(labels.proxy, name)]
  );
  [
    base {
      'for': model.confirmed_after_causes,
      expr+: std.join('', [
        calendar.unless(model, base.comparison.score, score_series(name), model.proxy_weekday_floors[name])
        for name in with_weekday_floors
      ]),
      summary(fields)::
        model.name + ': ' + fields.proxy + ' is unusual in the ' + fields.window + ' window' + fields.values,
      description(fields)::
        'The proxy metric ' + fields.proxy + ' is away from its value in the same hours of past weeks in the '
        + fields.window + ' window' + fields.ended + fields.values + '. The relative deviation is ' + fields.value
        + ' (limit ' + fields.threshold + ').',
      action: 'Either people react differently to the predictions, or the events are counted differently. Look for a'
              + ' release of the model or of what shows its predictions. Then look for drift of the inputs and the scores.',
    },
  ]
