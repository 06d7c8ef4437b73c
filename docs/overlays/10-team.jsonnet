// Add a label of the team to every alert, and remove one alert.
local overlay = import 'rules/overlay.libsonnet';

overlay.all([
  overlay.label('cluster', 'eu-west-1'),
  overlay.without(['MLConfidenceShift']),
])
