// Error budgets: how fast they burn, and whether anything is left. Each objective has alerts of its own.
//
// A tier is a burn rate that a long and a short window must both exceed: the long window shows that it matters, the short
// one that it still continues. Factors and windows are exact text, from the same code that the exporter uses.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local burn_rate = metrics.slo_burn_rate, remaining = metrics.slo_error_budget_remaining_ratio;

  // Longer than an exporter that is down for an hour: missing values do not end the alert.
  local keep_firing_for = std.max(5400, 3 * model.evaluation_interval);

  local alerts_of(slo) =
    local slo_label = { [labels.slo]: slo.name };
    local unrelated_labels = [{ [labels.slo]: slo.name + '-other' }];
    local matcher = promql.equal(labels.slo, slo.name);
    local budget = 'the budget of ' + slo.name;
    local rate(window) = model.series(burn_rate, [matcher, promql.equal(labels.window, window)], [labels.window]);

    local burn_alert(key, tiers, speed, action) =
      local windows = std.set(std.flatMap(function(tier) [tier.long, tier.short], tiers));
      local in_both_windows(tier, rate) = { [tier.long]: rate } + { [tier.short]: rate };
      // `rates` are the values of the windows' gauges; null is no gauge.
      local test_case(title, rates) = {
        title: title,
        labels: slo_label,
        unrelated_labels: unrelated_labels,
        series: [
          {
            metric: burn_rate,
            labels: slo_label { [labels.window]: window },
            before: '0',
            during: std.get(rates, window, '0'),
          }
          for window in windows
        ] + [{ metric: remaining, labels: slo_label, before: 0.25, during: 0.25 }],
        fields: { value: null, remaining: '25%' },
      };
      local silent_cases(tier) =
        [test_case('burns ' + budget + ' at exactly ' + tier.factor, in_both_windows(tier, tier.factor))]
        + (
          if tier.long == tier.short then [] else [
            test_case('burns ' + budget + ' at exactly ' + tier.factor + ' over ' + tier.long, {
              [tier.long]: tier.factor,
              [tier.short]: tier.above,
            }),
            test_case('burns ' + budget + ' at exactly ' + tier.factor + ' over ' + tier.short, {
              [tier.long]: tier.above,
              [tier.short]: tier.factor,
            }),
            test_case('burnt ' + budget + ' within ' + tier.long + ', but does not any more', { [tier.long]: tier.above }),
            test_case('burns ' + budget + ' only within ' + tier.short, { [tier.short]: tier.above }),
            test_case('has no burn rate over ' + tier.short + ' of ' + budget, {
              [tier.long]: tier.above,
              [tier.short]: null,
            }),
          ]
        );
      {
        key: key,
        objective: slo.name,
        'for': 2 * model.evaluation_interval,
        keep_firing_for: keep_firing_for,
        expr: std.join('\nor\n', [
          rate(tier.long) + '\n> ' + tier.factor + '\nand\n' + rate(tier.short) + '\n> ' + tier.factor
          for tier in tiers
        ]),
        fields: {
          value: template.value(burn_rate.unit),
          remaining: template.lookup(remaining, model.matchers + [matcher], [], 'unknown'),
        },
        summary(fields)::
          model.name + ': the error budget of ' + slo.name + ' burns ' + fields.value + ' times too fast',
        description(fields)::
          'Objective: ' + slo.sentence + '. Its error budget burns ' + speed + ': ' + fields.value
          + ' times the rate that would use it in exactly ' + slo.period + '. Of the budget, ' + fields.remaining
          + ' is left.',
        action: action,
        firing_cases: [
          test_case('burns ' + budget + ' over ' + tier.long + ' and ' + tier.short, in_both_windows(tier, tier.above))
          + { fields+: { value: tier.formatted } }
          for tier in tiers
        ],
        silent_cases: std.flatMap(silent_cases, tiers),
      };

    local budget_case(title, value) = {
      title: title,
      labels: slo_label,
      unrelated_labels: unrelated_labels,
      series: [{ metric: remaining, labels: slo_label, before: '0.5', during: value }],
    };
    (if slo.fast == [] then [] else [
       burn_alert(
         'error_budget_burn_fast',
         slo.fast,
         'far too fast',
         'Open an incident. Find out since when, and for which predictions, the model is worse. Decide between a rollback'
         + ' and a retraining. Promote only a model that is good on the newest labels.'
       ),
     ])
    + (if slo.slow == [] then [] else [
         burn_alert(
           'error_budget_burn_slow',
           slo.slow,
           'too fast to last its period',
           'Plan a retraining before the budget is used up. Find out since when, and for which predictions, the model is'
           + ' worse. Promote only a model that is good on the newest labels.'
         ),
       ])
    + [{
      key: 'error_budget_exhausted',
      objective: slo.name,
      'for': 2 * model.evaluation_interval,
      keep_firing_for: keep_firing_for,
      expr: model.series(remaining, [matcher]) + '\n<= 0',
      fields: { value: template.value(remaining.unit) },
      summary(fields):: model.name + ': the error budget of ' + slo.name + ' is used up',
      description(fields)::
        'Objective: ' + slo.sentence + '. In the last ' + slo.period + ', more was bad than it allows: ' + fields.value
        + ' of the error budget is left.',
      action: 'Promote only changes that make the model better. Retrain it, check it on the newest labels and promote it.'
              + ' Write down what used the budget.',
      firing_cases: [
        budget_case('has spent exactly ' + budget, '0') + { fields: { value: '0%' } },
        budget_case('has overspent ' + budget, '-0.25') + { fields: { value: '-25%' } },
      ],
      silent_cases: [
        budget_case('has a little left of ' + budget, '0.001'),
        budget_case('has no value of ' + budget, null),
      ],
    }];

  std.flatMap(alerts_of, model.slos)
