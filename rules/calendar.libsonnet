// The model's own calendar: the only place that knows weekdays.
//
// PromQL knows UTC's alone, so the exporter says on which day a window ends, in the model's time zone and with its
// holidays: the day by which it also judges the window. A rule never asks what day it is now: a window is read after
// its day is over, and Friday's drift would be measured by Saturday's floor.
local promql = import 'promql.libsonnet';

local few = 3;

// The days as PromQL numbers them, 0 is Sunday; many are told by those that they are not.
local on(gauge, days) =
  if std.length(days) <= few then std.join('\nor\n', [gauge + ' == ' + day for day in days])
  else gauge + std.join('', [' != ' + day for day in std.range(0, 6) if !std.member(days, day)]);

local indented(text) = std.strReplace(text, '\n', '\n  ');

{
  // In alertmanager's and cron's order, which is PromQL's.
  week:: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],

  // What to append to an alert on a score: it is none on the days whose floor the score is not above. `levels` are
  // floors as text, each with its days. `unless` takes nothing away where there is no gauge.
  unless(model, metric, score, levels)::
    local day = model.metrics.window_day_of_week;
    local gauge = model.selector(day, [promql.equal(model.labels.stream, model.catalogue.streams.inference)]);
    local own = std.set(model.borne(metric)), its = std.set(day.labels);
    local differing = model.replicas + std.setDiff(own, its) + std.setDiff(its, own);
    std.join('', [
      '\nunless (' + indented(
        '\n' + score + '\n<= ' + level.floor
        + '\nand ignoring (' + std.join(', ', differing) + ') (' + indented('\n' + on(gauge, level.days)) + '\n)'
      ) + '\n)'
      for level in levels
    ]),
}
