// Performance of mature predictions, measured with labels.
local facts_of = import '../facts.libsonnet';
local threshold = import '../threshold.libsonnet';

// With more than two classes, the score of the returned class is needed.
local has_scores(spec) =
  spec.task == 'binary_classification'
  || (spec.task == 'multiclass_classification'
      && (spec.inference.columns.score != null || std.length(spec.inference.columns.scores) > 0));

local has_levels(spec) =
  spec.task == 'binary_classification' || spec.task == 'regression' || std.length(spec.inference.columns.scores) > 0;

// The predictions of a performance alert are as old as their labels need.
local evaluated(model, fields) =
  'Version ' + fields.version + ', ' + fields.window + ' window of predictions that are at least '
  + model.spec.labels.maturity + ' old.';

local rates(model, own_of, example, text) = facts_of(model).compared(
  own_of(), example, text, model.metrics.label_rate_observed, model.metrics.label_rate_predicted, 'predicted'
);

local calibration(model) = [
  threshold(
    model,
    'calibration_poor',
    no_threshold_when='with too few labels',
    looked_up=function(own_of, example) { rates: rates(model, own_of, example, '; positive ') },
  ) {
    'for': model.confirmed_after_causes,
    summary(fields)::
      model.name + ': scores are off by ' + fields.value + ' on average in the ' + fields.window + ' window' + fields.rates,
    description(fields)::
      'The share that came true differs from the scores by ' + fields.value + ' on average (limit ' + fields.threshold + ')'
      + fields.rates + '. ' + evaluated(model, fields),
    action: 'Calibrate the scores again, and review every decision that compares a score with a fixed number.',
  },
];

local concept_drift(model) =
  local metrics = model.metrics, facts = facts_of(model);
  local of_classifier(own_of, example) = {
    main: facts.expected(own_of(), example, ': AUROC ', metrics.auroc, metrics.auroc_estimated_gap),
    others: rates(model, own_of, example, '\nPositive: '),
    segment: facts.segment(own_of, '\nWorst segment: ', metrics.auroc, '0.25', lowest=true),
  };
  local of_regression(own_of, example) = {
    main: facts.expected(own_of(), example, ': MAE ', metrics.mae, metrics.mae_estimated_gap),
    others: facts.expected(own_of(), example, '\nRMSE ', metrics.rmse, metrics.rmse_estimated_gap),
    bias: facts.compared(
      own_of(), example, '\nMean of prediction minus label: ', metrics.mean_error, metrics.mean_error_reference, factor=false
    ),
    segment: facts.segment(own_of, '\nWorst segment: ', metrics.mae, '56,410'),
  };
  [
    threshold(
      model,
      'concept_drift',
      scale=4,
      no_threshold_when='with too few labels',
      looked_up=if model.classifier then of_classifier else of_regression,
    ) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + ': predictions are worse than expected in the ' + fields.window + ' window' + fields.main,
      description(fields)::
        'Predictions are worse than expected from their ' + (if model.classifier then 'scores' else 'sizes')
        + fields.main + ', ' + fields.value + ' times the allowed gap (limit ' + fields.threshold + ').' + fields.others
        + std.get(fields, 'bias', '') + fields.segment + '\n' + evaluated(model, fields)
        + ' Drift of the inputs does not explain it: the same inputs have other outcomes than in the reference.',
      action: 'Find out what changed in the outcomes or in the labels since these predictions were made. Then retrain on'
              + ' recent labels.',
    },
  ];

// Of several classes, the alert's value is that of the worst.
local base_rate(model) =
  local metrics = model.metrics, facts = facts_of(model);
  local of_classifier(own_of, example) = {
    main: rates(model, own_of, example, ': '),
    // Beside the rate itself, which the fact before has.
    reference: facts.value(own_of(), example, ', reference ', metrics.label_rate_observed_reference),
  };
  local of_regression(own_of, example) = {
    main: facts.compared(
      own_of(), example, ': prediction minus label ', metrics.mean_error, metrics.mean_error_reference, factor=false
    ),
    reference: facts.compared(own_of(), example, '; labels ', metrics.label_mean, metrics.label_mean_reference),
  };
  [
    threshold(
      model,
      'base_rate_shift',
      scale=4,
      no_threshold_when='with too few labels',
      looked_up=if model.classifier then of_classifier else of_regression,
    ) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + (if model.classifier then ': the rate of positives' else ': the mean error') + ' has moved in the '
        + fields.window + ' window' + fields.main,
      description(fields)::
        (if model.classifier then 'The rate of positives has moved' else 'The mean error has moved') + fields.main
        + fields.reference + '. This is ' + fields.value + ' times the allowed difference (limit ' + fields.threshold
        + ').\n' + evaluated(model, fields),
      action: 'Find out whether labels are incomplete or defined otherwise. If they are right, calibrate or retrain, and'
              + ' review what depends on the number of positives.',
    },
  ];

function(model)
  (if model.labels_evaluated && has_scores(model.spec) then calibration(model) else [])
  + (if model.labels_evaluated && model.estimated then concept_drift(model) else [])
  + (if model.labels_evaluated && has_levels(model.spec) then base_rate(model) else [])
