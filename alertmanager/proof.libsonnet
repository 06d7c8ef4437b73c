// The expected routes: the labels of every alert that a model can have, and the receivers that must get it. Alerts that
// are not Leeway's must reach none of its receivers. `leeway check` tests each with amtool.
local labels = import '../rules/labels.libsonnet';
local sharing = import 'sharing.libsonnet';

function(arguments)
  local catalogue = arguments.catalogue;
  local alerts = [catalogue.alerts[key] for key in std.objectFields(catalogue.alerts)];

  local receiver_of_model(document, severity) =
    local alerting = document.spec.alerting, name = document.metadata.name;
    if severity == 'info' then 'null'
    else if severity == 'critical' && alerting.page != null then name + '-page'
    else if severity == 'warning' && alerting.ticket != null then name + '-ticket'
    else 'default';
  // The receiver of a model's alerts of an outage, where it shares one.
  local shared_receivers = {
    [document.metadata.name + ' ' + shared.severity]: shared.name
    for shared in sharing.receivers(arguments)
    for document in shared.documents
  };
  local receiver(document, alert) =
    local of_model = receiver_of_model(document, alert.severity);
    if std.member(sharing.layers, alert.layer)
    then std.get(shared_receivers, document.metadata.name + ' ' + alert.severity, of_model) else of_model;

  // The drift alert also goes to the retraining receiver.
  local retrain_receivers(document, alert) =
    if document.spec.alerting.retrain != null && alert == catalogue.alerts.data_drift_high
    then [document.metadata.name + '-retrain'] else [];

  local unrelated_alert(document) = {
    [catalogue.labels.model]: document.metadata.name,
    [catalogue.labels.severity]: 'critical',
    alertname: 'Watchdog',
  };

  [
    {
      labels: labels(catalogue, document.metadata, alert) { alertname: alert.name },
      receivers: [receiver(document, alert)] + retrain_receivers(document, alert),
    }
    for document in arguments.models
    for alert in alerts
  ] + [
    { labels: unrelated_alert(document), receivers: ['default'] }
    for document in arguments.models
  ]
