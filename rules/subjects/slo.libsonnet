// Error budgets: how fast they are spent, and whether anything is left. An objective has alerts of its own.
//
// A tier is a burn rate that a long and a short window must both exceed: the long one says that it matters, the short
// one that it still goes on. Factors and windows are exact text, worked out where the exporter has them from too.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local burn = metrics.slo_burn_rate, remaining = metrics.slo_error_budget_remaining_ratio;

  // Longer than an exporter that is away for an hour: what is not known has not ended.
  local linger = std.max(5400, 3 * model.beat);

  local of(slo) =
    local own = { [labels.slo]: slo.name };
    local matcher = promql.equal(labels.slo, slo.name);
    local rate(window) = model.series(burn, [matcher, promql.equal(labels.window, window)], [labels.window]);
    local left(value) = { metric: remaining, labels: own, before: value, during: value };

    local burning(key, tiers, speed) =
      local windows = std.set(std.flatMap(function(tier) [tier.long, tier.short], tiers));
      local both(tier, rate) = { [tier.long]: rate } + { [tier.short]: rate };
      // What each window's gauge says; null is no gauge.
      local scene(title, rates) = {
        title: title + ' of ' + slo.name,
        labels: own,
        strangers: [{ [labels.slo]: slo.name + '-other' }],
        series: [
          { metric: burn, labels: own { [labels.window]: window }, before: '0', during: std.get(rates, window, '0') }
          for window in windows
        ] + [left(0.25)],
        words: { value: null, remaining: '25%' },
      };
      {
        key: key,
        objective: slo.name,
        hold: 2 * model.beat,
        linger: linger,
        expr: std.join('\nor\n', [
          rate(tier.long) + '\n> ' + tier.factor + '\nand\n' + rate(tier.short) + '\n> ' + tier.factor
          for tier in tiers
        ]),
        words: {
          value: template.value(burn.unit),
          remaining: template.lookup(remaining, model.matchers + [matcher], [], 'unknown'),
        },
        summary(it):: model.name + ': the error budget of ' + slo.name + ' burns ' + it.value + ' times too fast',
        finding(it)::
          'The objective is that ' + slo.said + '. Its error budget is spent ' + speed + ': ' + it.value
          + ' times faster than would spend it in exactly ' + slo.period + '; ' + it.remaining + ' of it is left.',
        action: 'Open an incident: find since when and for which predictions the model is worse, decide between rolling'
                + ' back and retraining, and promote what holds on the newest labels.',
        scenarios: [
          scene('burns over ' + tier.long + ' and ' + tier.short + ' the budget', both(tier, tier.above))
          + { words+: { value: tier.said } }
          for tier in tiers
        ],
        twins: std.flattenArrays([
          [scene('burns exactly ' + tier.factor + ' times the budget', both(tier, tier.factor))]
          + (
            if tier.long == tier.short then [] else [
              scene('burns exactly ' + tier.factor + ' times over ' + tier.long + ' alone the budget', {
                [tier.long]: tier.factor,
                [tier.short]: tier.above,
              }),
              scene('burns exactly ' + tier.factor + ' times over ' + tier.short + ' alone the budget', {
                [tier.long]: tier.above,
                [tier.short]: tier.factor,
              }),
              scene('burnt within ' + tier.long + ', and does no more, the budget', { [tier.long]: tier.above }),
              scene('has burnt for ' + tier.short + ' alone the budget', { [tier.short]: tier.above }),
              scene('has not known for ' + tier.short + ' how it burns the budget', {
                [tier.long]: tier.above,
                [tier.short]: null,
              }),
            ]
          )
          for tier in tiers
        ]),
      };

    local spent(title, value) = {
      title: title + ' of ' + slo.name,
      labels: own,
      strangers: [{ [labels.slo]: slo.name + '-other' }],
      series: [{ metric: remaining, labels: own, before: '0.5', during: value }],
    };
    (if slo.fast == [] then [] else [burning('error_budget_burn_fast', slo.fast, 'so fast that it pages')])
    + (if slo.slow == [] then [] else [burning('error_budget_burn_slow', slo.slow, 'faster than it lasts')])
    + [{
      key: 'error_budget_exhausted',
      objective: slo.name,
      hold: 2 * model.beat,
      linger: linger,
      expr: model.series(remaining, [matcher]) + '\n<= 0',
      words: { value: template.value(remaining.unit) },
      summary(it):: model.name + ': nothing is left of the error budget of ' + slo.name,
      finding(it)::
        'The objective is that ' + slo.said + '. Over the last ' + slo.period + ' more was bad than it allows: ' + it.value
        + ' of the error budget is left.',
      action: 'Leave the model as it is but for what makes it better: retrain, prove it on the newest labels, promote it,'
              + ' and write down what the budget was spent on.',
      scenarios: [
        spent('has spent exactly the budget', '0') + { words: { value: '0%' } },
        spent('has overspent the budget', '-0.25') + { words: { value: '-25%' } },
      ],
      twins: [spent('has a little left of the budget', '0.001'), spent('does not know the budget', null)],
    }];

  std.flatMap(of, model.slos)
