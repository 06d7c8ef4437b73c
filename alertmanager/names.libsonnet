// The names of receivers and time intervals.
{
  // Receives the alerts that no route of a model matches. It notifies nobody until a team configures it.
  default: 'default',
  // Receives the alerts that are only for dashboards. It notifies nobody.
  silent: 'null',

  receiver(metadata, kind):: metadata.name + '-' + kind,
  hours(metadata):: metadata.name + '-ticket-hours',
}
