// What receivers and time intervals are called.
{
  // Takes what no route of a model claims; it tells nobody until somebody gives it a way to.
  default: 'default',
  // Takes what is for reading only, and tells nobody.
  silent: 'null',

  receiver(metadata, kind):: metadata.name + '-' + kind,
  hours(metadata):: metadata.name + '-ticket-hours',
}
