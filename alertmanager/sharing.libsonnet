// The alerts of an outage, which many models have at once: those on the exporter and on freshness. Models that notify the
// same place have one route and one receiver for them, so an outage is one notification there.
local matchers = import 'matchers.libsonnet';
local names = import 'names.libsonnet';

{
  layers:: ['exporter', 'freshness'],
  severities:: { page: 'critical', ticket: 'warning' },

  // The receivers that models share: their kind, name, settings and models.
  receivers(arguments):: [
    local documents = [arguments.models[place] for place in shared.models];
    local settings = documents[0].spec.alerting[shared.kind];
    {
      kind: shared.kind,
      severity: $.severities[shared.kind],
      documents: documents,
      settings: settings,
      name: if settings == null then names.default else names.shared(shared.kind, shared.suffix),
    }
    for shared in arguments.shared
  ],

  // Matches the alerts of an outage of these models; their constant labels are equal.
  matchers(catalogue, shared)::
    local labels = shared.documents[0].metadata.labels;
    [
      matchers.equal(catalogue.labels.severity, shared.severity),
      matchers.any(catalogue.labels.layer, $.layers),
      matchers.any(catalogue.labels.model, [document.metadata.name for document in shared.documents]),
    ]
    + [matchers.equal(label, labels[label]) for label in std.objectFields(labels)],
}
