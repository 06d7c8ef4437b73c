// The promtool tests of objectives, slice by slice, in a file of their own since they last for days and tick slowly.
//
// The burn rates are what the exporter would tell, and when an alert must fire is what `leeway explain` prints; both come
// with the arguments, see generator/slo_cases.py.
local model = import 'model.libsonnet';
local promql = import 'promql.libsonnet';
local series = import 'series.libsonnet';
local subjects = import 'subjects.libsonnet';

function(arguments)
  local this = model(arguments);
  local definitions = std.flatMap(function(subject) subject.definitions, subjects(this));

  local group(case) =
    local definition = [
      one
      for one in definitions
      if one.key == case.alert && one.objective == case.objective
    ][0];
    local at(ticks) = promql.duration(ticks * case.tick);
    local name = this.catalogue.alerts[case.alert].name;
    local own = this.metadata.labels { [this.labels.model]: this.name, [this.labels.slo]: case.objective };
    local input(window) = series.exposed(
      this,
      this.metrics.slo_burn_rate,
      own { [this.labels.window]: window },
      [{ value: span.rates[window], count: span.ticks } for span in case.spans],
      case.tick
    );
    local check(ticks, fires) = {
      expr: 'count(ALERTS{alertname=' + promql.string(name) + ',alertstate="firing"})',
      eval_time: at(ticks),
      exp_samples: if fires then [{ labels: '{}', value: 1 }] else [],
    };
    // After a span has begun, it takes so many ticks until the alert follows.
    local wait(fires) = std.ceil((if fires then definition.hold else definition.linger) / case.tick);
    local follow(done, span) =
      local turn = done.ticks + wait(span.fires), ends = done.ticks + span.ticks;
      {
        ticks: ends,
        fires: if turn < ends then span.fires else done.fires,
        checks: done.checks
                + (if span.fires == done.fires || turn >= ends then []
                   else [check(turn - 1, done.fires), check(turn, span.fires)])
                + [check(ends - 1, self.fires)],
      };
    {
      name: name + ': ' + this.name + ' ' + case.title,
      interval: promql.duration(case.tick),
      input_series: std.flatMap(input, std.objectFields(case.spans[0].rates)),
      promql_expr_test: std.foldl(follow, case.spans, { ticks: 0, fires: false, checks: [] }).checks,
    };
  {
    rule_files: arguments.rule_files,
    evaluation_interval: promql.duration(arguments.slo_tick),
    tests: [group(case) for case in arguments.slo_cases],
  }
