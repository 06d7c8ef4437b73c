// One incident, one page: an alert about a cause inhibits the alerts about its consequences, for the same model.
//
// The cause is in an earlier layer and at least as severe, so a ticket never inhibits a page. Source and target have
// different layers, in the last layer different severities, or other names, so no alert matches both sides of a rule.
local matchers = import 'matchers.libsonnet';

function(arguments)
  local catalogue = arguments.catalogue, labels = catalogue.labels;
  local alerts = [catalogue.alerts[key] for key in std.objectFields(catalogue.alerts)];
  local constants = std.set(std.flatMap(function(document) std.objectFields(document.metadata.labels), arguments.models));
  local model = [labels.model] + constants;
  // Alerts on series have the label `namespace` of the scrape; an alert on absent series does not.
  local scraped = model + ['namespace'];
  local version = scraped + [labels.version];

  // Each cause, and the labels that its consequences must share with it.
  local causes = [
    { layer: 'exporter', severity: 'critical', equal: model },
    { layer: 'freshness', severity: 'critical', equal: scraped },
    { layer: 'input', severity: 'critical', equal: version },
    { layer: 'quality', severity: 'warning', equal: version + [labels.feature] },
    { layer: 'dataset', severity: 'critical', equal: version },
    { layer: 'feature', severity: 'critical', equal: version },
  ];

  local severity_rank(severity) = std.find(severity, catalogue.severities)[0];
  local later_layers(layer) = catalogue.layers[std.find(layer, catalogue.layers)[0] + 1:];
  local has_labels(alert, equal) = std.all([
    std.member(catalogue.metrics[alert.metric].labels, label)
    for label in equal
    if std.member([labels.version, labels.feature], label)
  ]);
  // The alerts that the cause inhibits.
  local consequences(cause) = [
    alert
    for alert in alerts
    if std.member(later_layers(cause.layer), alert.layer)
    if severity_rank(alert.severity) >= severity_rank(cause.severity) && has_labels(alert, cause.equal)
  ];
  local in_order(values, order) = [value for value in order if std.member(values, value)];

  // The page of an objective inhibits its tickets: they are about the same budget and less urgent.
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
  // The page of a broken feature inhibits the tickets about the same feature: they are about the same values.
  local feature = {
    source_matchers: [
      matchers.equal(labels.layer, 'feature'),
      matchers.equal(labels.severity, 'critical'),
      matchers.present(labels.model),
      matchers.present(labels.feature),
    ],
    target_matchers: [
      matchers.any(labels.layer, ['quality', 'feature']),
      matchers.equal(labels.severity, 'warning'),
      matchers.present(labels.model),
    ],
    equal: version + [labels.feature],
  };
  local named(alert) = [
    matchers.equal('alertname', alert.name),
    matchers.equal(labels.layer, alert.layer),
    matchers.equal(labels.severity, alert.severity),
    matchers.present(labels.model),
  ];
  // Two tickets about the same numbers: the one that says more inhibits the other.
  local same(cause, consequence, equal) = {
    source_matchers: named(cause),
    target_matchers: named(consequence),
    equal: equal,
  };
  [
    {
      source_matchers: [
        matchers.equal(labels.layer, cause.layer),
        matchers.equal(labels.severity, cause.severity),
        matchers.present(labels.model),
      ] + (
        // Alertmanager treats two missing labels as equal: an alert without a feature inhibits nothing here.
        if std.member(cause.equal, labels.feature) then [matchers.present(labels.feature)] else []
      ),
      target_matchers: [
        matchers.any(labels.layer, in_order([alert.layer for alert in consequences(cause)], catalogue.layers)),
        matchers.any(labels.severity, in_order([alert.severity for alert in consequences(cause)], catalogue.severities)),
        matchers.present(labels.model),
      ],
      equal: cause.equal,
    }
    for cause in causes
    if consequences(cause) != []
  ] + [
    feature,
    objective,
    // Outcomes of another rate are a gap of all scores at once.
    same(catalogue.alerts.base_rate_shift, catalogue.alerts.calibration_poor, version),
    // A budget that is spent burns no more slowly.
    same(catalogue.alerts.error_budget_exhausted, catalogue.alerts.error_budget_burn_slow, scraped + [labels.slo]),
  ]
