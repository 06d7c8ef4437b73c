// PromQL as text. Nothing else in the library quotes a value, so no name of a user's can become part of a query.
{
  // A string literal: PromQL reads Go's escapes, and JSON's are among them.
  string(text):: std.escapeStringJson(text),

  // Seconds as a duration, in their largest whole unit: 900 is 15m.
  duration(seconds)::
    if seconds % 3600 == 0 then seconds / 3600 + 'h'
    else if seconds % 60 == 0 then seconds / 60 + 'm'
    else seconds + 's',

  equal(label, text):: label + '=' + $.string(text),
  differs(label, text):: label + '!=' + $.string(text),

  // That each label has its value, sorted by label.
  all(labels):: [label + '=' + std.escapeStringJson(labels[label]) for label in std.objectFields(labels)],

  // Any of several values that mean themselves in a regular expression, such as windows; one alone is matched plainly.
  any(label, texts)::
    if std.length(texts) == 1 then $.equal(label, texts[0])
    else label + '=~' + $.string(std.join('|', texts)),

  selector(metric, matchers):: metric.name + '{' + std.join(',', matchers) + '}',

  // An aggregation that keeps every label but some, its operand on lines of its own.
  without(operator, labels, operand)::
    operator + ' without (' + std.join(', ', labels) + ') (\n  ' + std.strReplace(operand, '\n', '\n  ') + '\n)',
}
