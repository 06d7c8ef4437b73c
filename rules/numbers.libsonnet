// How values are written for a person: Go templates that Prometheus expands, and the text that each expands to.
//
// Annotations cannot share a template, so each defines those that it uses, at its end. Prometheus 2.42 has all functions
// that they need. It has none for arithmetic, so that is a query.
local group = ' | reReplaceAll "([0-9])([0-9]{3})," "$1,$2,"';
local bodies = {
  // Three digits, and all digits from 1,000 on: 0.0123, 56.4, 3,690. Beyond 10^12, three digits and an exponent.
  number:
    '{{ if or (and (gt . -999.5) (lt . 999.5)) (gt . 1e12) (lt . -1e12) }}{{ printf "%.3g" . }}{{ else }}'
    + '{{ printf "%.0f" . | reReplaceAll "([0-9])([0-9]{3})$" "$1,$2"' + group + group + group + ' }}{{ end }}',
  // A ratio: 0.2326 is 23.3%.
  percent: '{{ range printf "100 * vector(%g)" . | query }}{{ template "number" .Value }}%{{ end }}',
  // Seconds, in the two largest units from a day on: 3d 4h, 1h 5m 2s.
  age: '{{ humanizeDuration . | reReplaceAll "(d [0-9]+h) .*" "$1" | reReplaceAll "( 0[hms])+$" "" }}',
  // Seconds since the epoch: 24 Nov 16:00 UTC.
  moment: '{{ (toTime .).Format "2 Jan 15:04 UTC" }}',
};
local uses(text, name) = std.length(std.split(text, '{{ template "' + name + '"')) > 1;
local name_of(unit) = std.get({ ratio: 'percent', seconds: 'age', timestamp: 'moment' }, unit, 'number');

{
  // A text with the definitions of the templates that it uses.
  complete(text)::
    local with_percent = text + (if uses(text, 'percent') then bodies.percent else '');
    text + std.join('', [
      '{{ define "' + name + '" }}' + bodies[name] + '{{ end }}'
      for name in std.objectFields(bodies)
      if uses(with_percent, name)
    ]),

  // A value of a unit of the catalogue; `value` is the Go expression that has it.
  write(unit, value):: '{{ template "' + name_of(unit) + '" ' + value + ' }}',

  // The text of a value whose number has at most three digits, or is a whole number.
  written(unit, number)::
    local name = name_of(unit);
    if name == 'percent' then $.number(number * 100) + '%'
    else if name == 'age' then $.age(number)
    else $.number(number),

  number(number)::
    local digits = std.toString(std.abs(number)), length = std.length(digits);
    if std.abs(number) < 1000 then std.toString(number)
    else (if number < 0 then '-' else '') + std.join('', [
      digits[place] + (if place < length - 1 && (length - 1 - place) % 3 == 0 then ',' else '')
      for place in std.range(0, length - 1)
    ]),

  age(seconds)::
    local days = std.floor(seconds / 86400);
    local parts = [[days, 'd'], [std.floor(seconds / 3600) % 24, 'h']]
                  + (if days > 0 then [] else [[std.floor(seconds / 60) % 60, 'm'], [seconds % 60, 's']]);
    local present = [place for place in std.range(0, std.length(parts) - 1) if parts[place][0] > 0];
    if present == [] then '0s'
    else std.join(' ', [part[0] + part[1] for part in parts[present[0]:present[std.length(present) - 1] + 1]]),
}
