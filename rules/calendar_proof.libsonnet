// The promtool tests of the calendar, in a file of their own since they last for days and so tick more slowly.
//
// The threshold is that of an exporter that knows of no weekday, the week's lowest floor, so that it is the rule that
// must follow the calendar. The days come from the calendar that the exporter uses; see generator/calendar_cases.py.
local model = import 'model.libsonnet';
local promql = import 'promql.libsonnet';
local series = import 'series.libsonnet';
local subjects = import 'subjects.libsonnet';

function(arguments)
  local this = model(arguments);
  local tick = arguments.tick;
  local at(ticks) = promql.duration(ticks * tick);

  local input(compared, case) =
    local own = this.metadata.labels { [this.labels.model]: this.name };
    local window = {
      [this.labels.stream]: this.catalogue.streams.inference,
      [this.labels.window]: compared.labels[this.labels.window],
    };
    local ticks = std.foldl(function(sum, day) sum + day.ticks, case.days, 0);
    local exposed(metric, labels, phases) =
      series.exposed(this, metric, own + labels, [{ value: null, count: case.begins }] + phases, tick);
    exposed(compared.score, compared.labels, [{ value: case.score, count: ticks }])
    + exposed(compared.threshold, compared.labels, [{ value: case.threshold, count: ticks }])
    + exposed(this.metrics.window_day_of_week, window, [{ value: day.day, count: day.ticks } for day in case.days]);

  // After a day has begun, it takes so many ticks until the alert follows.
  local wait(definition, day) = std.ceil((if day.fires then definition.hold else definition.linger) / tick);

  // What Prometheus itself says fires: the texts of the alert have their proof elsewhere.
  local check(name, tick, fires) = {
    expr: 'count(ALERTS{alertname=' + promql.string(name) + ',alertstate="firing"})',
    eval_time: at(tick),
    exp_samples: if fires then [{ labels: '{}', value: 1 }] else [],
  };

  // The moment before the alert changes and the moment at which it does; and the end of each day.
  local checks(definition, name, case) =
    local follow(done, day) = {
      local turn = done.ticks + wait(definition, day),
      ticks: done.ticks + day.ticks,
      fires: day.fires,
      checks:
        done.checks
        + (if day.fires == done.fires then []
           else [check(name, turn - 1, done.fires), check(name, turn, day.fires)])
        + [check(name, self.ticks - 1, day.fires)],
    };
    std.foldl(follow, case.days, { ticks: case.begins, fires: false, checks: [] }).checks;

  local group(definition, case) =
    local name = this.catalogue.alerts[definition.key].name;
    {
      name: name + ': ' + this.name + ' ' + case.title,
      interval: promql.duration(tick),
      input_series: input(definition.compared, case),
      promql_expr_test: checks(definition, name, case),
    };

  // An alert that follows more slowly than days pass cannot tell one midnight from the next.
  local quick(definition, case) = std.all([wait(definition, day) < day.ticks for day in case.days]);

  local cases(definition) =
    if std.objectHasAll(definition, 'compared')
    then std.get(arguments.calendar, this.catalogue.alerts[definition.key].metric, [])
    else [];
  {
    rule_files: arguments.rule_files,
    evaluation_interval: promql.duration(tick),
    tests: [
      group(definition, case)
      for subject in subjects(this)
      for definition in subject.definitions
      for case in cases(definition)
      if quick(definition, case)
    ],
  }
