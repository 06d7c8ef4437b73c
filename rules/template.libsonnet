// Go templates, as Prometheus expands them in labels and annotations, each with what it expands to.
local promql = import 'promql.libsonnet';

// Each byte as a query string writes it; a table, since jsonnet works out each entry once.
local digits = '0123456789ABCDEF';
local between(byte, first, last) = byte >= std.codepoint(first) && byte <= std.codepoint(last);
local unreserved(byte) =
  between(byte, 'a', 'z') || between(byte, '0', '9') || between(byte, 'A', 'Z')
  || byte == 45 || byte == 46 || byte == 95 || byte == 126;  // - . _ ~
local escapes = [
  if unreserved(byte) then std.char(byte)
  else if byte == 32 then '+'
  else '%' + digits[std.floor(byte / 16)] + digits[byte % 16]
  for byte in std.range(0, 255)
];

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

  // What a link expands to whose templates are `{{ with $labels.x }}…{{ . | urlquery }}…{{ end }}`.
  expanded(link, labels)::
    local pieces = std.split(link, '{{ with $labels.');
    local one(piece) =
      local name = std.split(piece, ' }}')[0];
      local parts = std.splitLimit(piece[std.length(name + ' }}'):], '{{ end }}', 1);
      local value = std.get(labels, name, '');
      (if value == '' then '' else std.strReplace(parts[0], '{{ . | urlquery }}', $.urlquery(value))) + parts[1];
    pieces[0] + std.join('', [one(piece) for piece in pieces[1:]]),

  urlquery(text):: std.join('', [escapes[byte] for byte in std.encodeUTF8(text)]),
}
