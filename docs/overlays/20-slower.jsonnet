// Repeat every page less often, for all models.
local overlay = import 'rules/overlay.libsonnet';

local slower(route) = route
                      + (if std.endsWith(std.get(route, 'receiver', ''), '-page') then { repeat_interval: '12h' } else {})
                      + (if std.objectHas(route, 'routes') then { routes: std.map(slower, route.routes) } else {});

overlay.documents(
  function(path) path == 'alertmanager/alertmanager.yml',
  function(routing) routing { route: slower(routing.route) }
)
