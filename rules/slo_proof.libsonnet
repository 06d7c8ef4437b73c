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

  local tick = arguments.tick;
  local at(ticks) = promql.duration(ticks * tick);

  local check(name, ticks, fires) = {
    expr: 'count(ALERTS{alertname=' + promql.string(name) + ',alertstate="firing"})',
    eval_time: at(ticks),
    exp_samples: if fires then [{ labels: '{}', value: 1 }] else [],
  };

  // The moment before the alert changes and the moment at which it does; and the end of each run of the condition.
  local checks(definition, name, runs) =
    local wait(fires) = std.ceil((if fires then definition.hold else definition.linger) / tick);
    local follow(done, run) =
      local turn = done.ticks + wait(run.fires), ends = done.ticks + run.ticks;
      local turns = run.fires != done.fires && turn < ends;
      {
        ticks: ends,
        fires: if turns then run.fires else done.fires,
        checks: done.checks
                + (if turns then [check(name, turn - 1, done.fires), check(name, turn, run.fires)] else [])
                + [check(name, ends - 1, self.fires)],
      };
    std.foldl(follow, runs, { ticks: 0, fires: false, checks: [] }).checks;

  local group(case) =
    local definition = [one for one in definitions if one.key == case.alert && one.objective == arguments.objective][0];
    local name = this.catalogue.alerts[case.alert].name;
    local own = this.metadata.labels { [this.labels.model]: this.name, [this.labels.slo]: arguments.objective };
    local input(window) = series.exposed(
      this,
      this.metrics.slo_burn_rate,
      own { [this.labels.window]: window },
      [{ value: span.rates[window], count: span.ticks } for span in case.spans],
      tick
    );
    {
      name: name + ': ' + this.name + '/' + arguments.objective + ' ' + case.title,
      interval: promql.duration(tick),
      input_series: std.flatMap(input, std.objectFields(case.spans[0].rates)),
      promql_expr_test: checks(definition, name, case.runs),
    };
  {
    rule_files: arguments.rule_files,
    evaluation_interval: promql.duration(tick),
    tests: [group(case) for case in arguments.cases],
  }
