// Freshness: is there a recent window to evaluate, and does it have rows?
local facts_of = import '../facts.libsonnet';
local numbers = import '../numbers.libsonnet';
local promql = import '../promql.libsonnet';
local template = import '../template.libsonnet';

// Seconds within which a restarting exporter must have been scraped: longer than any pause between two restarts.
local seen_within = 600;

local minute = 60;

// With so many usual rows, a window without rows is no accident: its probability is e to the power of -10, 1 in 22,000.
local min_usual_rows = 10;
local unknown = 'unknown';

function(model)
  local metrics = model.metrics, labels = model.labels;
  local stream = { [labels.stream]: model.catalogue.streams.inference };
  local stream_matcher = promql.equal(labels.stream, stream[labels.stream]);

  local end = metrics.window_end_timestamp_seconds;
  local info = metrics.model_info;
  local info_label_names = std.setDiff(std.set(info.labels), std.set([labels.model]));
  local info_labels = { [label]: 'any' for label in info_label_names };
  local stale_after = model.seconds.stale_after;

  local ended(age) = 'The newest complete window of the inference log ended ' + age + ' ago';
  local no_window = 'The inference log has no complete window';

  // All windows are fresh, then the first window has another age.
  local end_series(age) = [
    {
      metric: end,
      labels: stream { [labels.window]: window },
      before: { age: minute },
      during: { age: if window == model.spec.windows[0] then age else minute },
    }
    for window in model.spec.windows
  ];
  local info_series = { metric: info, labels: info_labels, before: 1, during: 1 };

  local own = template.own(model, [labels.window]);
  local ended_at = facts_of(model).ended(own, { [labels.window]: model.shortest_window });
  local rows = metrics.window_rows, usual_rows = metrics.window_rows_reference;
  local shortest = { [labels.window]: model.shortest_window };
  local rows_case(title, during, usual=null) = {
    title: title,
    labels: stream + shortest,
    series: [
      { metric: rows, labels: stream + shortest, before: 1000, during: during },
      { metric: usual_rows, labels: stream + shortest, before: usual, during: usual },
    ] + (if usual == null then [] else ended_at.series),
    fields: shortest {
      usual_rows: if usual == null then unknown else numbers.written(usual_rows.unit, usual),
      ended: if usual == null then ended_at.missing else ended_at.shown,
    },
  };
  [
    {
      key: 'window_stale',
      // A first refresh may take up to the refresh timeout.
      'for': std.max(3 * seen_within, model.seconds.refresh_timeout),
      // A model without any window counts as one whose window is infinitely old.
      expr:
        local newest =
          promql.without('min', [labels.stream, labels.window], model.series(end, [stream_matcher]));
        local none = '-Inf *\n' + promql.without(
          'max',
          model.replicas + info_label_names,
          'max_over_time(' + model.selector(info) + '[' + promql.duration(seen_within) + '])'
        );
        'time() - (\n  ' + std.strReplace(newest + '\nor\n' + none, '\n', '\n  ') + '\n)\n> ' + stale_after,
      fields: { state: template.age(ended, no_window) },
      summary(fields):: model.name + ': no recent window of predictions',
      description(fields)::
        fields.state + '; the limit is ' + model.spec.inference.stale_after + '. The model is not monitored until the'
        + ' window is fresh again: its gauges are removed, and its other alerts cannot fire.',
      action: 'Read the log of the exporter. Then check the source: is the newest partition there, and can the exporter'
              + ' read it?',
      firing_cases: [
        {
          title: 'has not ended a window for too long',
          labels: {},
          series: end_series(stale_after + 1) + [info_series],
          fields: { state: ended(numbers.age(stale_after + 1)) },
        },
        {
          title: 'has no window at all',
          labels: {},
          series: [{ metric: end, labels: stream + shortest, before: { age: minute }, during: null }, info_series],
          fields: { state: no_window },
        },
      ],
      silent_cases: [
        {
          title: 'has a newest window of the greatest allowed age',
          labels: {},
          series: end_series(stale_after) + [info_series],
        },
      ],
    },
    {
      key: 'inference_logs_missing',
      'for': model.confirmed,
      // In hours that usually have few rows, as at night, no rows are normal. If past weeks are not known, they are not.
      expr:
        local matchers = [stream_matcher, promql.equal(labels.window, model.shortest_window)];
        model.series(rows, matchers) + '\n== 0\nunless\n' + model.series(usual_rows, matchers) + '\n< '
        + min_usual_rows,
      fields: {
        window: template.label(labels.window),
        usual_rows: own.written(own.greatest(usual_rows, [stream_matcher]), usual_rows.unit, unknown),
        ended: ended_at.template,
      },
      summary(fields):: model.name + ': no predictions logged in the ' + fields.window + ' window',
      description(fields)::
        'The newest complete ' + fields.window + ' window of the inference log' + fields.ended + ' has no rows; usual in the'
        + ' same hours: ' + fields.usual_rows + '. Either the model makes no predictions, or they are not logged any more.',
      action: 'Check the traffic of the service that calls the model. If it still calls the model, check what writes the'
              + ' log.',
      firing_cases: [
        rows_case('logs nothing, with no history yet', 0),
        rows_case('logs nothing in hours that usually have a thousand rows', 0, 1000),
        rows_case('logs nothing in hours that usually have just enough rows', 0, min_usual_rows),
      ],
      silent_cases: [
        rows_case('logs a single row', 1),
        rows_case('logs nothing in hours that usually have no rows', 0, 0),
        rows_case('logs nothing in hours that usually have too few rows', 0, min_usual_rows - 1),
      ],
    },
  ]
