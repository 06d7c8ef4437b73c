// The alert on a score above its threshold: two series with equal labels, so a statistic may change and this does not.
// Where the floor differs between weekdays, the score must be above that of its window's day too.
local calendar = import 'calendar.libsonnet';
local promql = import 'promql.libsonnet';
local template = import 'template.libsonnet';

// `scale` makes the numbers of the scenes those of a score that is never below 1; `season` and `unknown` say when it is
// as high and yet no alert.
function(model, key, feature=null, scale=1, season='on an ordinary Saturday', unknown='from too few rows')
  // A number that is exact as text, as a share and as a percentage.
  local low = 0.125 * scale, limit = 0.25 * scale, restless = 0.625 * scale, high = 0.75 * scale;
  local alert = model.catalogue.alerts[key];
  local score = model.metrics[alert.metric];
  local threshold = model.metrics[alert.metric + '_threshold'];
  local windows = model.spec.alerting.windows;
  local labels = [label for label in score.labels if label != model.labels.model];
  local example = {
    [label]: {
      [model.labels.version]: '2026-11-01',
      [model.labels.feature]: feature,
      [model.labels.window]: windows[0],
    }[label]
    for label in labels
  };
  local scene(title, during) = {
    title: title,
    labels: example,
    series: [
      { metric: score, labels: example, before: low, during: during.score },
      { metric: threshold, labels: example, before: limit, during: during.threshold },
    ],
  };
  local above(title, level) = scene(title, { score: high, threshold: level }) + {
    words: example + {
      value: template.formatted(score.unit, high),
      threshold: template.formatted(threshold.unit, level),
    },
  };
  {
    key: key,
    expr:
      local matcher = [promql.any(model.labels.window, windows)];
      local level = model.series(score, matcher);
      level + '\n>\n' + model.series(threshold, matcher)
      + calendar.unless(model, score, level, std.get(model.weekday_floors, alert.metric, [])),
    compared:: { score: score, threshold: threshold, labels: example },
    words: { [label]: template.label(label) for label in labels } + {
      value: template.value(score.unit),
      threshold: template.lookup(threshold, model.matchers, labels, 'unknown'),
    },
    scenarios: [
      above('is above its threshold', limit),
      above('is above its threshold on a restless Saturday', restless),
    ],
    twins: [
      scene('is high ' + season + ', whose threshold is as high', { score: high, threshold: high }),
      scene('is high without a threshold, ' + unknown, { score: high, threshold: null }),
    ],
  }
