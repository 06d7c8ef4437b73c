// The names of receivers and time intervals.
{
  // Receives the alerts that no route of a model matches. It notifies nobody until a team configures it.
  default: 'default',
  // Receives the alerts that are only for dashboards. It notifies nobody.
  silent: 'null',

  receiver(metadata, kind):: metadata.name + '-' + kind,
  // For several models; no model's receiver ends like it.
  shared(kind, suffix):: 'shared-' + kind + '-' + suffix,
  hours(metadata):: metadata.name + '-ticket-hours',
}
