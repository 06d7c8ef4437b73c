// A complete alertmanager.yml for the given models. Teams that already have one take the parts from it.
local inhibition = import 'inhibition.libsonnet';
local receivers = import 'receivers.libsonnet';
local routes = import 'routes.libsonnet';
local time_intervals = import 'time_intervals.libsonnet';

function(arguments)
  local all_receivers = receivers(arguments);
  local sends_mail = std.any([std.objectHas(receiver, 'email_configs') for receiver in all_receivers]);
  {
    // Alertmanager needs a mail server only if a receiver sends mail.
    [if sends_mail then 'global']: arguments.mail,
    route: routes(arguments),
    inhibit_rules: inhibition(arguments),
    receivers: all_receivers,
    time_intervals: time_intervals(arguments),
  }
