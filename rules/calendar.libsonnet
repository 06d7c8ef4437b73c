// Floors that differ between weekdays. This is the only file that knows weekdays.
//
// PromQL knows only weekdays in UTC. So the exporter publishes the weekday on which a window ends, in the model's time
// zone and with its holidays; it evaluates the window by the same day. A rule never uses the current weekday: a window is
// read after its day is over, so Friday's drift would be compared with Saturday's floor.
local promql = import 'promql.libsonnet';

local max_listed_days = 3;

// The condition that the gauge is one of these days. In PromQL, 0 is Sunday. Many days are written as the days that
// they are not.
local is_day(gauge, days) =
  if std.length(days) <= max_listed_days then std.join('\nor\n', [gauge + ' == ' + day for day in days])
  else gauge + std.join('', [' != ' + day for day in std.range(0, 6) if !std.member(days, day)]);

local indented(text) = std.strReplace(text, '\n', '\n  ');

{
  // Sunday first, as in PromQL, Alertmanager and cron.
  week:: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],

  // What to append to the expression of an alert on a score: the alert is suppressed on the days whose floor the score
  // does not exceed. `levels` are floors as text, each with its days. Without the gauge, `unless` suppresses nothing.
  unless(model, metric, score, levels)::
    local day = model.metrics.window_day_of_week;
    local gauge = model.selector(day, [promql.equal(model.labels.stream, model.catalogue.streams.inference)]);
    local score_labels = std.set(model.series_labels(metric)), day_labels = std.set(day.labels);
    local differing =
      model.replicas + std.setDiff(score_labels, day_labels) + std.setDiff(day_labels, score_labels);
    std.join('', [
      '\nunless (' + indented(
        '\n' + score + '\n<= ' + level.floor
        + '\nand ignoring (' + std.join(', ', differing) + ') (' + indented('\n' + is_day(gauge, level.days)) + '\n)'
      ) + '\n)'
      for level in levels
    ]),
}
