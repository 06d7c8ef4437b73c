// PromQL as text. Only this file quotes values, so a name in a spec cannot become a part of a query.
{
  // A string literal: PromQL reads Go's escapes, and JSON's escapes are among them.
  string(text):: std.escapeStringJson(text),

  // Seconds as a duration, in their largest whole unit: 900 is 15m.
  duration(seconds)::
    if seconds % 3600 == 0 then seconds / 3600 + 'h'
    else if seconds % 60 == 0 then seconds / 60 + 'm'
    else seconds + 's',

  equal(label, text):: label + '=' + $.string(text),
  differs(label, text):: label + '!=' + $.string(text),

  // The matcher for any of several values without regular expression characters, such as windows. A single value gets
  // an equality matcher.
  any(label, texts)::
    if std.length(texts) == 1 then $.equal(label, texts[0])
    else label + '=~' + $.string(std.join('|', texts)),

  selector(metric, matchers):: metric.name + '{' + std.join(',', matchers) + '}',

  // An aggregation that drops some labels and keeps the others, with its operand on separate lines.
  without(operator, labels, operand)::
    operator + ' without (' + std.join(', ', labels) + ') (\n  ' + std.strReplace(operand, '\n', '\n  ') + '\n)',
}
