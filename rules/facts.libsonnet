// What the texts of several alerts say beside the alert's own value: values now and in the reference, and what moved most.
// What they say of features is in feature_facts.libsonnet.
//
// A fact is a field as threshold.libsonnet takes it: `template`, the text that it expands to with its `series` (`shown`),
// and without any (`missing`). Each fact but the first of a text brings its own separator, so it can be absent.
local numbers = import 'numbers.libsonnet';
local promql = import 'promql.libsonnet';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local has(metric, label) = std.member(metric.labels, label);
  local series(metric, example, during, more={}) = {
    metric: metric,
    labels: { [label]: example[label] for label in std.objectFields(example) if has(metric, label) } + more,
    before: null,
    during: during,
  };

  local matchers_of(given) = [promql.equal(label, given[label]) for label in std.objectFields(given)];

  // A value and its double, both exact as text.
  local pair_of(metric) =
    if std.member(['number', 'rows'], metric.unit) then [56410, 112820] else [0.25, 0.5];

  // ` (reference 86,697, × 0.65)` after the present value of a metric; `word` names the other value.
  local against(own, now, before, word, more=[], factor=true) = own.each(
    own.greatest(before, more),
    ' (' + word + ' ' + numbers.write(before.unit, '.Value') + (
      if factor then own.each(
        'max(' + own.selector(now, more) + ' / (' + own.selector(before, more) + ' > 0) > 0)',
        ', × ' + numbers.write('number', '.Value')
      ) else ''
    ) + ')'
  );
  local present(own, text, now, before, word, more=[], factor=true) = own.each(
    own.greatest(now, more),
    text + numbers.write(now.unit, '.Value') + against(own, now, before, word, more, factor)
  );

  // The category, class or bucket whose share of the rows moved most, with its shares; its
  // name is written without its number.
  local moved_most(own_of, own, text, now, before, label, condition='') =
    own.each(
      'topk(1, max by (' + label + ') (abs(' + own.selector(now) + ' - ' + own.selector(before) + ')))' + condition,
      '{{ $moved := .Labels.' + label + ' }}' + text
      + '{{ reReplaceAll "^[0-9]{2} " "" $moved }} '
      + own_of({ [label]: '$moved' }).each(
        own_of({ [label]: '$moved' }).greatest(now),
        numbers.write(now.unit, '.Value') + against(own_of({ [label]: '$moved' }), now, before, 'reference')
      )
    );
  {
    series:: series,
    present:: present,
    moved_most:: moved_most,

    // `NAME 56,410 (reference 86,697, × 0.65)`. `more` are labels that the alert does not have. There is no `factor` of
    // values that are usually near 0.
    compared(own, example, text, now, before, word='reference', more={}, factor=true):: {
      local values = pair_of(now),
      template: present(own, text, now, before, word, matchers_of(more), factor),
      missing: '',
      shown: text + numbers.written(now.unit, values[0]) + ' (' + word + ' ' + numbers.written(before.unit, values[1])
             + (if factor then ', × 0.5)' else ')'),
      series: [series(now, example, values[0], more), series(before, example, values[1], more)],
    },

    // ` 56,410`, the value of another metric.
    value(own, example, text, metric):: {
      template: own.each(own.greatest(metric), text + numbers.write(metric.unit, '.Value')),
      missing: '',
      shown: text + numbers.written(metric.unit, pair_of(metric)[0]),
      series: [series(metric, example, pair_of(metric)[0])],
    },

    // `MAE 3,690 (expected 1,069, × 3.45)`; the gap is the expected value minus the observed one.
    expected(own, example, text, metric, gap):: {
      local values = pair_of(metric),
      local expected = '(' + own.selector(metric) + ' + ' + own.selector(gap) + ')',
      template: own.each(
        own.greatest(metric),
        text + numbers.write(metric.unit, '.Value') + own.each(
          'max' + expected,
          ' (expected ' + numbers.write(metric.unit, '.Value') + own.each(
            'max(' + own.selector(metric) + ' / (' + expected + ' > 0) > 0)', ', × ' + numbers.write('number', '.Value')
          ) + ')'
        )
      ),
      missing: '',
      shown: text + numbers.written(metric.unit, values[0]) + ' (expected ' + numbers.written(metric.unit, values[1])
             + ', × 0.5)',
      series: [series(metric, example, values[0]), series(gap, example, values[1] - values[0])],
    },

    // ` to 24 Nov 16:00 UTC`, after the name of the alert's window.
    ended(own, example):: {
      local end = metrics.window_end_timestamp_seconds,
      local stream = { [labels.stream]: model.catalogue.streams.inference },
      template: own.each(
        own.greatest(end, [promql.equal(labels.stream, stream[labels.stream])]),
        ' to ' + numbers.write(end.unit, '.Value')
      ),
      missing: '',
      shown: ' to 2 Jan 10:00 UTC',
      series: [series(end, example, 122400, stream)],
    },

    // The class or bucket whose share moved most: `, reject 34% (reference 12%, × 2.83)`.
    share(own_of, example, text, now, before, label):: {
      template: moved_most(own_of, own_of({}), text, now, before, label),
      missing: '',
      shown: text + 'a 25% (reference 50%, × 0.5)',
      series: std.flatMap(
        function(each) [
          series(now, example, each[1], { [label]: each[0] }),
          series(before, example, each[2], { [label]: each[0] }),
        ],
        [['a', 0.25, 0.5], ['b', 0.5, 0.375]]
      ),
    },

    // The segment with the greatest value of a metric, or the smallest; nothing in a model without segments. The tests have
    // a copy of every series as of a segment: `shown` is the text of its value, and `missing` where it is in every case.
    segment(own_of, text, metric, shown, missing=null, lowest=false):: {
      local own = own_of({}, segments=true),
      local known = model.segment != null && has(metric, labels.segment),
      local of_copy(value) = if known && value != null then text + model.segment + ' (' + value + ')' else '',
      template: if !known then '' else own.each(
        (if lowest then 'bottomk' else 'topk') + '(1, max by (' + labels.segment + ') ('
        + own.selector(metric, [promql.differs(labels.segment, '')]) + '))',
        text + '{{ .Labels.' + labels.segment + ' }} (' + numbers.write(metric.unit, '.Value') + ')'
      ),
      missing: of_copy(missing),
      shown: of_copy(shown),
      series: [],
    },
  }
