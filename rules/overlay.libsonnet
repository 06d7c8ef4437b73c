// Functions for overlays. Each returns a function of the documents that changes the rules together with their tests.
// The recording rules of all models are no team's to change, and a change of an alert would break them.
local is_rules(path) =
  std.startsWith(path, 'rules/') && !std.startsWith(path, 'rules/tests/') && path != 'rules/leeway-fleet.yaml';
local is_test(path) = std.startsWith(path, 'rules/tests/');

local with_groups(file, change) = file {
  groups: [
    group { rules: std.filterMap(function(rule) change(rule) != null, change, group.rules) }
    for group in file.groups
  ],
};

{
  // Change some documents: `is` selects paths, `change` receives each selected document.
  documents(is, change):: function(documents) std.mapWithKey(
    function(path, document) if is(path) then change(document) else document, documents
  ),

  // Replace every alerting or recording rule by the result of a function; null removes it. Tests are not changed.
  rules(change):: $.documents(is_rules, function(file) with_groups(file, change)),

  // Add a label to the named alerts and to their tests; to all alerts if no names are given.
  label(name, value, alerts=null)::
    local selected(alert) = alerts == null || std.member(alerts, alert);
    local labelled(rule) =
      if std.objectHas(rule, 'alert') && selected(rule.alert) then rule { labels+: { [name]: value } } else rule;
    local expected(alert) = alert { exp_labels+: { [name]: value } };
    local labelled_check(check) =
      if selected(check.alertname) then check { exp_alerts: std.map(expected, check.exp_alerts) } else check;
    local labelled_test(test) = test + (
      if std.objectHas(test, 'alert_rule_test') then {
        alert_rule_test: std.map(labelled_check, test.alert_rule_test),
      } else {}
    );
    function(documents) $.documents(is_test, function(file) file { tests: std.map(labelled_test, file.tests) })(
      $.rules(labelled)(documents)
    ),

  // Remove the named alerts and their tests.
  without(alerts)::
    local is_of_alerts(test) = std.any(
      [std.startsWith(std.get(test, 'name', ''), alert + ': ') for alert in alerts]
    );
    local remaining(file) = file { tests: [test for test in file.tests if !is_of_alerts(test)] };
    local kept(rule) = if std.member(alerts, std.get(rule, 'alert', '')) then null else rule;
    function(documents) $.documents(is_test, remaining)($.rules(kept)(documents)),

  // Add a document.
  add(path, document):: function(documents) documents { [path]: document },

  // Apply several changes, one after the other.
  all(changes):: function(documents) std.foldl(function(changed, change) change(changed), changes, documents),
}
