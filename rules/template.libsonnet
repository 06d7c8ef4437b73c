// Go templates, as Prometheus expands them in labels and annotations, and the text that each expands to.
local promql = import 'promql.libsonnet';

local format(unit) = std.get(
  { ratio: 'humanizePercentage', rows: 'printf "%.0f"', seconds: 'humanizeDuration' }, unit, 'printf "%.3g"'
);

{
  // A text from a spec that is not read as a template: each brace becomes a template that writes a brace.
  literal(text):: std.strReplace(text, '{', '{{"{"}}'),

  label(name):: '{{ $labels.' + name + ' }}',

  // The alert's value, formatted for a person. `expanded_value` is the text that Prometheus makes of it, for a number
  // with few digits.
  value(unit):: '{{ $value | ' + format(unit) + ' }}',
  expanded_value(unit, number)::
    if unit == 'ratio' then number * 100 + '%'
    else if unit == 'seconds' then $.expanded_duration(number)
    else std.toString(number),

  // The present value of the series of a metric that has the alert's own labels, or `missing` if there is none.
  lookup(metric, matchers, labels, missing)::
    local query =
      std.escapeStringJson(promql.selector(metric, $.escaped(matchers) + [label + '=%q' for label in labels]));
    '{{ with printf ' + std.join(' ', [query] + ['$labels.' + label for label in labels]) + ' | query }}'
    + '{{ . | first | value | ' + format(metric.unit) + ' }}{{ else }}' + missing + '{{ end }}',

  // A query's matchers in a text for printf.
  escaped(matchers):: [std.strReplace(matcher, '%', '%%') for matcher in matchers],

  // The first result of a query as text, nothing without any. `query` has a %q for the value of each of the `labels`.
  first(query, labels, item)::
    '{{ with printf ' + std.join(' ', [std.escapeStringJson(query)] + ['$labels.' + label for label in labels])
    + ' | query }}{{ with . | first }}' + item + '{{ end }}{{ end }}',

  // Every result of a query as text, separated by commas; `missing` if there is none. `query` has a %q for the value of each of the `labels`.
  listing(query, labels, item, missing)::
    '{{ range $index, $each := printf '
    + std.join(' ', [std.escapeStringJson(query)] + ['$labels.' + label for label in labels])
    + ' | query }}{{ if $index }}, {{ end }}{{ with $each }}' + item + '{{ end }}{{ else }}'
    + missing + '{{ end }}',

  // The text `known` of the alert's value as an age, or the text `infinite` if the age is infinite.
  age(known, infinite)::
    '{{ if gt $value 1e15 }}' + infinite + '{{ else }}' + known('{{ $value | humanizeDuration }}') + '{{ end }}',
  expanded_duration(seconds)::
    local parts = [
      [std.floor(seconds / 86400), 'd'],
      [std.floor(seconds / 3600) % 24, 'h'],
      [std.floor(seconds / 60) % 60, 'm'],
      [seconds % 60, 's'],
    ];
    local first = std.find(true, [part[0] > 0 for part in parts])[0];
    std.join(' ', [part[0] + part[1] for part in parts[first:]]),
}
