// The alert on a score above its threshold (or below it, if the catalogue says so). Score and threshold are two series
// with equal labels, so the rule stays the same when a statistic changes. If the floor differs between weekdays, the
// score must also exceed the floor of its window's day.
local calendar = import 'calendar.libsonnet';
local numbers = import 'numbers.libsonnet';
local promql = import 'promql.libsonnet';
local template = import 'template.libsonnet';

// `scale` multiplies the numbers in the tests, for a score that is never below 1. `usual_when` and `no_threshold_when`
// complete the titles of the silent cases. `looked_up` returns the fields that other series give, as facts.libsonnet
// describes them; its arguments are `template.own` for the alert's labels, and these labels in the tests. The first firing
// case has none of these series, the second one has all of them.
function(
  model,
  key,
  feature=null,
  segment=null,
  proxy=null,
  column=null,
  part=null,
  stream=null,
  scale=1,
  usual_when='on an ordinary Saturday',
  no_threshold_when='with too few rows',
  looked_up=function(own_of, example) {},
)
  // Numbers that are exact as text, as a ratio and as a percentage.
  local alert = model.catalogue.alerts[key];
  local levels = if alert.below then [0.875, 0.75, 0.625, 0.5] else [0.125, 0.25, 0.625, 0.75];
  local normal = levels[0] * scale, usual_threshold = levels[1] * scale;
  local other_threshold = levels[2] * scale, bad = levels[3] * scale;
  local side = if alert.below then 'below' else 'above', level = if alert.below then 'low' else 'high';
  local score = model.metrics[alert.metric];
  local threshold = model.metrics[alert.metric + '_threshold'];
  local windows = model.spec.alerting.windows;
  local segments = alert.segments;
  local matchers =
    (if std.member(score.labels, model.labels.window) then [promql.any(model.labels.window, windows)] else [])
    + model.alerting(score, segments);
  local labels = [label for label in model.series_labels(score, segments) if label != model.labels.model];
  local example = {
    [label]: {
      [model.labels.version]: '2026-11-01',
      [model.labels.role]: 'champion',
      [model.labels.segment]: segment,
      [model.labels.feature]: feature,
      [model.labels.window]: windows[0],
      [model.labels.proxy]: proxy,
      [model.labels.column]: column,
      [model.labels.part]: part,
      [model.labels.stream]: stream,
    }[label]
    for label in labels
  };
  local own_of(values={}, segments=alert.segments) =
    template.own(model, labels + std.setDiff(std.objectFields(values), std.set(labels)), segments, values);
  local others = looked_up(own_of, example);
  local names = std.objectFields(others);
  local test_case(title, during) = {
    title: title,
    labels: example,
    series: [
      { metric: score, labels: example, before: normal, during: during.score },
      { metric: threshold, labels: example, before: usual_threshold, during: during.threshold },
    ],
  };
  local firing_case(title, threshold_during) =
    test_case(title, { score: bad, threshold: threshold_during }) + {
      fields: example + {
        value: numbers.written(score.unit, bad),
        threshold: numbers.written(threshold.unit, threshold_during),
      },
    };
  {
    key: key,
    expr:
      local score_series = model.series(score, matchers);
      score_series + '\n' + (if alert.below then '<' else '>') + '\n' + model.series(threshold, matchers)
      + calendar.unless(model, score, score_series, std.get(model.weekday_floors, alert.metric, [])),
    comparison:: { score: score, threshold: threshold, labels: example },
    fields: { [label]: template.label(label) for label in labels } + {
      value: template.value(score.unit),
      threshold: own_of().lookup(threshold),
    } + { [name]: others[name].template for name in names },
    firing_cases: [
      firing_case('is ' + side + ' its threshold', usual_threshold) {
        fields+: { [name]: others[name].missing for name in names },
      },
      firing_case('is ' + side + ' its threshold on a Saturday with another threshold', other_threshold) {
        series+: std.flatMap(function(name) others[name].series, names),
        fields+: { [name]: others[name].shown for name in names },
      },
    ],
    silent_cases: [
      test_case('is ' + level + ' ' + usual_when + ', with a threshold as ' + level, { score: bad, threshold: bad }),
      test_case('is ' + level + ' without a threshold, ' + no_threshold_when, { score: bad, threshold: null }),
    ],
  }
