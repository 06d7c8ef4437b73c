// The annotations of an alert. In a rule, `fields` are Go templates; in its tests, the values of these templates.
local numbers = import 'numbers.libsonnet';

local relative_path = 'docs/alerts/';

function(model, definition, fields, dashboard)
  local name = model.catalogue.alerts[definition.key].name;
  local runbooks = model.metadata.runbooks;
  {
    summary: numbers.complete(definition.summary(fields)),
    description: numbers.complete(definition.description(fields) + '\n' + definition.action),
    runbook_url: if runbooks == null then relative_path + name + '.md' else runbooks + '/' + name,
    dashboard_url: dashboard,
  }
