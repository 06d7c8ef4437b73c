// The fixed labels of an alert. Every alert has all of them, because Alertmanager treats two missing labels as equal.
// Prometheus has no empty labels, so an alert without an objective has the value `none`.
function(catalogue, metadata, alert, objective='none') metadata.labels {
  [catalogue.labels.model]: metadata.name,
  [catalogue.labels.team]: metadata.team,
  [catalogue.labels.severity]: alert.severity,
  [catalogue.labels.layer]: alert.layer,
  [catalogue.labels.slo]: objective,
}
