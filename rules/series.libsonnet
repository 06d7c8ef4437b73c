// The input series of a proof, in promtool's notation.
local promql = import 'promql.libsonnet';

// How many samples of a value from one tick on; `tick` is the seconds between two.
local samples(value, from, count, tick) =
  if std.isObject(value) then
    local first = from * tick - value.age;
    first + '+' + tick + 'x' + (count - 1)
  else value + 'x' + (count - 1);

// A series that ends is marked stale, as by a scrape that no longer finds it.
local gap(count, had) =
  if !had then '_x' + count
  else if count == 1 then 'stale'
  else 'stale _x' + (count - 1);

{
  // The labels that a scrape adds to every series.
  target:: { job: 'leeway', namespace: 'ml' },

  // A series as two replicas of the exporter expose it.
  exposed(model, metric, labels, phases, tick):: [
    {
      series: $.named(metric, labels + $.target + { [label]: label + '-' + replica for label in model.replicas }),
      values: $.values(phases, tick),
    }
    for replica in ['a', 'b']
  ],

  named(metric, labels):: promql.selector(
    metric, [promql.equal(label, labels[label]) for label in std.objectFields(labels)]
  ),

  // Phases of {value, count}, one after the other from time 0.
  values(phases, tick)::
    local step(done, phase) = {
      local null_ = phase.value == null,
      texts: done.texts + [
        if null_ then gap(phase.count, done.had) else samples(phase.value, done.ticks, phase.count, tick),
      ],
      ticks: done.ticks + phase.count,
      had: !null_,
    };
    std.join(' ', std.foldl(step, phases, { texts: [], ticks: 0, had: false }).texts),
}
