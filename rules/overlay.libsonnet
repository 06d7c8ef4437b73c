// For overlays: changes that keep what is generated and its proof together. Each is a function of the documents.
local is_rules(path) = std.startsWith(path, 'rules/') && !std.startsWith(path, 'rules/tests/');
local is_proof(path) = std.startsWith(path, 'rules/tests/');

local with_groups(file, change) = file {
  groups: [group { rules: std.filterMap(function(rule) change(rule) != null, change, group.rules) } for group in file.groups],
};

{
  // Some documents changed: `is` says which paths, `change` is given each.
  documents(is, change):: function(documents) std.mapWithKey(
    function(path, document) if is(path) then change(document) else document, documents
  ),

  // Every rule as a function makes it, alert or record; null takes it away. What is proven is not changed.
  rules(change):: $.documents(is_rules, function(file) with_groups(file, change)),

  // A label on every alert of these names, all of them when no names are given, and in its proof.
  label(name, value, alerts=null)::
    local ours(alert) = alerts == null || std.member(alerts, alert);
    local rule(it) = if std.objectHas(it, 'alert') && ours(it.alert) then it { labels+: { [name]: value } } else it;
    local expected(alert) = alert { exp_labels+: { [name]: value } };
    local check(it) = if ours(it.alertname) then it { exp_alerts: std.map(expected, it.exp_alerts) } else it;
    local test(it) = it + (
      if std.objectHas(it, 'alert_rule_test') then { alert_rule_test: std.map(check, it.alert_rule_test) } else {}
    );
    function(documents) $.documents(is_proof, function(file) file { tests: std.map(test, file.tests) })(
      $.rules(rule)(documents)
    ),

  // No alerts of these names, and no proof of them.
  without(alerts)::
    local tests_it(test) = std.any(
      [std.startsWith(std.get(test, 'name', ''), alert + ': ') for alert in alerts]
    );
    local rest(file) = file { tests: [test for test in file.tests if !tests_it(test)] };
    local rule(it) = if std.member(alerts, std.get(it, 'alert', '')) then null else it;
    function(documents) $.documents(is_proof, rest)($.rules(rule)(documents)),

  // Another document, with every one that is there.
  add(path, document):: function(documents) documents { [path]: document },

  // Several changes, one after the other.
  all(changes):: function(documents) std.foldl(function(done, change) change(done), changes, documents),
}
