// Go templates, as Prometheus expands them in labels and annotations: labels, the alert's value, and queries.
local numbers = import 'numbers.libsonnet';
local promql = import 'promql.libsonnet';

{
  // A text from a spec that is not read as a template: each brace becomes a template that writes a brace.
  literal(text):: std.strReplace(text, '{', '{{"{"}}'),

  label(name):: '{{ $labels.' + name + ' }}',

  // The alert's value, written for a person.
  value(unit):: numbers.write(unit, '$value'),

  // The text `known` of the alert's value as an age, or the text `infinite` if the age is infinite.
  age(known, infinite)::
    '{{ if gt $value 1e15 }}' + infinite + '{{ else }}' + known(numbers.write('seconds', '$value')) + '{{ end }}',

  // Queries of the model's series that have the alert's own labels, in text. Without a series a query has no result, and
  // its text is left out or replaced. `segments` as in model.libsonnet. `values` are Go expressions of the values of some
  // labels; the others are those of the alert.
  own(model, labels, segments=false, values={}):: {
    labels:: labels,
    local place(label) = std.find(label, labels)[0] + 1,
    local arguments = std.join('', [' ' + std.get(values, label, '$labels.' + label) for label in labels]),

    // The selector of a metric with those of the alert's labels that the metric has, without the `except`ed ones.
    selector(metric, matchers=[], except=[])::
      local shared = [label for label in labels if std.member(metric.labels, label) && !std.member(except, label)];
      promql.selector(
        metric,
        [std.strReplace(matcher, '%', '%%') for matcher in model.matchers + model.whole_traffic(metric, segments)]
        + [label + '=%[' + place(label) + ']q' for label in shared]
        + matchers
      ),

    // The greatest of these values: one, although each replica has its own.
    greatest(metric, matchers=[]):: 'max(' + self.selector(metric, matchers) + ')',

    // `item` for each result of a query, with the result as the dot, and `before` the first; `missing` without any. The query has a selector with
    // one of the alert's labels, if there are any.
    each(query, item, missing='', separator='', before='')::
      local pipeline = (
        if labels == [] then std.escapeStringJson(std.strReplace(query, '%%', '%'))
        else 'printf ' + std.escapeStringJson(query) + arguments
      ) + ' | query';
      '{{ range ' + (if separator == '' then '' else '$index, $each := ') + pipeline + ' }}'
      + (
        if separator == '' then item
        else
          '{{ if $index }}' + separator + (if before == '' then '' else '{{ else }}' + before)
          + '{{ end }}{{ with $each }}' + item + '{{ end }}'
      )
      + (if missing == '' then '' else '{{ else }}' + missing) + '{{ end }}',

    // The value of a query as text, written as a value of the unit.
    written(query, unit, missing=''):: self.each(query, numbers.write(unit, '.Value'), missing),

    // The present value of the series of a metric that has the alert's own labels.
    lookup(metric, missing='unknown'):: self.written(self.greatest(metric), metric.unit, missing),
  },
}
