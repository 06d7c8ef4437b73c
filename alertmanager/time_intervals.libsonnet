// The hours in which tickets are sent, in each model's time zone. Pages are sent at any hour.
local week = (import '../rules/calendar.libsonnet').week;
local names = import 'names.libsonnet';

local position(day) = std.find(std.asciiLower(day), [std.substr(name, 0, 3) for name in week])[0];

// Alertmanager's week starts on Sunday, and a range cannot cross its end: Fri-Mon becomes two ranges.
local range(first, last) = if first == last then week[first] else week[first] + ':' + week[last];
local weekdays(text) =
  local ends = [position(day) for day in std.split(text, '-')];
  local first = ends[0], last = ends[std.length(ends) - 1];
  if first <= last then [range(first, last)] else [range(first, 6), range(0, last)];

// The time interval for `Mon-Fri 09:00-18:00`, or `09:00-18:00` for every day.
local interval(hours, zone) =
  local parts = std.split(hours, ' ');
  local clock = std.split(parts[std.length(parts) - 1], '-');
  {
    [if std.length(parts) == 2 then 'weekdays']: weekdays(parts[0]),
    times: [{ start_time: clock[0], end_time: clock[1] }],
    location: zone,
  };

function(arguments) [
  {
    name: names.hours(document.metadata),
    time_intervals: [interval(document.spec.alerting.ticket.hours, document.spec.seasonality.timezone)],
  }
  for document in arguments.models
  if document.spec.alerting.ticket != null && document.spec.alerting.ticket.hours != null
]
