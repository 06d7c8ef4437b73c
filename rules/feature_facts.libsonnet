// What the texts of several alerts say of features: how their values moved, which are worst, and what kind of change it
// looks like. They are facts as in facts.libsonnet.
local facts_of = import 'facts.libsonnet';
local numbers = import 'numbers.libsonnet';
local promql = import 'promql.libsonnet';

local most_named = 3;

function(model)
  local metrics = model.metrics, labels = model.labels, changes = model.catalogue.changes, facts = facts_of(model);
  local series = facts.series, present = facts.present, moved_most = facts.moved_most;

  // The kinds of change of a feature, the most certain first: each with the condition under which it is likely. All
  // values of another unit have the same factor, so all quartiles have that of the mean.
  local kinds(own) =
    local of(metric, matchers=[]) = own.selector(metric, matchers);
    local reasons = model.catalogue.broken;
    local broken(reason) = of(metrics.feature_broken, [promql.equal(labels.reason, reason)]) + ' == 1';
    local factor = of(metrics.feature_scale_factor);
    local mean_factor = '(' + of(metrics.feature_mean) + ' / ' + of(metrics.feature_mean_reference) + ' > 0)';
    local spread = of(metrics.feature_stddev_ratio);
    // Of a segment, some statistics are not known.
    local known(kinds) = if std.member(own.labels, labels.segment) then [each for each in kinds if each[2]] else kinds;
    known([
      [changes.nulls, broken(reasons.nulls), false],
      [changes.constant, broken(reasons.constant), false],
      [changes.constant, spread + ' == 0', true],
      [changes.scale, broken(reasons.scale), false],
      [changes.scale, '(abs(ln(' + factor + ' / ' + mean_factor + ')) < 0.1) * (abs(ln(' + factor + ')) > 0.2)', false],
      [changes.categories, broken(reasons.categories), false],
      [
        changes.more_nulls,
        of(metrics.feature_null_ratio) + ' > ' + of(metrics.feature_null_ratio_threshold),
        true,
      ],
      [
        changes.shifted,
        '(abs(' + of(metrics.feature_mean_shift) + ') > 0.3) * (abs(ln(' + spread + ')) < 0.2)',
        true,
      ],
      [changes.wider, spread + ' > 1.5', true],
      [changes.narrower, spread + ' < 0.67', true],
      [changes.mix, of(metrics.feature_psi), true],
    ]);
  local kind(own, text) = own.each(
    std.join(' or on () ', [
      'label_replace(max(' + each[1] + '), "kind", "' + each[0] + '", "", "")'
      for each in kinds(own)
    ]),
    text + '{{ .Labels.kind }}'
  );

  local nulls(own) = own.each(
    'max(' + own.selector(metrics.feature_null_ratio) + ' > ' + own.selector(metrics.feature_null_ratio_threshold) + ')',
    ', ' + numbers.write('ratio', '.Value') + ' missing'
  );
  local categories(own) = own.each(
    'max(' + own.selector(metrics.feature_new_category_ratio) + ' > 0.01)',
    ', ' + numbers.write('ratio', '.Value') + ' new categories'
  );
  local over_limit(own, except=[]) =
    own.selector(metrics.feature_psi, [], except) + ' > ' + own.selector(metrics.feature_psi_threshold, [], except);
  local worst_features(own, matchers=[]) =
    'sort_desc(topk(' + most_named + ', max by (' + labels.feature + ') ('
    + own.selector(metrics.feature_psi, matchers, [labels.feature]) + ' > '
    + own.selector(metrics.feature_psi_threshold, matchers, [labels.feature]) + ')))';
  {
    // `, mean 56,410 (reference 86,697, × 0.65)` of a numeric feature, `, US 12% (reference 61%)` of a categorical one.
    moved(own_of, example):: {
      local own = own_of({}),
      local now = metrics.feature_mean,
      local before = metrics.feature_mean_reference,
      template:
        present(own, ', mean ', now, before, 'reference')
        + (if std.member(own.labels, labels.segment) then '' else moved_most(
          own_of,
          own,
          ', ',
          metrics.feature_bin_ratio,
          metrics.feature_bin_ratio_reference,
          labels.bin,
          ' unless on () ' + own.greatest(now)
        )),
      missing: '',
      shown: ', mean 56,410 (reference 112,820, × 0.5)',
      series: [
        series(now, example, 56410),
        series(before, example, 112820),
        series(metrics.feature_bin_ratio, example, 0.25, { [labels.bin]: '01 US' }),
        series(metrics.feature_bin_ratio_reference, example, 0.5, { [labels.bin]: '01 US' }),
      ],
    },

    // `, 75% missing, 12.5% new categories`: values that a feature should not have so many of.
    unusable(own, example):: {
      template: nulls(own) + categories(own),
      missing: '',
      shown: ', 75% missing, 12.5% new categories',
      series: [
        series(metrics.feature_null_ratio, example, 0.75),
        series(metrics.feature_null_ratio_threshold, example, 0.5),
        series(metrics.feature_new_category_ratio, example, 0.125),
      ],
    },

    // What kind of change a feature's looks like. Without other series only the PSI is known.
    kind(own, example):: {
      template: kind(own, ''),
      missing: changes.mix,
      shown: changes.wider,
      series: [series(metrics.feature_stddev_ratio, example, 2)],
    },

    // Lines of the features that are furthest above their thresholds: how their values moved, and what kind it looks like.
    worst(own_of, example):: {
      local feature = { [labels.feature]: '$feature' },
      local own = own_of({}),
      local of_feature = own_of(feature),
      local of_test(name) = example { [labels.feature]: name },
      template: own.each(
        worst_features(own),
        '\n- {{ $feature := .Labels.' + labels.feature + ' }}{{ $feature }}: PSI ' + numbers.write('number', '.Value')
        + $.moved(function(values) own_of(feature + values), example).template + nulls(of_feature)
        + categories(of_feature) + '; ' + kind(of_feature, '')
      ),
      missing: '',
      local of_segment = std.member(own.labels, labels.segment),
      shown: '\n- amount: PSI 4.25, mean 56,410 (reference 112,820, × 0.5); '
             + (if of_segment then changes.narrower else changes.scale)
             + '\n- country: PSI 2.5' + (if of_segment then '' else ', US 25% (reference 50%, × 0.5)')
             + '; ' + changes.mix
             + '\n- age: PSI 1.5, 75% missing; ' + changes.more_nulls,
      series: std.flatMap(
        function(each) [
          series(metrics.feature_psi, of_test(each[0]), each[1]),
          series(metrics.feature_psi_threshold, of_test(each[0]), 0.25),
        ],
        [['age', 1.5], ['amount', 4.25], ['country', 2.5], ['calm', 0.125], ['less', 0.5]]
      ) + [
        series(metrics.feature_mean, of_test('amount'), 56410),
        series(metrics.feature_mean_reference, of_test('amount'), 112820),
        series(metrics.feature_scale_factor, of_test('amount'), 0.5),
        series(metrics.feature_stddev_ratio, of_test('amount'), 0.5),
        series(metrics.feature_bin_ratio, of_test('country'), 0.25, { [labels.bin]: '03 US' }),
        series(metrics.feature_bin_ratio_reference, of_test('country'), 0.5, { [labels.bin]: '03 US' }),
        series(metrics.feature_bin_ratio, of_test('country'), 0.375, { [labels.bin]: '04 DE' }),
        series(metrics.feature_bin_ratio_reference, of_test('country'), 0.25, { [labels.bin]: '04 DE' }),
        series(metrics.feature_null_ratio, of_test('age'), 0.75),
        series(metrics.feature_null_ratio_threshold, of_test('age'), 0.5),
      ],
    },

    // The names of these features, for a summary: each cut to 24 characters.
    named(own, text):: {
      template: own.each(
        worst_features(own),
        '{{ printf "%.24s" .Labels.' + labels.feature + ' }}',
        separator=', ',
        before=text
      ),
      missing: '',
      shown: text + 'amount, country, age',
      series: [],
    },

    // Other features above their thresholds, beside that of the alert.
    others(own, example, text, alone=''):: {
      local except = [labels.feature],
      local own_feature = std.member(std.objectFields(example), labels.feature),
      local of_test(name) = example { [labels.feature]: name },
      template: own.each(
        'sort_desc(topk(' + most_named + ', max by (' + labels.feature + ') (' + over_limit(own, except) + ')'
        + (
          if own_feature then
            ' unless on (' + labels.feature + ') max by (' + labels.feature + ') (' + own.selector(metrics.feature_psi) + ')'
          else ''
        ) + '))',
        '{{ .Labels.' + labels.feature + ' }} (PSI ' + numbers.write('number', '.Value') + ')',
        separator=', ',
        before=text,
        missing=alone
      ),
      missing: alone,
      // Other features of an alert on a feature would fire it too.
      shown: if own_feature then alone else text + 'balance (PSI 2.5), limit (PSI 0.5)',
      series: std.flatMap(
        function(each) [
          series(metrics.feature_psi, of_test(each[0]), each[1]),
          series(metrics.feature_psi_threshold, of_test(each[0]), 0.25),
        ],
        (if own_feature then [] else [['balance', 2.5], ['limit', 0.5]]) + [['calm', 0.125]]
      ),
    },
  }
