// The texts of a notification, as Alertmanager's templates: the same for every kind of receiver.
local template = import '../rules/template.libsonnet';

local max_shown = 10;
// An annotation of the first firing alert, or of the first resolved alert if none fires any more.
local first(annotation) = '(index (or .Alerts.Firing .Alerts.Resolved) 0).Annotations.' + annotation;

// Slack reads three characters as markup; a label value can contain them.
local escaped_for_slack(value) =
  value + ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"';
local unescaped(value) = value;

local resolved = '{{ if not .Alerts.Firing }}Resolved: {{ end }}';
local since(alert) = 'Since {{ ' + alert + '.StartsAt.UTC.Format "2 Jan 15:04 UTC" }}.';
// `each` of the first firing alerts, as `$alert`, and how many are not shown.
local shown(each) =
  '{{ range $index, $alert := .Alerts.Firing }}{{ if lt $index ' + max_shown + ' }}' + each + '{{ end }}{{ end }}'
  + '{{ if gt (len .Alerts.Firing) ' + max_shown + ' }}'
  + 'Only the first ' + max_shown + ' of {{ len .Alerts.Firing }} firing alerts are shown.\n{{ end }}';

// A mail's body. Alertmanager escapes what it inserts.
local link_list(alert, links) =
  std.join(' | ', ['<a href="{{ ' + alert + '.Annotations.' + link.annotation + ' }}">' + link.text + '</a>' for link in links]);
local paragraph(content) = '<p style="white-space: pre-line">' + content + '</p>\n';

local of_model = {
  local title(escape) =
    resolved + '{{ ' + escape(first('summary')) + ' }}'
    + '{{ if gt (len .Alerts.Firing) 1 }} (one of {{ len .Alerts.Firing }} alerts){{ end }}',
  // The title has the summary of an alert that is alone.
  local text(escape, bullet) = shown(
    '{{ if gt (len $.Alerts.Firing) 1 }}' + bullet + '{{ ' + escape('$alert.Annotations.summary') + ' }}\n{{ end }}{{ '
    + escape('$alert.Annotations.description') + ' }}\n' + since('$alert') + '\n'
  ),

  title: title(unescaped),
  text: text(unescaped, ''),
  slack_title: title(escaped_for_slack),
  slack_text: text(escaped_for_slack, '• '),
  html(links):: shown(
    '<h3>{{ $alert.Annotations.summary }}</h3>\n'
    + paragraph('{{ $alert.Annotations.description }}\n' + since('$alert') + '\n' + link_list('$alert', links))
  ),
};

// The texts of one alert of several models: their names, what is the matter, and what to do, once.
local of_models(label) = {
  // Each name once.
  local models(alerts) =
    '{{ $models := "" }}{{ range ' + alerts + ' }}{{ with .Labels.' + label + ' }}'
    + '{{ if not (match (printf "(^|, )%s(,|$)" .) $models) }}'
    + '{{ if $models }}{{ $models = printf "%s, %s" $models . }}{{ else }}{{ $models = . }}{{ end }}'
    + '{{ end }}{{ end }}{{ end }}{{ $models }}',
  local title(escape) =
    resolved + '{{ if gt (len .Alerts.Firing) ' + max_shown + ' }}{{ len .Alerts.Firing }} alerts{{ else }}'
    + models('(or .Alerts.Firing .Alerts.Resolved)') + '{{ end }}: {{ ' + escape(first('summary') + ' | reReplaceAll "^[^:]*: " ""') + ' }}',
  local text(escape, bullet) =
    shown(bullet + '{{ ' + escape('$alert.Annotations.summary') + ' }}\n')
    + '{{ with .Alerts.Firing }}{{ with index . 0 }}{{ ' + escape('.Annotations.description') + ' }}\n' + since('')
    + '\n{{ end }}{{ end }}',

  models: models('.Alerts'),
  title: title(unescaped),
  text: text(unescaped, ''),
  slack_title: title(escaped_for_slack),
  slack_text: text(escaped_for_slack, '• '),
  html(links)::
    '<h3>' + self.title + '</h3>\n'
    + paragraph(shown('{{ $alert.Annotations.summary }}\n'))
    + '{{ with .Alerts.Firing }}{{ with index . 0 }}'
    + paragraph('{{ .Annotations.description }}\n' + since('') + '\n' + link_list('', links))
    + '{{ end }}{{ end }}',
};

{
  literal:: template.literal,

  // The body of a mail about alerts that are over; the other receivers show the title alone.
  over:: '{{ if not .Alerts.Firing }}Nothing of it fires any more.\n{{ end }}',
  of_model:: of_model,
  of_models:: of_models,

  // An annotation of the alert that the title is from.
  annotation(name):: '{{ ' + first(name) + ' }}',

  // A label that all alerts of the notification have.
  common(label):: '{{ .CommonLabels.' + label + ' }}',

  // A link to Alertmanager's page for a new silence, with one label's value filled in, and another one's from the alerts.
  silence(label, value, common)::
    '{{ .ExternalURL }}/#/silences/new?filter=%7B' + label + '%3D%22' + value + '%22%2C%20'
    + common + '%3D%22' + $.common(common) + '%22%7D',
}
