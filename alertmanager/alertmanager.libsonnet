// A whole alertmanager.yml for the models given: for who has none yet, and to take the parts from for who has.
local inhibition = import 'inhibition.libsonnet';
local receivers = import 'receivers.libsonnet';
local routes = import 'routes.libsonnet';
local time_intervals = import 'time_intervals.libsonnet';

function(arguments)
  local all = receivers(arguments);
  local mails = std.any([std.objectHas(receiver, 'email_configs') for receiver in all]);
  {
    // Alertmanager asks for a mail server only when there is mail to send.
    [if mails then 'global']: arguments.mail,
    route: routes(arguments),
    inhibit_rules: inhibition(arguments),
    receivers: all,
    time_intervals: time_intervals(arguments),
  }
