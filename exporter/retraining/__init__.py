"""The retraining hook: Alertmanager's notifications in, at most one start of a pipeline per incident out."""
