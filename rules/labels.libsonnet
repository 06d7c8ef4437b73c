// The fixed labels of an alert: all of them on every alert, since Alertmanager takes two missing labels for equal.
// Prometheus has no empty labels, so an alert that belongs to no objective says that it has none.
function(catalogue, metadata, alert, objective='none') metadata.labels {
  [catalogue.labels.model]: metadata.name,
  [catalogue.labels.team]: metadata.team,
  [catalogue.labels.severity]: alert.severity,
  [catalogue.labels.layer]: alert.layer,
  [catalogue.labels.slo]: objective,
}
