// The promtool test file of one model: every alert fires in its scenarios, with exactly these labels and annotations,
// not before its time and as long as it should, and is silent in the twins.
//
// Two replicas expose every series and must give one alert. Beside them stand series that would fire, were they the
// model's own: of another model, of another value of each constant label, of a window that is not judged.
local annotations = import 'annotations.libsonnet';
local labels = import 'labels.libsonnet';
local model = import 'model.libsonnet';
local promql = import 'promql.libsonnet';
local series = import 'series.libsonnet';
local subjects = import 'subjects.libsonnet';
local template = import 'template.libsonnet';

local target = series.target;
local calm = 2;  // ticks before the scenario begins
local margin = 2;  // ticks for which it lasts beyond what it must

// Seconds from one evaluation to the next: a minute, or more where a rule is so slow that a proof would be long.
local tick(definitions) =
  local longest = std.foldl(std.max, [definition.hold + definition.linger for definition in definitions], 0);
  60 * std.max(1, std.ceil(longest / 6000));

local proof(model, definitions) = {
  local tick_ = tick(definitions),
  local at(ticks) = promql.duration(ticks * tick_),
  local own = model.metadata.labels { [model.labels.model]: model.name },

  // When things happen, in ticks.
  local moments(definition) = {
    fires: calm + std.ceil(definition.hold / tick_),
    ends: self.fires + margin,
    resolved: self.ends + std.ceil(definition.linger / tick_),
  },

  local exposed(metric, labels, phases) = series.exposed(model, metric, labels, phases, tick_),

  local story(moments, one) = [
    { value: one.before, count: calm },
    { value: one.during, count: moments.ends - calm },
    { value: one.before, count: moments.resolved - moments.ends + margin },
  ],

  // What stands beside the scenario and is not the model's to alert on.
  local strangers(scenario) =
    local bears(label) = std.objectHas(scenario.labels, label);
    local instead(label, value) = if bears(label) then [{ [label]: value }] else [];
    [{ [model.labels.model]: model.name + '-other' }]
    + [{ [label]: own[label] + '-other' } for label in std.objectFields(model.metadata.labels)]
    + std.get(scenario, 'strangers', [])
    + instead(model.labels.window, '99w')
    + instead(model.labels.role, model.catalogue.roles.challenger),

  local throughout(one, moments) = [{
    value: if one.during == null then one.before else one.during,
    count: moments.resolved + margin,
  }],
  // Whether a series is of the whole, and has segments beside it.
  local whole(one) =
    std.member(one.metric.labels, model.labels.segment) && !std.objectHas(one.labels, model.labels.segment),

  local beside(scenario, moments) = [
    exposed(one.metric, own + one.labels + stranger, throughout(one, moments))
    for stranger in strangers(scenario)
    for one in scenario.series
  ] + [
    exposed(one.metric, own + one.labels + { [model.labels.segment]: model.segment }, throughout(one, moments))
    for one in scenario.series
    if model.segment != null && whole(one)
  ],

  local input(scenario, moments) = std.flattenArrays(
    [exposed(one.metric, own + one.labels, story(moments, one)) for one in scenario.series] + beside(scenario, moments)
  ),

  local expected(definition, scenario) =
    local alert = model.catalogue.alerts[definition.key];
    local carried = own + scenario.labels + (if std.objectHas(scenario, 'target') then scenario.target else target);
    local all = carried + labels(model.catalogue, model.metadata, alert, definition.objective);
    {
      exp_labels: all,
      exp_annotations: annotations(
        model,
        definition,
        scenario.words,
        template.expanded(model.dashboards[definition.key], all { alertname: alert.name })
      ),
    },

  local group(definition, scenario, checks) = {
    name: model.catalogue.alerts[definition.key].name + ': ' + model.name + ' ' + scenario.title,
    interval: promql.duration(tick_),
    input_series: input(scenario, moments(definition)),
    alert_rule_test: [
      {
        eval_time: at(check.tick),
        alertname: model.catalogue.alerts[definition.key].name,
        exp_alerts: check.alerts,
      }
      for check in checks
    ],
  },

  local fires(definition, scenario) =
    local moment = moments(definition), alert = [expected(definition, scenario)];
    group(definition, scenario, [
      { tick: moment.fires - 1, alerts: [] },
      { tick: moment.fires, alerts: alert },
      { tick: moment.resolved - 1, alerts: alert },
      { tick: moment.resolved, alerts: [] },
    ]),

  local silent(definition, twin) =
    local moment = moments(definition);
    group(definition, twin, [
      { tick: moment.fires, alerts: [] },
      { tick: moment.ends - 1, alerts: [] },
    ]),

  evaluation_interval: promql.duration(tick_),
  tests: std.flatMap(
    function(definition)
      [fires(definition, scenario) for scenario in definition.scenarios]
      + [silent(definition, twin) for twin in definition.twins],
    definitions
  ),
};

function(arguments)
  local this = model(arguments);
  local definitions = std.flatMap(function(subject) subject.definitions, subjects(this));
  { rule_files: arguments.rule_files } + proof(this, definitions)
