// The routing tree: one branch for Leeway, in it one branch for each model, and in that one route for each severity.
//
// Only alerts with a layer enter the branch, so other alerts are not affected. Alerts are grouped by model and layer: a
// layer with many features, windows and versions is one notification, and a page about the data does not hide a later
// page about the logs. Before the branches of the models are the routes of outages, which are grouped by the alert: one
// exporter that is down, or one source that is away, is one notification for all models that notify the same place.
local matchers = import 'matchers.libsonnet';
local names = import 'names.libsonnet';
local sharing = import 'sharing.libsonnet';

// A page is sent at once and repeated until it is resolved. A ticket waits for related alerts and is sent once a day.
local page = { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' };
// A retraining request is repeated while the alert fires, because its gate may open days later. Only the hook remembers
// what it started; without it the request is repeated as rarely as Alertmanager's own memory of notifications allows,
// every 120 hours.
local hook_request = { group_wait: '1m', group_interval: '5m', repeat_interval: '1h' };
local argo_request = hook_request { repeat_interval: '120h' };
local ticket = { group_wait: '5m', group_interval: '30m', repeat_interval: '24h' };

function(arguments)
  local labels = arguments.catalogue.labels;
  // The alert that requests a retraining.
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
            // The same alert also reaches the retraining route below.
            [if alerting.retrain != null then 'continue']: true,
          },
        if alerting.ticket != null then
          by_severity('warning') + ticket + {
            receiver: names.receiver(metadata, 'ticket'),
            active_time_intervals: if alerting.ticket.hours != null then [names.hours(metadata)],
          },
        by_severity('info') + { receiver: names.silent },
        if alerting.retrain != null then
          (if alerting.retrain.hook != null then hook_request else argo_request) + {
            matchers: [
              matchers.equal(labels.severity, drift.severity),
              matchers.equal(labels.layer, drift.layer),
            ],
            receiver: names.receiver(metadata, 'retrain'),
          },
      ]),
    };
  local outage(shared) =
    local ticket_hours = shared.kind == 'ticket' && shared.settings != null && shared.settings.hours != null;
    { matchers: sharing.matchers(arguments.catalogue, shared), group_by: ['alertname', 'namespace'] }
    + (if shared.kind == 'page' then page else ticket)
    + {
      receiver: shared.name,
      [if ticket_hours then 'active_time_intervals']: [names.hours(shared.documents[0].metadata)],
    };
  {
    receiver: names.default,
    group_by: ['alertname'],
    routes: [{
      matchers: [matchers.any(labels.layer, arguments.catalogue.layers)],
      group_by: [labels.model, labels.layer, 'namespace'],
      routes: std.map(outage, sharing.receivers(arguments)) + [branch(document) for document in arguments.models],
    }],
  }
