// Segments of a model's traffic: a segment that has drifted while the whole traffic has not.
local facts_of = import '../facts.libsonnet';
local feature_facts_of = import '../feature_facts.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model) if model.segment == null then [] else
  local metrics = model.metrics, facts = facts_of(model), feature_facts = feature_facts_of(model);
  [
    threshold(
      model,
      'segment_drift',
      segment=model.segment,
      scale=4,
      usual_when='in ordinary traffic',
      no_threshold_when='while the whole traffic is above its threshold',
      looked_up=function(own_of, example) {
        ended: facts.ended(own_of(), example),
        worst: feature_facts.worst(own_of, example),
        scores: facts.compared(
          own_of(),
          example,
          '\nMean score: ',
          metrics.prediction_mean,
          metrics.prediction_mean_reference
        ),
      },
    ) {
      'for': model.confirmed_after_causes,
      summary(fields)::
        model.name + ': segment ' + fields.segment + ' has drifted in the ' + fields.window
        + ' window, the whole traffic has not',
      description(fields)::
        'The drift share or the score shift of segment ' + fields.segment + ' is ' + fields.value
        + ' times its own threshold in the ' + fields.window + ' window' + fields.ended + ' for version ' + fields.version
        + '; the limit is ' + fields.threshold + '. The whole traffic is below its thresholds.' + fields.worst
        + fields.scores,
      action: 'Choose the segment on the dashboard and see which features moved, or whether only its score moved. Look for a'
              + ' change that affects this segment alone, such as a release, a partner or a new source.',
    },
  ]
