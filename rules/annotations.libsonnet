// The annotations of an alert: in a rule the words are templates, in its proof they are what the templates become.
local unanchored = 'docs/alerts/';

function(model, definition, words, dashboard)
  local name = model.catalogue.alerts[definition.key].name;
  local runbooks = model.metadata.runbooks;
  {
    summary: definition.summary(words),
    description: definition.finding(words) + '\n' + definition.action,
    runbook_url: if runbooks == null then unanchored + name + '.md' else runbooks + '/' + name,
    dashboard_url: dashboard,
  }
