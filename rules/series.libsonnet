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

// Stands for the name of a replica. A control character: no quoted text holds one as it is.
local replica_mark = '\u0001';

{
  // The labels that a scrape adds to every series.
  target:: { job: 'leeway', namespace: 'ml' },

  // A series as two replicas of the exporter expose it; what both have in common is written once.
  exposed(model, metric, labels, phases, tick)::
    local scraped = [label + '="' + label + '-' + replica_mark + '"' for label in model.replicas];
    local name = promql.selector(metric, std.sort(promql.all(labels + $.target) + scraped));
    local values = $.values(phases, tick);
    [{ series: std.strReplace(name, replica_mark, replica), values: values } for replica in ['a', 'b']],

  named(metric, labels):: promql.selector(metric, promql.all(labels)),

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
