// Every subject, from cause to consequence, with the alerts that a model has of it.
//
// An alert is defined in one place with what proves it, which proven.libsonnet tells and generator/proof/ plays:
//   key          its key in the catalogue, which knows its name, its severity and its layer
//   objective    the objective that it belongs to, or none
//   expr         what is wrong
//   hold         seconds for which it must be wrong
//   memory       seconds that expr looks back, for which it holds at most once what is wrong has ended; none: 0
//   linger       seconds for which the alert stays once it is right again
//   words        what the texts are told, as templates
//   summary      function(words): one line
//   finding      function(words): what was found, with the value and its threshold
//   action       what to do
//   scenarios    in each the alert must fire
//   twins        in each, though it looks alike, the alert must not
//   compared     of an alert on a score: the score, its threshold, and labels that both may have
//
// A scenario or twin has a title, the labels that it brings to the alert, its series with their values before and
// during (null is no sample, {age: n} a timestamp of n seconds ago, {grows: n} a counter that grows by n) and, where the alert fires, the words in clear.
// It may have strangers: other labels under which all of its series stand beside it and must change nothing.
local subjects = [
  { name: 'exporter', of: import 'subjects/exporter.libsonnet' },
  { name: 'retraining', of: import 'subjects/retraining.libsonnet' },
  { name: 'freshness', of: import 'subjects/freshness.libsonnet' },
  { name: 'traffic', of: import 'subjects/traffic.libsonnet' },
  { name: 'labels', of: import 'subjects/labelling.libsonnet' },
  { name: 'quality', of: import 'subjects/quality.libsonnet' },
  { name: 'drift', of: import 'subjects/drift.libsonnet' },
  { name: 'segments', of: import 'subjects/segments.libsonnet' },
  { name: 'scores', of: import 'subjects/scores.libsonnet' },
  { name: 'performance', of: import 'subjects/performance.libsonnet' },
  { name: 'proxies', of: import 'subjects/proxies.libsonnet' },
  { name: 'objectives', of: import 'subjects/slo.libsonnet' },
];

local definition(model) = {
  local missing(what) = error 'an alert must have ' + what,
  key: missing('a key'),
  objective: 'none',
  expr: missing('an expr'),
  hold: missing('a hold'),
  memory: 0,
  linger: 3 * model.beat,
  words: missing('words'),
  summary(it):: missing('a summary'),
  finding(it):: missing('a finding'),
  action: missing('an action'),
  scenarios: missing('scenarios in which it fires'),
  twins: missing('twins in which it is silent'),
};

function(model) std.filter(
  function(subject) subject.definitions != [],
  [
    { name: subject.name, definitions: [definition(model) + given for given in subject.of(model)] }
    for subject in subjects
  ]
)
