// Add a rule file of the team with its promtool test. `leeway check` runs the test with the others.
local overlay = import 'rules/overlay.libsonnet';

overlay.all([
  overlay.add('rules/team.yaml', {
    groups: [{
      name: 'team',
      rules: [{ record: 'model:ml_data_drift_share:max', expr: 'max by (model) (ml_data_drift_share)' }],
    }],
  }),
  overlay.add('rules/tests/team.yaml', {
    rule_files: ['../team.yaml'],
    evaluation_interval: '1m',
    tests: [{
      interval: '1m',
      input_series: [{ series: 'ml_data_drift_share{model="fraud",window="1h"}', values: '0.25x5' }],
      promql_expr_test: [{
        expr: 'model:ml_data_drift_share:max',
        eval_time: '3m',
        exp_samples: [{ labels: 'model:ml_data_drift_share:max{model="fraud"}', value: 0.25 }],
      }],
    }],
  }),
])
