// The annotations of an alert. In a rule, `fields` are Go templates; in its tests, the values of these templates.
local numbers = import 'numbers.libsonnet';

// An address that is not known is left out: in a notification, a path leads nowhere.
function(model, definition, fields, dashboard)
  local runbook = model.runbooks[definition.key];
  {
    summary: numbers.complete(definition.summary(fields)),
    description: numbers.complete(definition.description(fields) + '\n' + definition.action),
    [if runbook != null then 'runbook_url']: runbook,
    [if dashboard != null then 'dashboard_url']: dashboard,
  }
