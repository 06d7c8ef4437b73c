// One incident, one page: an alert about a cause silences those about its consequences, on the same model.
//
// The cause stands in an earlier layer and is at least as loud, so a ticket never silences a page; and since both sides
// name different layers, or within the last layer different severities, no alert is on both sides of a rule.
local matchers = import 'matchers.libsonnet';

function(arguments)
  local catalogue = arguments.catalogue, labels = catalogue.labels;
  local alerts = [catalogue.alerts[key] for key in std.objectFields(catalogue.alerts)];
  local constants = std.set(std.flatMap(function(document) std.objectFields(document.metadata.labels), arguments.models));
  local model = [labels.model] + constants;
  // An alert made of series knows the namespace that it was scraped in; the absence of all series knows none.
  local scraped = model + ['namespace'];
  local version = scraped + [labels.version];

  // Each cause, and the labels in which its consequences are equal to it.
  local causes = [
    { layer: 'exporter', severity: 'critical', equal: model },
    { layer: 'freshness', severity: 'critical', equal: scraped },
    { layer: 'quality', severity: 'warning', equal: version + [labels.feature] },
    { layer: 'dataset', severity: 'critical', equal: version },
  ];

  local rank(severity) = std.find(severity, catalogue.severities)[0];
  local later(layer) = catalogue.layers[std.find(layer, catalogue.layers)[0] + 1:];
  local has(alert, equal) = std.all([
    std.member(catalogue.metrics[alert.metric].labels, label)
    for label in equal
    if std.member([labels.version, labels.feature], label)
  ]);
  // The layers and severities that have an alert for the cause to silence.
  local consequences(cause) = [
    alert
    for alert in alerts
    if std.member(later(cause.layer), alert.layer)
    if rank(alert.severity) >= rank(cause.severity) && has(alert, cause.equal)
  ];
  local of(values, order) = [value for value in order if std.member(values, value)];

  // The page of an objective silences its tickets: they tell of the same budget, and less urgently.
  local objective = {
    source_matchers: [
      matchers.equal(labels.layer, 'objective'),
      matchers.equal(labels.severity, 'critical'),
      matchers.present(labels.model),
    ],
    target_matchers: [
      matchers.equal(labels.layer, 'objective'),
      matchers.equal(labels.severity, 'warning'),
      matchers.present(labels.model),
    ],
    equal: scraped + [labels.slo],
  };
  [
    {
      source_matchers: [
        matchers.equal(labels.layer, cause.layer),
        matchers.equal(labels.severity, cause.severity),
        matchers.present(labels.model),
      ],
      target_matchers: [
        matchers.any(labels.layer, of([alert.layer for alert in consequences(cause)], catalogue.layers)),
        matchers.any(labels.severity, of([alert.severity for alert in consequences(cause)], catalogue.severities)),
        matchers.present(labels.model),
      ],
      equal: cause.equal,
    }
    for cause in causes
    if consequences(cause) != []
  ] + [objective]
