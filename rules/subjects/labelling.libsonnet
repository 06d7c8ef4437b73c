// Labels: whether they still come, and whether enough of them have by the time that predictions are judged.
local threshold = import '../threshold.libsonnet';

local day = 24 * 3600;

function(model) if !model.labels_evaluated then [] else [
  threshold(
    model, 'labels_late', scale=4 * day, season='at a weekend', unknown='with none that were due'
  ) {
    hold: 3 * model.beat,
    summary(it):: model.name + ': no labels for ' + it.value,
    finding(it)::
      'The newest label came ' + it.value + ' ago; the threshold is ' + it.threshold + ', the greater of the floor and'
      + ' twice the longest silence before. What is said of performance speaks of ever older predictions.',
    action: 'Ask whoever labels, and look at what writes the label log: labels that are late are joined once they come.',
  },
  threshold(model, 'label_coverage_low', season='in a small window', unknown='with no predictions') {
    hold: 3 * model.beat,
    summary(it):: model.name + ': ' + it.value + ' of the predictions have a label over ' + it.window,
    finding(it)::
      'Of the mature predictions of version ' + it.version + ' over ' + it.window + ', ' + it.value + ' have a label; the'
      + ' threshold is ' + it.threshold + '. Those without may be unlike the others: read performance with care.',
    action: 'If labels come later than they did, make labels.maturity longer; if they are lost, mend the label log or the'
            + ' ids in it.',
  },
]
