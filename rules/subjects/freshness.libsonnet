// Freshness: whether there is anything to judge, and of which hour it speaks.
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

// How long ago a restarting exporter may last have been seen; longer than any pause between two restarts.
local seen = 600;

local minute = 60;

// Of so many usual rows, all come or some do: none has a chance of e to the power of -10, one in 22,000.
local few = 10;
local unknown = 'unknown';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local inference = { [labels.stream]: model.catalogue.streams.inference };
  local matcher = promql.equal(labels.stream, inference[labels.stream]);

  local end = metrics.window_end_timestamp_seconds;
  local info = metrics.model_info;
  local info_only = std.setDiff(std.set(info.labels), std.set([labels.model]));
  local identity = { [label]: 'any' for label in info_only };
  local stale_after = model.seconds.stale_after;

  local ended(age) = 'The newest complete window of the inference log ended ' + age + ' ago';
  local never = 'The inference log has no complete window';

  // Every window is fresh, then the first of them is of another age.
  local ends(age) = [
    {
      metric: end,
      labels: inference { [labels.window]: window },
      before: { age: minute },
      during: { age: if window == model.spec.windows[0] then age else minute },
    }
    for window in model.spec.windows
  ];
  local loaded = { metric: info, labels: identity, before: 1, during: 1 };

  local rows = metrics.window_rows, usual = metrics.window_rows_reference;
  local shortest = { [labels.window]: model.shortest_window };
  local counted(title, during, expected=null) = {
    title: title,
    labels: inference + shortest,
    series: [
      { metric: rows, labels: inference + shortest, before: 1000, during: during },
      { metric: usual, labels: inference + shortest, before: expected, during: expected },
    ],
    words: shortest { usual: if expected == null then unknown else template.formatted(usual.unit, expected) },
  };
  [
    {
      key: 'window_stale',
      // A first refresh may take as long as a refresh may.
      hold: std.max(3 * seen, model.seconds.refresh_timeout),
      // No window at all is one that ended before all time.
      expr:
        local newest = promql.without('min', [labels.stream, labels.window], model.series(end, [matcher]));
        local none = '-Inf *\n' + promql.without(
          'max', model.replicas + info_only, 'max_over_time(' + model.selector(info) + '[' + promql.duration(seen) + '])'
        );
        'time() - (\n  ' + std.strReplace(newest + '\nor\n' + none, '\n', '\n  ') + '\n)\n> ' + stale_after,
      words: { state: template.age(ended, never) },
      summary(it):: model.name + ': no fresh window of predictions to judge',
      finding(it)::
        it.state + '; ' + model.spec.inference.stale_after + ' is allowed. Nobody watches this model until it is fresh'
        + ' again: its gauges are withdrawn and its other alerts are silent.',
      action: 'Look at the log of the exporter, then at the source: is the newest partition there, and may the exporter'
              + ' read it?',
      scenarios: [
        {
          title: 'has not ended a window for too long',
          labels: {},
          series: ends(stale_after + 1) + [loaded],
          words: { state: ended(template.aged(stale_after + 1)) },
        },
        {
          title: 'has no window at all',
          labels: {},
          series: [{ metric: end, labels: inference + shortest, before: { age: minute }, during: null }, loaded],
          words: { state: never },
        },
      ],
      twins: [
        { title: 'ended its newest window as long ago as it may', labels: {}, series: ends(stale_after) + [loaded] },
      ],
    },
    {
      key: 'inference_logs_missing',
      hold: 2 * model.beat,
      // Where few rows are usual, as at night, none is no news; where nothing is known of past weeks, it is.
      expr:
        local window = [matcher, promql.equal(labels.window, model.shortest_window)];
        model.series(rows, window) + '\n== 0\nunless\n' + model.series(usual, window) + '\n< ' + few,
      words: {
        window: template.label(labels.window),
        usual: template.lookup(usual, model.matchers + [matcher], [labels.window], unknown),
      },
      summary(it):: model.name + ': no predictions logged over ' + it.window,
      finding(it)::
        'The newest complete window of ' + it.window + ' holds no row of the inference log: either the model serves'
        + ' nobody, or its predictions are no longer logged. Rows that are usual in the same hours: ' + it.usual + '.',
      action: 'Compare with the traffic of the service that calls the model, then look for what writes the log.',
      scenarios: [
        counted('logs nothing, with no history yet', 0),
        counted('logs nothing in hours that have a thousand rows', 0, 1000),
        counted('logs nothing in hours that have just enough rows to tell', 0, few),
      ],
      twins: [
        counted('logs a single row', 1),
        counted('logs nothing at night, when nothing is usual', 0, 0),
        counted('logs nothing in hours that have a few rows', 0, few - 1),
      ],
    },
  ]
