// All subjects, from cause to consequence, with the alerts that a model has about each.
//
// An alert is defined in one place together with its tests. alert_tests.libsonnet writes these as plain data, and
// generator/proof/ makes promtool tests of them:
//   key              its key in the catalogue, which has its name, severity and layer
//   objective        the objective that it belongs to, or `none`
//   expr             the condition
//   for              seconds that the condition must hold before the alert fires
//   lookback         seconds that expr looks back: it may hold that long after the problem has ended; 0 by default
//   keep_firing_for  seconds that the alert keeps firing after the condition has ended
//   fields           the values that the texts insert, as Go templates
//   summary          function(fields): one line
//   description      function(fields): what was found, with the value and its threshold
//   action           what to do
//   firing_cases     test cases in which the alert must fire
//   silent_cases     similar test cases in which it must not fire
//   comparison       only for an alert on a score: the score, its threshold, and labels that both can have
//
// A test case has a title, the labels that it adds to the alert, and its series with their values before and during the
// problem: null is no sample, {age: n} is a timestamp n seconds ago, {grows: n} is a counter that grows by n. A firing
// case also has the values of the fields. A test case can have `unrelated_labels`: all of its series exist with these
// labels too, and must change nothing.
local subjects = [
  { name: 'exporter', of: import 'subjects/exporter.libsonnet' },
  { name: 'retraining', of: import 'subjects/retraining.libsonnet' },
  { name: 'freshness', of: import 'subjects/freshness.libsonnet' },
  { name: 'traffic', of: import 'subjects/traffic.libsonnet' },
  { name: 'labels', of: import 'subjects/labelling.libsonnet' },
  // One group, which Prometheus evaluates at one moment: the pages among them have one cause, and wait as long. In two
  // groups, up to a minute apart, a consequence could be sent before the alert that silences it.
  {
    name: 'inputs',
    of: function(model) (import 'subjects/quality.libsonnet')(model) + (import 'subjects/drift.libsonnet')(model),
  },
  { name: 'segments', of: import 'subjects/segments.libsonnet' },
  { name: 'scores', of: import 'subjects/scores.libsonnet' },
  { name: 'performance', of: import 'subjects/performance.libsonnet' },
  { name: 'proxies', of: import 'subjects/proxies.libsonnet' },
  { name: 'objectives', of: import 'subjects/slo.libsonnet' },
];

local definition(model) = {
  local missing(part) = error 'an alert must have ' + part,
  key: missing('a key'),
  objective: 'none',
  expr: missing('an expr'),
  'for': missing('a for'),
  lookback: 0,
  keep_firing_for: 3 * model.evaluation_interval,
  fields: missing('fields'),
  summary(fields):: missing('a summary'),
  description(fields):: missing('a description'),
  action: missing('an action'),
  firing_cases: missing('firing_cases'),
  silent_cases: missing('silent_cases'),
};

function(model) std.filter(
  function(subject) subject.definitions != [],
  [
    { name: subject.name, definitions: [definition(model) + given for given in subject.of(model)] }
    for subject in subjects
  ]
)
