// The alert on a score above its threshold, or below it where that is what alerts: two series with equal labels, so a statistic may change and this does not.
// Where the floor differs between weekdays, the score must be above that of its window's day too.
local calendar = import 'calendar.libsonnet';
local promql = import 'promql.libsonnet';
local template = import 'template.libsonnet';

// `scale` makes the numbers of the scenes those of a score that is never below 1; `season` and `unknown` say when it is
// as high and yet no alert. `beside` are other metrics with the same labels, by the names under which words tell them.
function(model, key, feature=null, segment=null, proxy=null, scale=1, season='on an ordinary Saturday', unknown='from too few rows', beside={})
  // A number that is exact as text, as a share and as a percentage.
  local alert = model.catalogue.alerts[key];
  local levels = if alert.below then [0.875, 0.75, 0.625, 0.5] else [0.125, 0.25, 0.625, 0.75];
  local calm = levels[0] * scale, limit = levels[1] * scale, restless = levels[2] * scale, bad = levels[3] * scale;
  local beyond = if alert.below then 'below' else 'above', far = if alert.below then 'low' else 'high';
  local score = model.metrics[alert.metric];
  local threshold = model.metrics[alert.metric + '_threshold'];
  local windows = model.spec.alerting.windows;
  local segments = alert.segments;
  local matcher =
    (if std.member(score.labels, model.labels.window) then [promql.any(model.labels.window, windows)] else [])
    + model.alerting(score, segments);
  local labels = [label for label in model.borne(score, segments) if label != model.labels.model];
  local example = {
    [label]: {
      [model.labels.version]: '2026-11-01',
      [model.labels.role]: 'champion',
      [model.labels.segment]: segment,
      [model.labels.feature]: feature,
      [model.labels.window]: windows[0],
      [model.labels.proxy]: proxy,
    }[label]
    for label in labels
  };
  local scene(title, during) = {
    title: title,
    labels: example,
    series: [
      { metric: score, labels: example, before: calm, during: during.score },
      { metric: threshold, labels: example, before: limit, during: during.threshold },
    ] + [
      { metric: beside[name], labels: example, before: 0.125, during: 0.25 }
      for name in std.objectFields(beside)
    ],
  };
  local fires(title, level) = scene(title, { score: bad, threshold: level }) + {
    words: example + {
      value: template.formatted(score.unit, bad),
      threshold: template.formatted(threshold.unit, level),
    } + { [name]: template.formatted(beside[name].unit, 0.25) for name in std.objectFields(beside) },
  };
  {
    key: key,
    expr:
      local level = model.series(score, matcher);
      level + '\n' + (if alert.below then '<' else '>') + '\n' + model.series(threshold, matcher)
      + calendar.unless(model, score, level, std.get(model.weekday_floors, alert.metric, [])),
    compared:: { score: score, threshold: threshold, labels: example },
    words: { [label]: template.label(label) for label in labels } + {
      value: template.value(score.unit),
      threshold: template.lookup(threshold, model.matchers + model.whole(score, segments), labels, 'unknown'),
    } + {
      [name]: template.lookup(beside[name], model.matchers + model.whole(score, segments), labels, 'unknown')
      for name in std.objectFields(beside)
    },
    scenarios: [
      fires('is ' + beyond + ' its threshold', limit),
      fires('is ' + beyond + ' its threshold on a restless Saturday', restless),
    ],
    twins: [
      scene('is ' + far + ' ' + season + ', whose threshold is as ' + far, { score: bad, threshold: bad }),
      scene('is ' + far + ' without a threshold, ' + unknown, { score: bad, threshold: null }),
    ],
  }
