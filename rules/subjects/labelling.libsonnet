// Labels: do they still arrive, can both logs be used, and do enough predictions have a label when they are mature?
local threshold = import '../threshold.libsonnet';

local day = 24 * 3600;

function(model) if !model.labels_evaluated then [] else [
  threshold(
    model, 'labels_late', scale=4 * day, usual_when='at a weekend', no_threshold_when='with no labels due'
  ) {
    'for': model.confirmed_after_causes,
    summary(fields):: model.name + ': no labels for ' + fields.value,
    description(fields)::
      'The newest label arrived ' + fields.value + ' ago; the limit is ' + fields.threshold + ': the greater of the'
      + ' floor in the spec and twice the longest gap before. Performance is measured on older and older predictions.',
    action: 'Ask the labelling team, and check the label pipeline. Late labels are joined when they arrive.',
  },
  threshold(model, 'log_rows_unusable', stream=model.catalogue.streams.labels) {
    'for': model.confirmed_after_causes,
    summary(fields)::
      model.name + ': only ' + fields.value + ' of the rows of the ' + fields.stream + ' log can be used in the '
      + fields.window + ' window',
    description(fields)::
      'Only ' + fields.value + ' of the newest rows of the ' + fields.stream + ' log have an id and a value of usable types'
      + ' in the ' + fields.window + ' window; the limit is ' + fields.threshold
      + '. The other rows are not joined, so performance is measured without them or not at all.',
    action: 'The panel of rejected rows shows why rows are left out: no id, no value, or a time outside of the partition.'
            + ' The log of the exporter names each file with a column that is missing or has another type.',
  },
  threshold(model, 'performance_withheld', no_threshold_when='with few labels') {
    'for': model.confirmed_after_causes,
    summary(fields):: model.name + ': performance in the ' + fields.window + ' window is withheld',
    description(fields)::
      fields.value + ' of the labelled predictions of version ' + fields.version + ' in the ' + fields.window
      + ' window cannot be judged; the limit is ' + fields.threshold
      + '. Their label is none of the model\'s, or their score is no probability. The others may be different, so no'
      + ' performance is exposed.',
    action: 'The log of the exporter and its page say which labels or scores these are. Name the positive labels in'
            + ' labels.positive, or fix the writer of the log.',
  },
  threshold(model, 'label_coverage_low', usual_when='in a small window', no_threshold_when='with no predictions') {
    'for': model.confirmed_after_causes,
    summary(fields)::
      model.name + ': only ' + fields.value + ' of the predictions in the ' + fields.window + ' window have a label',
    description(fields)::
      fields.value + ' of the mature predictions of version ' + fields.version + ' in the ' + fields.window
      + ' window have a label; the limit is ' + fields.threshold
      + '. The predictions without a label may be different, so performance may be wrong.',
    action: 'If labels arrive later than before, make labels.maturity longer. If labels are lost, fix the label log or the'
            + ' ids in it.',
  },
]
