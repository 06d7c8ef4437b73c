// What a notification says, as Alertmanager's templates: the same words for every kind of receiver.
local template = import '../rules/template.libsonnet';

local shown = 10;
// Of the first alert that fires, or when none does any more of the first that did.
local first(annotation) = '(index (or .Alerts.Firing .Alerts.Resolved) 0).Annotations.' + annotation;

// Slack reads three characters as markup, and a label's value may hold any.
local for_slack(value) =
  value + ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"';
local plainly(value) = value;

local title(escape) =
  '{{ if not .Alerts.Firing }}Resolved: {{ end }}{{ ' + escape(first('summary')) + ' }}'
  + '{{ if gt (len .Alerts.Firing) 1 }} (one of {{ len .Alerts.Firing }} alerts){{ end }}';

local text(escape, bullet) =
  '{{ range $index, $alert := .Alerts.Firing }}{{ if lt $index ' + shown + ' }}'
  + bullet + '{{ ' + escape('$alert.Annotations.summary') + ' }}\n{{ ' + escape('$alert.Annotations.description') + ' }}\n'
  + '{{ end }}{{ end }}{{ if gt (len .Alerts.Firing) ' + shown + ' }}'
  + 'The first ' + shown + ' of {{ len .Alerts.Firing }}.\n{{ end }}';

{
  literal:: template.literal,

  title:: title(plainly),
  text:: text(plainly, ''),

  slack_title:: title(for_slack),
  slack_text:: text(for_slack, '• '),

  // Of the alert that gives the notification its title.
  annotation(name):: '{{ ' + first(name) + ' }}',

  // Alertmanager's own page, with a silence for this model and layer filled in.
  silence(labels, metadata)::
    '{{ .ExternalURL }}/#/silences/new?filter=%7B' + labels.model + '%3D%22' + metadata.name + '%22%2C%20'
    + labels.layer + '%3D%22{{ .GroupLabels.' + labels.layer + ' }}%22%7D',
}
