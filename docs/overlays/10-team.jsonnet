// A label of one's own on every alert, and one alert that the team does not want.
local overlay = import 'rules/overlay.libsonnet';

overlay.all([
  overlay.label('cluster', 'eu-west-1'),
  overlay.without(['MLConfidenceShift']),
])
