// The routing tree: one branch for all of Leeway, in it one for each model, in it one for each severity.
//
// Only alerts with a layer enter the branch, so that alerts of others pass it by. A layer is one incident of a model
// and so one notification: its many features, windows and versions are one message, and a page about the data does not
// swallow a later one about the logs.
local matchers = import 'matchers.libsonnet';
local names = import 'names.libsonnet';

// A page is sent at once and again until it is over; a ticket waits for its companions and is sent once a day.
local page = { group_wait: '30s', group_interval: '5m', repeat_interval: '4h' };
local ticket = { group_wait: '5m', group_interval: '30m', repeat_interval: '24h' };

function(arguments)
  local labels = arguments.catalogue.labels;
  local by_severity(severity) = { matchers: [matchers.equal(labels.severity, severity)] };

  local branch(document) =
    local metadata = document.metadata, alerting = document.spec.alerting;
    {
      matchers: matchers.of(arguments.catalogue, metadata),
      routes: std.prune([
        if alerting.page != null then
          by_severity('critical') + page + { receiver: names.receiver(metadata, 'page') },
        if alerting.ticket != null then
          by_severity('warning') + ticket + {
            receiver: names.receiver(metadata, 'ticket'),
            active_time_intervals: if alerting.ticket.hours != null then [names.hours(metadata)],
          },
        by_severity('info') + { receiver: names.silent },
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
