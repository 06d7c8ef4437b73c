// Where alerts must go: for every alert that a model can have the labels that it bears and the receivers that must
// get it, and the alerts of others, which must reach nobody of ours. `leeway check` asks amtool for each.
local labels = import '../rules/labels.libsonnet';

function(arguments)
  local catalogue = arguments.catalogue;
  local alerts = [catalogue.alerts[key] for key in std.objectFields(catalogue.alerts)];

  local receiver(document, severity) =
    local alerting = document.spec.alerting, name = document.metadata.name;
    if severity == 'info' then 'null'
    else if severity == 'critical' && alerting.page != null then name + '-page'
    else if severity == 'warning' && alerting.ticket != null then name + '-ticket'
    else 'default';

  // Beside people, whoever retrains.
  local retrain(document, alert) =
    if document.spec.alerting.retrain != null && alert == catalogue.alerts.data_drift_high
    then [document.metadata.name + '-retrain'] else [];

  local foreign(document) = {
    [catalogue.labels.model]: document.metadata.name,
    [catalogue.labels.severity]: 'critical',
    alertname: 'Watchdog',
  };

  [
    {
      labels: labels(catalogue, document.metadata, alert) { alertname: alert.name },
      receivers: [receiver(document, alert.severity)] + retrain(document, alert),
    }
    for document in arguments.models
    for alert in alerts
  ] + [
    { labels: foreign(document), receivers: ['default'] }
    for document in arguments.models
  ]
