// Transform frames with Grafana's own package. Standard input: a list of {steps, frames}; standard output: the frames.
// usage: NODE_PATH=.grafana/node_modules node transform.cjs
globalThis.window = globalThis; // the package reads Grafana's settings from it
const { readFileSync } = require('fs');
const { lastValueFrom } = require('rxjs');
const grafana = require('@grafana/data');

// Grafana's application has this one, its package does not: one table for each query, with a field of frames.
const smallLines = {
  id: 'timeSeriesTable',
  name: 'Time series to table',
  operator: () => (source) => source.pipe(require('rxjs').map((frames) => frames.flatMap(smallLine))),
};
const made = new Map();
function smallLine(frame) {
  if (!grafana.isTimeSeriesFrame(frame)) return [frame];
  const field = frame.fields.find((each) => each.type === 'number');
  const line = { labels: field.labels ?? {}, value: field.values.at(-1) };
  if (made.has(frame.refId)) {
    const table = made.get(frame.refId);
    for (const each of table.fields) each.values.push(each.type === 'frame' ? line.value : line.labels[each.name]);
    table.length += 1;
    return [];
  }
  const names = Object.entries(line.labels).map(([name, value]) => ({ name, type: 'string', config: {}, values: [value] }));
  const trend = { name: `Trend #${frame.refId}`, type: 'frame', config: {}, values: [line.value] };
  made.set(frame.refId, { refId: frame.refId, fields: [...names, trend], length: 1 });
  return [made.get(frame.refId)];
}

grafana.standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(grafana.standardTransformers)), smallLines].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
  }))
);

async function main() {
  const results = [];
  for (const { steps, frames } of JSON.parse(readFileSync(0, 'utf8'))) {
    made.clear();
    const given = frames.map((frame) => ({
      ...frame,
      refId: frame.refId ?? undefined,
      fields: frame.fields.map((field) => ({ config: {}, ...field })),
    }));
    const transformed = await lastValueFrom(grafana.transformDataFrame(steps, given));
    results.push(
      transformed.map((frame) => ({
        fields: frame.fields.map((field) => ({
          name: grafana.getFieldDisplayName(field, frame),
          values: [...field.values].map((value) => value ?? null),
        })),
        length: frame.length,
      }))
    );
  }
  console.log(JSON.stringify(results));
}
main();
