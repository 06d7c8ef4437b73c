// Traffic: does a window have as many rows as the same hours of past weeks?
local facts_of = import '../facts.libsonnet';
local threshold = import '../threshold.libsonnet';

function(model)
  local metrics = model.metrics, facts = facts_of(model);
  local stream = { [model.labels.stream]: model.catalogue.streams.inference };
  [
    threshold(
      model,
      'traffic_unusual',
      scale=8,
      usual_when='on a quiet Sunday night',
      no_threshold_when='with no history yet',
      looked_up=function(own_of, example) {
        rows: facts.compared(
          own_of(),
          example,
          ': ',
          metrics.window_rows,
          metrics.window_rows_reference,
          'usual',
          stream
        ),
        ended: facts.ended(own_of(), example),
      },
    ) {
      'for': model.confirmed,
      summary(fields)::
        model.name + ': unusual number of predictions in the ' + fields.window + ' window' + fields.rows,
      description(fields)::
        'Rows of the inference log in the ' + fields.window + ' window' + fields.ended + ' differ from the same hours of past'
        + ' weeks by a factor of ' + fields.value + ' (limit ' + fields.threshold + ')' + fields.rows + '.',
      action: 'Compare with the traffic of the service that calls the model. If its traffic has changed, ask its owner. If'
              + ' not, a part of the log is missing or written twice.',
    },
  ]
