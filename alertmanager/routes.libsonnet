// The routing tree: one branch for all of Leeway, in it one for each model, in it one for each severity.
//
// Only alerts with a layer enter the branch, so that alerts of others pass it by. A layer is one incident of a model
// and so one notification: its many features, windows and versions are one message, and a page about the data does not
// swallow a later one about the logs.
local matchers = import 'matchers.libsonnet';
local names = import 'names.libsonnet';

// A page is sent at once and again until it is over; a ticket waits for its companions and is sent once a day.
local page = { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' };
// A retraining is asked for again and again while an incident lasts: its gate may open days after its alert. Whoever has
// no hook that remembers is asked as seldom as Alertmanager itself remembers what it sent, 120 hours.
local asked = { group_wait: '1m', group_interval: '5m', repeat_interval: '1h' };
local once = asked { repeat_interval: '120h' };
local ticket = { group_wait: '5m', group_interval: '30m', repeat_interval: '24h' };

function(arguments)
  local labels = arguments.catalogue.labels;
  // What asks for a retraining: the data as a whole have drifted.
  local drift = arguments.catalogue.alerts.data_drift_high;
  local by_severity(severity) = { matchers: [matchers.equal(labels.severity, severity)] };

  local branch(document) =
    local metadata = document.metadata, alerting = document.spec.alerting;
    {
      matchers: matchers.of(arguments.catalogue, metadata),
      routes: std.prune([
        if alerting.page != null || alerting.retrain != null then
          by_severity('critical') + page + {
            receiver: if alerting.page != null then names.receiver(metadata, 'page') else names.default,
            // What starts a retraining is told to people first.
            [if alerting.retrain != null then 'continue']: true,
          },
        if alerting.ticket != null then
          by_severity('warning') + ticket + {
            receiver: names.receiver(metadata, 'ticket'),
            active_time_intervals: if alerting.ticket.hours != null then [names.hours(metadata)],
          },
        by_severity('info') + { receiver: names.silent },
        if alerting.retrain != null then
          (if alerting.retrain.hook != null then asked else once) + {
            matchers: [
              matchers.equal(labels.severity, drift.severity),
              matchers.equal(labels.layer, drift.layer),
            ],
            receiver: names.receiver(metadata, 'retrain'),
          },
      ]),
    };
  {
    receiver: names.default,
    group_by: ['alertname'],
    routes: [{
      matchers: [matchers.any(labels.layer, arguments.catalogue.layers)],
      group_by: [labels.model, labels.layer, 'namespace'],
      routes: [branch(document) for document in arguments.models],
    }],
  }
