// The retraining hook: whether it can start what it is asked for.
//
// Alertmanager asks again every minute or so until the hook has decided, so a failure that lasts is counted again and
// again, and one that is over by the next try is counted once: a condition that outlives its range tells them apart.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

function(model)
  local retrain = model.spec.alerting.retrain;
  local decided = model.metrics.retrain_decisions_total, decision = model.labels.decision;
  local failures = model.catalogue.decisions;
  local growing = { grows: 1 };
  local counted(title, failure, before, during) = {
    title: title,
    labels: { [decision]: failure },
    strangers: [{ [decision]: failure + '-other' }],
    series: [{ metric: decided, labels: { [decision]: failure }, before: before, during: during }],
  };
  if retrain == null || retrain.hook == null then [] else [
    {
      key: 'retraining_not_started',
      hold: 3 * model.beat,
      memory: 2 * model.beat,
      // The hook has its own series, without the model's constant labels.
      expr:
        local own = [
          promql.equal(model.labels.model, model.name),
          promql.any(decision, [failures[key] for key in std.objectFields(failures)]),
        ];
        local more = 'increase(' + promql.selector(decided, own) + '[' + promql.duration(self.memory) + '])';
        promql.without('max', model.replicas, more) + '\n> 0',
      words: { decision: template.label(decision) },
      summary(it):: model.name + ': a retraining that was asked for cannot be started',
      finding(it)::
        'For ' + promql.duration(self.hold) + ' Alertmanager has asked for a retraining again and again, and the hook has'
        + ' answered ' + it.decision + '. ' + failures.failed + ': whoever retrains refuses or does not answer, or the'
        + ' disk of the hook does. ' + failures.no_answer + ': Prometheus does not tell the hook whether the gate holds.',
      action: 'The log of the hook says why. Alertmanager goes on asking while the drift lasts: once the cause is mended,'
              + ' what the gate lets through starts by itself.',
      scenarios: [
        counted('is refused its retraining again and again', failures.failed, 0, growing)
        + { words: { decision: failures.failed } },
        counted('has a gate of which nobody tells', failures.no_answer, 0, growing)
        + { words: { decision: failures.no_answer } },
      ],
      twins: [
        counted('is refused its retraining once, and no more', failures.failed, 0, 1),
        counted('was refused a retraining long ago', failures.failed, 7, 7),
      ],
    },
  ]
