// Error budgets: how fast they burn, and whether anything is left. Each objective has alerts of its own.
//
// A tier is a burn rate that a long and a short window must both exceed: the long window shows that it matters, the short
// one that it still continues. Factors and windows are exact text, from the same code that the exporter uses.
local numbers = import '../numbers.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local burn_rate = metrics.slo_burn_rate, remaining = metrics.slo_error_budget_remaining_ratio;
  local own = template.own(model, []);

  // Longer than an exporter that is down for an hour: missing values do not end the alert.
  local keep_firing_for = std.max(5400, 3 * model.evaluation_interval);

  local alerts_of(slo) =
    local slo_label = { [labels.slo]: slo.name };
    local unrelated_labels = [{ [labels.slo]: slo.name + '-other' }];
    local matcher = promql.equal(labels.slo, slo.name);
    local budget = 'the budget of ' + slo.name;
    // The present value and its target: `: MAE 3,690, target at most 1,500`. Of several versions, the worst.
    local sli(missing) = own.each(
      (if slo.bad_below then 'min(' else 'max(') + own.selector(metrics.slo_sli, [matcher]) + ')',
      ': ' + slo.measured + ' ' + numbers.write(slo.unit, '.Value') + ', target ' + slo.target,
      missing
    );
    local shown_sli = ': ' + slo.measured + ' ' + numbers.written(slo.unit, 0.25) + ', target ' + slo.target;
    local sli_series = {
      metric: metrics.slo_sli,
      labels: slo_label { [labels.version]: '2026-11-01' },
      before: null,
      during: 0.25,
    };
    local left = own.each(
      own.greatest(remaining, [matcher]),
      '{{ if ge .Value 0.0 }}' + numbers.write(remaining.unit, '.Value') + ' of the budget is left{{ else }}'
      + own.written('-' + own.greatest(remaining, [matcher]), remaining.unit)
      + ' more than the budget is spent{{ end }}',
      'it is not known what is left of the budget'
    );
    local bad(window) = own.each(
      'sum(' + promql.without('max', model.replicas, own.selector(
        metrics.slo_bad_slices, [matcher, promql.equal(labels.window, window)]
      )) + ')',
      '\nBad slices in ' + window + ': ' + numbers.write('number', '.Value') + own.each(
        'sum(' + promql.without('max', model.replicas, own.selector(
          metrics.slo_slices, [matcher, promql.equal(labels.window, window)]
        )) + ')',
        ' of ' + numbers.write('number', '.Value')
      ) + '.'
    );
    local slices(window, metric, number) = {
      metric: metric,
      labels: slo_label { [labels.version]: '2026-11-01', [labels.window]: window },
      before: null,
      during: number,
    };
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
        fields: { value: null, remaining: '25% of the budget is left', sli: '', newest: ' is unknown', bad: '' },
      };
      local longest = tiers[std.length(tiers) - 1].long;
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
        'for': model.confirmed,
        keep_firing_for: keep_firing_for,
        expr: std.join('\nor\n', [
          rate(tier.long) + '\n> ' + tier.factor + '\nand\n' + rate(tier.short) + '\n> ' + tier.factor
          for tier in tiers
        ]),
        fields: {
          value: template.value(burn_rate.unit),
          remaining: left,
          sli: sli(''),
          newest: sli(' is unknown'),
          bad: bad(longest),
        },
        summary(fields)::
          model.name + ': the error budget of ' + slo.name + ' burns ' + fields.value + ' times too fast' + fields.sli,
        description(fields)::
          'Objective: ' + slo.sentence + '. Newest slice' + fields.newest + '. Its error budget burns ' + speed + ': ' + fields.value
          + ' times the rate that would use it in exactly ' + slo.period + '; ' + fields.remaining + '.' + fields.bad,
        action: action,
        firing_cases: [
          test_case('burns ' + budget + ' over ' + tier.long + ' and ' + tier.short, in_both_windows(tier, tier.above))
          + { fields+: { value: tier.formatted } }
          for tier in tiers
        ] + [
          test_case('burns ' + budget + ' and has spent more than all of it', in_both_windows(tiers[0], tiers[0].above)) {
            series: super.series[:std.length(super.series) - 1] + [
              { metric: remaining, labels: slo_label, before: -0.25, during: -0.25 },
              sli_series,
              slices(longest, metrics.slo_bad_slices, 5),
              slices(longest, metrics.slo_slices, 7),
            ],
            fields: {
              value: tiers[0].formatted,
              remaining: '25% more than the budget is spent',
              sli: shown_sli,
              newest: shown_sli,
              bad: '\nBad slices in ' + longest + ': 5 of 7.',
            },
          },
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
      'for': model.confirmed,
      keep_firing_for: keep_firing_for,
      expr: model.series(remaining, [matcher]) + '\n<= 0',
      fields: { remaining: left, sli: sli(''), newest: sli(' is unknown') },
      summary(fields):: model.name + ': the error budget of ' + slo.name + ' is used up' + fields.sli,
      description(fields)::
        'Objective: ' + slo.sentence + '. Newest slice' + fields.newest + '. In the last ' + slo.period + ', as much was bad as it allows, or more: '
        + fields.remaining + '.',
      action: 'Promote only changes that make the model better. Retrain it, check it on the newest labels and promote it.'
              + ' Write down what used the budget.',
      firing_cases: [
        budget_case('has spent exactly ' + budget, '0') + { fields: { remaining: '0% of the budget is left', sli: '', newest: ' is unknown' } },
        budget_case('has overspent ' + budget, '-0.25') {
          series+: [sli_series],
          fields: { remaining: '25% more than the budget is spent', sli: shown_sli, newest: shown_sli },
        },
      ],
      silent_cases: [
        budget_case('has a little left of ' + budget, '0.001'),
        budget_case('has no value of ' + budget, null),
      ],
    }];

  std.flatMap(alerts_of, model.slos)
