// Parts of a model's traffic: a segment that has drifted while the whole has not.
local threshold = import '../threshold.libsonnet';

function(model) if model.segment == null then [] else [
  threshold(model, 'segment_drift', segment=model.segment, scale=4, season='while the whole is above its threshold') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': segment ' + it.segment + ' has drifted over ' + it.window + ', the whole has not',
    finding(it)::
      'The drift share or the score shift of ' + it.segment + ' is ' + it.value + ' times its threshold over ' + it.window
      + ' for version ' + it.version + ', where ' + it.threshold + ' is allowed; that of the whole is below its own.',
    action: 'Choose the segment on the dashboard and see which of its features or whether its score moved: a change for'
            + ' one market or channel alone, such as a release, a partner or a new source.',
  },
]
