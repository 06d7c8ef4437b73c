// The texts of a notification, as Alertmanager's templates: the same for every kind of receiver.
local template = import '../rules/template.libsonnet';

local max_shown = 10;
// An annotation of the first firing alert, or of the first resolved alert if none fires any more.
local first(annotation) = '(index (or .Alerts.Firing .Alerts.Resolved) 0).Annotations.' + annotation;

// Slack reads three characters as markup; a label value can contain them.
local escaped_for_slack(value) =
  value + ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"';
local unescaped(value) = value;

local title(escape) =
  '{{ if not .Alerts.Firing }}Resolved: {{ end }}{{ ' + escape(first('summary')) + ' }}'
  + '{{ if gt (len .Alerts.Firing) 1 }} (one of {{ len .Alerts.Firing }} alerts){{ end }}';

local text(escape, bullet) =
  '{{ range $index, $alert := .Alerts.Firing }}{{ if lt $index ' + max_shown + ' }}'
  + bullet + '{{ ' + escape('$alert.Annotations.summary') + ' }}\n{{ ' + escape('$alert.Annotations.description') + ' }}\n'
  + '{{ end }}{{ end }}{{ if gt (len .Alerts.Firing) ' + max_shown + ' }}'
  + 'Only the first ' + max_shown + ' of {{ len .Alerts.Firing }} firing alerts are shown.\n{{ end }}';

{
  literal:: template.literal,

  title:: title(unescaped),
  text:: text(unescaped, ''),

  slack_title:: title(escaped_for_slack),
  slack_text:: text(escaped_for_slack, '• '),

  // An annotation of the alert that the title is from.
  annotation(name):: '{{ ' + first(name) + ' }}',

  // A link to Alertmanager's page for a new silence, with this model and layer filled in.
  silence(labels, metadata)::
    '{{ .ExternalURL }}/#/silences/new?filter=%7B' + labels.model + '%3D%22' + metadata.name + '%22%2C%20'
    + labels.layer + '%3D%22{{ .GroupLabels.' + labels.layer + ' }}%22%7D',
}
