// Alertmanager's matchers as text. Values are always quoted, so a value from a spec stays a value.
local quoted(text) =
  '"' + std.strReplace(std.strReplace(std.strReplace(text, '\\', '\\\\'), '"', '\\"'), '\n', '\\n') + '"';

{
  equal(label, text):: label + '=' + quoted(text),
  any(label, texts)::
    if std.length(texts) == 1 then $.equal(label, texts[0]) else label + '=~' + quoted(std.join('|', texts)),
  present(label):: label + '=~' + quoted('.+'),

  // Matches every alert of one model: its name and its constant labels.
  of(catalogue, metadata)::
    [$.equal(catalogue.labels.model, metadata.name)]
    + [$.equal(label, metadata.labels[label]) for label in std.objectFields(metadata.labels)],
}
