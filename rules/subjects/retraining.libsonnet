// The retraining hook: can it start the retrainings that Alertmanager requests?
//
// Alertmanager repeats a request about every minute until the hook has decided. A failure that lasts is counted again and
// again; a failure that is over at the next attempt is counted once. The two differ because `for` is longer than the
// range of the expression.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local retrain = model.spec.alerting.retrain;
  local decisions_total = model.metrics.retrain_decisions_total, decision = model.labels.decision;
  local failures = model.catalogue.decisions;
  local growing = { grows: 1 };
  local test_case(title, failure, before, during) = {
    title: title,
    labels: { [decision]: failure },
    unrelated_labels: [{ [decision]: failure + '-other' }],
    series: [{ metric: decisions_total, labels: { [decision]: failure }, before: before, during: during }],
  };
  if retrain == null || retrain.hook == null then [] else [
    {
      key: 'retraining_not_started',
      'for': 3 * model.evaluation_interval,
      lookback: 2 * model.evaluation_interval,
      // The hook has its own series, without the model's constant labels.
      expr:
        local matchers = [
          promql.equal(model.labels.model, model.name),
          promql.any(decision, [failures[key] for key in std.objectFields(failures)]),
        ];
        local increase =
          'increase(' + promql.selector(decisions_total, matchers) + '[' + promql.duration(self.lookback) + '])';
        promql.without('max', model.replicas, increase) + '\n> 0',
      fields: { decision: template.label(decision) },
      summary(fields):: model.name + ': a requested retraining does not start',
      description(fields)::
        'For ' + promql.duration(self['for']) + ' the retraining hook could not start a requested retraining. Its decision'
        + ' is: ' + fields.decision + '. (' + failures.failed + ': SageMaker or Argo rejects the request or does not'
        + ' answer, or the hook cannot write to its disk. ' + failures.no_answer + ': Prometheus does not answer the hook,'
        + ' so the hook does not know whether the gate is open.)',
      action: 'Read the log of the hook for the reason and fix it. Alertmanager repeats the request while the drift lasts,'
              + ' and the retraining then starts by itself if the gate is open.',
      firing_cases: [
        test_case('has a retraining that fails to start again and again', failures.failed, 0, growing)
        + { fields: { decision: failures.failed } },
        test_case('has a gate for which Prometheus does not answer', failures.no_answer, 0, growing)
        + { fields: { decision: failures.no_answer } },
      ],
      silent_cases: [
        test_case('has a retraining that fails to start once', failures.failed, 0, 1),
        test_case('had a retraining that failed to start long ago', failures.failed, 7, 7),
      ],
    },
  ]
