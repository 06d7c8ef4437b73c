// Go templates, as Prometheus expands them in labels and annotations, each with what it expands to.
local promql = import 'promql.libsonnet';

local format(unit) = std.get(
  { ratio: 'humanizePercentage', rows: 'printf "%.0f"', seconds: 'humanizeDuration' }, unit, 'printf "%.3g"'
);

{
  // A text of the user's, safe beside templates: each brace becomes a template that writes a brace.
  literal(text):: std.strReplace(text, '{', '{{"{"}}'),

  label(name):: '{{ $labels.' + name + ' }}',

  // The alert's value, for a person; `formatted` is what it expands to, for a number of few digits.
  value(unit):: '{{ $value | ' + format(unit) + ' }}',
  formatted(unit, number)::
    if unit == 'ratio' then number * 100 + '%'
    else if unit == 'seconds' then $.aged(number)
    else std.toString(number),

  // The present value of the series of a metric that has the alert's own labels; `missing` when there is none.
  lookup(metric, matchers, labels, missing)::
    local fixed = [std.strReplace(matcher, '%', '%%') for matcher in matchers];
    local query = std.escapeStringJson(promql.selector(metric, fixed + [label + '=%q' for label in labels]));
    '{{ with printf ' + std.join(' ', [query] + ['$labels.' + label for label in labels]) + ' | query }}'
    + '{{ . | first | value | ' + format(metric.unit) + ' }}{{ else }}' + missing + '{{ end }}',

  // What is said of an age in seconds, and of one without end.
  age(known, endless)::
    '{{ if gt $value 1e15 }}' + endless + '{{ else }}' + known('{{ $value | humanizeDuration }}') + '{{ end }}',
  aged(seconds)::
    local parts = [
      [std.floor(seconds / 86400), 'd'],
      [std.floor(seconds / 3600) % 24, 'h'],
      [std.floor(seconds / 60) % 60, 'm'],
      [seconds % 60, 's'],
    ];
    local first = std.find(true, [part[0] > 0 for part in parts])[0];
    std.join(' ', [part[0] + part[1] for part in parts[first:]]),
}
